"""The adapter in use: its page, the status line, and the A/B key, against a service that answers HTTP."""

import pytest
from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication

from app.services.reply import Refusal
from app.services.service_process import ServiceProcess
from assistant.types import Choice, Failed, Finished, Timings
from finetune import runs
from tests.support import training

pytestmark = pytest.mark.gui

ROWS = [
    {"name": "orchard", "base": "small", "repository": "/code/orchard", "made": "2026-11-20", "scale": 0.8, "fits": True,
     "verdict": {"active": True, "scale": 0.8, "sentence": "It helps."}},
    {"name": "mill", "base": "middle", "repository": "/code/mill", "scale": 1.0, "fits": False, "verdict": None},
]  # fmt: skip


class Service(QObject):
    """What a service with adapters hears and says."""

    adapters_received = Signal(object)
    answered = Signal(object)
    failed = Signal(object)

    def __init__(self, adapters):
        super().__init__(adapters)
        self.posted = []
        self.adapters_received.connect(adapters._on_received)

    def post(self, path, body):
        assert path == "/grafter/adapter"
        self.posted.append((body["name"], body["scale"]))
        return self


@pytest.fixture
def api(window, monkeypatch):
    service = Service(window.services.adapters)
    monkeypatch.setattr(window.services.api, "post", service.post)
    return service


@pytest.fixture
def on(page, api):
    api.adapters_received.emit({"active": "orchard", "scale": 0.8, "adapters": ROWS})
    page.show_step("adapters")
    return page.adapters


def test_none_yet_is_explained(page, api):
    api.adapters_received.emit({"active": None, "scale": 1.0, "adapters": []})
    page.show_step("adapters")
    assert page.adapters.empty.isVisible()
    assert not page.adapters.hint.isVisible()


def test_the_status_line_and_the_cards_say_what_is_in_use(on, window):
    assert window.features["train"]._adapter.text() == "adapter orchard 0.8"
    card = on.cards["orchard"]
    assert card.state.text() == "in use"
    assert card.slider.value() == 16
    assert card.verdict.text() == "It helps."
    assert card.on.text() == "Switch off"
    assert on.cards["mill"].state.text() == "for another model"
    assert not on.cards["mill"].on.isEnabled()


def test_the_slider_tells_the_service_once_it_rests(on, api, qtbot, window):
    slider = on.cards["orchard"].slider
    for value in (15, 12, 10):
        slider.setValue(value)
    assert on.cards["orchard"].value.text() == "0.50"
    assert api.posted == []
    qtbot.waitUntil(lambda: api.posted == [("orchard", 0.5)])
    api.answered.emit({"active": "orchard", "scale": 0.5})
    assert window.features["train"]._adapter.text() == "adapter orchard 0.5"


def test_off_and_on(on, api, window):
    on.cards["orchard"].on.click()
    assert api.posted == [(None, None)]
    assert not on.cards["orchard"].on.isEnabled()
    api.answered.emit({"active": None, "scale": 1.0})
    api.answered.disconnect()
    assert window.features["train"]._adapter.isHidden()
    assert on.cards["orchard"].state.text() == "off"
    on.cards["orchard"].on.click()
    assert api.posted[-1] == ("orchard", None)
    api.failed.emit(Refusal(409, "damaged", "The adapter orchard is damaged; remove it."))
    assert window.features["train"].page.bars.texts()["adapter"] == "The adapter orchard is damaged; remove it."
    assert on.cards["orchard"].on.isEnabled()


def test_removing_asks_and_switches_off_first(on, api, window, qtbot):
    on.cards["orchard"].remove.click()
    assert api.posted == []
    window.services.dialogs.answers["confirm"] = True
    with qtbot.waitSignal(window.services.adapters.removed) as heard:
        on.cards["orchard"].remove.click()
    assert heard.args == ["orchard"]
    assert api.posted == [(None, None)]


def test_the_status_line_leads_to_the_adapters(on, window):
    window.features["settings"].open()
    window.features["train"]._adapter.click()
    assert window.bench.central.current is window.features["train"].page
    assert window.features["train"].page.step == "adapters"


def test_what_was_learned_is_used_at_once(page, window, folder, job, api, qtbot):
    training.make_run(folder, training.PAUSED, "orchard")
    window.features["train"].open("run")
    control = window.features["train"].control
    page.run.resume.click()
    qtbot.waitUntil(lambda: control.state == "running")
    (control.folder / "finish").touch()
    qtbot.waitUntil(lambda: api.posted == [("orchard", 0.8)])
    assert page.step == "report"


def test_looking_at_an_old_run_switches_nothing(page, window, folder, api):
    old = training.make_run(folder, training.FINISHED, "old")
    new = training.make_run(folder, training.story(), "new")
    with runs.owned(new):
        window.features["train"].open("run")
        assert window.features["train"].control.folder == new
        page._open_run(old)
    assert api.posted == []


# --- the A/B key -------------------------------------------------------------------------


@pytest.fixture
def asked(on, window, folder, monkeypatch):
    path = folder / "src" / "tree.py"
    path.write_text("class Tree:\n    def height(self):\n        \n", encoding="utf-8")
    page = window.bench.documents.open(path)
    page.editor.set_cursor_offset(42)
    requests = []
    real = window.services.api.complete

    def complete(request):
        requests.append(request)
        return real(request)

    monkeypatch.setattr(window.services.api, "complete", complete)
    window.bench.commands["assistant.compare"].action.trigger()
    return requests


def answer(compare, number, text, replaces=0):
    choice = Choice(0, text, "stop", 3, -0.1, replaces=replaces)
    compare._on_event(number, Finished("r", "small", (choice,), 1, 0, 1, Timings(1.0, 0.0, 5.0, 9.0, 15.0)))


def test_both_are_asked_for_the_same_cursor(asked, window):
    assert [request.adapter for request in asked] == ["", "orchard"]
    assert {request.cursor for request in asked} == {42}
    assert asked[0].session is None
    panel = window.features["compare"].comparison.panel
    assert panel.isVisible()
    assert [side.name.text() for side in panel.sides] == ["Base model", "orchard at 0.8"]
    answer(window.features["compare"].comparison, 0, "return 0")
    answer(window.features["compare"].comparison, 1, "total = 1\n        return total")
    assert panel.sides[0].code.toPlainText() == "return 0"
    assert panel.sides[1].code.toPlainText() == "total = 1\nreturn total"
    assert panel.sides[1].facts.text() == "15 ms"


def test_one_of_them_can_be_taken(asked, window):
    answer(window.features["compare"].comparison, 1, "total = 1\n        return total")
    window.features["compare"].comparison.panel.sides[1].take.click()
    page = window.bench.central.current
    assert page.editor.plain_text() == "class Tree:\n    def height(self):\n        total = 1\n        return total\n"
    assert not window.features["compare"].comparison.shown


def test_what_it_takes_the_place_of_goes_with_one_step_back(on, window, folder):
    path = folder / "src" / "tree.py"
    path.write_text("grow(tree)\nlast = 1\n", encoding="utf-8")
    page = window.bench.documents.open(path)
    page.editor.set_cursor_offset(5)
    window.bench.commands["assistant.compare"].action.trigger()
    answer(window.features["compare"].comparison, 1, "tree, count)", replaces=5)
    window.features["compare"].comparison.panel.sides[1].take.click()
    assert page.editor.plain_text() == "grow(tree, count)\nlast = 1\n"
    page.editor.undo()
    assert page.editor.plain_text() == "grow(tree)\nlast = 1\n"


def test_the_same_answer_is_said(asked, window):
    for number in (0, 1):
        answer(window.features["compare"].comparison, number, "return 0")
    assert window.features["compare"].comparison.panel.note.text() == "Both suggest the same."


def test_a_failure_stands_in_its_side(asked, window):
    window.features["compare"].comparison._on_event(1, Failed("r", "There is no adapter orchard."))
    assert window.features["compare"].comparison.panel.sides[1].facts.text() == "There is no adapter orchard."


@pytest.mark.parametrize("how", ["key", "escape", "typing", "cursor", "tab"])
def test_it_goes_away(asked, window, qtbot, how):
    page, compare = window.bench.central.current, window.features["compare"].comparison
    if how == "key":
        window.bench.commands["assistant.compare"].action.trigger()
    elif how == "escape":
        qtbot.keyClick(page.editor, Qt.Key.Key_Escape)
    elif how == "typing":
        qtbot.keyClick(page.editor, Qt.Key.Key_X)
    elif how == "cursor":
        page.editor.set_cursor_offset(0)
    else:
        window.features["settings"].open()
    assert not compare.shown
    assert not compare.panel.isVisible()
    assert compare._replies == []


def test_a_key_that_was_held_ends_it_when_let_go_and_a_short_press_does_not(asked, window):
    editor, compare = window.bench.central.current.editor, window.features["compare"].comparison

    def let_go():
        event = QKeyEvent(QEvent.Type.KeyRelease, Qt.Key.Key_C, Qt.KeyboardModifier.AltModifier)
        QApplication.sendEvent(editor, event)

    let_go()
    assert compare.shown
    compare._opened -= 1.0
    let_go()
    assert not compare.shown
    assert not window.bench.commands["assistant.compare"].action.autoRepeat()


def test_without_an_adapter_the_way_to_one_is_shown(page, window, folder, api):
    window.bench.documents.open(folder / "src" / "tree.py")
    window.bench.commands["assistant.compare"].action.trigger()
    bar = window.bench.central.bars.bar("compare")
    bar.buttons[0].click()
    assert window.bench.central.current is page


def test_a_switch_that_the_service_refuses_is_said(fake_service, qtbot, window):
    """Against a service without adapters: what it says reaches the person as a sentence."""
    adapters = window.services.adapters
    heard = []
    adapters.failed.connect(heard.append)
    adapters.use("orchard", 0.5)
    assert adapters.switching
    qtbot.waitUntil(lambda: heard == ["The service is not running."])
    assert not adapters.switching
    process = ServiceProcess(fake_service.command, window)
    process.ready.connect(window.services.api.set_endpoint)
    with qtbot.waitSignal(process.ready):
        process.start()
    adapters.refresh()  # a service without that route has none, which is no failure
    body = {"error": {"message": "It belongs to another base."}}
    fake_service.set(adapter={"status": 409, "body": body})
    adapters.use("orchard", 0.5)
    qtbot.waitUntil(lambda: len(heard) == 2)
    assert heard[1] == "It belongs to another base."
    fake_service.set(adapter={"status": 200, "body": {"active": "orchard", "scale": 0.5}})
    adapters.use("orchard", 0.5)
    qtbot.waitUntil(lambda: adapters.active == "orchard")
    assert adapters.scale == 0.5
    process.close()
    adapters.use(None)
    qtbot.waitUntil(lambda: not adapters.switching)
    assert len(heard) == 2  # its end is said by its health
