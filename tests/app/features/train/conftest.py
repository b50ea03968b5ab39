import pytest

from tests.support import training


@pytest.fixture
def job(tmp_path, window):
    """Return the stand-in of a run's job, which the window starts from now on."""
    window.features["train"].start_job = training.FakeJob(tmp_path)
    yield window.features["train"].start_job
    if window.features["train"].control is not None:
        window.features["train"].control.stop_now()


@pytest.fixture
def page(window, folder, job):
    """Return the Train page of a window with a folder and two installed models."""
    for model in window.services.jobs.models[:2]:
        model["installed"] = True
    window.bench.folder.open(folder)
    window.services.connection.show("ready", model="small", device="cpu")
    window.features["train"].open("code")
    return window.features["train"].page


@pytest.fixture
def tune(window):
    """Return the scripted questions."""
    return window.services.tune
