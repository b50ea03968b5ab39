"""A file with CRLF gets the suggestions of the same file with LF, in its own kind of lines."""

import pytest

from assistant.completion.complete import complete
from assistant.completion.line_ends import has_crlf, with_crlf, with_plain_ends
from assistant.engine.fake import FakeEngine, flat_prompt
from assistant.engine.protocol import CancelToken, EngineInfo
from assistant.types import CompleteRequest, Delta, Finished, Started

FILES = {
    "a.py": ("x = 1\n\ndef add(a, b):|\n", "\n    total = a + b\n    return total\n\nprint(1)"),
    "b.py": ("def add(a, b):\n    |\n    return total\n", "total = a + b\n    return total\n"),
    "a.js": ("function add(a, b) {|\n}\n", "\n  const total = a + b;\n  return total;\n}\n"),
    "a.c": ("int add(int a, int b)\n{\n    |\n}\n", "int total = a + b;\n    return total;\n}\n"),
    "a.cs": ("class A\n{\n    int Add(int a)\n    {\n        |\n    }\n}\n", "return a;\n    }\n"),
    "a.java": ("class A {\n    @Test\n    void one() {\n        |\n    }\n}\n", "one();\n        two();\n"),
    "a.go": ("func f() {\n\t|\n}\n", "a()\n\tb()\n}\n"),
    "a.php": ("<?php\nf(|);\n", "$a, $b);\ng();"),
    "a.ps1": ("function f {\n    |\n}\n", "one\n    two\n}\n"),
    "a.bat": ("echo off\n|\n", "echo one\necho two\n"),
    "a.json": ('{\n  "a": 1,\n  |\n}\n', '"b": [\n    1\n  ]\n}\n'),
    None: ("one\n|\ntwo\n", "more\nand more\ntwo\n"),
}


def asked(text, written, path, **fields):
    engine = FakeEngine(written, EngineInfo("fake", "qwen2.5-coder", "cpu", "float32", 4096))
    cursor = text.index("|")
    request = CompleteRequest("r", text.replace("|", "", 1), cursor, path=path, explain=True, **fields)
    events = list(complete(engine, request, CancelToken()))
    return events, flat_prompt(engine.requests[0].prompt)


@pytest.mark.parametrize("path", FILES)
@pytest.mark.parametrize("trigger", ["auto", "manual"])
def test_the_suggestion_is_the_same_with_the_files_own_ends(path, trigger):
    text, written = FILES[path]
    plain, prompt = asked(text, written, path, trigger=trigger)
    crlf, same_prompt = asked(text.replace("\n", "\r\n"), written, path, trigger=trigger)
    assert same_prompt == prompt
    wanted, got = plain[-1].choices[0], crlf[-1].choices[0]
    assert wanted.text
    assert got.text == wanted.text.replace("\n", "\r\n")
    assert (got.replaces, got.reason, crlf[-1].filters) == (wanted.replaces, wanted.reason, plain[-1].filters)
    assert "".join(span.text for span in got.spans if span.kept) == got.text
    shown = ["".join(event.text for event in events if isinstance(event, Delta)) for events in (plain, crlf)]
    assert shown[1] == shown[0].replace("\n", "\r\n")


@pytest.mark.parametrize(
    ("before", "after", "cursor", "crlf"),
    [
        ("a\r\nb", "\r\nc\r\n", 3, True),
        ("a\r\nb", "", 3, True),
        ("a\r\nb\r", "\nc", 3, True),
        ("a\nb", "\r\nc", 3, True),
        ("a\r\nb", "\nc", 3, False),
        ("a\nb", "", 3, False),
        ("a", "b", 1, False),
        ("", "", 0, False),
        ("a\r", "b\r\n", 2, True),
        ("\n", "", 1, False),
    ],
)
def test_the_cursor_stays_and_its_line_tells_the_kind(before, after, cursor, crlf):
    request = CompleteRequest("r", before + after, len(before))
    plain = with_plain_ends(request)
    assert plain.text == (before + after).replace("\r\n", "\n")
    assert plain.cursor == cursor
    assert has_crlf(request) is crlf


def test_events_without_text_stay():
    started = Started("r", "fake", 3)
    assert with_crlf(started) is started


def test_a_cursor_at_the_end_of_a_crlf_line_may_write_on():
    events, _ = asked("def f():|\r\nx = 1\r\n", "\n    one()\n    two()\n", "a.py")
    assert isinstance(events[-1], Finished)
    assert events[-1].choices[0].text == "\r\n    one()\r\n    two()"
