"""The A/B key: base and adapter asked for the same cursor, shown while it is held or until it is pressed again."""

from __future__ import annotations

import time
import uuid

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Slot
from PySide6.QtGui import QKeyEvent

from app.editor.text_port import Change
from app.features.compare.panel import ComparePanel
from app.services.reply import EventReply
from app.shell.workbench import Workbench
from app.theme import editor_font
from app.workspace.editor_page import EditorPage
from assistant.types import CompleteRequest, Event, Failed, Finished

_HELD_MS = 450
_MARGIN = 12


class Comparison(QObject):
    """At most one comparison, in the file in front. What changes the text or moves the cursor ends it."""

    def __init__(self, bench: Workbench, key: Qt.Key) -> None:
        super().__init__(bench)
        self._bench, self._adapters, self._key = bench, bench.services.adapters, key
        self._page: EditorPage | None = None
        self._replies: list[EventReply] = []
        self._replaces: dict[str, int] = {}
        self._opened = 0.0
        self._place_soon = QTimer(self)
        self._place_soon.setSingleShot(True)
        self._place_soon.setInterval(0)
        self._place_soon.timeout.connect(self._place)
        self.panel = ComparePanel(bench.icons, bench.window)
        self.panel.hide()
        self.panel.taken.connect(self._take)
        self.panel.closed.connect(self.close)
        bench.central.current_changed.connect(self.close)

    @property
    def shown(self) -> bool:
        """Whether the panel is there."""
        return self._page is not None

    def toggle(self) -> None:
        """Compare at the cursor of the file in front, or end it."""
        if self.shown:
            self.close()
            return
        page = self._bench.editor_page
        name = self._adapters.last
        if page is None:
            return
        if name is None:
            text = self.tr("There is no adapter to compare with yet: train one on this project first.")
            choices = [(self.tr("Fine-tune on my code"), lambda: self._bench.open("train", "code"))]
            self._bench.central.bars.show_message("compare", text, "warn", choices)
            return
        self._bench.central.bars.clear("compare")
        self._begin(page, name)

    def _begin(self, page: EditorPage, name: str) -> None:
        bench, editor = self._bench, page.editor
        self._page, self._opened = page, time.monotonic()
        self._replaces.clear()
        text, offset = editor.plain_text(), editor.cursor_offset()
        line = text[text.rfind("\n", 0, offset) + 1 : offset]
        on = name == self._adapters.active
        scale = self._adapters.scale if on else next(row.scale for row in self._adapters.rows if row.name == name)
        self.panel.set_theme(bench.services.theme.theme)
        self.panel.set_code_font(editor_font(bench.services.store.settings))
        names = (self.tr("Base model"), self.tr("{name} at {scale:.2g}").format(name=name, scale=scale))
        language = page.path.name if page.path else ""
        self.panel.begin(names, line, language, bench.commands.keys("assistant.compare"))
        folder = str(bench.folder.path) if bench.folder.path else None
        recent, tabs = bench.edit_history.around()
        for number, adapter in enumerate(("", name)):
            request = CompleteRequest(
                uuid.uuid4().hex, text, offset, page.relative_path(), folder,
                trigger="manual", recent=recent, tabs=tabs, adapter=adapter,
            )  # fmt: skip
            reply = bench.services.api.complete(request)
            reply.received.connect(lambda event, number=number: self._on_event(number, event))
            self._replies.append(reply)
            reply.done.connect(lambda reply=reply: self._forget(reply))
        editor.textChanged.connect(self.close)
        editor.cursorPositionChanged.connect(self.close)
        editor.installEventFilter(self)
        self._place()
        self.panel.show()
        self.panel.raise_()
        self._place_soon.start()

    @Slot()
    def close(self) -> None:
        """End the comparison; requests that still run are given up."""
        page, self._page = self._page, None
        if page is None:
            return
        for reply in list(self._replies):
            reply.abort()
        self._replies.clear()
        page.editor.textChanged.disconnect(self.close)
        page.editor.cursorPositionChanged.disconnect(self.close)
        page.editor.removeEventFilter(self)
        window = self._bench.window
        inside = self.panel.isAncestorOf(window.focusWidget() or window)
        self.panel.hide()
        if inside:
            page.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Esc ends it, and so does letting go of a key that was held; the panel keeps its place by the cursor."""
        if isinstance(event, QKeyEvent) and not event.isAutoRepeat():
            held = (time.monotonic() - self._opened) * 1000 > _HELD_MS
            released = event.type() == QEvent.Type.KeyRelease and event.key() == self._key
            escape = event.type() == QEvent.Type.KeyPress and event.key() == 0x01000000
            if escape or (released and held):
                self.close()
                return escape
        if event.type() == QEvent.Type.Resize:
            self._place_soon.start()
        return super().eventFilter(watched, event)

    def _forget(self, reply: EventReply) -> None:
        if reply in self._replies:
            self._replies.remove(reply)

    def _on_event(self, number: int, event: Event) -> None:
        if isinstance(event, Finished):
            text = event.choices[0].text if event.choices else ""
            self._replaces[text] = event.choices[0].replaces if event.choices else 0
            self.panel.show_answer(number, text, event.timings.total_ms)
            self._place_soon.start()
        elif isinstance(event, Failed):
            self.panel.show_failed(number, event.message)

    def _take(self, text: str) -> None:
        page = self._page
        self.close()
        if page is not None and text:
            start, content = page.editor.cursor_offset(), page.editor.plain_text()
            # What stands right of the cursor and is part of the answer goes in the same step of undoing.
            line_end = len(content[start:].split("\n", 1)[0]) + start
            page.editor.apply([Change(start, min(start + self._replaces.get(text, 0), line_end), text)])
            page.setFocus()

    @Slot()
    def _place(self) -> None:
        """Put the panel below the cursor's line, or above it where there is more room."""
        if self._page is None:
            return
        editor, window = self._page.editor, self._bench.window
        viewport = editor.viewport()
        corner = viewport.mapTo(window, viewport.rect().topLeft())
        width = viewport.width() - 2 * _MARGIN
        self.panel.set_narrow(width)
        self.panel.setFixedWidth(width)
        self.panel.adjustSize()
        caret = editor.cursorRect()
        below = corner.y() + caret.top() + round(editor.line_pitch) + 6
        above = corner.y() + caret.top() - self.panel.height() - 6
        fits = below + self.panel.height() <= corner.y() + viewport.height()
        top = below if fits or above < corner.y() else above
        self.panel.move(corner.x() + _MARGIN, min(top, window.height() - self.panel.height()))
