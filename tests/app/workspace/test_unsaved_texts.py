"""What the service is told of texts that are not saved."""

from app.workspace.unsaved_texts import UnsavedTexts


def test_only_what_is_new_is_told() -> None:
    unsaved = UnsavedTexts()
    assert unsaved.news({}) == []
    assert unsaved.news({"a.py": "1", "b.py": "2"}) == [("a.py", "1"), ("b.py", "2")]
    assert unsaved.news({"a.py": "1", "b.py": "3"}) == [("b.py", "3")]
    assert unsaved.news({"a.py": "1", "b.py": "3"}) == []


def test_what_is_saved_or_closed_is_taken_back_once() -> None:
    unsaved = UnsavedTexts()
    unsaved.news({"a.py": "1"})
    assert unsaved.news({}) == [("a.py", None)]
    assert unsaved.news({}) == []


def test_another_service_is_told_everything() -> None:
    unsaved = UnsavedTexts()
    unsaved.news({"a.py": "1", "b.py": "2"})
    unsaved.forget()
    assert unsaved.news({"a.py": "1"}) == [("a.py", "1")]


def test_a_text_that_grew_enormous_is_taken_back() -> None:
    unsaved = UnsavedTexts()
    unsaved.news({"a.py": "1"})
    assert unsaved.news({"a.py": "x" * 1_000_001}) == [("a.py", None)]
    assert unsaved.news({"a.py": "x" * 1_000_000}) == [("a.py", "x" * 1_000_000)]


def test_very_many_are_told_in_turns() -> None:
    unsaved = UnsavedTexts()
    texts = {f"{number}.py": "x" for number in range(300)}
    assert len(unsaved.news(texts)) == 256
    assert len(unsaved.news(texts)) == 44
    assert unsaved.news(texts) == []
