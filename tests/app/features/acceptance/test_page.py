"""The acceptance page: figures, plots and tables of what is kept, switching it off, erasing it."""

import dataclasses
import sqlite3
import time
from contextlib import closing
from types import SimpleNamespace

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QHelpEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.widgets.chart import shortened
from assistant.config import find_paths, load_settings
from assistant.editing.acceptance.record import Record
from assistant.editing.acceptance.store import AcceptanceStore
from assistant.editing.suggestions.outcomes import Outcome

pytestmark = pytest.mark.gui

TAKEN = Record(0, 1500, "auto", "taken", "all", 10, 1, 10, 0, 1, "Python", "qwen", "mine")
LEFT = dataclasses.replace(TAKEN, fate="edited", how=None, taken=0, presses=0, shown_ms=500)


def keep(window, shown, accepted, days_ago=0, **values):
    at = int(time.time()) - days_ago * 86_400
    records = [dataclasses.replace(TAKEN, at=at, **values)] * accepted
    records += [dataclasses.replace(LEFT, at=at, **values)] * (shown - accepted)
    store = AcceptanceStore(window.services.paths.acceptance)
    numbers = store.add(records)
    store.set_there([(number, after, share) for number in numbers[:accepted] for after, share in
                     ((30, 1.0), (120, 0.9), (300, 0.8))])  # fmt: skip
    store.close()


@pytest.fixture
def opened(window, qtbot):
    """Return what opens the page and waits until its plots, where there is something to draw, are drawn and laid out."""

    def laid_out(section):
        chart = section.chart
        return section.isHidden() or chart.nothing.isVisible() or (
            chart.plot is not None and chart.plot.isVisible() and chart.plot.geometry().bottom() < chart.height()
            and chart.plot.y() >= chart._legend.geometry().bottom() > 0
        )  # fmt: skip

    def show():
        window.features["acceptance"].open()
        page = window.features["acceptance"].page
        qtbot.waitUntil(lambda: not page._draw_soon.isActive() and all(map(laid_out, page.sections.values())))
        return page

    return show


def rows(table):
    return [
        [table.item(row, column).text() for column in range(table.columnCount())] for row in range(table.rowCount())
    ]


def test_it_shows_what_the_records_come_to(window, opened):
    keep(window, 100, 40)
    keep(window, 30, 3, language="Go", adapter="")
    page = opened()
    values = {name: figure.value.text() for name, figure in page.figures.items()}
    assert values == {"rate": "33 %", "there": "80 %", "characters": "430", "saved": "387", "shown": "0.5 s"}
    assert page.rest.text() == "Taken: whole 43. Not taken: typed something else 87."
    assert rows(page.sections["language"].table) == [["Python", "100", "40 %", "80 %"], ["Go", "30", "10 %", "–"]]
    assert [row[0] for row in rows(page.sections["model"].table)] == ["qwen + mine", "qwen"]
    assert [row[1:] for row in rows(page.sections["time"].table)] == [["130", "33 %", "80 %"]]
    chart = page.sections["language"].chart
    assert [(point.name, point.values) for point in chart.points] == [
        ("Python", (0.4, pytest.approx(0.8))),
        ("Go", (0.1, None)),
    ]
    assert page.empty.isHidden()
    assert page.few.isHidden()


def test_the_range_chooses_what_counts(window, opened):
    keep(window, 30, 10)
    keep(window, 50, 25, days_ago=60)
    page = opened()
    counts = []
    for index in range(page.range.count()):
        page.range.setCurrentIndex(index)
        counts.append(page.figures["rate"].detail.text())
    assert counts == ["10 of 30 shown"] * 2 + ["35 of 80 shown"] * 2


def test_of_few_no_rate_is_told(window, opened):
    keep(window, 19, 19)
    page = opened()
    assert page.figures["rate"].value.text() == "too few to tell"
    assert page.figures["characters"].value.text() == "190"
    assert page.few.isVisible()
    assert page.sections["time"].chart.nothing.isVisible()
    keep(window, 1, 1)
    page.refresh()
    assert page.figures["rate"].value.text() == "100 %"
    assert page.few.isHidden()


def test_with_nothing_to_show_it_says_why(window, opened):
    page = opened()
    assert "No suggestion was shown yet" in page.empty.text()
    assert page.sections["time"].isHidden()
    assert not page.erase.isEnabled()
    keep(window, 30, 10, days_ago=200)
    page.refresh()
    assert "choose a longer time" in page.empty.text()
    assert page.erase.isEnabled()
    page.keep.setChecked(False)
    assert "switched off" in page.empty.text()


def test_erasing_asks_first(window, opened):
    keep(window, 30, 10)
    page = opened()
    dialogs = window.services.dialogs
    page.erase.click()
    assert [name for name, _ in dialogs.asked] == ["confirm"]
    assert page.figures["rate"].detail.text() == "10 of 30 shown"
    dialogs.answers["confirm"] = True
    page.erase.click()
    assert page.empty.isVisible()
    with closing(AcceptanceStore(find_paths().acceptance)) as store:
        assert store.summary().total.shown == 0


def test_switched_off_nothing_is_recorded(window, opened):
    page = opened()
    ended = window.features["suggest"].completion.ended
    outcome = Outcome("auto", "edited", 400.0, 7, 1, model="m")
    ended.emit(outcome, "Python")
    page.keep.click()
    assert load_settings(find_paths()).keep_acceptance is False
    assert not window.features["settings"].get_page().keep.isChecked()
    ended.emit(outcome, "Python")
    page.refresh()
    assert page._summary.total.shown == 1
    window.features["settings"].get_page().keep.click()
    assert page.keep.isChecked()
    ended.emit(outcome, "Python")
    page.refresh()
    assert page._summary.total.shown == 2


def test_what_has_just_happened_appears_by_itself(window, opened, qtbot):
    page = opened()
    window.features["suggest"].completion.ended.emit(Outcome("auto", "dismissed", 400.0, 7, 1, model="m"), "Python")
    qtbot.waitUntil(lambda: page.rest.text() == "Not taken: dismissed 1.")


def test_the_page_is_reached_from_activity_bar_and_palette_and_marked(window):
    button = window.activity_bar._buttons["acceptance"]
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert window.bench.central.current is window.features["acceptance"].page
    assert button.isChecked()
    window.features["settings"].open()
    assert not button.isChecked()
    window.bench.commands["assistant.acceptance"].action.trigger()
    assert window.bench.central.current is window.features["acceptance"].page
    window.bench.close_page(window.features["acceptance"].page)
    assert not button.isChecked()
    window.features["acceptance"].open()
    assert window.bench.central.current is window.features["acceptance"].page


def test_a_damaged_file_is_a_bar_and_not_the_end(window, opened):
    window.services.paths.acceptance.write_bytes(b"nonsense" * 1000)
    page = opened()
    assert page.empty.isVisible()
    assert "put aside" in window.bench.central.bars.texts()["acceptance"]


def test_a_file_of_a_newer_program_can_be_erased(window, opened):
    keep(window, 30, 10)
    connection = sqlite3.connect(window.services.paths.acceptance)
    connection.execute("PRAGMA user_version = 9")
    connection.close()
    page = opened()
    assert "newer Grafter" in page.bars.texts()["read"]
    assert page.erase.isEnabled()
    window.services.dialogs.answers["confirm"] = True
    page.erase.click()
    assert page.bars.texts() == {}
    assert page.empty.isVisible()


def test_it_follows_the_theme(window, opened, qtbot):
    keep(window, 30, 20)
    page = opened()
    for name in ("dark", "high-contrast"):
        window.services.store.update(theme=name)
        qtbot.waitUntil(lambda: not page._draw_soon.isActive())
        background = window.services.theme.theme.colors["background"]
        assert page.sections["time"].chart.plot.backgroundBrush().color().name() == background


def place_of(chart, x, y):
    """Return where a chart draws a value, whatever its fonts and axes measure."""
    chart.grab()  # it is painted, as where a mouse could rest on it
    plot = chart.plot
    return plot.mapTo(chart, plot.mapFromScene(plot.getPlotItem().getViewBox().mapViewToScene(QPointF(x, y))))


def test_plots_say_what_the_mouse_rests_on(window, opened, monkeypatch):
    keep(window, 40, 30)
    keep(window, 30, 3, language="Go")
    page = opened()
    chart = page.sections["language"].chart
    said = []
    tips = SimpleNamespace(showText=lambda _place, text, _widget: said.append(text))
    monkeypatch.setattr("app.widgets.chart.QToolTip", tips)
    for row in range(3):
        place = place_of(chart, 50, -row)
        QApplication.sendEvent(chart, QHelpEvent(QEvent.Type.ToolTip, place, chart.mapToGlobal(place)))
    assert said == [
        "Python\n30 of 40 accepted: 75 %\nretained after 5 min: 80 %",
        "Go\n3 of 30 accepted: 10 %\nretained after 5 min: too few to tell",
        "",
    ]
    days = page.sections["time"].chart
    first = days.points[0]
    assert days.point_at(place_of(days, first.day.toordinal(), 50)) == first
    assert first.name == rows(page.sections["time"].table)[0][0]


def test_a_wheel_over_a_plot_is_left_to_the_page(window, opened):
    keep(window, 40, 30)
    page = opened()
    chart = page.sections["time"].chart
    assert chart.childAt(chart.rect().center()) is None
    place = QPointF(chart.rect().center())
    event = QWheelEvent(
        place, chart.mapToGlobal(place), QPoint(), QPoint(0, -120),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    event.accept()
    QApplication.sendEvent(chart, event)
    assert not event.isAccepted()


@pytest.mark.parametrize(
    ("name", "short"),
    [("Python", "Python"), ("a" * 18, "a" * 18), ("qwen2.5-coder-0.5b-instruct + mine", "qwen2.5-c…t + mine")],
)
def test_names_beside_bars(name, short):
    assert shortened(name) == short
