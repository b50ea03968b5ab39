"""Keys in two columns, or in one; nothing is cut off."""

import pytest
from PySide6.QtWidgets import QWidget

from app.widgets.key_table import KeyTable

pytestmark = pytest.mark.gui

ROWS = [("Ctrl+Shift+P", "every command there is"), ("Tab", "take it"), ("Esc", "dismiss it"), ("Ctrl+S", "save")]


@pytest.fixture
def table(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(800, 400)
    table = KeyTable(ROWS, window)
    window.show()
    yield table
    window.close()


@pytest.mark.parametrize(("width", "columns"), [(700, 2), (230, 1)])
def test_it_takes_the_columns_that_there_is_room_for(qtbot, table, width, columns):
    table.resize(width, 300)
    qtbot.waitUntil(lambda: table.columns == columns)
    qtbot.waitUntil(lambda: all(text.width() >= text.sizeHint().width() for _, text in table._pairs))
    qtbot.waitUntil(lambda: len({keys.x() for keys, _ in table._pairs}) == columns)


def test_it_goes_back_when_the_window_grows(qtbot, table):
    for width, columns in ((230, 1), (700, 2)):
        table.resize(width, 300)
        qtbot.waitUntil(lambda columns=columns: table.columns == columns)
    qtbot.waitUntil(lambda: table._pairs[0][0].geometry().center().y() == table._pairs[2][0].geometry().center().y())
