"""Pictures of the window in every state that a person meets, for looking at: build/screenshots/*.png."""

import dataclasses
import time
from pathlib import Path
from random import Random

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox

from app.widgets.dialogs import ask_reopen
from assistant.editing.acceptance.record import Record
from assistant.editing.acceptance.store import AcceptanceStore
from assistant.types import ContextPiece, Progress
from tests.support.visible import cut_off, texts_of

pytestmark = pytest.mark.gui

OUT = Path(__file__).parents[2] / "build" / "screenshots"
SIZE = (1280, 800)
SMALL = (900, 600)
MODEL = {"model": "qwen2.5-coder-0.5b-instruct", "device": "cpu"}
CODE = '''\
"""Greatest common divisors, and what follows from them."""

from collections.abc import Iterable


def gcd(a: int, b: int) -> int:
    """Return the largest number that divides both."""
    while b:
        a, b = b, a % b
    return a


def lcm(numbers: Iterable[int]) -> int:
    """Return the smallest number that all of them divide."""
    result = 1
    for number in numbers:
'''
GHOST = "result = result * number // gcd(result, number)\n    return result"
AFTER = '''


def coprime(a: int, b: int) -> bool:
    """Whether no number but 1 divides both."""
    return gcd(a, b) == 1
'''


# What a picture shows of what happened, besides the words of the page. Small windows say the same as large ones.
SAYS = {
    "window": ("Ln 17, Col 9", "numbers.py", "UTF-8", "Python"),
    "window-small": ("Ln 17, Col 9", "numbers.py"),
    "first-start": ("491 MB", "this machine has 24 GB", "Apache-2.0"),
    "first-start-downloading": ("221 MB of 491 MB", "45 %", "Cancel"),
    "first-start-small": ("221 MB of 491 MB", "45 %", "Cancel"),
    "first-start-failed": ("Retry",),
    "failure": ("It failed 5 times within 60 s",),
    "failure-log": ("It failed 5 times within 60 s",),
    "asleep": ("unloaded",),
    "settings-server-bad": ("'gpu-box:8000' is not the address of a server",),
    "settings-server-small": ("'gpu-box:8000' is not the address of a server",),
    "find": ("6 of 6",),
    "reopened": ("numbers.py was read again. Your text with the unsaved changes is in Untitled 1.", "Show it"),
    "why": ("(result  24 %", "this file, in short"),
    "why-small": ("(result  24 %",),
    "acceptance": ("183 of 531 shown", "30 s: 94 %, 2 min: 90 %"),
    "acceptance-small": ("183 of 531 shown", "30 s: 94 %, 2 min: 90 %"),
}


@pytest.fixture(params=["light", "dark"])
def theme(request):
    return request.param


@pytest.fixture
def shoot(make_window, theme, qtbot):
    """Return the window in a theme and what takes its picture."""
    window = make_window()
    window.services.store.update(theme=theme)

    def take(name: str, size: tuple[int, int] = SIZE) -> QImage:
        window.resize(*size)
        QTest.qWait(80)
        QTest.mouseMove(window, QPoint(size[0] - 30, 6))  # where no tool tip comes up
        image = window.grab().toImage()
        OUT.mkdir(parents=True, exist_ok=True)
        assert image.save(str(OUT / f"{name}-{theme}.png"))
        ratio = image.devicePixelRatio()
        assert (image.width(), image.height()) == (size[0] * ratio, size[1] * ratio)
        colors = {image.pixel(x, y) for x in range(0, image.width(), 3) for y in range(0, image.height(), 3)}
        assert len(colors) > 40, "the picture is blank"
        assert cut_off(window) == []
        seen = texts_of(window)
        assert [said for said in SAYS.get(name, ()) if not any(said in text for text in seen)] == []
        return image

    return window, take


def open_code(window, folder):
    path = folder / "src" / "numbers.py"
    path.write_text(CODE + "        " + AFTER, encoding="utf-8")
    window.bench.folder.open(folder)
    window.bench.documents.open(folder / "README.md")
    page = window.bench.documents.open(path)
    page.editor.set_cursor_offset(len(CODE) + 8)
    window.features["files"].panel.tree.expandAll()
    return page


def test_ghost_text_of_two_lines(shoot, folder):
    window, take = shoot
    page = open_code(window, folder)
    window.services.connection.show("ready", **MODEL, latency_ms=184.0)
    page.editor.show_suggestion(GHOST)
    with_ghost = take("window")
    assert page.editor.plain_text() == CODE + "        " + AFTER
    page.editor.clear_suggestion()
    assert take("window-without") != with_ghost
    page.editor.show_suggestion(GHOST)
    take("window-small", SMALL)


def test_first_start(shoot):
    window, take = shoot
    window.services.connection.show("none")
    take("first-start")
    window.features["models"].get_page().cards["small"].buttons["download"].click()
    window.services.jobs.progress.emit(Progress("small", "download", 221_130_030, 491_400_064), 12_345_678.0, 21.9)
    take("first-start-downloading")
    take("first-start-small", SMALL)
    message = (
        "The connection to the hub was cut after 211 MB. What arrived is kept: try again, or choose another source."
    )
    window.services.jobs.end("failed", message)
    take("first-start-failed")


def test_a_service_that_gave_up(shoot, folder):
    window, take = shoot
    page = open_code(window, folder)
    page.editor.insertPlainText("result ")
    reason = "The service was killed or crashed. It failed 5 times within 60 s and was not restarted."
    window.services.connection.log = "loading weights\nRuntimeError: the file model.safetensors is damaged\n"
    window.services.connection.show("failed", message=reason)
    take("failure")
    window.features["output"].show(True)
    take("failure-log", SMALL)


def test_welcome(shoot, folder, tmp_path):
    window, take = shoot
    window.services.connection.show("loading", **MODEL, progress=0.42)
    take("welcome")
    window.services.store.remember(str(tmp_path / "a-long-name-of-a-folder" / "that-goes-on-and-on" / "vineyard"))
    window.services.store.remember(str(tmp_path / "orchard"))
    take("welcome-recent")
    window.bench.folder.open(folder)
    take("welcome-folder", SMALL)


def test_a_model_that_sleeps(shoot, folder):
    window, take = shoot
    open_code(window, folder)
    window.services.connection.show("idle", model=MODEL["model"], latency_ms=184.0)
    take("asleep")
    take("asleep-small", SMALL)


def test_settings(shoot):
    window, take = shoot
    window.features["settings"].open()
    take("settings")
    take("settings-small", SMALL)


def test_settings_of_a_server(shoot):
    window, take = shoot
    window.services.connection.show("ready", model="Qwen/Qwen2.5-Coder-7B", device="remote gpu-box:8000")
    window.features["settings"].open()
    settings = window.features["settings"].get_page()
    settings.scroller.ensureWidgetVisible(settings.server_fallback)
    settings.server.setText("http://gpu-box:8000/v1")
    settings.server.editingFinished.emit()
    settings.scroller.ensureWidgetVisible(settings.server_fallback)
    take("settings-server")
    settings.server.setText("gpu-box:8000")
    settings.server.editingFinished.emit()
    settings.scroller.ensureWidgetVisible(settings.server_fallback)
    take("settings-server-bad")
    window.resize(*SMALL)
    QTest.qWait(80)
    settings.scroller.ensureWidgetVisible(settings.server_fallback)
    take("settings-server-small", SMALL)


def test_palette_and_find(shoot, folder):
    window, take = shoot
    page = open_code(window, folder)
    window.services.connection.show("thinking", **MODEL, latency_ms=184.0)
    window.bench.commands["view.palette"].action.trigger()
    take("palette")
    QTest.keyClicks(window.bench.picker.line, "theme")
    take("palette-typed")
    QTest.keyClick(window.bench.picker.line, Qt.Key.Key_Escape)
    page.find_bar.open_bar()
    QTest.keyClicks(page.find_bar.line, "number")
    QTest.qWait(150)  # counting waits for a pause
    take("find")


@pytest.mark.qt_log_ignore("propagateSizeHints", extend=True)
def test_a_file_that_is_read_again_with_unsaved_changes(shoot, folder, theme, monkeypatch):
    window, take = shoot
    page = open_code(window, folder)
    page.editor.insertPlainText("result")
    asked = []

    def press(self):
        self.show()
        QTest.qWait(80)
        asked.extend([self.text(), *(button.text() for button in self.buttons())])
        assert self.grab().toImage().save(str(OUT / f"reopen-{theme}.png"))
        assert cut_off(self) == []
        next(button for button in self.buttons() if button.text() == "Keep in a new tab").click()
        return 0

    monkeypatch.setattr(QMessageBox, "exec", press)
    window.services.dialogs.reopen = ask_reopen
    assert window.bench.documents.reopen(page, "cp1252")
    take("reopened")
    assert asked[0] == "Save the changes to numbers.py before it is read again?"
    assert {"Save and reopen", "Keep in a new tab"} < set(asked[1:])


def explain(window, folder, finished, number=0):
    page = open_code(window, folder)
    window.services.connection.show("ready", **MODEL, latency_ms=184.0)
    window.features["suggest"].completion.explained.emit(finished, number)
    window.features["why"].show(True)
    page.editor.show_suggestion(finished.choices[number].text)
    return window.features["why"].panel


def test_why_this_suggestion(shoot, folder, answer):
    window, take = shoot
    short = ContextPiece("src/numbers.py", (24, 190), 310, "this file, in short")
    panel = explain(window, folder, answer(context=(*answer().context, short)))
    take("why", (1280, 960))
    panel.give_focus()
    for _ in range(7):
        QTest.keyClick(panel.tokens, Qt.Key.Key_Right)
    take("why-pointed")
    take("why-small", SMALL)
    panel.scroller.verticalScrollBar().setValue(10_000)
    take("why-small-end", SMALL)


def test_why_there_is_little_to_tell(shoot, folder, answer):
    window, take = shoot
    window.bench.folder.open(folder)
    window.features["why"].show(True)
    take("why-empty", SMALL)
    whole = answer().choices[0]
    silent = dataclasses.replace(whole, logprobs=(), spans=(), mean_logprob=None)
    note = "This model cannot see what follows the cursor."
    panel = explain(window, folder, answer(choices=(silent,), device="remote gpu-box:8000", filters=(), note=note))
    take("why-silent")
    hidden = dataclasses.replace(whole, text="", spans=tuple(dataclasses.replace(s, kept=False) for s in whole.spans))
    sentence = "Shows nothing unasked that the model itself holds for unlikely."
    window.features["suggest"].completion.explained.emit(
        answer(choices=(hidden,), filters=("low-confidence",), filter_sentences=(sentence,)), 0
    )
    window.features["suggest"].completion.failed.emit("The graphics card has not enough free memory for this request.")
    take("why-hidden")
    assert panel.bars.texts() == {"request": "The graphics card has not enough free memory for this request."}


def test_high_contrast(make_window, folder, answer):
    window = make_window()
    window.services.store.update(theme="high-contrast")
    page = open_code(window, folder)
    page.editor.show_suggestion(GHOST)
    window.resize(*SIZE)
    QTest.qWait(80)
    OUT.mkdir(parents=True, exist_ok=True)
    assert window.grab().save(str(OUT / "window-high-contrast.png"))
    panel = explain(window, folder, answer())
    panel.give_focus()
    QTest.keyClick(panel.tokens, Qt.Key.Key_End)
    QTest.qWait(80)
    assert window.grab().save(str(OUT / "why-high-contrast.png"))


def kept(window, *, days=24, shown=40):
    """Suggestions of some weeks, in four languages, by two models, one of them with an adapter of a long name."""
    store = AcceptanceStore(window.services.paths.acceptance)
    random = Random(7)
    names = [
        ("Python", "qwen2.5-coder-0.5b-instruct", "orchard-service-and-its-long-name"),
        ("TypeScript", "qwen2.5-coder-1.5b", ""),
        ("Rust", "qwen2.5-coder-1.5b", ""),
        ("", "qwen2.5-coder-0.5b-instruct", ""),
    ]
    for day in range(days):
        at = int(time.time()) - day * 86_400
        records = []
        for _ in range(random.randrange(shown // 3, shown)):
            language, model, adapter = random.choices(names, (60, 30, 15, 2))[0]
            taken = random.random() < 0.25 + 0.1 * (day < days / 2) + 0.08 * bool(adapter)
            how = random.choices(["all", "line", "word"], (8, 1, 2))[0] if taken else None
            fate = "taken" if taken else random.choice(["edited", "edited", "edited", "moved", "dismissed", "typed"])
            count = random.randrange(4, 70)
            records.append(
                Record(at, random.randrange(200, 4000), random.choice(["auto", "ahead"]), fate, how, count, 1,
                       count if taken else 0, 0, int(taken), language, model, adapter)
            )  # fmt: skip
        numbers = store.add(records)
        for number, record in zip(numbers, records, strict=True):
            if record.taken:
                store.set_there([(number, after, min(1.0, random.gauss(share, 0.1)))
                                 for after, share in ((30, 0.97), (120, 0.9), (300, 0.85))])  # fmt: skip
    store.close()


def open_acceptance(window, qtbot):
    window.features["acceptance"].open()
    page = window.features["acceptance"].page
    qtbot.waitUntil(lambda: not page._draw_soon.isActive())
    return page


def test_acceptance(shoot, folder, qtbot):
    window, take = shoot
    open_code(window, folder)
    window.services.connection.show("ready", **MODEL, latency_ms=184.0)
    page = open_acceptance(window, qtbot)
    take("acceptance-empty")
    kept(window)
    page.refresh()
    take("acceptance")
    page.scroller.verticalScrollBar().setValue(10_000)
    take("acceptance-end")
    page.scroller.verticalScrollBar().setValue(0)
    take("acceptance-small", SMALL)
    page.scroller.verticalScrollBar().setValue(560)
    take("acceptance-small-plots", SMALL)


def test_acceptance_of_few(shoot, qtbot):
    window, take = shoot
    kept(window, days=1, shown=18)
    open_acceptance(window, qtbot)
    take("acceptance-few")


def test_acceptance_in_high_contrast(make_window, qtbot):
    window = make_window()
    window.services.store.update(theme="high-contrast")
    window.features["files"].show(False)
    kept(window, days=80)
    page = open_acceptance(window, qtbot)
    page.range.setCurrentIndex(2)
    window.resize(*SIZE)
    QTest.qWait(120)
    OUT.mkdir(parents=True, exist_ok=True)
    assert window.grab().save(str(OUT / "acceptance-high-contrast.png"))
