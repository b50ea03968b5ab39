import pytest
from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QImage, QPainter

pytestmark = pytest.mark.gui


def test_an_icon_of_no_size_is_nothing_to_paint(icons):
    icon = icons.icon("graduation-cap")
    assert icon.pixmap(QSize(0, 14)).isNull()
    image = QImage(8, 8, QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    icon.paint(painter, QRect(0, 0, 0, 0))
    icons.draw(painter, QRect(2, 2, -2, 4), "graduation-cap", "text")
    painter.end()
    assert {image.pixel(x, y) for x in range(8) for y in range(8)} == {0}
