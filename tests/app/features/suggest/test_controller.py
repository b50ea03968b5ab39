"""The controller between an editor, one timer and the scripted service."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtGui import QInputMethodEvent, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPlainTextEdit
from pytestqt.qtbot import QtBot

from app.editor.code_editor import CodeEditor
from app.features.acceptance.log import AcceptanceLog
from app.features.suggest.controller import CompletionController
from app.services.api import ApiClient
from app.services.connection import Connection, Intervals
from app.services.service_process import Backoff, ServiceProcess
from assistant.config import Settings
from assistant.types import Finished

pytestmark = pytest.mark.gui


class StandInEditor(QPlainTextEdit):
    """The least that the controller needs: ghost text is a string, accepting inserts it."""

    suggestion_accepted = Signal(str, str)
    suggestion_dismissed = Signal()
    suggestion_requested = Signal()
    cycle_requested = Signal(int)
    composing_changed = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.ghost = ""
        self.texts_read = 0

    def plain_text(self) -> str:
        self.texts_read += 1
        return self.toPlainText()

    def cursor_offset(self) -> int:
        before = self.toPlainText().encode("utf-16-le")[: 2 * self.textCursor().position()]
        return len(before.decode("utf-16-le"))

    def selection(self) -> tuple[int, int]:
        cursor = self.textCursor()
        return cursor.selectionStart(), cursor.selectionEnd()

    def show_suggestion(self, text: str, replaces: int = 0) -> None:
        self.ghost = text

    def clear_suggestion(self) -> None:
        self.ghost = ""

    def suggestion(self) -> str:
        return self.ghost

    def language(self) -> str:
        return "Python"

    def accept(self, kind: str, text: str) -> None:
        self.insertPlainText(text)
        self.suggestion_accepted.emit(kind, text)


class Desk:
    """Everything of a window but the window."""

    def __init__(self, service: Any) -> None:
        self.service = service
        self.process = ServiceProcess(service.command, backoff=Backoff(first_s=0.01))
        self.api = ApiClient(self.process)
        intervals = Intervals(loading_ms=20, ready_ms=200)
        self.connection = Connection(self.process, self.api, self.process, intervals=intervals)
        settings = Settings(debounce_ms=1, ask_ahead=False)
        self.controller = CompletionController(self.connection, self.api, settings, self.process)
        self.says: list[str] = []
        self.shown: list[tuple[float | None, Finished | None]] = []
        self.controller.status.connect(self.says.append)
        self.controller.suggestion_shown.connect(lambda ms, finished: self.shown.append((ms, finished)))


@pytest.fixture
def desk(qtbot: QtBot, fake_service: Any) -> Iterator[Desk]:
    desk = Desk(fake_service)
    desk.connection.start()
    qtbot.waitUntil(lambda: desk.connection.state.kind == "ready")
    yield desk
    desk.controller.detach()
    desk.process.close()


@pytest.fixture
def editor(qtbot: QtBot) -> StandInEditor:
    editor = StandInEditor()
    qtbot.addWidget(editor)
    return editor


def test_another_adapter_takes_its_own_suggestion_with_it(qtbot: QtBot, desk: Desk, editor: StandInEditor) -> None:
    desk.service.set(complete=[[{"finished": [" b):"]}]])
    desk.controller.attach(editor, "pkg/a.py", "/w")
    editor.insertPlainText("def f(a,")
    qtbot.waitUntil(lambda: editor.ghost == " b):")
    state = desk.connection.state
    for kind, adapter, left in (("idle", None, " b):"), ("ready", None, " b):"), ("ready", "shop", "")):
        desk.connection.changed.emit(dataclasses.replace(state, kind=kind, adapter=adapter))
        assert editor.ghost == left


def test_typing_asks_and_shows(qtbot: QtBot, desk: Desk, editor: StandInEditor) -> None:
    desk.service.set(complete=[[{"delta": " b"}, {"gate": "end"}, {"finished": [" b):"]}]])
    desk.controller.attach(editor, "pkg/a.py", "/w")
    editor.insertPlainText("def f(\U0001f600a,")
    qtbot.waitUntil(lambda: editor.ghost == " b")
    assert desk.connection.state.kind == "thinking"
    assert desk.says == [""]
    desk.service.open_gate("end")
    qtbot.waitUntil(lambda: editor.ghost == " b):")
    [request] = desk.service.requests
    assert (request["text"], request["cursor"]) == ("def f(\U0001f600a,", 9)
    assert (request["path"], request["workspace"], request["trigger"]) == ("pkg/a.py", "/w", "auto")
    assert [finished is not None for _, finished in desk.shown] == [False, True]
    assert desk.says[-1] == ""
    qtbot.waitUntil(lambda: desk.connection.state.kind == "ready")
    state = desk.connection.state
    assert state.first_ms == desk.shown[0][0]
    assert state.latency_ms is not None
    assert state.latency_ms >= desk.shown[0][0] > 0  # type: ignore[operator]


def test_accepting_word_and_rest(qtbot: QtBot, desk: Desk, editor: StandInEditor) -> None:
    desk.service.set(complete=[[{"finished": ["one two"]}], [{"finished": ["!"]}]])
    desk.controller.attach(editor, None, None)
    editor.insertPlainText("x ")
    qtbot.waitUntil(lambda: editor.ghost == "one two")
    editor.accept("word", "one ")
    assert editor.ghost == "two"
    editor.accept("all", "two")
    assert editor.ghost == ""
    qtbot.waitUntil(lambda: editor.ghost == "!")
    assert desk.service.requests[1]["text"] == "x one two"


def test_dismissing_gives_the_request_up(qtbot: QtBot, desk: Desk, editor: StandInEditor) -> None:
    desk.service.set(complete=[[{"delta": "abc"}, "stall"]])
    desk.controller.attach(editor, None, None)
    editor.insertPlainText("x")
    qtbot.waitUntil(lambda: editor.ghost == "abc")
    editor.suggestion_dismissed.emit()
    assert editor.ghost == ""
    qtbot.waitUntil(lambda: len(desk.service.rows("left")) == 1)
    assert desk.api.running == 0


def test_asking_and_cycling(qtbot: QtBot, desk: Desk, editor: StandInEditor) -> None:
    desk.service.set(complete=[[{"finished": ["one"]}], [{"finished": ["one", "two", "three"]}]])
    editor.setPlainText("x ")
    desk.controller.attach(editor, None, None)
    editor.moveCursor(QTextCursor.MoveOperation.End)
    editor.suggestion_requested.emit()
    qtbot.waitUntil(lambda: editor.ghost == "one")
    editor.cycle_requested.emit(1)
    qtbot.waitUntil(lambda: editor.ghost == "two")
    assert desk.says[-1] == "2/3"
    editor.cycle_requested.emit(-1)
    assert (editor.ghost, desk.says[-1]) == ("one", "1/3")
    assert [request["n"] for request in desk.service.requests] == [1, 3]
    assert desk.service.requests[0]["trigger"] == "manual"


def test_what_cannot_be_asked_is_said(qtbot: QtBot, desk: Desk, editor: StandInEditor) -> None:
    desk.controller.attach(editor, None, None)
    editor.setPlainText("abc")
    editor.selectAll()
    desk.controller.ask()
    assert desk.says[-1] == "No suggestion while text is selected."
    editor.moveCursor(QTextCursor.MoveOperation.End)
    editor.setReadOnly(True)
    desk.controller.set_settings(Settings())
    desk.controller.ask()
    assert desk.says[-1] == "This file cannot be edited."
    assert desk.service.requests == []


def test_a_failure_and_an_empty_answer_are_said(qtbot: QtBot, desk: Desk, editor: StandInEditor) -> None:
    desk.service.set(complete=[[{"failed": "The model has no room."}], [{"finished": [""]}]])
    desk.controller.attach(editor, None, None)
    editor.insertPlainText("x")
    qtbot.waitUntil(lambda: desk.says[-1:] == ["The model has no room."])
    editor.insertPlainText("y")
    qtbot.waitUntil(lambda: desk.says[-1] == "No suggestion here.")


def test_the_service_dies_mid_suggestion_and_the_next_one_works(
    qtbot: QtBot, desk: Desk, editor: StandInEditor
) -> None:
    desk.service.set(complete=[[{"delta": "half"}, {"gate": "die"}, "die"]])
    desk.controller.attach(editor, None, None)
    editor.insertPlainText("x")
    qtbot.waitUntil(lambda: editor.ghost == "half")
    desk.service.open_gate("die")
    qtbot.waitUntil(lambda: editor.ghost == "")
    assert editor.toPlainText() == "x"
    assert "in the middle" in desk.says[-1]
    desk.service.set(complete=[[{"finished": ["whole"]}]])
    qtbot.waitUntil(lambda: not desk.connection.state.can_complete)
    editor.insertPlainText(" = ")
    qtbot.waitUntil(lambda: editor.ghost == "whole")
    assert desk.connection.state.can_complete


def test_only_the_attached_editor_is_served(qtbot: QtBot, desk: Desk, editor: StandInEditor) -> None:
    desk.service.set(complete=[[{"finished": ["ghost"]}]])
    other = StandInEditor()
    qtbot.addWidget(other)
    desk.controller.attach(editor, "one.py", None)
    editor.insertPlainText("x")
    qtbot.waitUntil(lambda: editor.ghost == "ghost")
    desk.controller.attach(other, "two.py", None)
    assert editor.ghost == ""
    editor.insertPlainText("y")
    other.insertPlainText("z")
    qtbot.waitUntil(lambda: other.ghost == "ghost")
    assert [request["path"] for request in desk.service.requests] == ["one.py", "two.py"]
    desk.controller.detach()
    desk.controller.detach()
    assert other.ghost == ""


def test_attaching_the_same_again_keeps_the_suggestion(qtbot: QtBot, desk: Desk, editor: StandInEditor) -> None:
    desk.service.set(complete=[[{"finished": ["ghost"]}]])
    desk.controller.attach(editor, "one.py", None)
    editor.insertPlainText("x")
    qtbot.waitUntil(lambda: editor.ghost == "ghost")
    desk.controller.attach(editor, "one.py", None)
    assert editor.ghost == "ghost"
    desk.controller.attach(editor, "two.py", None)
    assert editor.ghost == ""


def test_an_editor_that_goes_away_gives_its_request_up(qtbot: QtBot, desk: Desk) -> None:
    desk.service.set(complete=[[{"delta": "x"}, "stall"]])
    editor = StandInEditor()
    desk.controller.attach(editor, None, None)
    editor.insertPlainText("x")
    qtbot.waitUntil(lambda: editor.ghost == "x")
    editor.deleteLater()
    qtbot.waitUntil(lambda: desk.api.running == 0)
    desk.controller.detach()


def test_without_an_editor_nothing_happens(desk: Desk) -> None:
    desk.controller.ask()
    desk.controller.cycle(1)
    desk.controller.set_settings(Settings(suggestions=False))
    assert desk.says == []


def test_with_the_real_editor(qtbot: QtBot, desk: Desk) -> None:
    desk.service.set(complete=[[{"finished": ["return a\n    # done", "pass", "raise"]}], [{"finished": [""]}]])
    editor = CodeEditor()
    qtbot.addWidget(editor)
    editor.show()
    desk.controller.attach(editor, "a.py", None)
    QTest.keyClicks(editor, "x: ")
    qtbot.waitUntil(lambda: editor.suggestion() == "return a\n    # done")
    QTest.keyClicks(editor, "ret")
    assert editor.suggestion() == "urn a\n    # done"
    QTest.keyClick(editor, Qt.Key.Key_Backspace)
    assert editor.suggestion() == "turn a\n    # done"
    QTest.keyClick(editor, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    assert (editor.plain_text(), editor.suggestion()) == ("x: return", " a\n    # done")
    QTest.keyClick(editor, Qt.Key.Key_Down, Qt.KeyboardModifier.ControlModifier)
    assert editor.plain_text().startswith("x: return a")
    QTest.keyClick(editor, Qt.Key.Key_Tab)
    assert (editor.plain_text(), editor.suggestion()) == ("x: return a\n    # done", "")
    qtbot.waitUntil(lambda: len(desk.service.requests) == 2)
    assert desk.service.requests[1]["text"] == "x: return a\n    # done"


def test_what_was_taken_and_what_became_of_it_is_told(qtbot: QtBot, desk: Desk) -> None:
    desk.service.set(complete=[[{"finished": ["one two"]}], [{"finished": [""]}]])
    editor = CodeEditor()
    qtbot.addWidget(editor)
    editor.show()
    editor.set_language("a.py")
    told: list[Any] = []
    desk.controller.taken.connect(lambda where, length: told.append((where is editor, length, editor.cursor_offset())))
    desk.controller.ended.connect(lambda outcome, language: told.append((outcome, language)))
    desk.controller.attach(editor, "a.py", None)
    QTest.keyClicks(editor, "x ")
    qtbot.waitUntil(lambda: editor.suggestion() == "one two")
    QTest.keyClick(editor, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(editor, Qt.Key.Key_Tab)
    assert told[:2] == [(True, 3, 5), (True, 4, 9)]
    [(outcome, language)] = told[2:]
    assert (outcome.fate, outcome.how, outcome.taken, outcome.presses) == ("taken", "all", 7, 2)
    assert (outcome.model, language) == ("fake-1b", "Python")
    assert outcome.shown_ms > 0


def test_what_became_of_suggestions_is_kept(qtbot: QtBot, desk: Desk, tmp_path: Path) -> None:
    desk.service.set(complete=[[{"finished": ["a)"]}], [{"finished": ["b two"]}], [{"finished": [""]}]])
    editor = CodeEditor()
    qtbot.addWidget(editor)
    editor.show()
    log = AcceptanceLog(tmp_path / "acceptance.db", desk.connection, desk.process)
    desk.controller.taken.connect(log.on_taken)
    desk.controller.ended.connect(log.on_ended)
    desk.controller.attach(editor, "a.py", None)
    QTest.keyClicks(editor, "f(")
    qtbot.waitUntil(lambda: editor.suggestion() == "a)")
    QTest.keyClick(editor, Qt.Key.Key_Tab)
    qtbot.waitUntil(lambda: editor.suggestion() == "b two")
    QTest.keyClick(editor, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(editor, "!")
    assert [kept.piece.now() for kept in log._watched if kept.piece] == ["a)", "b"]
    total = log.summary(None).total
    assert (total.shown, total.accepted, total.whole, total.word, total.characters, total.saved) == (2, 2, 1, 1, 3, 1)
    log.close()


def test_leaving_the_editor_tells_what_was_shown_there(qtbot: QtBot, desk: Desk, editor: StandInEditor) -> None:
    desk.service.set(complete=[[{"finished": ["ghost"]}]])
    told: list[Any] = []
    desk.controller.ended.connect(lambda outcome, language: told.append((outcome.fate, language)))
    desk.controller.attach(editor, "one.py", None)
    editor.insertPlainText("x")
    qtbot.waitUntil(lambda: editor.ghost == "ghost")
    desk.controller.detach()
    assert told == [("moved", "Python")]


def test_escape_in_the_real_editor(qtbot: QtBot, desk: Desk) -> None:
    desk.service.set(complete=[[{"finished": ["abc"]}]])
    editor = CodeEditor()
    qtbot.addWidget(editor)
    editor.show()
    desk.controller.attach(editor, "a.py", None)
    QTest.keyClicks(editor, "x ")
    qtbot.waitUntil(lambda: editor.suggestion() == "abc")
    QTest.keyClick(editor, Qt.Key.Key_Escape)
    assert editor.suggestion() == ""
    QTest.keyClick(editor, Qt.Key.Key_Backslash, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: editor.suggestion() == "abc")
    assert desk.service.requests[1]["trigger"] == "manual"


def sleeping(qtbot: QtBot, desk: Desk) -> None:
    desk.service.set(health=[{"state": "idle", "model": "fake-1b"}])
    qtbot.waitUntil(lambda: desk.connection.state.kind == "idle")
    assert desk.service.rows("wake") == []


def awake(qtbot: QtBot, desk: Desk) -> None:
    desk.service.set(health=[{"state": "loading", "model": "fake-1b"}, {"state": "ready", "model": "fake-1b"}])
    qtbot.waitUntil(lambda: desk.connection.state.kind == "ready")


def test_an_editor_that_is_opened_wakes_the_model(qtbot: QtBot, desk: Desk, editor: StandInEditor) -> None:
    sleeping(qtbot, desk)
    desk.controller.attach(editor, "a.py", None)
    qtbot.waitUntil(lambda: len(desk.service.rows("wake")) == 1)
    assert desk.service.requests == []
    awake(qtbot, desk)


def test_the_first_key_wakes_the_model_and_gets_its_suggestion(qtbot: QtBot, desk: Desk, editor: StandInEditor) -> None:
    desk.service.set(complete=[[{"gate": "loaded"}, {"finished": ["ghost"]}]])
    desk.controller.attach(editor, "a.py", None)
    sleeping(qtbot, desk)
    editor.insertPlainText("x")
    qtbot.waitUntil(lambda: len(desk.service.rows("wake")) == 1)
    qtbot.waitUntil(lambda: len(desk.service.requests) == 1)
    awake_states: list[str] = []
    desk.connection.changed.connect(lambda state: awake_states.append(state.kind))
    desk.service.set(health=[{"state": "loading", "model": "fake-1b"}, {"state": "ready", "model": "fake-1b"}])
    qtbot.waitUntil(lambda: "loading" in awake_states)
    desk.service.open_gate("loaded")
    qtbot.waitUntil(lambda: editor.ghost == "ghost")
    assert not {"failed", "unresponsive"} & set(awake_states)
    assert not any(desk.says)


@pytest.mark.parametrize("reason", ["off", "read-only"])
def test_an_editor_that_gets_no_suggestions_wakes_nothing(
    qtbot: QtBot, desk: Desk, editor: StandInEditor, reason: str
) -> None:
    desk.controller.set_settings(Settings(suggestions=reason != "off"))
    editor.setReadOnly(reason == "read-only")
    sleeping(qtbot, desk)
    desk.controller.attach(editor, "a.py", None)
    editor.insertPlainText("x")
    asked = len(desk.service.rows("health"))
    qtbot.waitUntil(lambda: len(desk.service.rows("health")) > asked)
    assert desk.service.rows("wake") == []


def test_each_editor_is_a_session_of_its_own(qtbot: QtBot, desk: Desk, editor: StandInEditor) -> None:
    desk.service.set(complete=[[{"finished": [""]}]])
    other = StandInEditor()
    qtbot.addWidget(other)
    for turn, (each, text) in enumerate([(editor, "x"), (editor, "y"), (other, "z")]):
        desk.controller.attach(each, "a.py", None)
        each.insertPlainText(text)
        qtbot.waitUntil(lambda turn=turn: len(desk.service.requests) == turn + 1)
    first, second, third = (request["session"] for request in desk.service.requests)
    assert first == second != third
    assert first
    assert third


def test_what_follows_an_accepted_suggestion_is_there_at_once(qtbot: QtBot, desk: Desk) -> None:
    desk.service.set(complete=[[{"finished": ["a + b"]}], [{"finished": ["\nprint(x)"]}], [{"finished": [""]}]])
    desk.controller.set_settings(Settings(debounce_ms=1))
    editor = CodeEditor()
    qtbot.addWidget(editor)
    editor.show()
    desk.controller.attach(editor, "a.py", None)
    QTest.keyClicks(editor, "x = ")
    with qtbot.waitSignal(desk.controller.suggestion_shown, check_params_cb=lambda _, finished: finished is not None):
        pass
    qtbot.waitUntil(lambda: len(desk.service.requests) == 2)
    assert (desk.service.requests[1]["trigger"], desk.service.requests[1]["text"]) == ("ahead", "x = a + b")
    qtbot.waitUntil(lambda: len(desk.controller._replies) == 0)
    QTest.keyClick(editor, Qt.Key.Key_Tab)
    assert (editor.plain_text(), editor.suggestion()) == ("x = a + b", "\nprint(x)")


def test_what_is_shown_is_explained_and_so_is_what_is_not(qtbot: QtBot, desk: Desk, editor: StandInEditor) -> None:
    told: list[tuple[str, int]] = []
    desk.controller.explained.connect(lambda finished, choice: told.append((finished.choices[choice].text, choice)))
    desk.service.set(complete=[[{"finished": ["one"]}], [{"finished": ["one", "two"]}], [{"finished": [""]}]])
    desk.controller.attach(editor, "a.py", None)
    editor.insertPlainText("x")
    qtbot.waitUntil(lambda: told == [("one", 0)])
    desk.controller.cycle(1)
    qtbot.waitUntil(lambda: told[-1] == ("two", 1))
    editor.insertPlainText("y")
    qtbot.waitUntil(lambda: told[-1] == ("", 0))
    assert all(request["explain"] for request in desk.service.requests)


def test_why_a_request_failed_is_told(qtbot: QtBot, desk: Desk, editor: StandInEditor) -> None:
    desk.service.set(complete=[[{"failed": "It broke."}]])
    desk.controller.attach(editor, "a.py", None)
    with qtbot.waitSignal(desk.controller.failed) as told:
        editor.insertPlainText("x")
    assert told.args == ["It broke."]


def test_while_text_is_composed_nothing_is_asked(qtbot: QtBot, desk: Desk) -> None:
    desk.service.set(complete=[[{"finished": ["abc"]}]])
    editor = CodeEditor()
    qtbot.addWidget(editor)
    editor.show()
    desk.controller.attach(editor, "a.py", None)
    QTest.keyClicks(editor, "x = ")
    qtbot.waitUntil(lambda: editor.suggestion() == "abc")
    QCoreApplication.sendEvent(editor, QInputMethodEvent("´", []))
    assert editor.suggestion() == ""
    desk.controller.ask()
    assert len(desk.service.requests) == 1
    QCoreApplication.sendEvent(editor, QInputMethodEvent("", []))
    assert editor.suggestion() == "abc"
