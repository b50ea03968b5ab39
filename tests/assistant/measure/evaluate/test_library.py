import pytest

from assistant.errors import InputError
from assistant.measure.evaluate.library import library_holes


def test_holes_are_whole_statements_of_the_library_and_the_same_each_time():
    rows = library_holes(12)
    assert rows == library_holes(12)
    assert rows != library_holes(12, seed=1)
    assert len({row.id for row in rows}) == 12
    for row in rows:
        assert row.one_line
        assert row.prompt.endswith("\n")
        assert row.solution.strip()
        assert row.solution.startswith("    ")


def test_a_line_may_be_there_up_to_the_middle_of_a_word():
    rows = library_holes(12, in_words=True)
    assert rows == library_holes(12, in_words=True)
    for row in rows:
        assert row.prompt[-1].isalpha()
        assert row.solution[0].isalpha()
        assert row.solution.endswith("\n")


def test_a_python_without_sources_is_said(tmp_path):
    with pytest.raises(InputError, match="too few sources for 3 holes"):
        library_holes(3, folder=tmp_path)


def test_files_that_are_no_python_are_passed_over(tmp_path):
    (tmp_path / "bad.py").write_text("def f(:\n" * 800)
    with pytest.raises(InputError, match="too few"):
        library_holes(1, folder=tmp_path)
    (tmp_path / "good.py").write_text("def f(number):\n    return number + 100\n" + "# filler\n" * 600)
    (row,) = library_holes(1, folder=tmp_path)
    assert (row.id, row.solution) == ("good:2", "    return number + 100\n")
    assert row.prompt == "def f(number):\n"


def test_a_line_without_words_is_a_hole_as_a_whole(tmp_path):
    (tmp_path / "good.py").write_text("def f(a):\n    a = 1 + 2 + 34\n" + "# filler\n" * 600)
    (row,) = library_holes(1, folder=tmp_path, in_words=True)
    assert (row.id, row.solution) == ("good:2", "    a = 1 + 2 + 34\n")
