"""The right panel: the suggestion by tokens, what the filters did, what the model read, how long it took."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from app.features.explain.alternatives import Alternatives
from app.features.explain.chances import percent, visible
from app.features.explain.legend import Legend
from app.features.explain.piece_row import PAD, PieceRow
from app.features.explain.times import TimesBar
from app.features.explain.tokens import TokenView
from app.theme import Theme
from app.widgets.elided import ElidedLabel
from app.widgets.facts import Facts
from app.widgets.icons import IconSet
from app.widgets.message_bar import MessageBars
from app.widgets.numbers import milliseconds
from app.widgets.style import label, tool_button
from assistant.types import Choice, ContextPiece, Finished, Span, TokenLogprob

_SIDE = 16
_LEAST_WIDTH = 288


class WhyPanel(QFrame):
    """Shows one Finished at a time; before the first it says how to get one."""

    close_wanted = Signal()
    left = Signal()
    """Somebody pressed Esc: the focus belongs back to the editor."""
    piece_chosen = Signal(object)
    """The ContextPiece that was clicked."""

    def __init__(self, icons: IconSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("why")
        self.setMinimumWidth(_LEAST_WIDTH)
        self.setAccessibleName(self.tr("Why this suggestion"))
        self._theme = icons.theme
        self.rows: list[PieceRow] = []
        self._choice: Choice | None = None
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addLayout(self._make_head(icons))
        self.bars = MessageBars(icons)
        outer.addWidget(self.bars)
        self.empty = label(self.tr("No suggestion yet: type, or press Alt+\\."), "muted", wrap=True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setContentsMargins(2 * _SIDE, 0, 2 * _SIDE, 2 * _SIDE)
        outer.addWidget(self.empty, 1)
        self.scroller = self._make_scroller()
        outer.addWidget(self.scroller, 1)
        self.scroller.hide()

    # --- making ------------------------------------------------------------------------

    def _make_head(self, icons: IconSet) -> QHBoxLayout:
        head = QHBoxLayout()
        head.setContentsMargins(_SIDE, 8, 8, 4)
        head.addWidget(label(self.tr("Why this suggestion"), bold=True))
        head.addStretch(1)
        self.close_button = tool_button(icons, "x", self.tr("Hide this panel"))
        self.close_button.clicked.connect(self.close_wanted)
        head.addWidget(self.close_button)
        return head

    def _make_scroller(self) -> QScrollArea:
        body = QWidget()
        body.setObjectName("whyBody")
        body.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        column = QVBoxLayout(body)
        column.setContentsMargins(_SIDE - PAD, 4, _SIDE - PAD, _SIDE)
        column.setSpacing(4)
        self._add_suggestion(column)
        self._add_filters(column)
        self._add_context(column)
        self._add_times(column)
        self._add_model(column)
        column.addStretch(1)
        scroller = QScrollArea()
        scroller.setObjectName("whyScroll")
        scroller.setWidgetResizable(True)
        scroller.setFrameShape(QFrame.Shape.NoFrame)
        scroller.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroller.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroller.setWidget(body)
        return scroller

    def _add_suggestion(self, column: QVBoxLayout) -> None:
        part, self.title, self.confidence = self._section(column, "", first=True)
        self.tokens = TokenView(self._theme)
        self.tokens.pointed.connect(self._on_pointed)
        self.legend = Legend(self._theme)
        self.pointed = ElidedLabel("", "text")
        self.alternatives = Alternatives(self._theme)
        self.silent = label(self.tr("This server does not return token probabilities."), "muted", wrap=True)
        self.note = label("", "warn", wrap=True)
        for widget in (self.tokens, self.legend, self.pointed, self.alternatives, self.silent, self.note):
            part.addWidget(widget)

    def _add_filters(self, column: QVBoxLayout) -> None:
        part, _, _ = self._section(column, self.tr("Filters"))
        self.filters = Facts()
        part.addWidget(self.filters)

    def _add_context(self, column: QVBoxLayout) -> None:
        _, _, self.context_total = self._section(column, self.tr("Context"))
        self._pieces = QVBoxLayout()
        self._pieces.setSpacing(0)
        column.addLayout(self._pieces)

    def _add_times(self, column: QVBoxLayout) -> None:
        part, _, self.total_time = self._section(column, self.tr("Time"))
        self.times = TimesBar(self._theme)
        part.addWidget(self.times)

    def _add_model(self, column: QVBoxLayout) -> None:
        part, _, _ = self._section(column, self.tr("Tokens and model"))
        self.numbers = Facts(columns=True)
        part.addWidget(self.numbers)

    def _section(self, column: QVBoxLayout, title: str, *, first: bool = False) -> tuple[QVBoxLayout, QLabel, QLabel]:
        """Add a heading; return what its content goes into, its label, and the one at its right end for a sum."""
        part = QVBoxLayout()
        part.setSpacing(4)
        # The rows of the context, which light up, are wider than what stands in line with their words.
        part.setContentsMargins(PAD, 0 if first else 16, PAD, 0)
        row = QHBoxLayout()
        heading = label(title, bold=True)
        row.addWidget(heading)
        row.addStretch(1)
        total = label("", "muted")
        row.addWidget(total)
        part.addLayout(row)
        column.addLayout(part)
        return part, heading, total

    # --- showing -----------------------------------------------------------------------

    def show_answer(self, finished: Finished, number: int) -> None:
        """Show alternative ``number`` of an answer, and all that is known of how it came to be."""
        choice = self._choice = finished.choices[number]
        self.bars.clear("request")
        self.empty.hide()
        self.scroller.show()
        known = bool(choice.logprobs)
        self.title.setText(self.tr("Suggestion") if choice.text else self.tr("Nothing was shown"))
        self.confidence.setText(self._confidence(finished, choice, number))
        self.tokens.setVisible(bool(choice.text or choice.spans))
        self.tokens.show_choice(choice)
        self.legend.setVisible(known)
        self.pointed.setVisible(known or not choice.text)
        self.alternatives.setVisible(known)
        self.silent.setVisible(bool(choice.text) and not known)
        self.note.setText(finished.note)
        self.note.setVisible(bool(finished.note))
        self.filters.show_rows(self._filter_rows(finished))
        self._show_pieces(finished.context)
        self.context_total.setText(self.tr("{count} tokens").format(count=sum(p.tokens for p in finished.context)))
        self.total_time.setText(milliseconds(finished.timings.total_ms))
        self.times.show_times(finished.timings)
        self.numbers.show_rows(self._number_rows(finished, choice))

    def show_failure(self, sentence: str) -> None:
        """Say why the last request came to nothing; what was shown before stays."""
        self.bars.show_message("request", sentence)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        for part in (self.tokens, self.legend, self.alternatives, self.times, *self.rows):
            part.set_theme(theme)

    def set_code_font(self, font: QFont) -> None:
        """Use the editor's font for code, not larger than the words around it."""
        font = QFont(font)
        font.setPointSizeF(min(font.pointSizeF(), self.font().pointSizeF()))
        self.tokens.set_code_font(font)
        self.alternatives.set_code_font(font)

    def give_focus(self) -> None:
        """Put the focus where the arrow keys do something."""
        (self.close_button if self.tokens.isHidden() or self.scroller.isHidden() else self.tokens).setFocus(
            Qt.FocusReason.ShortcutFocusReason
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave by Esc."""
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def _confidence(self, finished: Finished, choice: Choice, number: int) -> str:
        parts: list[str] = []
        if len(finished.choices) > 1:
            parts.append(self.tr("{number} of {count}").format(number=number + 1, count=len(finished.choices)))
        if choice.mean_logprob is not None:
            chance = math.exp(choice.mean_logprob)
            parts.append(self.tr("confidence {value:.2f}").format(value=chance))
        return " · ".join(parts)

    def _filter_rows(self, finished: Finished) -> Sequence[tuple[str, str]]:
        if not finished.filters:
            return [("", self.tr("None: the suggestion is as the model wrote it."))]
        sentences = [*finished.filter_sentences, *[""] * len(finished.filters)]
        return list(zip(finished.filters, sentences, strict=False))

    def _number_rows(self, finished: Finished, choice: Choice) -> Sequence[tuple[str, str]]:
        read = max(finished.prompt_tokens - finished.cached_tokens, 0)
        rows = [
            (self.tr("In the prompt"), self._tokens(finished.prompt_tokens)),
            (self.tr("From the cache"), self._tokens(finished.cached_tokens)),
            (self.tr("Computed"), self._tokens(read)),
            (self.tr("Written"), self._tokens(choice.generated_tokens)),
        ]
        if finished.draft_tokens:
            right = self.tr("{right} of {count} accepted").format(
                right=finished.accepted_tokens, count=finished.draft_tokens
            )
            rows.append((self.tr("Prompt lookup"), right))
        rows.append((self.tr("Model"), finished.model))
        if finished.adapter:
            rows.append((self.tr("Adapter"), finished.adapter))
        if finished.device:
            rows.append((self.tr("Runs on"), finished.device))
        if finished.dtype:
            rows.append((self.tr("Precision"), finished.dtype))
        return rows

    def _tokens(self, count: int) -> str:
        return self.tr("{count} tokens").format(count=count)

    def _show_pieces(self, pieces: Sequence[ContextPiece]) -> None:
        for row in self.rows:
            self._pieces.removeWidget(row)
            row.hide()
            row.deleteLater()
        self.rows = [PieceRow(self._theme, piece, self.tr("this file")) for piece in pieces]
        for row in self.rows:
            row.clicked.connect(lambda _checked=False, piece=row.piece: self.piece_chosen.emit(piece))
            self._pieces.addWidget(row)

    # --- the token that is pointed at ----------------------------------------------------

    def _on_pointed(self, number: int) -> None:
        choice = self._choice
        if choice is None:
            return
        span = choice.spans[number] if 0 <= number < len(choice.spans) else _least_likely(choice)
        token = None if span is None or span.token is None else choice.logprobs[span.token]
        self.alternatives.show_token(token)
        if span is None:
            self.pointed.set_text("" if choice.text else self.tr("The model wrote nothing."))
            return
        sentence = self._sentence(choice, span)
        if number < 0 and span.token is not None:
            sentence = self.tr("Least likely: {token}").format(token=_chance(choice.logprobs[span.token]))
        self.pointed.set_text(sentence)

    def _sentence(self, choice: Choice, span: Span) -> str:
        if span.token is None:
            return self.tr("A filter added {text}.").format(text=visible(span.text))
        token = choice.logprobs[span.token]
        parts = [_chance(token)]
        if not span.kept:
            parts.append(self.tr("cut by a filter"))
        elif len(span.text) < len(token.text):
            parts.append(self.tr("shown is {text}").format(text=visible(span.text)))
        return " · ".join(parts)


def _chance(token: TokenLogprob) -> str:
    return f"{visible(token.text)}  {percent(token.logprob)}"


def _least_likely(choice: Choice) -> Span | None:
    """Return the span of the least likely token that was kept, else of the least likely one."""
    known = [(choice.logprobs[span.token].logprob, span) for span in choice.spans if span.token is not None]
    kept = [each for each in known if each[1].kept]
    return min(kept or known, key=lambda each: each[0], default=(0.0, None))[1]
