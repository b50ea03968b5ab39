"""The main job from end to end: a folder, a key, a real suggestion, a saved file."""

import ast

import pytest
from PySide6.QtCore import Qt

pytestmark = pytest.mark.model


def test_type_take_and_save(home_with_real_model, tmp_path, desk):
    path = tmp_path / "numbers.py"
    path.write_text("")
    here = desk()
    here.start(tmp_path)
    page = here.open(path)
    here.type(page, "def gcd(a, b):\n")
    ghost = here.wait_for_ghost(page)
    assert page.editor.plain_text() == "def gcd(a, b):\n    "  # auto-indent is all that the document got
    assert not page.editor.document().isEmpty()
    here.window.commands["assistant.why"].action.trigger()
    panel = here.window.features["why"].panel
    assert "".join(span.text for span in panel.tokens.spans if span.kept) == ghost
    assert len(panel.alternatives.rows()) == 5
    assert [row.piece.path for row in panel.rows][-1] == "numbers.py"
    assert panel.confidence.text().startswith("confidence 0.")
    here.press(page, Qt.Key.Key_Tab)
    assert page.editor.plain_text() == "def gcd(a, b):\n    " + ghost
    here.press(page, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert path.read_text() == "def gcd(a, b):\n    " + ghost
    scope: dict = {}
    exec(compile(ast.parse(path.read_text()), "numbers.py", "exec"), scope)
    assert scope["gcd"](48, 18) == 6


def test_a_killed_service_comes_back_and_the_text_is_whole(home_with_real_model, tmp_path, desk):
    path = tmp_path / "shop.py"
    path.write_text("import math\n")
    here = desk()
    here.start(tmp_path)
    page = here.open(path)
    here.press(page, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
    here.type(page, "\ndef mean(values):\n")
    here.wait_for_state("thinking")
    first = here.kill_service()
    here.type(page, "# typed while it was away\n")
    typed = "import math\n\ndef mean(values):\n    # typed while it was away\n    "
    assert page.editor.plain_text() == typed
    here.wait_for_state("restarting", 10_000)
    here.wait_for_state("ready")
    assert here.process.process_id != first
    here.type(page, "total = ")
    assert here.wait_for_ghost(page)
    assert page.editor.plain_text() == typed + "total = "


def test_other_editors_files_are_safe_from_a_workspace_that_names_our_packages(home_with_real_model, tmp_path, desk):
    """A workspace with its own app/ and assistant/ is only text."""
    sentinel = tmp_path / "imported"
    for package in ("app", "assistant", "torch"):
        folder = tmp_path / package
        folder.mkdir()
        (folder / "__init__.py").write_text(f"open({str(sentinel)!r}, 'w').close()\n")
    here = desk()
    here.start(tmp_path)
    page = here.open(tmp_path / "app" / "__init__.py")
    here.press(page, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
    here.type(page, "def add(a, b):\n")
    assert here.wait_for_ghost(page)
    assert not sentinel.exists()
