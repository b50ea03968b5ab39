"""The window's own style sheet, from the tokens of a theme, and the few label and button makers that use it."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from app.theme import Theme
from app.widgets.icons import IconSet

Tone = Literal["text", "muted", "error", "warn", "ok", "accent"]

_SHEET = """
#activityBar {{ background: {surface}; border: none; border-right: 1px solid {border}; }}
#activityBar QToolButton {{ border: none; border-radius: 6px; padding: 0; background: transparent; }}
#activityBar QToolButton:hover {{ background: {hover}; }}
#activityBar QToolButton:checked {{ background: {selection}; }}
#activityBar QToolButton:focus {{ border: 1px solid {accent}; }}
#activityBar QToolButton::menu-indicator {{ image: none; width: 0; }}
#side {{ background: {surface}; }}
#side QTreeView {{ background: {surface}; border: none; outline: none; }}
#side QTreeView::item {{ height: 26px; padding: 0 2px; border: none; }}
#side QTreeView::item:hover {{ background: {hover}; }}
#side QTreeView::item:selected {{ background: {selection}; color: {text}; }}
#status {{ background: {surface}; border-top: 1px solid {border}; }}
#status QPushButton {{ border: none; border-radius: 4px; background: transparent; color: {muted};
  padding: 2px 6px; margin: 0; min-height: 0; min-width: 0; }}
#status QPushButton:hover, #status QPushButton:focus {{ background: {hover}; color: {text}; }}
#status QPushButton:disabled {{ background: transparent; color: {muted}; }}
#status QPushButton[tone="error"] {{ color: {error}; }}
#status QPushButton[tone="warn"] {{ color: {warn}; }}
#tabs {{ background: {surface}; border: none; border-bottom: 1px solid {border}; }}
QTabBar#tabbar {{ background: {surface}; border: none; }}
QTabBar#tabbar::tab {{ background: {surface}; color: {muted}; border: none; border-right: 1px solid {border};
  padding: 0 6px 0 12px; height: 34px; border-top: 2px solid {surface}; min-width: 56px; max-width: 260px; margin: 0; }}
QTabBar#tabbar::tab:hover {{ background: {hover}; color: {text}; border-top: 2px solid {hover}; }}
QTabBar#tabbar::tab:selected {{ background: {background}; color: {text}; border-top: 2px solid {accent}; }}
QTabBar#tabbar QToolButton {{ background: {surface}; border: none; }}
#crumbs {{ background: {background}; }}
#crumbs QLabel {{ color: {muted}; }}
#page, #pageBody {{ background: {background}; }}
QScrollArea#pageScroll {{ background: {background}; border: none; }}
#card {{ background: {surface}; border: 1px solid {border}; border-radius: 8px; }}
#card[recommended="true"] {{ border: 1px solid {accent}; }}
#bar {{ background: {raised}; border: none; border-left: 3px solid {accent}; border-bottom: 1px solid {border}; }}
#bar[tone="error"] {{ border-left: 3px solid {error}; }}
#bar[tone="warn"] {{ border-left: 3px solid {warn}; }}
#bar[tone="ok"] {{ border-left: 3px solid {ok}; }}
#figures {{ background: {background}; border: none; }}
#figures::item {{ padding: 0 8px; border: none; border-bottom: 1px solid {surface}; }}
#figures::item:selected {{ background: {selection}; color: {text}; }}
#figures QHeaderView::section {{ background: {background}; padding: 4px 11px; }}
#steps {{ background: {background}; border: none; border-bottom: 1px solid {border}; }}
#steps QToolButton {{ background: transparent; color: {muted}; border: none; border-bottom: 2px solid transparent;
  border-radius: 0; padding: 8px 12px; margin: 0; }}
#steps QToolButton:hover {{ color: {text}; background: {hover}; }}
#steps QToolButton:checked {{ color: {text}; border-bottom: 2px solid {accent}; background: transparent; }}
#steps QToolButton:focus {{ color: {accent}; }}
#codeBox {{ background: {background}; border: 1px solid {border}; border-radius: 6px; }}
#codeBox:focus {{ border: 1px solid {accent}; }}
#compare {{ background: {raised}; border: 1px solid {border}; border-radius: 8px; }}
#find {{ background: {raised}; border: none; border-bottom: 1px solid {border}; }}
#output {{ background: {background}; border: none; border-top: 1px solid {border}; }}
#output QPlainTextEdit {{ background: {background}; color: {text}; border: none; }}
#why {{ background: {surface}; border: none; }}
#whyBody, QScrollArea#whyScroll {{ background: {surface}; border: none; }}
#why #tokens {{ background: {background}; border: 1px solid {border}; border-radius: 6px; }}
#why #tokens:focus {{ border: 1px solid {accent}; }}
#picker {{ background: {raised}; border: 1px solid {border}; border-radius: 10px; }}
#picker QLineEdit {{ background: {background}; border: 1px solid {border}; border-radius: 6px; padding: 6px 10px; }}
#picker QLineEdit:focus {{ border: 1px solid {accent}; }}
#picker QListView {{ background: {raised}; border: none; outline: none; }}
#chip {{ background: {raised}; border: 1px solid {border}; border-radius: 4px; color: {text}; padding: 1px 6px; }}
#badge {{ background: transparent; border: 1px solid {border}; border-radius: 7px; color: {muted}; padding: 1px 7px; }}
#badge[tone="accent"] {{ border: 1px solid {accent}; color: {accent}; }}
#badge[tone="warn"] {{ border: 1px solid {warn}; color: {warn}; }}
#badge[tone="error"] {{ border: 1px solid {error}; color: {error}; }}
#badge[tone="ok"] {{ border: 1px solid {ok}; color: {ok}; }}
QLabel[tone="text"] {{ color: {text}; }}
QLabel[tone="muted"] {{ color: {muted}; }}
QLabel[tone="error"] {{ color: {error}; }}
QLabel[tone="warn"] {{ color: {warn}; }}
QLabel[tone="ok"] {{ color: {ok}; }}
QLabel[tone="accent"] {{ color: {accent}; }}
QPushButton[kind="link"] {{ background: transparent; color: {accent}; border: 1px solid transparent;
  border-radius: 4px; padding: 3px 6px; text-align: left; }}
QPushButton[kind="link"]:hover {{ background: {hover}; }}
QPushButton[kind="link"]:focus {{ border: 1px solid {accent}; }}
QToolButton[kind="tool"] {{ background: transparent; border: 1px solid transparent; border-radius: 4px;
  padding: 3px; color: {muted}; }}
QToolButton[kind="tool"]:hover {{ background: {hover}; color: {text}; }}
QToolButton[kind="tool"]:checked {{ background: {selection}; color: {text}; }}
QToolButton[kind="tool"]:focus {{ border: 1px solid {accent}; }}
#page QComboBox, #page QAbstractSpinBox {{ background: {background}; color: {text}; border: 1px solid {border};
  border-radius: 6px; padding: 3px 8px; min-height: 22px; }}
#page QComboBox:hover, #page QAbstractSpinBox:hover {{ border: 1px solid {muted}; }}
#page QComboBox:focus, #page QAbstractSpinBox:focus {{ border: 1px solid {accent}; }}
#page QComboBox::drop-down {{ border: none; width: 24px; }}
#page QComboBox::down-arrow {{ image: url("{icons}/caret-down.svg"); width: 12px; height: 12px; }}
#page QComboBox QAbstractItemView {{ background: {raised}; color: {text}; border: 1px solid {border}; padding: 4px; }}
#page QAbstractSpinBox {{ padding: 3px 0; }}
#page QAbstractSpinBox QLineEdit {{ background: transparent; border: none; padding: 0; min-height: 0; }}
#page QAbstractSpinBox::up-button, #page QAbstractSpinBox::down-button {{ background: transparent; border: none;
  width: 24px; }}
#page QAbstractSpinBox::up-arrow {{ image: url("{icons}/caret-up.svg"); width: 10px; height: 10px; }}
#page QAbstractSpinBox::down-arrow {{ image: url("{icons}/caret-down.svg"); width: 10px; height: 10px; }}
#figures::indicator {{ width: 14px; height: 14px; border: 1px solid {muted}; border-radius: 4px;
  background: {background}; }}
#figures::indicator:checked {{ background: {accent}; border: 1px solid {accent};
  image: url("{icons}/check-{tick}.svg"); }}
QSlider::groove:horizontal {{ height: 4px; background: {border}; border-radius: 2px; }}
QSlider::sub-page:horizontal {{ background: {accent}; border-radius: 2px; }}
QSlider::handle:horizontal {{ width: 16px; height: 16px; margin: -7px 0; border-radius: 9px;
  background: {background}; border: 2px solid {accent}; }}
QSlider::handle:horizontal:focus {{ background: {accent}; }}
QCheckBox {{ spacing: 8px; }}
QCheckBox::indicator {{ width: 16px; height: 16px; border: 1px solid {muted}; border-radius: 4px;
  background: {background}; }}
QCheckBox::indicator:hover, QCheckBox::indicator:focus {{ border: 1px solid {accent}; }}
QCheckBox::indicator:checked {{ background: {accent}; border: 1px solid {accent};
  image: url("{icons}/check-{tick}.svg"); }}
"""


def window_sheet(theme: Theme) -> str:
    """Return the style sheet of the main window in the colours of ``theme``."""
    icons = Path(str(resources.files("resources"))) / "icons"
    return _SHEET.format(**theme.colors, icons=icons.as_posix(), tick="dark" if theme.dark else "light")


def label(text: str, tone: Tone = "text", scale: float = 1.0, *, bold: bool = False, wrap: bool = False) -> QLabel:
    """Return a label in a tone of the theme; ``scale`` multiplies the interface font's size."""
    widget = QLabel(text)
    widget.setTextFormat(Qt.TextFormat.PlainText)
    widget.setProperty("tone", tone)
    widget.setWordWrap(wrap)
    if scale != 1.0 or bold:
        font = QFont(widget.font())
        font.setPointSizeF(font.pointSizeF() * scale)
        if bold:
            font.setWeight(QFont.Weight.DemiBold)
        widget.setFont(font)
    return widget


def button(text: str, kind: Literal["primary", "plain", "link"] = "plain") -> QPushButton:
    """Return a push button of one of the three kinds."""
    widget = QPushButton(text)
    widget.setProperty("kind", kind)
    widget.setCursor(Qt.CursorShape.PointingHandCursor)
    widget.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
    widget.setAutoDefault(False)
    return widget


def tool_button(icons: IconSet, icon: str, tip: str, size: int = 16) -> QToolButton:
    """Return a small icon button; ``tip`` is also its name for screen readers."""
    widget = QToolButton()
    widget.setProperty("kind", "tool")
    widget.setIcon(icons.icon(icon))
    widget.setIconSize(QSize(size, size))
    widget.setToolTip(tip)
    widget.setAccessibleName(tip)
    return widget


def badge(text: str, tone: str = "muted") -> QLabel:
    """Return a small outlined tag."""
    widget = label(text, scale=0.85)
    widget.setObjectName("badge")
    widget.setProperty("tone", tone)
    widget.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Maximum)
    return widget


def set_tone(widget: QWidget, tone: str) -> None:
    """Change the tone of a widget that is already shown."""
    if widget.property("tone") != tone:
        widget.setProperty("tone", tone)
        widget.style().unpolish(widget)
        widget.style().polish(widget)
