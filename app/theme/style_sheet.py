"""The one style sheet: resources/themes/grafter.qss with the theme's colours filled in."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from string import Template

from app.theme.palette import mixed
from app.theme.tokens import Theme


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
