import pytest
from PySide6.QtWidgets import QLabel, QPushButton, QScrollArea, QWidget

from app.widgets.elided import ElidedLabel
from tests.support.visible import cut_off, texts_of

pytestmark = pytest.mark.gui

LONG = "a text that needs more room than it has"


@pytest.fixture
def window(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(600, 200)
    return window


def shown(window, widget, width, height=40):
    widget.setParent(window)
    widget.setGeometry(0, 0, width, height)
    window.show()
    return cut_off(window)


@pytest.mark.parametrize("kind", [QLabel, QPushButton])
def test_a_text_without_room_is_found(window, kind):
    widget = kind(LONG)
    assert shown(window, widget, 500) == []
    (fault,) = shown(window, widget, 60)
    assert LONG in fault
    assert "cut off: it has 60x40" in fault


def test_a_text_that_wraps_needs_height(window):
    label = QLabel(LONG * 4)
    label.setWordWrap(True)
    assert shown(window, label, 200, 190) == []
    assert "cut off" in shown(window, label, 200, 20)[0]


def test_a_text_beyond_the_edge_of_what_it_lies_in_is_found(window):
    inner = QWidget(window)
    inner.setGeometry(0, 0, 100, 100)
    QLabel(LONG, inner).setGeometry(0, 0, 500, 40)
    window.show()
    (fault,) = cut_off(window)
    assert "cut off by what it lies in: 100 of 500 pixels show" in fault


def test_what_can_be_scrolled_to_is_no_fault(window):
    area = QScrollArea(window)
    area.setGeometry(0, 0, 150, 150)
    area.setWidget(QLabel(LONG))
    window.show()
    assert cut_off(window) == []


def test_a_shortened_text_has_to_say_all_in_its_tool_tip(window):
    label = ElidedLabel(LONG)
    assert shown(window, label, 120) == []
    assert texts_of(window) == [LONG]
    assert "…" in label.text()
    label.setToolTip("")
    assert "no tool tip" in cut_off(window)[0]


def test_what_is_hidden_is_not_looked_at(window):
    label = QLabel(LONG, window)
    label.setGeometry(0, 0, 10, 10)
    window.show()
    label.hide()
    assert cut_off(window) == texts_of(window) == []
