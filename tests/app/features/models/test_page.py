import pytest

from assistant.config import find_paths, load_settings
from assistant.types import Progress

pytestmark = pytest.mark.gui


@pytest.fixture
def page(window):
    window.services.connection.show("none")
    return window.features["models"].get_page()


@pytest.fixture
def jobs(window):
    return window.services.jobs


def test_the_first_start_offers_what_fits_with_the_recommended_one_first(page):
    assert list(page.cards) == ["small", "middle", "large"]
    assert page.cards["small"].buttons["download"].text() == "Download (491 MB)"
    assert page.cards["small"].buttons["download"].property("kind") == "primary"
    assert page._heading.text() == "Choose a code model"


def test_a_download_shows_progress_in_both_places_and_is_used_when_done(window, page, jobs):
    page.cards["small"].buttons["download"].click()
    assert jobs.calls[-1] == ("pull", "small")
    assert not page.cards["middle"].buttons["download"].isEnabled()
    jobs.progress.emit(Progress("small", "download", 221_130_030, 491_400_064), 12_345_678.0, 21.9)
    assert page.cards["small"].status.text() == "Downloading  ·  45 %  ·  221 MB of 491 MB  ·  12 MB/s  ·  22 s left"
    assert page.cards["small"].bar.value() == 450
    assert window.bench.status.task_text("download") == "Downloading 45 %"
    jobs.progress.emit(Progress("small", "convert", 1, 4), 0.0, None)
    assert window.bench.status.task_text("download") == "Preparing 25 %"
    jobs.models[0]["installed"] = True
    jobs.end("done", "small")
    assert ("use", "small") in window.services.connection.calls
    assert load_settings(find_paths()).model == "small"
    assert window.bench.status.task_text("download") == ""
    assert "use" in page.cards["small"].buttons
    assert page._heading.text() == "Models"


def test_a_download_can_be_cancelled(window, page, jobs):
    page.cards["small"].buttons["download"].click()
    assert page.cards["small"].buttons["cancel"].isVisible()
    page.cards["small"].buttons["cancel"].click()
    assert jobs.calls[-1] == ("cancel", "")
    jobs.end("cancelled", "small")
    assert page.cards["small"].state == "idle"
    assert page.cards["middle"].buttons["download"].isEnabled()


def test_a_failure_stands_in_its_card_with_retry_and_stays_after_a_refresh(page, jobs):
    page.cards["small"].buttons["download"].click()
    jobs.end("failed", "The connection was cut. Try again.")
    card = page.cards["small"]
    assert card.status.text() == "The connection was cut. Try again."
    assert card.buttons["download"].text() == "Retry"
    page.refresh()
    assert page.cards["small"].state == "failed"
    page.cards["small"].buttons["download"].click()
    assert page.cards["small"].state == "busy"
    assert jobs.calls.count(("pull", "small")) == 2


def test_a_list_that_cannot_be_had_offers_another_try(window, jobs):
    jobs.models = []
    window.features["models"].open()
    jobs.failed.emit("The program is missing.")
    bar = window.features["models"].get_page().bars.bar("list")
    assert bar.text.text() == "The program is missing."
    bar.buttons[0].click()
    assert jobs.calls.count(("list", "")) == 2
    assert window.features["models"].get_page().bars.texts() == {}


def test_an_installed_model_is_used_or_removed_after_asking(window, page, jobs):
    for model in jobs.models[:2]:
        model["installed"] = True
    window.services.connection.show("ready", model="small", device="cpu")
    page.refresh()
    assert "use" not in page.cards["small"].buttons
    page.cards["middle"].buttons["use"].click()
    assert window.services.connection.calls[-1] == ("use", "middle")
    page.cards["middle"].buttons["remove"].click()
    assert ("remove", "middle") not in jobs.calls
    window.services.dialogs.answers["confirm"] = True
    page.cards["middle"].buttons["remove"].click()
    assert jobs.calls[-1] == ("remove", "middle")
    jobs.models[1]["installed"] = False
    jobs.end("removed", "middle")
    assert "download" in page.cards["middle"].buttons


def test_a_model_of_ones_own(window, page, jobs):
    page.add_file.click()
    assert jobs.calls[-1] == ("list", "")
    window.services.dialogs.answers["model_file"] = "/models/mine.gguf"
    page.add_file.click()
    assert jobs.calls[-1] == ("add", "/models/mine.gguf")
    assert not page.add_folder.isEnabled()
    jobs.end("failed", "mine.gguf is not a GGUF file.")
    assert page.bars.texts()["own"] == "mine.gguf is not a GGUF file."
    assert page.add_folder.isEnabled()
    window.services.dialogs.answers["folder"] = "/models/mine"
    page.add_folder.click()
    jobs.end("done", "/models/mine")
    assert jobs.calls[-2:] == [("add", "/models/mine"), ("list", "")]
    assert page.bars.texts() == {}
