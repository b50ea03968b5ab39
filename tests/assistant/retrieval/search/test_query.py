from assistant.retrieval.search.query import LINES_AFTER, LINES_BEFORE, look_near
from assistant.retrieval.search.window import Window


def test_names_go_from_the_cursor_outwards():
    near = look_near(Window("first = one\nclient.fetch_all(", ")\nlater()\n", 1, 3))
    assert near.names[:2] == ("fetch_all", "client")
    assert look_near(Window("first = one\nclient.fetch_al", "\n", 1, 2)).names[0] == "client"
    assert look_near(Window("first = one\n", "\n", 1, 2)).names == ("one", "first")
    assert near.names.index("client") < near.names.index("one")
    assert "later" in near.names
    assert len(set(near.names)) == len(near.names)


def test_words_are_parts_too():
    near = look_near(Window("userStore.find_by_name(", "", 1, 1))
    assert {"find", "name", "user", "store"} <= set(near.words)


def test_only_what_is_near_counts():
    far = "far_away = 1\n" + "x1 = 2\n" * LINES_BEFORE
    near = look_near(Window(far, "\n" + "y1 = 2\n" * LINES_AFTER + "far_below = 3\n", 1, 99))
    assert "far_away" not in near.names
    assert "far_below" not in near.names
    assert "far_away" in near.block


def test_an_empty_window_speaks_of_nothing():
    assert look_near(Window("", "", 1, 1)).names == ()
