from app.features.train.scope.files import Choices, FileRow, is_fixed, matching, needs_trust, read_files, reasons

CODE = FileRow("src/tree.py", 100, True, "", "")
MADE = FileRow("src/made.py", 100, False, "generated", "it says so")
SECRET = FileRow("src/settings.py", 100, False, "secret", "line 3")
BINARY = FileRow("logo.png", 100, False, "binary", "it is no text")
ROWS = [CODE, MADE, SECRET, BINARY]


def test_what_is_printed_becomes_rows_and_a_split():
    answer = {
        "split": {"kind": "commits", "base": "a", "base_date": "2026-01-01", "commits": 7, "note": None, "new": 1},
        "files": [
            {"path": "a.py", "bytes": 3, "kept": True, "reason": "", "detail": "", "overruled": False},
            {"bytes": 1},
            3,
        ],
    }
    rows, split = read_files(answer)
    assert rows == [FileRow("a.py", 3, True, "", "")]
    assert (split.kind, split.commits, split.base_date, split.note) == ("commits", 7, "2026-01-01", "")
    assert read_files({}) == ([], type(split)())


def test_a_decision_is_kept_only_where_the_rules_say_otherwise():
    choices = Choices().decide(CODE, False).decide(MADE, True)
    assert (choices.drop, choices.keep) == ({"src/tree.py"}, {"src/made.py"})
    assert not choices.keeps(CODE)
    assert choices.keeps(MADE)
    assert choices.decide(CODE, True).decide(MADE, False) == Choices()


def test_a_secret_is_kept_only_with_trust_and_loses_it_when_left_out():
    assert needs_trust(SECRET)
    assert not needs_trust(MADE)
    choices = Choices().decide(SECRET, True, trust=True)
    assert choices.trusted == {"src/settings.py"}
    assert choices.decide(SECRET, False) == Choices()


def test_what_is_no_text_cannot_be_decided_on():
    assert [is_fixed(row) for row in ROWS] == [False, False, False, True]


def test_filters():
    choices = Choices().decide(CODE, False)
    assert matching(ROWS, choices, "SRC py", "") == [0, 1, 2]
    assert matching(ROWS, choices, "", "kept") == []
    assert matching(ROWS, choices, "", "dropped") == [0, 1, 2, 3]
    assert matching(ROWS, choices, "", "overruled") == [0]
    assert matching(ROWS, choices, "", "secret") == [2]


def test_reasons_are_counted_for_what_is_left_out():
    assert reasons(ROWS, Choices()) == [("binary", 1), ("generated", 1), ("secret", 1)]
    assert ("generated", 1) not in reasons(ROWS, Choices().decide(MADE, True))
