import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from app.features.train.step_bar import STEPS
from tests.support import training

pytestmark = pytest.mark.gui


def test_the_page_is_made_when_it_is_first_wanted(window):
    assert window.features["train"].page is None
    window.bench.commands["assistant.train"].action.trigger()
    assert window.bench.central.current is window.features["train"].page
    assert window.activity_bar._buttons["train"].isChecked()


@pytest.mark.parametrize(
    ("command", "step"),
    [("train", "code"), ("run", "run"), ("runs", "runs"), ("adapters", "adapters")],
)
def test_the_palette_leads_to_each_part(window, command, step):
    window.bench.commands[f"assistant.{command}"].action.trigger()
    assert window.features["train"].page.step == step


def test_the_welcome_page_leads_there_once_a_folder_is_open(window, folder):
    assert window.bench.welcome.train.isHidden()
    window.bench.folder.open(folder)
    assert not window.bench.welcome.train.isHidden()
    window.bench.welcome.train.click()
    assert window.features["train"].page.step == "code"
    assert window.features["train"].page.scope.repository == folder


def test_steps_are_reached_by_keys(page, qtbot):
    page.bar.buttons["code"].setFocus(Qt.FocusReason.TabFocusReason)
    for name in (*STEPS[1:], STEPS[0]):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Right)
        assert page.bar.buttons[name].hasFocus()
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Left)
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
    assert page.step == "runs"


def test_everything_that_takes_the_focus_has_a_name(page, tune, folder, window):
    from PySide6.QtWidgets import QAbstractButton, QWidget

    tune.answered.emit("files", training.files_answer())
    tune.answered.emit("preview", training.preview_answer())
    run = training.make_run(folder, training.FINISHED)
    training.write_report(run)
    window.services.adapters._on_received(
        {"active": "orchard", "scale": 0.8, "adapters": [{"name": "orchard", "fits": True}]}
    )
    window.features["train"].open("report")
    for step in STEPS:
        page.show_step(step)
        for widget in page._steps[step].findChildren(QWidget):
            if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible():
                text = widget.text() if isinstance(widget, QAbstractButton) else ""
                inner = widget.parent().accessibleName() if widget.objectName() == "qt_spinbox_lineedit" else ""
                assert widget.accessibleName() or text or inner, (step, widget)


def test_nothing_runs_on_after_the_window(window, page, job, folder, qtbot):
    training.make_run(folder, training.PAUSED)
    window.features["train"].open("run")
    page.run.resume.click()
    control = window.features["train"].control
    qtbot.waitUntil(lambda: control.state == "running")
    assert window.close()
    before = control.progress.step.step
    qtbot.waitUntil(lambda: control.progress.step.step > before)  # the job does
