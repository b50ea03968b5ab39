"""A new panel and a new page are a class each and a line in the list of features: the frame does all the rest."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.program import FEATURES
from app.widgets.picker import Picker
from tests.support.made_up_features import CountsFeature, NotesFeature

pytestmark = pytest.mark.gui

ALL = (*FEATURES, NotesFeature, CountsFeature)


@pytest.fixture
def window(make_window):
    """Return a window that offers a panel and a page more."""
    return make_window(ALL)


def icon(window, name):
    return window.activity_bar._buttons[name]


def click(window, name):
    QTest.mouseClick(icon(window, name), Qt.MouseButton.LeftButton)


def texts_of(menu):
    """Return the texts of a menu and of those in it."""
    for action in menu.actions():
        yield action.text()
        if action.menu() is not None:
            yield from texts_of(action.menu())


def test_the_icon_of_a_panel_opens_and_closes_it(window):
    panel = window.features["notes"].panel
    assert panel.isHidden()
    assert not icon(window, "notes").isChecked()
    click(window, "notes")
    assert panel.isVisible()
    assert icon(window, "notes").isChecked()
    click(window, "notes")
    assert panel.isHidden()
    assert not icon(window, "notes").isChecked()


def test_the_icon_of_a_page_opens_it_in_a_tab_and_is_marked_while_it_is_in_front(window, folder):
    feature, central = window.features["counts"], window.bench.central
    assert feature.page is None
    click(window, "counts")
    assert central.current is feature.page
    assert central.tabs.tabText(central.pages.index(feature.page)) == "Counts"
    assert icon(window, "counts").isChecked()
    window.bench.documents.open(folder / "README.md")
    assert not icon(window, "counts").isChecked()
    click(window, "counts")
    click(window, "counts")  # a page is not put away by its icon
    assert central.current is feature.page
    assert len(central.pages) == 2
    window.bench.close_page(feature.page)
    assert not icon(window, "counts").isChecked()


def test_icons_stand_in_the_order_of_the_features_and_those_of_the_foot_below(window):
    names = sorted(window.activity_bar._buttons, key=lambda name: icon(window, name).y())
    places = [feature.id for feature in ALL if feature.icon and not feature.at_foot]
    foot = [feature.id for feature in ALL if feature.icon and feature.at_foot]
    assert names == places + foot
    assert names[-1] == "counts"
    assert icon(window, "notes").toolTip() == "Notes (Ctrl+Alt+N)"


@pytest.mark.parametrize(
    ("command", "title", "keys", "letter", "feature"),
    [
        ("view.notes", "Show or hide notes", "Ctrl+Alt+N", Qt.Key.Key_N, "notes"),
        ("view.counts", "Show counts", "Ctrl+Alt+U", Qt.Key.Key_U, "counts"),
    ],
)
def test_its_command_is_in_menu_and_palette_with_its_key(window, qtbot, command, title, keys, letter, feature):
    menu = window.activity_bar._column.itemAt(0).widget().menu()
    assert title in list(texts_of(menu))
    assert window.bench.commands[command].action.shortcut().toString() == keys
    window.bench.commands["view.palette"].action.trigger()
    picker = window.findChild(Picker)
    qtbot.keyClicks(picker.line, title)
    item, _ = picker._rows.rows[0]
    assert (item.title, item.keys) == (f"View: {title}", keys)
    qtbot.keyClick(picker.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.features[feature].in_front)
    window.features["notes"].show(False)
    window.bench.central.give_focus()
    qtbot.keyClick(
        QApplication.focusWidget() or window,
        letter,
        Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier,
    )
    qtbot.waitUntil(lambda: window.features[feature].in_front)


def test_of_one_side_one_panel_is_open_and_its_command_changes_nothing_else(window):
    click(window, "why")
    click(window, "notes")
    assert window.features["why"].panel.isHidden()
    assert not icon(window, "why").isChecked()
    assert window.features["notes"].panel.isVisible()
    assert window.features["files"].panel.isVisible()  # at the other side
    click(window, "why")
    assert window.features["notes"].panel.isHidden()


def test_the_focus_goes_back_to_the_text_when_the_panel_that_had_it_closes(window, folder, qtbot):
    page = window.bench.documents.open(folder / "README.md")
    click(window, "notes")
    window.features["notes"].panel.setFocus()
    qtbot.waitUntil(window.features["notes"].panel.hasFocus)
    window.bench.commands["view.notes"].action.trigger()
    qtbot.waitUntil(page.editor.hasFocus)


def test_what_was_open_and_how_wide_comes_back_in_the_next_window(make_window, qtbot):
    first = make_window(ALL)
    first.features["notes"].show(True)
    qtbot.waitUntil(lambda: first.features["notes"].panel.width() == NotesFeature.width)
    left, centre, right = first.bench.panels.widget.sizes()
    first.bench.panels.widget.setSizes([left, centre - 60, right + 60])
    assert first.features["notes"].panel.width() == NotesFeature.width + 60
    assert first.close()
    again = make_window(ALL)
    qtbot.waitUntil(lambda: again.features["notes"].panel.width() == NotesFeature.width + 60)
    again.features["notes"].show(False)
    assert again.close()
    third = make_window(ALL)
    assert third.features["notes"].panel.isHidden()
    third.features["notes"].show(True)
    qtbot.waitUntil(lambda: third.features["notes"].panel.width() == NotesFeature.width + 60)


def test_a_window_without_it_is_not_disturbed_by_what_was_kept(make_window):
    first = make_window(ALL)
    first.features["notes"].show(True)
    assert first.close()
    plain = make_window()
    assert "notes" not in plain.features
    assert plain.features["files"].panel.isVisible()


def test_each_is_closed_once_with_the_window(window):
    notes, counts = window.features["notes"], window.features["counts"]
    assert notes.closed == counts.closed == 0
    assert window.close()
    assert notes.closed == counts.closed == 1
