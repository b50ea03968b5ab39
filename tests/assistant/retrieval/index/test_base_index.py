"""The index of the base commit: what is in it, and above all what is not."""

import tempfile
from pathlib import Path

import pytest

from assistant.repository.history import History
from assistant.repository.holes import Chooser
from assistant.retrieval.index.base_index import base_index
from assistant.retrieval.index.words import words_of
from tests.support.git_repositories import CART, ITEM

NOTHING = lambda *_: None  # noqa: E731


def all_text(reader) -> str:
    paths = ["shop/item.py", "shop/cart.py", "shop/basket.py", "README.md"]
    return "\n".join(reader.text_of(path, 1, 10_000) for path in paths)


def test_the_lines_of_the_answers_are_not_in_the_index(shop):
    history = History(shop.root)
    held = Chooser(history, 0).held_out(history.back(1), 100)
    with base_index(history, held.base.id, NOTHING) as index:
        assert "class Item" in all_text(index.reader)
        assert index.reader.definitions(["Item", "Cart"], 9)[0].name == "Item"
        assert index.reader.definitions(["Cart", "weighed_total"], 9) == []
        for hole in held.holes:
            assert hole.truth not in all_text(index.reader)
            with index.with_open(hole):
                # The open file is known as the editor has it: all but the hole.
                known = index.reader.text_of("shop/cart.py", 1, 10_000)
                assert known.rstrip("\n") == (hole.before + hole.after).rstrip("\n")
            assert index.reader.text_of("shop/cart.py", 1, 10_000) == ""
        assert index.reader.search(words_of("threshold percentage"), 5) == []


def test_a_file_that_was_changed_is_in_it_as_it_was(repository):
    grown = ITEM + "\n    def added_later(self, catalogue):\n        return catalogue.search(self.name)\n"
    made = repository({"shop/item.py": ITEM, "shop/cart.py": CART}, {"shop/item.py": grown})
    history = History(made.root)
    held = Chooser(history, 0).held_out(history.back(1), 100)
    with base_index(history, held.base.id, NOTHING) as index:
        with index.with_open(held.holes[0]):
            pass
        assert index.reader.text_of("shop/item.py", 1, 10_000).rstrip("\n") == ITEM.rstrip("\n")
        assert index.reader.definitions(["added_later"], 9) == []


def test_a_file_that_was_renamed_lies_by_its_new_name(repository):
    made = repository({"shop/cart.py": CART}, {"shop/cart.py": None, "shop/basket.py": CART + "\nlast_line = Cart()\n"})
    history = History(made.root)
    with base_index(history, history.commits[1], NOTHING) as index:
        assert index.reader.text_of("shop/cart.py", 1, 10_000) == ""
        assert index.reader.text_of("shop/basket.py", 1, 10_000).rstrip("\n") == CART.rstrip("\n")


@pytest.mark.parametrize("error", [None, KeyboardInterrupt, RuntimeError])
def test_the_folder_is_removed_whatever_happens(shop, monkeypatch, tmp_path, error):
    history = History(shop.root)
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    seen: list[str] = []

    def use() -> None:
        with base_index(history, history.commits[1], lambda stage, *_: seen.append(stage)):
            assert [path.name for path in folder.glob("*/tree/*")]
            if error:
                raise error

    if error:
        with pytest.raises(error):
            use()
    else:
        use()
    assert list(folder.iterdir()) == []
    assert {"files", "index"} <= set(seen)


def test_the_repository_is_as_it_was(shop):
    before = {path: path.stat().st_mtime_ns for path in Path(shop.root).rglob("*") if path.is_file()}
    history = History(shop.root)
    with base_index(history, history.commits[1], NOTHING):
        pass
    assert before == {path: path.stat().st_mtime_ns for path in Path(shop.root).rglob("*") if path.is_file()}
