"""What the log makes of what happens in an editor: records, what is still there later, and what may go wrong."""

import dataclasses
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject
from PySide6.QtGui import QTextCursor
from pytestqt.qtbot import QtBot

from app.editor.code_editor import CodeEditor
from app.features.acceptance.log import AcceptanceLog
from app.services.api import ApiClient
from app.services.connection import Connection
from app.services.service_process import ServiceProcess
from assistant.config import find_paths
from assistant.editing.acceptance.store import AcceptanceStore
from assistant.editing.suggestions.outcomes import Outcome

pytestmark = pytest.mark.gui

EDITED = Outcome("auto", "edited", 400.0, 7, 1, model="m", adapter="mine")


def taken(length: int) -> Outcome:
    return Outcome("auto", "taken", 800.0, length, 1, taken=length, presses=1, how="all", model="m")


class Desk:
    """A log with an editor; a second of looking lasts ``second_ms``, and ``now`` is the clock of that."""

    def __init__(self, file: Path, root: QObject, second_ms: float) -> None:
        process = ServiceProcess([sys.executable, "-c", ""], root)
        api = ApiClient(root)
        self.file = file
        self.connection = Connection(process, api, root)
        self.log = AcceptanceLog(file, self.connection, root, rest_ms=0, second_ms=second_ms)
        self.problems: list[str] = []
        self.log.problem.connect(self.problems.append)
        self.editor = CodeEditor()

    def take(self, text: str, replaces: int = 0) -> None:
        """Take a suggestion at the cursor, as the editor and the session tell it."""
        self.editor.show_suggestion(text, replaces)
        self.editor.accept_suggestion("all")
        self.log.on_taken(self.editor, len(text))

    def take_whole(self, text: str) -> None:
        self.take(text)
        self.log.on_ended(taken(len(text)), "Python")

    def there(self) -> list[tuple[float | None, float | None, float | None]]:
        with closing(sqlite3.connect(self.file)) as connection:
            return connection.execute("SELECT there_30, there_120, there_300 FROM suggestions ORDER BY id").fetchall()

    def shown(self) -> int:
        with closing(AcceptanceStore(self.file)) as store:
            return store.summary().total.shown


def make(qtbot: QtBot, second_ms: float) -> Iterator[Desk]:
    root = QObject()
    desk = Desk(find_paths().acceptance, root, second_ms)
    qtbot.addWidget(desk.editor)
    desk.editor.setPlainText("x = \nend")
    desk.editor.set_cursor_offset(4)
    yield desk
    desk.log.close()
    root.deleteLater()


@pytest.fixture
def desk(qtbot: QtBot) -> Iterator[Desk]:
    """Five minutes last 300 ms."""
    yield from make(qtbot, 1.0)


@pytest.fixture
def slow(qtbot: QtBot) -> Iterator[Desk]:
    """Nothing is looked at while the test lasts, but by hand."""
    yield from make(qtbot, 1000.0)


def look(desk: Desk) -> list[tuple[float | None, float | None, float | None]]:
    """Let all the time pass at once."""
    for after in (31, 121, 301):
        begun = desk.log._watched[0].taken_at if desk.log._watched else 0
        desk.log._clock = lambda begun=begun, after=after: begun + after
        desk.log._on_look()
    desk.log.flush()
    return desk.there()


def test_an_outcome_is_written_with_language_and_model(qtbot: QtBot, desk: Desk) -> None:
    with qtbot.waitSignal(desk.log.written):
        desk.log.on_ended(EDITED, "Python")
        desk.log.on_ended(dataclasses.replace(EDITED, model=None), "")
    with closing(AcceptanceStore(desk.file)) as store:
        summary = store.summary()
    assert [(row.name, row.counts.shown) for row in summary.languages] == [("", 1), ("Python", 1)]
    assert [(row.name, row.counts.edited) for row in summary.models] == [("", 1), ("m + mine", 1)]


def test_one_that_was_withdrawn_untouched_was_never_shown(slow: Desk) -> None:
    slow.log.on_ended(dataclasses.replace(EDITED, fate="withdrawn"), "Python")
    slow.log.on_ended(dataclasses.replace(taken(3), fate="withdrawn"), "Python")
    slow.log.flush()
    assert slow.shown() == 1


def test_what_is_taken_is_looked_at_three_times(qtbot: QtBot, desk: Desk) -> None:
    desk.take_whole("foo(bar)")
    qtbot.waitUntil(lambda: desk.file.exists() and desk.there() == [(1.0, 1.0, 1.0)])
    assert desk.log._watched == []
    assert not desk.log._look.isActive()


def test_it_is_found_where_edits_have_moved_it(slow: Desk) -> None:
    slow.take_whole("foo(\U0001f600, 1)")
    slow.editor.insertPlainText(" + 1")
    cursor = QTextCursor(slow.editor.document())
    cursor.insertText("import \U0001f600\n")
    assert look(slow) == [(1.0, 1.0, 1.0)]


def test_what_is_changed_counts_in_part_and_what_is_deleted_not_at_all(slow: Desk) -> None:
    slow.take_whole("foo(bar)")
    cursor = slow.editor.textCursor()
    cursor.movePosition(QTextCursor.MoveOperation.Left, QTextCursor.MoveMode.KeepAnchor, 4)
    cursor.insertText("baz)")
    slow.log._on_look()
    assert slow.log._watched[0].piece.now() == "foo(baz)"
    assert look(slow) == [(0.75, 0.75, 0.75)]
    slow.editor.set_cursor_offset(0)
    slow.take_whole("a.b ")
    slow.editor.undo()
    assert look(slow)[1] == (0.0, 0.0, 0.0)
    slow.editor.redo()


def test_an_undo_brings_it_back(slow: Desk) -> None:
    slow.take_whole("foo(bar)")
    slow.editor.undo()
    assert slow.log._watched[0].piece.now() == ""
    slow.editor.redo()
    assert look(slow) == [(1.0, 1.0, 1.0)]


def test_a_file_that_is_read_again_keeps_the_place(slow: Desk) -> None:
    slow.take_whole("foo(bar)")
    cursor = QTextCursor(slow.editor.document())
    cursor.select(QTextCursor.SelectionType.Document)
    cursor.insertText("# new\nx = foo(bar)\nthe end")
    assert "foo(bar)" in slow.log._watched[0].piece.now()
    assert look(slow) == [(1.0, 1.0, 1.0)]


def test_parts_of_one_suggestion_are_one_piece(slow: Desk) -> None:
    slow.take("one")
    slow.take(" two")
    slow.editor.insertPlainText(" t")
    slow.take("hree")
    slow.log.on_ended(dataclasses.replace(taken(11), presses=3, how="word"), "Python")
    assert [kept.piece.now() for kept in slow.log._watched] == ["one two three"]
    slow.take_whole("()")
    assert [kept.piece.now() for kept in slow.log._watched] == ["one two three", "()"]


def test_white_space_is_not_judged(slow: Desk) -> None:
    slow.take_whole("\n    ")
    assert look(slow) == [(None, None, None)]


def test_an_editor_that_goes_takes_its_pieces_along(slow: Desk) -> None:
    slow.editor = CodeEditor()
    slow.take_whole("foo(bar)")
    slow.editor.deleteLater()
    QCoreApplication.sendPostedEvents(slow.editor, QEvent.Type.DeferredDelete)
    assert slow.log._followed == {}
    assert look(slow) == [(None, None, None)]


def test_switched_off_nothing_is_kept_and_what_was_noted_before_is_written(slow: Desk) -> None:
    slow.log.on_ended(EDITED, "Python")
    slow.take("foo(bar)")
    slow.log.set_keep(False)
    assert slow.shown() == 1
    slow.log.on_ended(taken(8), "Python")
    slow.take_whole("more")
    slow.log.flush()
    assert slow.shown() == 1
    assert slow.log._watched == []
    slow.log.set_keep(True)
    slow.log.set_keep(True)
    slow.take_whole("again")
    slow.log.flush()
    assert slow.shown() == 2


def test_erasing_forgets_also_what_waits(slow: Desk) -> None:
    slow.take_whole("foo(bar)")
    slow.log.flush()
    slow.take_whole("more")
    slow.log.erase()
    slow.log.flush()
    assert look(slow) == []
    slow.log.on_ended(EDITED, "Python")
    assert slow.log.summary(7).total.shown == 1


def test_while_another_window_writes_it_waits(qtbot: QtBot, slow: Desk) -> None:
    slow.log.on_ended(EDITED, "Python")
    slow.log.flush()
    slow.take_whole("foo(bar)")
    with closing(sqlite3.connect(slow.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        slow.log.flush()
        slow.log.on_ended(EDITED, "Python")
        slow.log.flush()
        other.execute("ROLLBACK")
    assert slow.problems == []
    slow.log.flush()
    assert slow.shown() == 3


def test_a_damaged_file_is_said_once(slow: Desk) -> None:
    slow.file.parent.mkdir(parents=True, exist_ok=True)
    slow.file.write_bytes(b"nonsense" * 1000)
    slow.log.on_ended(EDITED, "Python")
    slow.log.flush()
    slow.log.on_ended(EDITED, "Python")
    slow.log.flush()
    [said] = slow.problems
    assert "put aside" in said
    assert slow.shown() == 2


def test_a_file_that_cannot_be_is_said_once_and_then_nothing_is_kept(slow: Desk) -> None:
    slow.file.mkdir(parents=True)
    for _ in range(3):
        slow.take_whole("foo")
        slow.log.flush()
    [said] = slow.problems
    assert "cannot be used" in said
    assert slow.log._watched == []


def test_closed_it_has_written_everything_and_hears_no_more(slow: Desk) -> None:
    slow.log.on_ended(EDITED, "Python")
    slow.log.close()
    slow.log.on_ended(EDITED, "Python")
    slow.log.close()
    assert slow.shown() == 1
    assert not slow.file.with_name("acceptance.db-wal").exists()


def test_of_what_cannot_be_written_only_so_much_is_held(slow: Desk, monkeypatch: Any) -> None:
    monkeypatch.setattr("app.features.acceptance.log._MOST_WAITING", 3)
    for _ in range(5):
        slow.log.on_ended(EDITED, "Python")
    slow.log.flush()
    assert slow.shown() == 3
