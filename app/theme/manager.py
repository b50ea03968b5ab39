"""Puts a theme on the whole program and follows the system's light or dark live."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from string import Template
from typing import Literal, cast, get_args

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QApplication, QStyleFactory

from app.theme.fonts import apply_interface_font
from app.theme.palette import make_palette, mixed
from app.theme.tokens import Theme, load_theme
from assistant.errors import InputError

Choice = Literal["system", "light", "dark", "high-contrast"]


def make_style_sheet(theme: Theme) -> str:
    """Return the style sheet of a theme. Besides the tokens the template uses a few mixed colours and images."""
    folder = resources.files("resources")
    template = (folder / "themes" / "grafter.qss").read_text(encoding="utf-8")
    colors = theme.colors
    strong = theme.name == "high-contrast"
    derived = {
        # Style sheets name images by file; the package is always installed as files.
        "icons": (Path(str(folder)) / "icons").as_posix(),
        "check": "check-dark.svg" if theme.dark else "check-light.svg",
        "accent_hover": mixed(colors["text"], colors["accent"], 0.12).name(),
        "accent_pressed": mixed(colors["background"], colors["accent"], 0.18).name(),
        "accent_soft": mixed(colors["accent"], colors["surface"], 0.16).name(),
        "pressed": mixed(colors["border"], colors["hover"], 0.6).name(),
        "faded": mixed(colors["muted"], colors["surface"], 0.55).name(),
        "handle": mixed(colors["muted"], colors["surface"], 0.9 if strong else 0.38).name(),
        "handle_hover": mixed(colors["muted"], colors["surface"], 1.0 if strong else 0.65).name(),
        "line": colors["border"] if strong else mixed(colors["border"], colors["surface"], 0.85).name(),
    }
    return Template(template).substitute(colors, **derived)


class ThemeManager(QObject):
    """Holds the theme in force; ``changed(Theme)`` says that another one was put on.

    Style, interface font and theme are put on when the manager is made, so that the first
    window already shows right.
    """

    changed = Signal(object)

    def __init__(self, application: QApplication, choice: str = "system", parent: QObject | None = None) -> None:
        super().__init__(parent or application)
        self._application = application
        self._choice: Choice = "system"
        application.setStyle(QStyleFactory.create("Fusion"))
        apply_interface_font(application)
        hints = application.styleHints()
        hints.colorSchemeChanged.connect(self._follow_system)
        # Since Qt 6.10 the system also says whether its user wants more contrast.
        if hasattr(hints, "accessibility"):
            hints.accessibility().contrastPreferenceChanged.connect(self._follow_system)
        self._theme = load_theme("light")
        self.choose(choice)

    @property
    def theme(self) -> Theme:
        """The theme in force."""
        return self._theme

    @property
    def choice(self) -> Choice:
        """What the person chose; ``system`` is resolved in ``theme``."""
        return self._choice

    def choose(self, choice: str) -> None:
        """Put on a theme: ``system``, ``light``, ``dark`` or ``high-contrast``. Raises InputError for another word."""
        if choice not in get_args(Choice):
            raise InputError(f"There is no theme '{choice}'. Choose one of: {', '.join(get_args(Choice))}.")
        self._choice = cast("Choice", choice)
        hints = self._application.styleHints()
        if choice == "system":
            hints.unsetColorScheme()
            self._put_on(load_theme(self._name_from_system()))
        else:
            theme = load_theme(choice)
            # Tells the platform as well, so that title bars and file dialogs match.
            hints.setColorScheme(Qt.ColorScheme.Dark if theme.dark else Qt.ColorScheme.Light)
            self._put_on(theme)

    @Slot()
    def _follow_system(self) -> None:
        if self._choice == "system":
            self._put_on(load_theme(self._name_from_system()))

    def _name_from_system(self) -> str:
        hints = self._application.styleHints()
        if hasattr(hints, "accessibility"):
            preference = hints.accessibility().contrastPreference()
            if preference == Qt.ContrastPreference.HighContrast:
                return "high-contrast"
        return "dark" if hints.colorScheme() == Qt.ColorScheme.Dark else "light"

    def _put_on(self, theme: Theme) -> None:
        if theme == self._theme and self._application.styleSheet():
            return
        self._theme = theme
        self._application.setPalette(make_palette(theme))
        self._application.setStyleSheet(make_style_sheet(theme))
        self.changed.emit(theme)
