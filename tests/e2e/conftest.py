"""The whole program in one process but for its service: the real window, offscreen, with a real ``grafter serve`` behind it."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.program import build
from app.workspace.editor_page import EditorPage
from tests.support.patience import PATIENCE_MS

READY_MS = ANSWER_MS = 2 * PATIENCE_MS  # the real model is loaded, and reads


class Desk:
    """A person at the window: opens, types, waits for ghost text, presses keys."""

    def __init__(self, qtbot: Any, qapp: Any) -> None:
        self.qtbot = qtbot
        self.window, self.process = build(qapp)
        self.window.services.dialogs.unsaved = lambda _parent, _names: "discard"
        qtbot.addWidget(self.window)
        self.window.resize(1200, 760)
        self.window.show()
        qtbot.waitExposed(self.window)

    def start(self, folder: Path) -> None:
        """Open a folder, start the service, and wait until the model is ready."""
        self.window.bench.folder.open_paths([folder])
        self.window.services.connection.start()
        self.wait_for_state("ready")

    def wait_for_state(self, kind: str, timeout: int = READY_MS) -> None:
        connection = self.window.services.connection
        self.qtbot.waitUntil(lambda: connection.state.kind == kind, timeout=timeout)

    def open(self, path: Path) -> EditorPage:
        page = self.window.documents.open(path)
        assert page is not None
        page.editor.setFocus()
        return page

    def type(self, page: EditorPage, text: str) -> None:
        for character in text:
            if character == "\n":
                QTest.keyClick(page.editor, Qt.Key.Key_Return)
            else:
                QTest.keyClicks(page.editor, character)

    def press(
        self, page: EditorPage, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
    ) -> None:
        QTest.keyClick(page.editor, key, modifier)

    def wait_for_ghost(self, page: EditorPage, whole: bool = True) -> str:
        """Wait for ghost text; for its end, too, where ``whole``."""
        self.qtbot.waitUntil(lambda: page.editor.suggestion() != "", timeout=ANSWER_MS)
        if whole:
            self.wait_for_state("ready", ANSWER_MS)
        return page.editor.suggestion()

    def kill_service(self) -> int:
        pid = self.process.process_id
        os.kill(pid, signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
        return pid


@pytest.fixture
def desk(qtbot: Any, qapp: Any) -> Iterator[Callable[[], Desk]]:
    """Return a function that makes the window; its service ends with the test."""
    made: list[Desk] = []

    def make() -> Desk:
        made.append(Desk(qtbot, qapp))
        return made[-1]

    yield make
    for one in made:
        one.window.close()
        one.process.close()
