"""Names of files and folders as people write them, and what is said of one that names nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import InputError
from finetune.config import DataConfig
from finetune.data.choices import Choices, among
from finetune.data.prepare import files_table
from finetune.data.split import split

FILES = ("store/a.py", "store/deep/b.py", "storey.py", "x/store/c.py", "x/[slug]/page.py")


@pytest.mark.parametrize(
    "name", ["store", "store/", "./store", "./store/", "store/*", "store/**", "store//", ".\\store"]
)
def test_a_folder_may_be_spelled_in_each_way(name):
    assert [path for path in FILES if among(path, (name,))] == ["store/a.py", "store/deep/b.py"]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        (".", FILES),
        ("*.py", ("storey.py",)),
        ("**/*.py", FILES),
        ("**/store", ("store/a.py", "store/deep/b.py", "x/store/c.py")),
        ("x/*/c.py", ("x/store/c.py",)),
        ("store?.py", ("storey.py",)),
        ("./storey.py", ("storey.py",)),
        ("x/[slug]", ("x/[slug]/page.py",)),
        ("x/[slug]/*", ("x/[slug]/page.py",)),
        ("Store", ()),
        ("../store", ()),
        ("/store", ()),
        ("", ()),
        (" ", ()),
        ("tore", ()),
    ],
)
def test_what_a_name_names(name, found):
    assert tuple(path for path in FILES if among(path, (name,))) == found


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_name_ends_in_anything_but_an_answer(path, name):
    if name.count("*") > 8:
        with pytest.raises(InputError, match="stars"):
            among(path, (name,))
    else:
        assert among(path, (path,)) or not path.strip()
        among(path, (name,))


@pytest.mark.parametrize("part", ["keep", "drop", "trusted"])
@pytest.mark.parametrize("name", ["stor", "../store", "store/none.py", "*.rs", ""])
def test_a_name_that_names_nothing_is_said(part, name):
    with pytest.raises(InputError, match="no file of /code is called so") as caught:
        Choices(DataConfig(**{part: ("store/", name)})).check("/code", FILES)
    option = "trust" if part == "trusted" else part
    assert str(caught.value).startswith(f"--{option} {name}: ")


def test_what_lies_in_a_folder_that_is_left_out_is_said_so():
    with pytest.raises(InputError, match="node_modules is left out as a whole"):
        Choices(DataConfig(keep=("node_modules/x.js",))).check("/code", ("a.py", "node_modules"))


def test_each_spelling_drops_the_folder_from_files_and_holes(commit, make_module, make_config):
    root = commit(
        {f"{part}/part_{n}.py": make_module(n + base) for part, base in (("api", 0), ("store", 20)) for n in range(6)},
        {
            f"{part}/new_{part}_{n}.py": make_module(n + base)
            for part, base in (("api", 40), ("store", 60))
            for n in (1, 2)
        },
    )
    tables = []
    for name in ("store/", "store", "./store/", "store/*"):
        table = files_table(make_config(root, holes=20, validation_holes=10, drop=(name,)))
        tables.append([(row["path"], row["kept"]) for row in table["files"]])
        found = split(root, DataConfig(holes=20, validation_holes=10, drop=(name,)), 0, lambda *_: None)
        assert {hole.path.split("/")[0] for hole in (*found.validation, *found.test)} == {"api"}
    assert all(each == tables[0] for each in tables)
    assert [path for path, kept in tables[0] if not kept] == [f"store/part_{n}.py" for n in range(6)]
    for name in ("stone", "store/none.py"):
        with pytest.raises(InputError, match=f"--drop {name}: no file of {root}"):
            files_table(make_config(root, drop=(name,)))
    # What was added after the base is there to be named, too.
    assert files_table(make_config(root, holes=20, validation_holes=10, drop=("store/new_store_1.py",)))["kept"] == 12


def test_a_folder_without_git_says_it_too(write, make_module, make_config):
    root = write({f"p{n}.py": make_module(n) for n in range(12)})
    with pytest.raises(InputError, match="--drop nothing/: no file of"):
        files_table(make_config(root, drop=("nothing/",)))
