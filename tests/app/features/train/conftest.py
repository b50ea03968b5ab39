import importlib.util
from pathlib import Path

import pytest


@pytest.fixture
def support():
    """Return what tests of the Train page share."""
    spec = importlib.util.spec_from_file_location("support_train", Path(__file__).with_name("support_train.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def job(support, tmp_path, window):
    """Return the stand-in of a run's job, which the window starts from now on."""
    window.features["train"].start_job = support.FakeJob(tmp_path)
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
