"""The status line: facts, how tasks go, and what gives way where it is narrow."""

import pytest
from PySide6.QtWidgets import QWidget

from app.services.task import Task
from app.widgets.status_line import StatusLine

pytestmark = pytest.mark.gui


@pytest.fixture
def line(qtbot):
    """Return a line that is shown, wide, in a window that leaves it the width that it is given."""
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(1000, 100)
    line = StatusLine(window)
    line.resize(1000, 28)
    window.show()
    yield line
    window.close()


def needed(line):
    """Return how many pixels what it shows takes."""
    return line.layout().sizeHint().width()


def texts(line):
    """Return what is seen, from the left."""
    return [item.text() for item in sorted(line._items, key=lambda item: item.x()) if not item.isHidden()]


@pytest.mark.parametrize(
    ("task", "text"),
    [
        (Task("index", "running", "Reading the folder"), "Reading the folder"),
        (Task("index", "running", "Reading", 0.0), "Reading 0 %"),
        (Task("index", "running", "Reading", 0.29), "Reading 29 %"),  # 0.29 * 100 is a little below 29
        (Task("index", "running", "Reading", 0.999), "Reading 99 %"),  # not done yet
        (Task("index", "running", "Reading", 1.2), "Reading 100 %"),
        (Task("index", "running", "Reading", 0.5, 0.4), "Reading 50 %"),
        (Task("index", "running", "Reading", 0.5, 42.0), "Reading 50 % · 42 s left"),
        (Task("index", "running", "Reading", None, 42.0), "Reading · 42 s left"),
        (Task("index", "done", "Reading", 1.0), ""),
        (Task("index", "failed", "Reading"), ""),
        (Task("index", "stopped", "Reading"), ""),
    ],
)
def test_how_a_task_goes_is_a_few_words(line, task, text):
    item = line.show_task(task, list)
    assert line.task_text("index") == text
    assert item.isHidden() == (text == "")


def test_a_task_takes_the_place_of_the_one_of_its_kind_and_goes_when_it_ends(line):
    clicks = []
    first = line.show_task(Task("download", "running", "Downloading", 0.1), lambda: clicks.append("download"))
    line.show_task(Task("training", "running", "Training", 0.6, 90.0), lambda: clicks.append("training"))
    assert texts(line) == ["Downloading 10 %", "Training 60 % · 2 min left"]
    assert line.show_task(Task("download", "running", "Downloading", 0.2), list) is first
    assert texts(line)[0] == "Downloading 20 %"
    first.click()
    assert clicks == ["download"]
    line.show_task(Task("download", "done"), list)
    assert texts(line) == ["Training 60 % · 2 min left"]
    assert line.task_text("download") == ""
    line.show_task(Task("download", "running", "Downloading"), list)
    assert texts(line) == ["Downloading", "Training 60 % · 2 min left"]


def test_nothing_is_known_of_a_task_that_never_was(line):
    assert line.task_text("training") == ""


def test_items_stand_by_their_order_left_and_right_of_the_middle(line):
    for order, text in ((30, "d"), (-20, "a"), (10, "c"), (-10, "b")):
        line.add_item(text, order=order).show_text(text)
    line.layout().activate()
    assert texts(line) == ["a", "b", "c", "d"]
    left, right = (item for item in line._items if item.text() in "bc")
    left, right = sorted((left, right), key=lambda item: item.x())
    assert left.geometry().right() < line.width() / 2 < right.x()


def test_where_it_is_narrow_short_texts_come_first_and_then_items_go_in_their_order(line):
    kept = line.add_item("place", list, order=10)
    kept.show_text("Ln 2, Col 5")
    model = line.add_item("model", list, order=20)
    model.show_text("qwen2.5-coder-0.5b-instruct · ready", "ready")
    second = line.add_item("adapter", list, order=30, gives_way=2)
    second.show_text("adapter orchard 0.8")
    first = line.add_item("encoding", list, order=40, gives_way=1)
    first.show_text("UTF-8")

    def shown():
        return [model.text(), not first.isHidden(), not second.isHidden(), not kept.isHidden()]

    whole = needed(line)
    line.resize(whole, 28)
    assert shown() == ["qwen2.5-coder-0.5b-instruct · ready", True, True, True]
    line.resize(whole - 1, 28)
    assert shown() == ["ready", True, True, True]
    line.resize(needed(line) - 1, 28)
    assert shown() == ["ready", False, True, True]
    line.resize(needed(line) - 1, 28)
    assert shown() == ["ready", False, False, True]
    line.resize(10, 28)
    assert not kept.isHidden()  # it gives way to nothing
    line.resize(whole, 28)
    assert shown() == ["qwen2.5-coder-0.5b-instruct · ready", True, True, True]


def test_a_text_that_grows_makes_others_give_way_at_once(line):
    model = line.add_item("model", list, order=20)
    model.show_text("m")
    other = line.add_item("encoding", list, order=40, gives_way=1)
    other.show_text("UTF-8")
    line.resize(needed(line), 28)
    model.show_text("a much longer name of a model")
    assert other.isHidden()
    model.show_text("m")
    assert not other.isHidden()


def test_an_item_says_what_it_is_and_one_without_a_deed_cannot_be_pressed(line):
    fact = line.add_item("Cursor position", order=10)
    fact.show_text("Ln 1, Col 1")
    assert not fact.isEnabled()
    assert fact.accessibleName() == "Cursor position: Ln 1, Col 1"
    fact.show_text("Ln 1, Col 1", tip="Where the cursor stands", tone="warn")
    assert fact.toolTip() == "Where the cursor stands"
    assert fact.property("tone") == "warn"
    fact.show_text("")
    assert fact.isHidden()
    assert fact.accessibleName() == "Cursor position"
