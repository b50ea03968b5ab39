"""Probabilities as people read them."""

import math

import pytest

from app.features.explain.chances import LIMITS, band, percent, tint, visible
from app.theme import THEME_NAMES, load_theme


@pytest.mark.parametrize(
    ("chance", "text"),
    [(1.0, "100 %"), (0.998, "> 99 %"), (0.83, "83 %"), (0.01, "1 %"), (0.004, "< 1 %"), (1e-300, "< 1 %")],
)
def test_percent_never_looks_surer_than_it_is(chance, text):
    assert percent(math.log(chance)) == text


@pytest.mark.parametrize(("chance", "number"), [(1.0, 0), (0.91, 0), (0.7, 1), (0.31, 2), (0.1, 3)])
def test_the_less_likely_the_higher_the_band(chance, number):
    assert band(math.log(chance)) == number


def test_a_server_that_says_more_than_certain_is_taken_for_certain():
    assert (percent(0.001), band(0.001)) == ("100 %", 0)


def luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("name", THEME_NAMES)
def test_text_is_readable_on_every_tint_and_each_is_stronger_than_the_one_before(name):
    theme = load_theme(name)
    text, ground = luminance(theme.colors["text"]), luminance(theme.colors["background"])
    distances = []
    for number in range(len(LIMITS) + 1):
        behind = luminance(tint(theme, number))
        dark, light = sorted((text, behind))
        assert (light + 0.05) / (dark + 0.05) >= (7 if name == "high-contrast" else 4.5)
        distances.append(abs(behind - ground))
    assert distances == sorted(set(distances))


def test_blanks_and_line_ends_can_be_seen():
    assert visible(" a\n\tb") == "·a↵⇥b"
