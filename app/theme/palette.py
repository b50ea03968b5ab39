"""A theme as Qt's palette, which Fusion draws check boxes, arrows, trees and disabled things with."""

from __future__ import annotations

from PySide6.QtGui import QColor, QPalette

from app.theme.tokens import Theme


def mixed(over: str, under: str, share: float) -> QColor:
    """Return ``share`` (0 to 1) of one colour on the other."""
    a, b = QColor(over), QColor(under)
    return QColor.fromRgbF(
        a.redF() * share + b.redF() * (1 - share),
        a.greenF() * share + b.greenF() * (1 - share),
        a.blueF() * share + b.blueF() * (1 - share),
    )


def make_palette(theme: Theme) -> QPalette:
    """Return the palette of a theme; disabled text is half way between muted and its background."""
    role = QPalette.ColorRole
    colors = {name: QColor(value) for name, value in theme.colors.items()}
    palette = QPalette()
    for target, token in (
        (role.Window, "surface"),
        (role.WindowText, "text"),
        (role.Base, "background"),
        (role.AlternateBase, "surface"),
        (role.Text, "text"),
        (role.Button, "raised"),
        (role.ButtonText, "text"),
        (role.BrightText, "error"),
        (role.ToolTipBase, "raised"),
        (role.ToolTipText, "text"),
        (role.PlaceholderText, "muted"),
        (role.Highlight, "selection"),
        (role.HighlightedText, "text"),
        (role.Link, "accent"),
        (role.LinkVisited, "accent"),
        (role.Accent, "accent"),
        (role.Light, "hover"),
        (role.Midlight, "hover"),
        (role.Mid, "border"),
        (role.Dark, "border"),
    ):
        palette.setColor(target, colors[token])
    palette.setColor(role.Shadow, QColor("#000000") if theme.dark else colors["border"])
    faded = mixed(theme.colors["muted"], theme.colors["surface"], 0.55)
    for target in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText, role.PlaceholderText):
        palette.setColor(QPalette.ColorGroup.Disabled, target, faded)
    palette.setColor(QPalette.ColorGroup.Disabled, role.Highlight, colors["border"])
    return palette
