"""How the window looks: colours from TOML tokens, the palette, one style sheet, and fonts."""

from app.theme.fonts import editor_font, interface_font
from app.theme.manager import Choice, ThemeManager
from app.theme.tokens import THEME_NAMES, Theme, load_theme

__all__ = ["THEME_NAMES", "Choice", "Theme", "ThemeManager", "editor_font", "interface_font", "load_theme"]
