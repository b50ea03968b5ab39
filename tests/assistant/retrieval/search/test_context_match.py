from assistant.retrieval.index.hits import ChunkHit
from assistant.retrieval.search.candidates import from_context_matches
from assistant.retrieval.search.context_match import ContextLines, find_context_matches, read_context
from assistant.retrieval.search.window import Window

CURSOR = """def close(self):
    self.stream.flush()
    self.stream.close()
    |
    return self.status
"""
SISTER = """import os


def shut(self):
    self.stream.flush()
    self.stream.close()
    self.log.write(done)
    return self.status


def other(self):
    os.remove(path)
"""


def context(text):
    prefix, _, suffix = text.partition("|")
    return read_context(Window(prefix, suffix, 1, text.count("\n") + 1))


def lines_at(text, found):
    lines = text.split("\n")
    return [lines[spot.line].strip() for spot in found]


def test_the_lines_around_a_cursor_the_nearest_first():
    found = context("a.bc()\n\ndef f(xy):\n    zz|\n\n)\nlast(one)\n")
    assert found.above == ({"zz"}, {"def"}, {"bc"}) or found.above == ({"zz"}, {"def", "xy"}, {"bc"})
    assert found.below == (frozenset(), {"last", "one"})


def test_the_place_in_the_same_company_is_found_first():
    found = find_context_matches(SISTER.split("\n"), context(CURSOR), 3, apart=1)
    assert lines_at(SISTER, found)[0] == "self.stream.close()"
    assert found[0].score > 0.8
    assert [spot.score for spot in found] == sorted((spot.score for spot in found), reverse=True)


def test_the_order_of_the_lines_counts():
    swapped = SISTER.replace("flush", "x").replace("close", "flush").replace("x", "close")
    best = find_context_matches(SISTER.split("\n"), context(CURSOR), 1, apart=1)[0]
    worse = find_context_matches(swapped.split("\n"), context(CURSOR), 1, apart=1)[0]
    assert worse.score < best.score


def test_what_stands_below_the_cursor_tells_two_places_apart():
    text = SISTER + SISTER.replace("return self.status", "raise Gone(name)")
    found = find_context_matches(text.split("\n"), context(CURSOR), 2, apart=3)
    assert [spot.line for spot in found] == [5, 17]
    assert found[0].score > found[1].score


def test_places_that_go_on_the_same_are_one():
    lines = ["filler = value"] * 50
    found = find_context_matches(lines, context("filler = value\n|\nfiller = value\n"), 8, apart=2)
    assert len(found) == len({tuple(lines[spot.line :][:4]) for spot in found}) < 8


def test_the_same_lines_around_are_worth_one():
    (best,) = find_context_matches(CURSOR.replace("|", "gone()").split("\n"), context(CURSOR), 1, apart=1)
    assert best.line == 2
    assert best.score == 1.0


def test_nothing_in_common_is_nowhere():
    assert find_context_matches(["abc(de)", ""], context(CURSOR), 3, 1) == []
    assert find_context_matches([], context(CURSOR), 3, 1) == []
    assert find_context_matches(["abc"], context("|"), 3, 1) == []
    assert ContextLines((), ()).most == 0


def test_the_open_file_and_the_search_stand_in_one_order():
    window = Window(CURSOR.partition("|")[0], CURSOR.partition("|")[2], 41, 45)
    text = (
        "\n".join(["def far(self):", "    self.stream.flush()", "    self.x()"] + [""] * 37)
        + "\n"
        + CURSOR.replace("|", "")
    )
    hits = [ChunkHit("sister.py", 101, 112, SISTER.removesuffix("\n")), ChunkHit("none.py", 1, 1, "abc = 1")]
    found = from_context_matches(hits, text, "open.py", window)
    assert [(each.path, each.origin, each.why) for each in found][:2] == [
        ("sister.py", "search", "similar lines"),
        ("open.py", "same_file", "this file, elsewhere"),
    ]
    best = found[0]
    assert "self.log.write(done)\n" in best.text
    assert (best.first_line, best.last_line) == (103, 112)
    assert best.text.count("\n") == best.last_line - best.first_line + 1
    assert found[0].strength > found[1].strength
    assert all(each.path != "open.py" for each in from_context_matches(hits, "", "open.py", window))
    assert all(each.path != "none.py" for each in found)
