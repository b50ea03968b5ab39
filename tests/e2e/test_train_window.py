"""Learning a small repository with the tiny model from the window: the real command line, job and trainer behind it."""

import dataclasses
import subprocess
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor

from assistant.config import find_paths
from assistant.types import Finished

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

STEP_MS = 180_000


def module(name: str) -> str:
    parts = [
        f'''def make_{name}_{number}(tree, count):
    """Make something of a tree."""
    total = 0
    for branch in tree.branches:
        if branch.alive and branch.length > count + {number}:
            total += branch.length * {number}
    return total


class Holder{name.capitalize()}{number}:
    def __init__(self, tree):
        self.tree = tree
        self.items = [make_{name}_{number}(tree, each) for each in range({number + 2})]

    def describe(self):
        return f"holder of {{len(self.items)}} items"
'''
        for number in range(4)
    ]
    return "\n\n".join(parts)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository with a first commit, and later ones that can be held out."""
    folder = tmp_path / "orchard"
    (folder / "src").mkdir(parents=True)

    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=a", "-c", "user.email=a@b.invalid", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)

    git("init", "-q")
    plants = "apple berry cherry damson elder fig grape hazel iris juniper kale lemon mango nettle olive pear"
    for number, name in enumerate(plants.split()):
        (folder / "src" / f"{name}.py").write_text(module(name))
        if number >= 9:
            git("add", ".")
            git("commit", "-q", "-m", name)
    return folder


def test_a_project_is_learned_from_its_files_to_its_report(grafter_home, repository, desk, qtbot):
    from assistant.engine.tiny import make_tiny_model

    make_tiny_model(find_paths().models / "tiny")
    here = desk()
    window = here.window
    window.bench.folder.open(repository)
    window.features["train"].open("code")
    page = window.features["train"].page
    qtbot.waitUntil(lambda: page.scope.content.isVisible() or bool(page.bars.texts()), timeout=STEP_MS)
    assert page.bars.texts() == {}
    assert page.scope.split.kind == "commits"
    assert page.scope.files.rowCount() >= 10
    page.show_step("model")
    qtbot.waitUntil(lambda: page.model.model.count() > 0, timeout=STEP_MS)
    page.model.advanced.holes.setValue(10)
    page.model.advanced.rank.setValue(2)
    page.model.advanced.max_seq_length.setValue(256)
    page.model.minutes.setValue(1)
    # No setting of the page: judging by fewer holes, the random model's judgement takes a minute less.
    page.model._held_out = dataclasses.replace(page.model._held_out, validation_holes=6, library_holes=4)
    page.show_step("code")
    page.scope.show_them.click()
    qtbot.waitUntil(lambda: page.scope.samples.isVisible() or bool(page.bars.texts()), timeout=STEP_MS)
    assert page.bars.texts() == {}
    assert page.scope.samples.code.marked
    page.show_step("model")
    qtbot.waitUntil(page.model.plan.figures["steps"].isVisible, timeout=STEP_MS)
    assert page.model.plan.figures["memory"].text().endswith("B")
    page.model.start.click()
    control = window.features["train"].control
    try:
        qtbot.waitUntil(lambda: control.progress.step is not None or not control.at_work, timeout=STEP_MS)
        assert control.state == "running", (control.folder / "job.log").read_text()
        page.run.pause.click()
        qtbot.waitUntil(lambda: control.state == "paused", timeout=STEP_MS)
        step = control.progress.step.step
        page.run.resume.click()
        qtbot.waitUntil(lambda: control.progress.step.step > step, timeout=STEP_MS)
        assert control.state == "running"
        qtbot.waitUntil(lambda: not control.at_work, timeout=2 * STEP_MS)
        assert control.state == "finished", (control.folder / "job.log").read_text()
        assert page.step == "report"
        assert page.report.verdict.text() == control.progress.verdict.sentence
        assert page.report.table.rowCount() == 4
        assert page.report.examples.shown
        assert page.report.page.isVisible()
    finally:
        control.stop_now()
    # The verdict leaves a model off that writes nonsense; a person may use it all the same.
    here.start(repository)
    adapters = window.services.adapters
    qtbot.waitUntil(lambda: "orchard" in page.adapters.cards, timeout=STEP_MS)
    if adapters.active is None:
        page.adapters.cards["orchard"].on.click()
    qtbot.waitUntil(lambda: adapters.active == "orchard" and not adapters.switching, timeout=STEP_MS)
    qtbot.waitUntil(lambda: window.services.connection.state.adapter == "orchard", timeout=STEP_MS)
    file = here.open(repository / "src" / "apple.py")
    answered: list[str | None] = []
    asked = window.services.api.complete

    def complete(request):
        reply = asked(request)
        reply.received.connect(lambda event: answered.append(event.adapter) if isinstance(event, Finished) else None)
        return reply

    window.services.api.complete = complete
    file.editor.moveCursor(QTextCursor.MoveOperation.End)
    here.type(file, "\n")
    here.press(file, Qt.Key.Key_Backslash, Qt.KeyboardModifier.AltModifier)
    assert here.wait_for_ghost(file, whole=False)
    qtbot.waitUntil(lambda: bool(answered), timeout=STEP_MS)
    assert set(answered) == {"orchard"}
    assert "orchard" in window.features["train"]._adapter.text()
