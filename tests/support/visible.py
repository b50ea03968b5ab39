"""What a person sees of a window's texts: which they are, and which of them are cut off."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QAbstractButton, QAbstractScrollArea, QLabel, QWidget

_ROUNDING = 1


def texts_of(window: QWidget) -> list[str]:
    """Return the texts of all labels and buttons that can be seen, in no order; elided ones as a whole."""
    return [whole(widget) for widget in _with_text(window)]


def cut_off(window: QWidget) -> list[str]:
    """Return a sentence for each text that can be seen only in part, with nothing that says the rest.

    A text that is shortened by an ellipsis on purpose has to have all of it as its tool tip.
    """
    faults: list[str] = []
    for widget in _with_text(window):
        shown, wanted = widget.size(), needed(widget)
        name = f"{type(widget).__name__} {whole(widget)[:60]!r}"
        if "…" in _text(widget) and _text(widget) != whole(widget):
            if not widget.toolTip():
                faults.append(f"{name} is shortened and has no tool tip")
        elif paints_itself(widget) and widget.toolTip():
            continue  # it shortens its texts as it paints them
        elif shown.width() + _ROUNDING < wanted.width() or shown.height() + _ROUNDING < wanted.height():
            size = f"{shown.width()}x{shown.height()}, needs {wanted.width()}x{wanted.height()}"
            faults.append(f"{name} is cut off: it has {size}")
        elif (part := widget.visibleRegion().boundingRect().width()) + _ROUNDING < widget.width() and not _scrolls(
            widget
        ):
            faults.append(f"{name} is cut off by what it lies in: {part} of {widget.width()} pixels show")
    return faults


def needed(widget: QLabel | QAbstractButton) -> QSize:
    """Return the room that a text asks for: over the widget's width where it may wrap."""
    if isinstance(widget, QLabel) and widget.wordWrap():
        return QSize(0, widget.heightForWidth(widget.width()))
    lines = _text(widget).replace("&&", "\0").replace("&", "").replace("\0", "&").split("\n")
    if isinstance(widget, QLabel):
        return widget.sizeHint()
    metrics = widget.fontMetrics()
    icon = 0 if widget.icon().isNull() else widget.iconSize().width()
    return QSize(icon + max(metrics.horizontalAdvance(line) for line in lines), metrics.height() * len(lines))


def paints_itself(widget: QWidget) -> bool:
    """Whether the program's own code paints a widget, and not Qt."""
    return any("paintEvent" in vars(kind) for kind in type(widget).__mro__ if kind.__module__.startswith("app."))


def whole(widget: QLabel | QAbstractButton) -> str:
    """Return all of a text, also where the widget shows it shortened."""
    return str(getattr(widget, "whole", "") or _text(widget))


def _text(widget: QLabel | QAbstractButton) -> str:
    return widget.text()


def _with_text(window: QWidget) -> Iterator[QLabel | QAbstractButton]:
    for widget in window.findChildren(QWidget):
        kind = isinstance(widget, (QLabel, QAbstractButton))
        if kind and widget.isVisible() and _text(widget).strip() and not widget.visibleRegion().isEmpty():
            yield widget


def _scrolls(widget: QWidget) -> bool:
    """Whether a person can scroll sideways to the rest of a widget."""
    parent = widget.parentWidget()
    while parent is not None:
        if isinstance(parent, QAbstractScrollArea) and parent.horizontalScrollBar().isVisible():
            return True
        parent = parent.parentWidget()
    return False
