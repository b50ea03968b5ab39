"""Themes: complete, readable by WCAG's measure, and put on live."""

import itertools
import re
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from app.theme import THEME_NAMES, Theme, ThemeManager, editor_font, load_theme
from app.theme.manager import make_style_sheet
from app.theme.tokens import COLORS, SYNTAX
from assistant.config import Settings
from assistant.errors import InputError


def luminance(color: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.fixture(params=THEME_NAMES)
def theme(request) -> Theme:
    return load_theme(request.param)


def test_contrast_measure_matches_known_values():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("ground", ["background", "surface", "raised", "current_line"])
@pytest.mark.parametrize("token", ["text", "muted", "accent", "ok", "warn", "error"])
def test_interface_colours_are_readable(theme, token, ground):
    assert contrast(theme.colors[token], theme.colors[ground]) >= 4.5


@pytest.mark.parametrize("ground", ["background", "surface", "current_line"])
@pytest.mark.parametrize("style", SYNTAX)
def test_syntax_colours_are_readable(theme, style, ground):
    assert contrast(theme.syntax[style], theme.colors[ground]) >= 4.5


def test_text_is_readable_on_selection_hover_and_buttons(theme):
    assert contrast(theme.colors["text"], theme.colors["selection"]) >= 4.5
    assert contrast(theme.colors["text"], theme.colors["hover"]) >= 4.5
    assert contrast(theme.colors["on_accent"], theme.colors["accent"]) >= 4.5


@pytest.mark.parametrize("ground", ["background", "surface", "current_line"])
def test_ghost_is_readable_and_weaker_than_code(theme, ground):
    ghost = contrast(theme.colors["ghost"], theme.colors[ground])
    weakest_code = min(contrast(color, theme.colors[ground]) for color in theme.syntax.values())
    assert ghost >= 4.5
    assert ghost < weakest_code
    assert ghost <= 0.45 * contrast(theme.colors["text"], theme.colors[ground])


@pytest.mark.parametrize("ground", ["added_line", "removed_line"])
def test_changed_lines_are_readable_and_differ_from_the_rest(theme, ground):
    for style, color in {**theme.syntax, "text": theme.colors["text"]}.items():
        assert contrast(color, theme.colors[ground]) >= 4.5, style
    assert theme.colors[ground] not in (theme.colors["background"], theme.colors["current_line"])


def test_high_contrast_is_higher_than_the_others():
    colors = load_theme("high-contrast")
    for color in (colors.colors["text"], colors.colors["muted"], *colors.syntax.values()):
        assert contrast(color, colors.colors["background"]) >= 7


def test_panels_can_be_told_apart(theme):
    for one, other in itertools.combinations(("background", "surface", "border", "selection"), 2):
        assert theme.colors[one] != theme.colors[other]


def test_every_token_is_there_and_immutable(theme):
    assert set(theme.colors) == set(COLORS)
    assert set(theme.syntax) == set(SYNTAX)
    with pytest.raises(TypeError):
        theme.colors["text"] = "#000000"


def test_unknown_theme_names_the_choices():
    with pytest.raises(InputError, match="light, dark, high-contrast"):
        load_theme("pink")


def test_style_sheet_has_no_token_left(theme):
    sheet = make_style_sheet(theme)
    rules = sheet.split("*/", 1)[1]
    assert "$" not in rules
    images = re.findall(r'url\("([^"]+)"\)', rules)
    assert images
    assert all(Path(image).is_file() for image in images)
    assert theme.colors["accent"] in rules


@pytest.fixture
def manager(qapp: QApplication):
    manager = ThemeManager(qapp)
    yield manager
    manager.choose("system")
    qapp.setStyleSheet("")
    manager.deleteLater()


@pytest.mark.gui
def test_choosing_changes_palette_and_tells(qtbot, qapp, manager):
    manager.choose("light")
    with qtbot.waitSignal(manager.changed) as told:
        manager.choose("dark")
    assert told.args[0].name == "dark"
    assert manager.theme.dark
    window = qapp.palette().color(QPalette.ColorRole.Window).name()
    assert window == manager.theme.colors["surface"]
    with qtbot.assertNotEmitted(manager.changed):
        manager.choose("dark")


@pytest.mark.gui
def test_follows_the_system_only_when_asked(qtbot, qapp, manager, monkeypatch):
    # The offscreen platform has no colour scheme of its own, so what the system says is put in its place.
    manager.choose("system")
    assert manager.theme.name == "light"
    monkeypatch.setattr(manager, "_name_from_system", lambda: "dark")
    with qtbot.waitSignal(manager.changed):
        qapp.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert manager.theme.name == "dark"
    manager.choose("high-contrast")
    with qtbot.assertNotEmitted(manager.changed):
        qapp.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Light)
    assert manager.theme.name == "high-contrast"


@pytest.mark.gui
def test_unknown_choice_is_refused(manager):
    with pytest.raises(InputError, match="system"):
        manager.choose("pink")


@pytest.mark.gui
def test_style_sheet_reaches_widgets(qtbot, qapp, manager):
    manager.choose("light")
    button = QPushButton("Go")
    button.setProperty("kind", "primary")
    label = QLabel("x")
    qtbot.addWidget(button)
    qtbot.addWidget(label)
    button.resize(120, 32)
    pixel = button.grab().toImage().pixelColor(60, 6).name()
    assert pixel == manager.theme.colors["accent"]


@pytest.mark.gui
def test_editor_font_takes_the_choice_else_a_fixed_font(qapp):
    family = QFontDatabase.families()[0]
    chosen = editor_font(Settings(font_family=family, font_size=13))
    assert (chosen.family(), chosen.pointSize()) == (family, 13)
    fallback = editor_font(Settings(font_family="No Such Font 123", font_size=1000))
    assert fallback.family() != "No Such Font 123"
    assert fallback.pointSize() == 72
