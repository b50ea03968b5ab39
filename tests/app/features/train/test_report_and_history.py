import pytest

from finetune import runs
from tests.support import training

pytestmark = pytest.mark.gui


@pytest.fixture
def finished(page, folder, window):
    run = training.make_run(folder, training.FINISHED)
    training.write_report(run)
    window.features["train"].open("report")
    return run


def cells(table):
    return [
        [table.item(row, column).text() for column in range(table.columnCount())] for row in range(table.rowCount())
    ]


def test_the_verdict_comes_first_with_its_state(page, finished):
    report = page.report
    assert report.content.isVisible()
    assert report.verdict.text() == training.SENTENCE
    assert report.state.text() == "active at 0.8"
    assert cells(report.table)[3] == [
        "Adapter with retrieval",
        "31.5 %",
        "25.0 to 38.0 %",
        "62.2 %",
        "96.0 %",
        "391 ms",
    ]
    assert "Base model alone: 14.5 %" in report.chart.accessibleDescription()
    facts = dict(report.facts.rows)
    assert facts["Held-out loss"] == "1.412 nats a token before, 1.087 after"
    assert facts["Adapter alone against base model alone"].startswith("+7.5 points, 95 % interval +3.0 to +12.0")
    assert "(−0.7 points)" in facts["Forgetting"]
    assert cells(report.kinds)[0] == ["line", "61", "10 %", "20 %", "22 %", "30 %"]


def test_left_off_is_said(page, folder, window):
    run = training.make_run(folder, training.FINISHED)
    training.write_report(run, verdict={"active": False, "scale": 0.0, "sentence": "Left off: it does not help."})
    window.features["train"].open("report")
    assert page.report.state.text() == "left off"


def test_parts_that_a_report_has_not_are_not_shown(page, folder, window):
    run = training.make_run(folder, training.FINISHED)
    (run / "report.json").write_text('{"verdict": {"active": true, "scale": 1.0, "sentence": "It helps."}}')
    window.features["train"].open("report")
    report = page.report
    parts = (
        report.arms_part,
        report.facts_part,
        report.loss_part,
        report.kinds_part,
        report.examples_part,
        report.page,
    )
    assert not any(part.isVisible() for part in parts)


def test_a_broken_report_is_said(page, folder, window):
    run = training.make_run(folder, training.FINISHED)
    (run / "report.json").write_text("{")
    window.features["train"].open("report")
    assert "is not JSON" in page.bars.texts()["report"]
    assert page.report.empty.isVisible()


def test_examples_stand_beside_the_truth_and_are_filtered(page, finished):
    examples = page.report.examples
    assert len(examples.shown) == 20
    assert examples.truth.marked.startswith("ripe = [apple")
    assert examples.signs["both"].text() == "right"
    assert examples.signs["base"].text() == "different"
    assert examples.boxes["both"].toPlainText().split("\n")[1] == "return sorted(ripe, key=weight)"
    examples.which.setCurrentIndex(examples.which.findData("bad"))
    assert len(examples.shown) == 4
    assert examples.signs["both"].text() == "different"
    examples.back.click()
    assert examples.count.text() == "4 / 4"


def test_the_full_report_opens_in_the_browser(page, finished, window):
    page.report.page.click()
    assert window.services.dialogs.asked[-1] == ("browse", (str(finished / "report.html"),))
    window.services.dialogs.answers["browse"] = False
    page.report.page.click()
    assert "No browser opened" in page.bars.texts()["report"]


def test_all_runs_are_listed_the_newest_first(page, folder, finished, qtbot):
    paused = training.make_run(folder, training.PAUSED, "vineyard")
    failed = training.make_run(folder, training.FAILED, "mill")
    page.show_step("runs")
    qtbot.waitUntil(lambda: len(page.history.cards) == 3 and not page.history.reading)
    cards = page.history.cards
    assert [cards[run].state.text() for run in (finished, paused, failed)] == ["finished", "paused", "failed"]
    assert cards[finished].verdict.text() == training.SENTENCE
    assert cards[failed].verdict.text().startswith("The loss is no number")
    assert cards[paused].resume.isVisible()
    assert not cards[finished].resume.isVisible()
    cards[finished].open.click()
    assert page.step == "report"


def test_removing_a_run_asks_first(page, folder, finished, window, qtbot):
    page.show_step("runs")
    qtbot.waitUntil(lambda: bool(page.history.cards))
    page.history.cards[finished].remove.click()
    assert finished.exists()
    window.services.dialogs.answers["confirm"] = True
    page.history.cards[finished].remove.click()
    assert not finished.exists()
    assert window.features["train"].control.folder is None
    assert page.history.empty.isVisible()
    assert page.history.cards == {}


def test_a_run_at_work_cannot_be_removed(page, folder, qtbot):
    run = training.make_run(folder, training.story())
    with runs.owned(run):
        page.show_step("runs")
        qtbot.waitUntil(lambda: bool(page.history.cards))
        assert not page.history.cards[run].remove.isEnabled()


def test_resuming_from_the_list_shows_the_run(page, folder, job, qtbot, window):
    run = training.make_run(folder, training.PAUSED)
    page.show_step("runs")
    qtbot.waitUntil(lambda: bool(page.history.cards))
    page.history.cards[run].resume.click()
    assert page.step == "run"
    assert job.started == [run]
