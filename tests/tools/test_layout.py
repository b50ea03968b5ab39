from tools import layout


def test_a_circle_is_found_and_said_with_its_way():
    texts = {
        "app/__init__.py": "",
        "app/a.py": "from app import b\n",
        "app/b.py": "from app.sub.c import Thing\n",
        "app/sub/c.py": "import app.a\n",
        "app/d.py": "from app import a\n",
    }
    assert layout.circles(layout.imports_of(texts, "app")) == [["app.a", "app.b", "app.sub.c", "app.a"]]


def test_a_package_and_its_own_module_can_be_a_circle():
    texts = {"app/x/__init__.py": "from app.x.y import Y\n", "app/x/y.py": "from app.x import helper\n"}
    assert layout.circles(layout.imports_of(texts, "app")) == [["app.x", "app.x.y", "app.x"]]


def test_what_is_loaded_later_closes_none():
    texts = {"app/a.py": "from app import b\n", "app/b.py": "def f():\n    import app.a\n"}
    assert layout.circles(layout.imports_of(texts, "app")) == []


def test_a_name_for_types_alone_is_known_too():
    texts = {
        "app/a.py": "from app import b\n",
        "app/b.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from app import a\n",
    }
    assert layout.circles(layout.imports_of(texts, "app")) == [["app.a", "app.b", "app.a"]]


def test_imports_within_try_and_if_count():
    texts = {
        "app/a.py": "try:\n    import app.b\nexcept ImportError:\n    pass\n",
        "app/b.py": "if 1:\n    import app.a\n",
    }
    assert layout.circles(layout.imports_of(texts, "app")) == [["app.a", "app.b", "app.a"]]


def test_two_groups_are_two_circles():
    texts = {f"app/{a}.py": f"import app.{b}\n" for a, b in ("ab", "ba", "cd", "dc")}
    assert layout.circles(layout.imports_of(texts, "app")) == [["app.a", "app.b", "app.a"], ["app.c", "app.d", "app.c"]]


def test_long_files_and_folders_are_said():
    texts = {"app/x/a.py": "\n" * 401, "app/x/b.py": "\n" * 400, "assistant/c.py": "\n" * 400}
    assert [said.split()[0] for said in layout.long_files(texts)] == ["app/x/a.py"]
    many = {f"app/x/{n}.py": "\n" * 400 for n in range(8)} | {f"app/x/y/{n}.py": "\n" * 400 for n in range(7)}
    assert list(layout.long_folders(many, "app")) == [
        "app/x has 3200 lines, more than 3000: it wants rooms of its own."
    ]
