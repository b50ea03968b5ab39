"""Which fonts the window and the editor use."""

from __future__ import annotations

from PySide6.QtGui import QFont, QFontDatabase
from PySide6.QtWidgets import QApplication

from assistant.config import Settings

CODE_FAMILIES = ("JetBrains Mono", "Cascadia Code", "Fira Code")


def interface_font() -> QFont:
    """Return the system's own interface font."""
    return QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)


def editor_font(settings: Settings) -> QFont:
    """Return the font for code: the person's choice, else a good code font, else the system's fixed one.

    The size is in points. A chosen family that is not installed counts as not chosen.
    """
    installed = set(QFontDatabase.families())
    wanted = (settings.font_family, *CODE_FAMILIES)
    family = next((name for name in wanted if name and name in installed), None)
    font = QFont(family) if family else QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setStyleHint(QFont.StyleHint.Monospace)
    font.setFixedPitch(True)
    font.setPointSize(min(max(settings.font_size, 6), 72))
    return font


def apply_interface_font(application: QApplication) -> None:
    """Use the system's interface font for every widget."""
    application.setFont(interface_font())
