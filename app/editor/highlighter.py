"""Keeps the syntax colours of a document up to date without ever holding up typing."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QTextBlock, QTextDocument

from app.editor.code_points import from_utf16
from app.editor.lexing import MAX_LINE, LineTokens, Runs, State, find_lexer, lex_lines
from assistant.languages import Language, language_called

MAX_CHARACTERS = 500_000
"""Longer texts are coloured line by line, only those that are seen: wrong inside long comments, never slow."""

EDIT_SECONDS = 0.004
SLICE_SECONDS = 0.006
DEBOUNCE_MS = 200
SETTLE_MS = 1000
_MAX_ALONE = 40
_KEPT = 2000

Beginning = tuple[str, State, tuple[str, ...]]
"""What decides on the colours of lines that would stand at a place: the comment or string that they would be part of,
else a lexer's state, and the lines from there to the place."""


class Highlighter(QObject):
    """Gives the runs of a block; ``changed(first, end)`` says that those of some lines (0-based) became different.

    After an edit a lexer that keeps its state runs at once for a few milliseconds, others
    colour the edited lines alone and go through the text when typing rests. Longer work
    goes on in slices between events.
    """

    changed = Signal(int, int)

    def __init__(self, document: QTextDocument, text: Callable[[], str], parent: QObject) -> None:
        """``text`` gives the document's text with LF line ends, cheaply when nothing changed."""
        super().__init__(parent)
        self._document = document
        self._text = text
        self._lexer = None
        self._record: Language | None = None
        self._tokens = LineTokens(None)
        self._alone: dict[str, Runs] = {}
        self._virtual: dict[tuple[Beginning, tuple[str, ...]], tuple[Runs, ...]] = {}
        self._slices = QTimer(self)
        self._slices.setInterval(0)
        self._slices.timeout.connect(self._next_slice)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.timeout.connect(self._typing_rests)
        document.contentsChange.connect(self._follow_edit)

    @property
    def language(self) -> str:
        """Name of the language for people; empty for plain text."""
        return self._lexer.name if self._lexer else ""

    @property
    def busy(self) -> bool:
        """Whether colours are still being worked out."""
        return self._slices.isActive() or self._rest.isActive()

    @property
    def record(self) -> Language | None:
        """What is known of the language; None for plain text and for languages that only Pygments knows."""
        return self._record

    def set_language(self, language: str) -> None:
        """Take a Pygments alias or a file name; an unknown one means plain text."""
        self._record = language_called(language)
        self._lexer = find_lexer(language)
        self._start_over()

    def runs(self, block: QTextBlock) -> Runs:
        """Return the coloured runs of a block, in characters."""
        if self._lexer is None or block.length() > MAX_LINE:
            return ()
        if not self._limited():
            return self._tokens.runs(block.blockNumber())
        text = block.text()
        known = self._alone.get(text)
        if known is None:
            if len(self._alone) > _KEPT:
                self._alone.clear()
            known = next(lex_lines(self._lexer, text), ((), None))[0]
            self._alone[text] = known
        return known

    def beginning(self, number: int) -> Beginning:
        """Return what decides on the colours of lines before line ``number`` (0-based; their count: after the last)."""
        if self._lexer is None or self._limited():
            return "", ("root",), ()
        if around := self._tokens.around(number):
            return around, (), ()
        start, state = self._tokens.beginning(number)
        texts = tuple(self._document.findBlockByNumber(line).text() for line in range(start, number))
        return "", state, texts if all(len(text) < MAX_LINE for text in texts) else ()

    def virtual_runs(self, number: int, lines: tuple[str, ...]) -> tuple[Runs, ...]:
        """Return the runs of lines that are not in the document, as if they stood before its line ``number``."""
        if self._lexer is None or any(len(line) > MAX_LINE for line in lines):
            return ((),) * len(lines)
        around, state, before = beginning = self.beginning(number)
        if around:
            return tuple(((0, len(line), around),) if line else () for line in lines)
        known = self._virtual.get((beginning, lines))
        if known is None:
            if len(self._virtual) > _KEPT:
                self._virtual.clear()
            lexed = lex_lines(self._lexer, "\n".join((*before, *lines)), state)
            try:
                known = tuple(runs for runs, _ in islice(lexed, len(before), len(before) + len(lines)))
            except Exception:  # noqa: BLE001  (as in _advance: any of hundreds of lexers)
                known = ()
            known += ((),) * (len(lines) - len(known))
            self._virtual[beginning, lines] = known
        return known

    def _limited(self) -> bool:
        return self._document.characterCount() > MAX_CHARACTERS

    def _start_over(self) -> None:
        self._alone.clear()
        self._virtual.clear()
        self._rest.stop()
        self._tokens = LineTokens(self._lexer, self._document.blockCount())
        if self._lexer is not None and not self._limited():
            self._slices.start()
        else:
            self._slices.stop()
        self.changed.emit(0, self._document.blockCount())

    @Slot(int, int, int)
    def _follow_edit(self, position: int, _removed: int, added: int) -> None:
        if self._lexer is None:
            return
        if self._limited():
            self._slices.stop()
            self._rest.stop()
            # No lines are known: the edit that makes the text small again starts over.
            self._tokens = LineTokens(self._lexer, 0)
            return
        first = self._document.findBlock(position).blockNumber()
        last_block = self._document.findBlock(position + added)
        last = last_block.blockNumber() if last_block.isValid() else self._document.blockCount() - 1
        new = last - first + 1
        old = new - (self._document.blockCount() - self._tokens.line_count)
        if first < 0 or old < 1 or first + old > self._tokens.line_count:
            self._start_over()
            return
        self._tokens.replace(first, old, new)
        self._slices.stop()
        if self._tokens.stateful:
            if not self._advance(EDIT_SECONDS):
                self._slices.start()
            self._rest.start(SETTLE_MS)
        else:
            for number in range(first, min(last, first + _MAX_ALONE) + 1):
                self._tokens.relex_alone(number, self._document.findBlockByNumber(number).text())
            self._rest.start(DEBOUNCE_MS)

    @Slot()
    def _typing_rests(self) -> None:
        # One pass over everything: an edit can change the meaning of lines before it, as "*/" does.
        self._tokens.restart()
        self._slices.start()

    @Slot()
    def _next_slice(self) -> None:
        if self._advance(SLICE_SECONDS):
            self._slices.stop()

    def _advance(self, seconds: float) -> bool:
        try:
            first, end, done = self._tokens.advance(self._text_from, seconds)
        except Exception:  # noqa: BLE001
            # A lexer (one of hundreds, plugins too) that fails on this text leaves it plain; typing goes on.
            self._lexer = None
            self._start_over()
            return True
        if end > first:
            self.changed.emit(first, end)
        return done

    def _text_from(self, line: int) -> str:
        text = self._text()
        if not line:
            return text
        return text[from_utf16(text, self._document.findBlockByNumber(line).position()) :]
