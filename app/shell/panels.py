"""The panels around the pages: where each stands, how wide it is, and what the editor keeps beside them."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QSplitter, QWidget

from app.services.window_state import WindowState

Side = Literal["left", "right", "bottom"]

_CENTRE_WIDTH = 440
"""Pixels that the pages keep, where the window is wide enough, when a panel is opened or the window made smaller."""
_LEFT_WIDTH = 176
_SIZES = "window/across", "window/upright"


class PanelHost(QObject):
    """Holds the pages between panels at the left, the right and the bottom. Of one side, one panel is open at a time.

    ``widget`` is what the window shows; ``changed`` says that a panel was opened or closed, ``left`` that a panel which
    had the focus is gone.
    """

    changed = Signal()
    left = Signal()

    def __init__(self, centre: QWidget, state: WindowState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._centre, self._state = centre, state
        self._panels: dict[str, QWidget] = {}
        self._sides: dict[str, Side] = {}
        self._widths: dict[str, int] = {}
        self._places: dict[Side, QSplitter] = {}
        self.upright = QSplitter(Qt.Orientation.Vertical)
        self.upright.addWidget(centre)
        self._places["bottom"] = self._place(Qt.Orientation.Vertical)
        self.upright.addWidget(self._places["bottom"])
        self.widget = QSplitter(Qt.Orientation.Horizontal)
        for side in ("left", "right"):
            self._places[side] = self._place(Qt.Orientation.Horizontal)
        self.widget.addWidget(self._places["left"])
        self.widget.addWidget(self.upright)
        self.widget.addWidget(self._places["right"])
        for splitter, grows in ((self.upright, 0), (self.widget, 1)):
            splitter.setHandleWidth(1)
            splitter.setChildrenCollapsible(False)
            for part in range(splitter.count()):
                splitter.setStretchFactor(part, int(part == grows))
        self.widget.installEventFilter(self)
        self._tight = QTimer(self)
        self._tight.setSingleShot(True)
        self._tight.setInterval(0)
        self._tight.timeout.connect(self._on_resized)

    def _place(self, orientation: Qt.Orientation) -> QSplitter:
        place = QSplitter(orientation)
        place.setChildrenCollapsible(False)
        place.hide()
        return place

    # --- panels --------------------------------------------------------------------------

    def add(self, name: str, panel: QWidget, side: Side, width: int) -> None:
        """Add a hidden panel; ``width`` in pixels is what it gets when first opened, at the bottom its height."""
        self._panels[name], self._sides[name] = panel, side
        self._widths[name] = self._state.get_number(f"window/{name}-width", width)
        panel.hide()
        self._places[side].addWidget(panel)

    def is_open(self, name: str) -> bool:
        """Return whether a panel is open."""
        return not self._panels[name].isHidden()

    def show(self, name: str, shown: bool) -> None:
        """Open a panel, closing the other one of its side, or close it."""
        panel, side = self._panels[name], self._sides[name]
        if shown == self.is_open(name):
            return
        focus = panel.window().focusWidget()
        if shown:
            others = [other for other, at in self._sides.items() if at == side and other != name]
            for other in others:
                self.show(other, False)
        else:
            self._keep_width(name)
        panel.setVisible(shown)
        self._places[side].setVisible(shown)
        if shown and panel.window().isVisible():
            self._make_room(name)
        if not shown and focus is not None and panel.isAncestorOf(focus):
            self.left.emit()
        self.changed.emit()

    def _keep_width(self, name: str) -> None:
        panel = self._panels[name]
        if panel.isVisible():
            self._widths[name] = panel.height() if self._sides[name] == "bottom" else panel.width()

    def order_tabs(self) -> None:
        """Let Tab go from a panel at the left to the pages; to be called once all lies in the window."""
        for name, panel in self._panels.items():
            if self._sides[name] == "left" and (inside := _tab_stops(panel)) and (centre := _tab_stops(self._centre)):
                QWidget.setTabOrder(inside[-1], centre[0])

    # --- widths ----------------------------------------------------------------------------

    def _make_room(self, name: str) -> None:
        """Give a panel its width, and the pages a readable one: that panel is made smaller first, then the left one."""
        width = self._widths[name]
        if self._sides[name] == "bottom":
            self.upright.refresh()  # now it counts the handle of what was just opened
            whole = self.upright.height() - self.upright.handleWidth()
            self.upright.setSizes([max(0, whole - width), width])
            return
        left, _, right = self.widget.sizes()
        if self._sides[name] == "left":
            self._spread(width, right)
        else:
            self._spread(left, width)

    def _spread(self, left: int, right: int) -> None:
        self.widget.refresh()  # now it counts the handles of what was just opened or closed
        open_places = sum(not self._places[side].isHidden() for side in ("left", "right"))
        whole = self.widget.width() - open_places * self.widget.handleWidth()
        left = 0 if self._places["left"].isHidden() else left
        if self._places["right"].isHidden():
            right = 0
        else:
            right = max(min(right, whole - left - _CENTRE_WIDTH), self._places["right"].minimumSizeHint().width())
        if left:
            left = min(left, max(whole - right - _CENTRE_WIDTH, _LEFT_WIDTH))
        self.widget.setSizes([left, whole - left - right, right])

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Look after the pages' width when the window becomes smaller."""
        if event.type() == QEvent.Type.Resize and not self._places["right"].isHidden():
            self._tight.start()
        return super().eventFilter(watched, event)

    @Slot()
    def _on_resized(self) -> None:
        if not self._places["right"].isHidden() and self.upright.width() < _CENTRE_WIDTH:
            left, _, right = self.widget.sizes()
            self._spread(left, right)

    # --- between starts ----------------------------------------------------------------------

    def remember(self, remembered: dict[str, bool]) -> None:
        """Keep the sizes, and of the panels named in ``remembered`` whether each is open."""
        for name in self._panels:
            self._keep_width(name)
            self._state.set_number(f"window/{name}-width", self._widths[name])
        for key, splitter in zip(_SIZES, (self.widget, self.upright), strict=True):
            self._state.set_bytes(key, splitter.saveState())
        for name in remembered:
            self._state.set_flag(f"window/{name}", self.is_open(name))

    def restore(self, remembered: dict[str, bool]) -> None:
        """Open what was open; ``remembered`` says of each panel whether it is open the first time."""
        opened = {name for name, first in remembered.items() if self._state.get_flag(f"window/{name}", first)}
        widths = {self._sides[name]: self._widths[name] for name in opened}
        self.widget.setSizes([widths.get("left", 0), 900, widths.get("right", 0)])
        self.upright.setSizes([600, widths.get("bottom", 0)])
        for key, splitter in zip(_SIZES, (self.widget, self.upright), strict=True):
            kept = self._state.get_bytes(key)
            if kept is not None:
                splitter.restoreState(kept)
        for side, place in self._places.items():
            place.setVisible(any(self.is_open(name) for name, at in self._sides.items() if at == side))
        for name in remembered:
            self.show(name, name in opened)


def _tab_stops(widget: QWidget) -> list[QWidget]:
    """Return what Tab reaches inside of ``widget``, in that order."""
    found: list[QWidget] = []
    child = widget.nextInFocusChain()
    while child is not None and child is not widget:
        if widget.isAncestorOf(child) and child.focusPolicy().value & Qt.FocusPolicy.TabFocus.value:
            found.append(child)
        child = child.nextInFocusChain()
    return found
