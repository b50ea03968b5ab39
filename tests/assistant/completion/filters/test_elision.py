import pytest

from assistant.completion.filters import JUDGES


@pytest.mark.parametrize(
    ("path", "text", "line", "ends"),
    [
        ("m.py", "|", "    def total(self):  # ...", True),
        ("m.py", "|", "    # ...", True),
        ("m.py", "|", "    # ... and so on", False),
        ("m.py", "|", "    def total(self): ...", False),
        ("m.py", "|", "x: tuple[int, ...]", False),
        ("m.py", "a = 1  # ...\n|", "b = 2  # ...", False),
        ("m.py", "|\nb = 2  # ...\n", "a = 1  # ...", False),
        ("m.js", "|", "  total() { /* ... */ }", True),
        ("m.js", "|", "const a = [ /* ... */ ];", True),
        ("m.js", "|", "  // ...", True),
        ("m.js", "|", "  f(...args);", False),
        ("m.css", "|", "a { /* ... */ }", True),
        ("m.rb", "|", "  def total  # ...", True),
        ("m.json", "|", '"a": [...]', False),
        ("m.lua", "|", "f() -- ...", False),
        ("notes.txt", "|", "# ...", False),
        (None, "|", "# ...", False),
    ],
)
def test_a_line_of_the_file_in_short_ends_it(hole, path, text, line, ends):
    assert JUDGES["copies-outline"](hole(text, path), [], line) is ends
