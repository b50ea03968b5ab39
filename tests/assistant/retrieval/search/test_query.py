from assistant.retrieval.search.query import LINES_AFTER, LINES_BEFORE, read_query
from assistant.retrieval.search.window import Window


def test_names_go_from_the_cursor_outwards():
    query = read_query(Window("first = one\nclient.fetch_all(", ")\nlater()\n", 1, 3))
    assert query.names[:2] == ("fetch_all", "client")
    assert read_query(Window("first = one\nclient.fetch_al", "\n", 1, 2)).names[0] == "client"
    assert read_query(Window("first = one\n", "\n", 1, 2)).names == ("one", "first")
    assert query.names.index("client") < query.names.index("one")
    assert "later" in query.names
    assert len(set(query.names)) == len(query.names)


def test_words_are_parts_too():
    query = read_query(Window("userStore.find_by_name(", "", 1, 1))
    assert {"find", "name", "user", "store"} <= set(query.words)


def test_only_what_is_near_counts():
    far = "far_away = 1\n" + "x1 = 2\n" * LINES_BEFORE
    query = read_query(Window(far, "\n" + "y1 = 2\n" * LINES_AFTER + "far_below = 3\n", 1, 99))
    assert "far_away" not in query.names
    assert "far_below" not in query.names
    assert "far_away" in query.block


def test_an_empty_window_speaks_of_nothing():
    assert read_query(Window("", "", 1, 1)).names == ()
