"""Icons of one set and weight (Phosphor, regular), drawn from the font that QtAwesome carries in the theme's colours.

Only the data files are used: importing qtawesome loads twelve fonts and takes a quarter of
the time in which the window should be there.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QIconEngine, QPainter, QPixmap

from app.theme import Theme


class IconSet:
    """Makes icons by name. They follow ``theme`` when it changes, at the next paint."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        spec = importlib.util.find_spec("qtawesome")
        places = list(spec.submodule_search_locations or ()) if spec else []
        folder = Path(places[0]) / "fonts" if places else Path()
        font = next(folder.glob("phosphor-*.ttf"), None) if places else None
        table = next(folder.glob("phosphor-charmap-*.json"), None) if places else None
        self._family = ""
        self._glyphs: dict[str, str] = {}
        if font and table:
            families = QFontDatabase.applicationFontFamilies(QFontDatabase.addApplicationFont(str(font)))
            self._family = families[0] if families else ""
            self._glyphs = json.loads(table.read_text(encoding="utf-8"))

    def icon(self, name: str, color: str = "muted", on: str = "text") -> QIcon:
        """Return an icon; ``color`` and ``on`` (checked) are tokens of the theme."""
        return QIcon(_GlyphEngine(self, name, color, on))

    def pixmap(self, name: str, color: str, size: int, ratio: float = 1.0) -> QPixmap:
        """Return the glyph as a pixmap of ``size`` device-independent pixels."""
        pixmap = QPixmap(round(size * ratio), round(size * ratio))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.draw(painter, QRect(0, 0, size, size), name, color)
        painter.end()
        return pixmap

    def draw(self, painter: QPainter, rect: QRect, name: str, color: str, opacity: float = 1.0) -> None:
        """Draw the glyph centred in ``rect``."""
        glyph = self._glyphs.get(name)
        if not glyph or not self._family or rect.isEmpty():
            return
        font = QFont(self._family)
        font.setPixelSize(min(rect.width(), rect.height()))
        painter.save()
        painter.setOpacity(opacity)
        painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
        painter.setFont(font)
        painter.setPen(QColor(self.theme.colors[color]))
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, chr(int(glyph, 16)))
        painter.restore()


class _GlyphEngine(QIconEngine):
    def __init__(self, icons: IconSet, name: str, color: str, on: str) -> None:
        super().__init__()
        self._icons, self._name, self._color, self._on = icons, name, color, on

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        color = self._on if state == QIcon.State.On else self._color
        self._icons.draw(painter, rect, self._name, color, 0.45 if mode == QIcon.Mode.Disabled else 1.0)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        if size.isEmpty():  # a button that was squeezed to nothing asks for it
            return pixmap
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return pixmap

    def clone(self) -> QIconEngine:
        return _GlyphEngine(self._icons, self._name, self._color, self._on)
