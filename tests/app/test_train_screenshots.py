"""Pictures of the Train page in every state that a person meets, for looking at: build/screenshots/train-*.png."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtTest import QTest

from assistant.types import Finished, Timings
from finetune import runs
from tests.support import training

pytestmark = pytest.mark.gui

OUT = Path(__file__).parents[3] / "build" / "screenshots"
SIZE, SMALL = (1280, 900), (900, 600)
MODEL = {"model": "small", "device": "cpu"}


@pytest.fixture(params=["light", "dark", "high-contrast"])
def theme(request):
    return request.param


@pytest.fixture
def shoot(make_window, theme, folder, qtbot):
    window = make_window()
    window.services.store.update(theme=theme)
    for model in window.services.jobs.models[:2]:
        model["installed"] = True
    window.bench.folder.open(folder)
    window.features["files"].show(False)
    window.services.connection.show("ready", **MODEL, latency_ms=184.0)

    def take(name, size=SIZE, scroll=0):
        window.resize(*size)
        QTest.qWait(60)
        if window.features["train"].page is not None:
            window.features["train"].page.scroller.verticalScrollBar().setValue(scroll)
        QTest.mouseMove(window, QPoint(size[0] - 30, 6))  # where no tool tip comes up
        QTest.qWait(60)
        image = window.grab().toImage()
        OUT.mkdir(parents=True, exist_ok=True)
        assert image.save(str(OUT / f"train-{name}-{theme}.png"))
        colors = {image.pixel(x, y) for x in range(0, image.width(), 3) for y in range(0, image.height(), 3)}
        assert len(colors) > 20, "the picture is blank"

    return window, take


def test_the_code(shoot):
    window, take = shoot
    window.features["train"].open("code")
    page, tune = window.features["train"].page, window.services.tune
    take("code-busy")
    tune.answered.emit("files", training.files_answer(extra=40))
    take("code")
    page.scope.files.decide([3], True)
    page.scope.files.decide([5], True)
    tune.answered.emit("preview", training.preview_answer())
    take("code-trust")
    take("code-end", scroll=10_000)
    take("code-small", SMALL)
    take("code-small-end", SMALL, 10_000)
    tune.failed.emit("files", "This folder cannot be read: permission denied. Choose another, or ask for the right.")
    take("code-failed", SMALL)


def test_the_model(shoot):
    window, take = shoot
    window.features["train"].open("model")
    page, tune = window.features["train"].page, window.services.tune
    take("model-measuring")
    note = "Rows of 1,024 tokens would not fit: they are 512 tokens long."
    tune.answered.emit("plan", training.plan_answer(changes=[note]))
    take("model")
    page.model.more.setChecked(True)
    take("model-advanced", (1280, 1300))
    take("model-small", SMALL)
    page.model.advanced.rank.setValue(512)
    page.model._measure()
    sentence = (
        "Training needs 31 GB of memory and 12 GB are free; choose a smaller model (Qwen2.5-Coder 0.5B fits) or a lower "
        "rank."
    )
    tune.failed.emit("plan", sentence)
    take("model-refused", SMALL, 10_000)


def test_nothing_yet(shoot):
    window, take = shoot
    for model in window.services.jobs.models:
        model["installed"] = False
    window.features["train"].open("model")
    take("empty-model", SMALL)
    for step in ("run", "report", "adapters", "runs"):
        window.features["train"].page.show_step(step)
        take(f"empty-{step}", SMALL)
    window.features["train"].page.scope.show_repository(None)
    window.features["train"].page.show_step("code")
    take("empty-code", SMALL)


def test_a_run(shoot, folder):
    window, take = shoot
    run = training.make_run(folder, training.story())
    with runs.owned(run):
        window.features["train"].open("run")
        assert window.features["train"].control.state == "running"
        take("run")
        take("run-small", SMALL)
        window.bench.central.bring_to_front(window.bench.documents.open(folder / "README.md"))
        take("run-status", SMALL)
    window.features["train"].open()
    paused = training.make_run(folder, training.PAUSED, "a-rather-long-name-of-an-adapter-that-goes-on")
    window.features["train"].page._open_run(paused)
    take("run-paused")
    failed = training.make_run(folder, training.FAILED, "vineyard")
    window.features["train"].page._open_run(failed)
    take("run-failed")
    take("run-failed-small", SMALL)


def test_a_report(shoot, folder):
    window, take = shoot
    run = training.make_run(folder, training.FINISHED)
    training.write_report(run)
    window.features["train"].open("report")
    take("report", (1280, 1100))
    take("report-end", (1280, 1100), 10_000)
    take("report-small", SMALL)
    take("report-small-end", SMALL, 10_000)
    training.make_run(folder, training.PAUSED, "vineyard")
    training.make_run(folder, training.FAILED, "a-rather-long-name-of-an-adapter-that-goes-on-and-on")
    window.features["train"].page.show_step("runs")
    take("runs")
    take("runs-small", SMALL)


ADAPTERS = {
    "active": "orchard",
    "scale": 0.8,
    "adapters": [
        {"name": "orchard", "base": "small", "repository": "~/code/orchard", "made": "2026-11-20T10:00:00",
         "scale": 0.8, "fits": True, "verdict": "It helps: 31.5 % of the held-out places are right, 24.0 % without."},
        {"name": "vineyard", "base": "small", "repository": "~/code/vineyard", "made": "2026-11-02", "fits": True},
        {"name": "mill", "base": "middle", "repository": "~/code/mill", "made": "2026-10-12", "fits": False},
    ],
}  # fmt: skip


def test_adapters_and_comparing(shoot, folder, monkeypatch):
    window, take = shoot
    window.services.adapters._on_received(ADAPTERS)
    window.features["train"].open("adapters")
    take("adapters")
    take("adapters-small", SMALL)
    path = folder / "src" / "tree.py"
    text = "class Tree:\n    def harvest(self, day):\n        \n\n    def prune(self):\n        self.branches.clear()\n"
    path.write_text(text, encoding="utf-8")
    page = window.bench.documents.open(path)
    page.editor.set_cursor_offset(text.index("\n\n"))
    window.features["compare"].toggle()
    compare = window.features["compare"].comparison
    replies = list(compare._replies)
    for reply in replies:
        reply._ended = True
    take("compare-waiting")
    times = Timings(1.0, 0.0, 80.0, 103.0, 184.0)
    for number, text in enumerate(
        ("return [a for a in self.apples if a.day == day]", "ripe = self.ripe_on(day)\n        return sorted(ripe)")
    ):
        choice = support_choice(text)
        compare._on_event(number, Finished("r", "small", (choice,), 1, 0, 1, times))
    take("compare")
    take("compare-small", SMALL)
    compare.close()


def support_choice(text):
    from assistant.types import Choice

    return Choice(0, text, "stop", 9, -0.1)
