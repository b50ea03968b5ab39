"""The panel host: widths, sides, and what the pages between the panels keep."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from app.services.window_state import WindowState
from app.shell.panels import PanelHost
from assistant.config import find_paths

pytestmark = pytest.mark.gui

READABLE = 440
"""Pixels that the pages keep while the window is wide enough."""


@pytest.fixture
def make_host(root, qtbot):
    """Return what makes a host with two panels at the left and the right each and one below, shown at a width."""
    made = []

    def make(width=1200):
        host = PanelHost(QPlainTextEdit(), WindowState(find_paths()), root)
        for name, side, size in (
            ("tree", "left", 240),
            ("outline", "left", 200),
            ("reasons", "right", 320),
            ("chat", "right", 400),
            ("log", "bottom", 160),
        ):
            panel = QPlainTextEdit()
            panel.setMinimumSize(60, 40)
            host.add(name, panel, side, size)
        window = QWidget()
        window.resize(1600, 800)
        host.widget.setParent(window)
        host.widget.resize(width, 700)
        qtbot.addWidget(window)
        made.append(window)
        host.restore({"tree": True, "reasons": False, "chat": False, "log": False})
        window.show()
        return host

    return make


def widths(host):
    return host.widget.sizes()


def test_each_panel_opens_with_its_width_and_the_pages_give_it(make_host):
    host = make_host()
    left, _, right = widths(host)
    assert (left, right) == (240, 0)
    for name, width in (("reasons", 320), ("chat", 400), ("reasons", 320)):
        host.show(name, True)
        left, centre, right = widths(host)
        assert (left, right) == (240, width)
        assert left + centre + right == 1200 - 2 * host.widget.handleWidth()
    host.show("outline", True)
    assert widths(host)[0] == 200
    host.show("log", True)
    assert host.upright.sizes()[1] == 160


def test_of_a_side_one_panel_is_open(make_host, qtbot):
    host = make_host()
    changes = []
    host.changed.connect(lambda: changes.append({name for name in ("tree", "reasons", "chat") if host.is_open(name)}))
    host.show("reasons", True)
    host.show("chat", True)
    assert changes[-1] == {"tree", "chat"}
    host.show("chat", False)
    assert changes[-1] == {"tree"}
    assert host._places["right"].isHidden()
    count = len(changes)
    host.show("chat", False)
    assert len(changes) == count  # nothing changed
    qtbot.waitUntil(lambda: widths(host)[2] == 0)  # the pages have it
    assert widths(host)[1] == 1200 - 1 - 240


def test_a_width_that_a_person_chose_is_kept_until_it_is_opened_again(make_host):
    host = make_host()
    host.show("reasons", True)
    left, centre, right = widths(host)
    host.widget.setSizes([left, centre - 50, right + 50])
    host.show("chat", True)
    assert widths(host)[2] == 400
    host.show("reasons", True)
    assert widths(host)[2] == 370


@pytest.mark.parametrize(("width", "left", "right"), [(1200, 240, 400), (1000, 240, 318), (900, 240, 218)])
def test_where_the_window_is_narrow_the_panel_that_opens_is_made_smaller_first(make_host, width, left, right):
    host = make_host(width)
    host.show("chat", True)
    assert widths(host) == [left, width - 2 - left - right, right]
    assert widths(host)[1] >= READABLE


def test_the_pages_keep_a_readable_width_when_the_window_becomes_narrower(make_host, qtbot):
    host = make_host()
    host.show("chat", True)
    host.widget.resize(900, 700)
    qtbot.waitUntil(lambda: widths(host) == [240, READABLE, 218])
    host.widget.resize(720, 700)
    qtbot.waitUntil(lambda: widths(host) == [218, READABLE, 60])  # 60 is the least that the panel at the right takes
    host.widget.resize(600, 700)
    qtbot.waitUntil(lambda: widths(host) == [176, 362, 60])  # the left one stays usable too


def test_only_a_panel_that_had_the_focus_gives_it_back(make_host, qtbot):
    host = make_host()
    gone = []
    host.left.connect(lambda: gone.append(True))
    host.show("chat", True)
    host.upright.widget(0).setFocus()
    host.show("chat", False)
    assert gone == []
    host.show("chat", True)
    host._panels["chat"].setFocus()
    host.show("chat", False)
    assert gone == [True]


def test_widths_and_open_panels_come_back_also_of_those_that_were_closed(make_host):
    names = {"tree": True, "reasons": False, "chat": False}
    host = make_host()
    for name, by in (("reasons", 30), ("chat", 45)):
        host.show(name, True)
        left, centre, right = widths(host)
        host.widget.setSizes([left, centre - by, right + by])
    host.show("tree", False)
    host.remember(names)
    again = make_host()
    assert [again.is_open(name) for name in names] == [False, False, True]
    assert widths(again)[2] == 445
    again.show("reasons", True)
    assert widths(again)[2] == 350


def test_what_was_kept_and_is_no_number_counts_as_nothing(make_host):
    state = WindowState(find_paths())
    state._file.setValue("window/chat-width", "wide")
    state.save()
    host = make_host()
    host.show("chat", True)
    assert widths(host)[2] == 400


def test_panels_split_along_their_side(make_host):
    host = make_host()
    assert host.upright.orientation() == Qt.Orientation.Vertical
    host.show("log", True)
    assert host._panels["log"].width() == host.upright.width()
