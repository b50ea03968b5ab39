"""What tests of the window share: a scripted service, and a window made of the real parts with dialogs that are scripted."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject

from app.program import FEATURES
from app.services.adapters import Adapters
from app.services.api import ApiClient
from app.services.connection import Connection
from app.services.model_jobs import ModelJobs
from app.services.service_process import ServiceProcess
from app.services.settings_store import SettingsStore
from app.services.tune_jobs import TuneJobs
from app.shell.feature import Feature
from app.shell.main_window import MainWindow
from app.shell.services import Services
from app.theme import ThemeManager, load_theme
from app.widgets.dialogs import Dialogs
from app.widgets.icons import IconSet
from assistant.config import find_paths
from assistant.types import Choice, ContextPiece, Finished, Span, Timings, TokenLogprob
from tests.support.service import FakeService

MODELS: list[dict[str, Any]] = [
    {
        "id": "small",
        "name": "Qwen2.5-Coder 0.5B Instruct",
        "licence": "Apache-2.0",
        "description": "Small and quick: the one to begin with.",
        "parameters": 494_032_768,
        "download_bytes": 491_400_064,
        "disk_bytes": 988_000_000,
        "memory_bytes": 1_600_000_000,
        "fim": True,
        "installed": False,
        "fits": "yes",
        "fits_reason": "Runs well here: needs 1.5 GB of 24 GB.",
        "recommended": True,
    },
    {
        "id": "middle",
        "name": "Qwen2.5-Coder 1.5B",
        "licence": "Apache-2.0",
        "description": "Fills in far better, and wants a fast processor or a graphics card.",
        "parameters": 1_543_714_304,
        "download_bytes": 3_087_467_144,
        "disk_bytes": 3_087_467_144,
        "memory_bytes": 4_200_000_000,
        "fim": True,
        "installed": False,
        "fits": "slow",
        "fits_reason": "Runs, but slowly without a graphics card.",
        "recommended": False,
    },
    {
        "id": "large",
        "name": "StarCoder2 15B",
        "licence": "BigCode OpenRAIL-M",
        "description": "For a graphics card with 40 GB.",
        "parameters": 15_957_889_024,
        "download_bytes": 31_900_000_000,
        "disk_bytes": 31_900_000_000,
        "memory_bytes": 34_000_000_000,
        "fim": True,
        "installed": False,
        "fits": "no",
        "fits_reason": "Needs 32 GB of memory; this machine has 24 GB.",
        "recommended": False,
    },
]


class ScriptedJobs(ModelJobs):
    """Records what it is asked to do; the test emits what follows."""

    def __init__(self, parent: QObject) -> None:
        super().__init__([sys.executable, "-c", ""], parent)
        self.calls: list[tuple[str, str]] = []
        self.models: list[dict[str, Any]] = [dict(model) for model in MODELS]

    def refresh(self) -> None:
        """Answer at once."""
        self.calls.append(("list", ""))
        self.listed.emit([dict(model) for model in self.models])

    def cancel(self) -> None:
        """Only note it."""
        self.calls.append(("cancel", ""))

    def _run(self, job: str, model: str) -> None:
        self.calls.append((job, model))
        self._model = model

    def end(self, signal: str, *values: object) -> None:
        """End the job with one of the ending signals."""
        self._model = ""
        getattr(self, signal).emit(*values)


class ScriptedTuning(TuneJobs):
    """Records what it is asked; the test answers by its signals."""

    def __init__(self, parent: QObject) -> None:
        super().__init__([sys.executable, "-c", ""], parent)
        self.asked: list[tuple[str, Any]] = []
        self.gone: list[str] = []

    def ask(self, question: Any, config: Any) -> None:
        """Only note it."""
        self.asked.append((question, config))

    def drop(self, question: Any) -> None:
        """Only note it."""
        self.gone.append(question)


class ScriptedConnection(Connection):
    """Takes each state from the test."""

    def __init__(self, process: ServiceProcess, api: ApiClient, parent: QObject) -> None:
        super().__init__(process, api, parent)
        self.calls: list[tuple[str, str]] = []
        self.log = ""

    @property
    def details(self) -> str:
        """Return what the test wrote."""
        return self.log

    def restart(self) -> None:
        """Only note it."""
        self.calls.append(("restart", ""))

    def use_model(self, model: str) -> None:
        """Only note it."""
        self.calls.append(("use", model))

    def show(self, kind: str, **values: Any) -> None:
        """Change to this state."""
        self._change(kind=kind, **{"message": "", **values})


class ScriptedDialogs(Dialogs):
    """Answers from ``answers`` (by the question's name) and records each question."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[Any, ...]]] = []
        self.answers: dict[str, Any] = {}
        defaults = {
            "open_files": [],
            "folder": "",
            "save_file": "",
            "model_file": "",
            "unsaved": "cancel",
            "reopen": "cancel",
            "confirm": False,
            "browse": True,
        }
        super().__init__(**{name: self._answer(name, default) for name, default in defaults.items()})

    def _answer(self, name: str, default: object) -> Callable[..., Any]:
        def answer(*question: Any) -> Any:
            self.asked.append((name, question if name == "browse" else question[1:]))
            return self.answers.get(name, default)

        return answer


@pytest.fixture
def fake_service(tmp_path: Path) -> Any:
    """Return a FakeService with a script of its own: healthy, and with nothing to suggest."""
    folder = tmp_path / "service"
    folder.mkdir()
    return FakeService(folder)


@pytest.fixture
def root(qapp: QCoreApplication) -> Iterator[QObject]:
    """Return a parent for what a test makes; all of it is destroyed afterwards."""
    root = QObject()
    yield root
    root.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def icons(qapp: QCoreApplication) -> IconSet:
    """Return the icons in the light theme."""
    return IconSet(load_theme("light"))


@pytest.fixture
def make_window(qapp: Any, root: QObject) -> Iterator[Callable[..., MainWindow]]:
    """Return what makes a window as the composition root does, shown at 1200x760, of ``features`` where they are given."""
    made: list[MainWindow] = []

    def make(features: Sequence[type[Feature]] = FEATURES) -> MainWindow:
        store = SettingsStore(find_paths(), root)
        qapp.setStyleSheet("")  # of the test before
        theme = ThemeManager(qapp, store.settings.theme, root)
        process = ServiceProcess([sys.executable, "-c", ""], root)
        api = ApiClient(root)
        connection = ScriptedConnection(process, api, root)
        services = Services(
            find_paths(),
            store,
            theme,
            api,
            connection,
            ScriptedJobs(root),
            ScriptedDialogs(),
            ScriptedTuning(root),
            Adapters(connection, api, [sys.executable, "-c", ""], root),
        )
        window = MainWindow(services, features)
        window.resize(1200, 760)
        window.show()
        made.append(window)
        return window

    yield make
    for window in made:
        window.services.dialogs.answers["unsaved"] = "discard"
        window.close()
        window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def window(make_window: Callable[..., MainWindow]) -> MainWindow:
    """Return a window without a folder, while the service is starting."""
    return make_window()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a small project."""
    project = tmp_path / "orchard"
    (project / "src").mkdir(parents=True)
    (project / ".git").mkdir()
    (project / "node_modules" / "left-pad").mkdir(parents=True)
    (project / "node_modules" / "left-pad" / "index.js").write_text("x", encoding="utf-8")
    (project / "src" / "graft.py").write_text("def gcd(a, b):\n    return a\n", encoding="utf-8")
    (project / "src" / "tree.py").write_text("class Tree:\n\tpass\n", encoding="utf-8")
    (project / "README.md").write_bytes(b"# Orchard\r\n\r\nTrees.\r\n")
    return project


_TOKENS = (
    ("result", 0.97, (("result", 0.97), ("total", 0.02), ("return", 0.005), ("res", 0.003), ("yield", 0.001)), "result"),
    (" =", 0.93, ((" =", 0.93), (" *=", 0.05), (" //=", 0.01), (" +=", 0.004), (".", 0.001)), " ="),
    (" result", 0.55, ((" result", 0.55), (" number", 0.21), (" (", 0.09), (" l", 0.05), (" abs", 0.03)), " result"),
    (" *", 0.81, ((" *", 0.81), (" //", 0.11), (" +", 0.03), ("\n", 0.02), (" %", 0.01)), " *"),
    (" number", 0.95, ((" number", 0.95), (" (", 0.02), (" n", 0.01), (" int", 0.004), (" abs", 0.001)), " number"),
    (" //", 0.42, ((" //", 0.42), ("\n", 0.38), (" /", 0.1), (" %", 0.04), (";", 0.01)), " //"),
    (" gcd", 0.88, ((" gcd", 0.88), (" math", 0.06), (" result", 0.02), (" (", 0.02), (" lcm", 0.01)), " gcd"),
    ("(result", 0.24, (("(number", 0.61), ("(result", 0.24), ("(a", 0.05), ("(", 0.05), ("(self", 0.01)), "(result"),
    (", number", 0.9, ((", number", 0.9), (", ", 0.04), (",", 0.03), (")", 0.01), (", n", 0.01)), ", number"),
    (")\n", 0.92, ((")\n", 0.92), (")", 0.05), (")\n\n", 0.01), (") #", 0.01), (")]", 0.001)), ")\n"),
    ("   ", 0.99, (("   ", 0.99), ("       ", 0.01), ("\n", 0.0004), ("  ", 0.0001), ("return", 0.0001)), "    "),
    (" return", 0.98, ((" return", 0.98), (" yield", 0.01), (" print", 0.003), (" if", 0.002), (" assert", 0.001)), "return"),
    (" result", 0.99, ((" result", 0.99), (" abs", 0.003), (" int", 0.002), (" (", 0.001), (" lcm", 0.0004)), " result"),
    ("\n\n", 0.7, (("\n\n", 0.7), ("\n", 0.24), ("<|endoftext|>", 0.04), (" #", 0.01), (" if", 0.004)), ""),
    ("print", 0.07, (("def", 0.71), ("print", 0.07), ("if", 0.05), ("class", 0.04), ("@", 0.02)), ""),
)  # fmt: skip


def _described(index: int, start: int) -> TokenLogprob:
    text, chance, top, _ = _TOKENS[index]
    return TokenLogprob(text, math.log(chance), tuple((each, math.log(p)) for each, p in top), start)


def make_answer(**changes) -> Finished:
    """Return the answer of a suggestion of two lines from which a filter cut the end."""
    starts = [sum(len(text) for text, *_ in _TOKENS[:number]) for number in range(len(_TOKENS))]
    logprobs = tuple(_described(number, start) for number, start in enumerate(starts))
    spans = tuple(Span(kept or text, number, bool(kept)) for number, (text, _, _, kept) in enumerate(_TOKENS))
    text = "".join(span.text for span in spans if span.kept)
    mean = sum(logprobs[span.token].logprob for span in spans if span.kept and span.token is not None) / 13
    choice = Choice(0, text, "stop", 15, mean, logprobs, spans=spans)
    fields = {
        "request_id": "r",
        "model": "qwen2.5-coder-0.5b-instruct",
        "choices": (choice,),
        "prompt_tokens": 731,
        "cached_tokens": 548,
        "generated_tokens": 15,
        "timings": Timings(12.4, 3.1, 96.0, 148.0, 259.5),
        "context": (
            ContextPiece("src/graft.py", (1, 2), 31, "defines gcd"),
            ContextPiece("src/tree.py", (1, 2), 88, "similar lines"),
            ContextPiece("src/deeply/nested/packages/of/the/orchard/with_a_rather_long_name_of_a_module.py", (112, 140), 210, "edited lately"),
            ContextPiece("src/numbers.py", (1, 23), 402, "this file"),
        ),
        "filters": ("leaves-block", "tabs-and-spaces"),
        "filter_sentences": ("Ends where the block of the cursor ends.", "Indents new lines the way the file does."),
        "draft_tokens": 9,
        "accepted_tokens": 6,
        "device": "cpu",
        "dtype": "float32, 4-bit weights",
    }  # fmt: skip
    return Finished(**{**fields, **changes})


@pytest.fixture
def answer() -> Callable[..., Finished]:
    """Return what makes an answer with everything that can be known of one; fields can be given."""
    return make_answer
