from hypothesis import given
from hypothesis import strategies as st

from app.widgets.fuzzy import match


def best(query, texts):
    scored = [(found[0], text) for text in texts if (found := match(query, text))]
    return max(scored)[1] if scored else None


def test_letters_must_be_there_in_order():
    assert match("abc", "a-b-c")
    assert match("acb", "a-b-c") is None
    assert match("x", "") is None


def test_case_and_spaces_do_not_matter():
    assert match("Go File", "Go to file")


def test_places_are_those_of_the_letters():
    _, places = match("sv", "Save view")
    assert [("Save view")[place].lower() for place in places] == ["s", "v"]


def test_word_starts_and_runs_come_first():
    assert best("save", ["s_a_v_e", "Save file", "unsaved"]) == "Save file"
    assert best("gf", ["config", "Go to file"]) == "Go to file"


def test_the_name_of_a_file_counts_more_than_its_folders():
    assert best("graft", ["graft/notes/readme.md", "src/graft.py"]) == "src/graft.py"


@given(st.text(max_size=8), st.text(max_size=40))
def test_every_place_lies_in_the_text_and_rises(query, text):
    found = match(query, text)
    if found:
        places = found[1]
        assert list(places) == sorted(set(places))
        assert all(0 <= place < len(text) for place in places)
