"""What every test gets: its own GRAFTER_HOME, offscreen Qt with fonts, no leaked threads or processes."""

import os

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import contextlib
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import settings
from pytestqt.qtbot import QtBot

from assistant.config import DEFAULT_MODEL, find_paths
from assistant.system import background
from tests.support.patience import PATIENCE_MS, PATIENCE_S

# A slow machine breaks no promise: no deadline for one example. No data base: what runs beside it shares no file. The
# examples are the same in each run; "pytest --hypothesis-profile=wide" looks for others.
settings.register_profile("grafter", deadline=None, database=None, derandomize=True)
settings.register_profile("wide", deadline=None, database=None, max_examples=1000)
settings.load_profile("grafter")

# Asked before the fixtures below point GRAFTER_HOME elsewhere.
_REAL_MODELS = find_paths().models


@pytest.fixture(autouse=True)
def grafter_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test stores of its own; return their folder."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("GRAFTER_HOME", str(home))
    return home


@pytest.fixture(autouse=True, scope="session")
def no_stepping_back() -> Iterator[None]:
    """Let background work run as soon as all else: a test waits for it, and stands still where others want the cores."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(background, "NICENESS", 0)
        yield


@pytest.fixture
def no_umask() -> Iterator[None]:
    """Take nothing away from the modes of new files and folders: what is private then is so by itself."""
    before = os.umask(0)
    yield
    os.umask(before)


def find_open(top: Path) -> dict[str, str]:
    """Return what others than the owner may do anything with, in a folder and as that, with its mode in octal."""
    places = [top, *top.rglob("*")]
    modes = {str(place.relative_to(top.parent)): stat.S_IMODE(place.lstat().st_mode) for place in places}
    wanted = {name: 0o700 if (top.parent / name).is_dir() else 0o600 for name in modes}
    return {name: oct(mode) for name, mode in modes.items() if mode != wanted[name]}


@pytest.fixture
def open_places() -> Callable[[Path], dict[str, str]]:
    """Return ``find_open``."""
    return find_open


@pytest.fixture(scope="session")
def real_model() -> Path:
    """Return the folder of the installed default model (the ``model`` tier)."""
    folder = _REAL_MODELS / DEFAULT_MODEL
    if not (folder / "model.json").exists():
        pytest.fail(f"The model {DEFAULT_MODEL} is not installed; run 'make model' first.")
    return folder


@pytest.fixture
def home_with_real_model(grafter_home: Path, real_model: Path) -> Path:
    """Return a GRAFTER_HOME in which the default model is installed, by a link to its folder."""
    models = grafter_home / "models"
    models.mkdir()
    (models / DEFAULT_MODEL).symlink_to(real_model, target_is_directory=True)
    # A test waits for a suggestion, however unsure the model is of it.
    (grafter_home / "settings.toml").write_text("confidence = 0.0\n")
    return grafter_home


class PatientBot(QtBot):
    """pytest-qt's bot, which waits as long for what a test waits for as every other test does."""

    def waitUntil(self, callback: Callable[[], object], *, timeout: int = PATIENCE_MS) -> None:  # noqa: N802
        super().waitUntil(callback, timeout=timeout)

    def waitSignal(self, signal: Any, *, timeout: int = PATIENCE_MS, **options: Any) -> Any:  # noqa: N802
        return super().waitSignal(signal, timeout=timeout, **options)

    def waitSignals(self, signals: Any, *, timeout: int = PATIENCE_MS, **options: Any) -> Any:  # noqa: N802
        return super().waitSignals(signals, timeout=timeout, **options)

    def waitExposed(self, widget: Any, *, timeout: int = PATIENCE_MS) -> Any:  # noqa: N802
        return super().waitExposed(widget, timeout=timeout)

    def waitActive(self, widget: Any, *, timeout: int = PATIENCE_MS) -> Any:  # noqa: N802
        return super().waitActive(widget, timeout=timeout)


@pytest.fixture
def qtbot(qapp: Any, request: pytest.FixtureRequest) -> PatientBot:
    """Return a bot that is patient: see tests/support/patience.py."""
    return PatientBot(request)


def has_children() -> bool:
    """Return whether this process has any child, running or not."""
    if not hasattr(os, "waitid"):
        return True
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def running_children() -> list[psutil.Process]:
    """Return the processes that this one started, directly or not, and that still run."""
    if not has_children():  # which most tests have not, and looking through all processes takes milliseconds
        return []
    running = []
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if child.status() != psutil.STATUS_ZOMBIE:
                running.append(child)
    return running


def lineage(process: psutil.Process) -> set[int]:
    """Return the ids of a process and of those it comes from."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return {process.pid, *(parent.pid for parent in process.parents())}
    return {process.pid}


@pytest.fixture(autouse=True)
def nothing_leaks() -> Iterator[None]:
    """Fail a test that leaves a thread or a process behind; what a program of several tests starts is that program's."""
    threads = set(threading.enumerate())
    children = {child.pid for child in running_children()}
    yield

    def left() -> list[str]:
        rows = [f"thread {t.name}" for t in threading.enumerate() if t not in threads and not t.daemon]
        rows += [f"process {c.pid} {c.name()}" for c in running_children() if not children & lineage(c)]
        return rows

    deadline = time.monotonic() + PATIENCE_S
    while left() and time.monotonic() < deadline:
        time.sleep(0.02)
    if rest := left():
        pytest.fail(f"left behind: {', '.join(rest)}")
