import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.completion.token_healing import MOST_BYTES, take_back


@pytest.mark.parametrize(
    ("prefix", "piece"),
    [
        ("x = comp", " comp"),
        ("self.conf", ".conf"),
        ("    retu", " retu"),
        ("def f():\n    ", "    "),
        ("def f():\n\t\t", "\t\t"),
        ("def f():\n" + " " * 40, " " * 40),
        ("my_na", "_na"),
        ("my_", "_"),
        ("x = 12", "2"),
        ("print(", "("),
        ("x =", " ="),
        ("x = ", " "),
        ("x\n", ""),
        ("", ""),
        ("    # größ", " größ"),
        ("a" * 16, "a" * 16),
        ("a" * 17, ""),
        ("ö" * 9, ""),
    ],
)
def test_the_piece_at_the_cursor(prefix, piece):
    assert take_back(prefix) == (prefix[: len(prefix) - len(piece)], piece)


@given(st.text())
def test_nothing_is_lost_and_no_line_end_is_taken(prefix):
    rest, piece = take_back(prefix)
    assert rest + piece == prefix
    assert "\n" not in piece
    assert len(piece.encode("utf-8", "replace")) <= MOST_BYTES or not piece.strip()
