"""The composition root of the window: makes every part, shows the window, then starts the service behind it."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import traceback
from importlib import resources
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QApplication

from app.features.acceptance.feature import AcceptanceFeature
from app.features.compare.feature import CompareFeature
from app.features.explain.feature import ExplainFeature
from app.features.files.feature import FilesFeature
from app.features.models.feature import ModelsFeature
from app.features.output.feature import OutputFeature
from app.features.settings.feature import SettingsFeature
from app.features.suggest.feature import SuggestFeature
from app.features.train.feature import TrainFeature
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
from app.theme import ThemeManager
from app.widgets.dialogs import Dialogs
from assistant.config import find_paths

FEATURES: tuple[type[Feature], ...] = (
    FilesFeature,
    SuggestFeature,
    ExplainFeature,
    OutputFeature,
    CompareFeature,
    TrainFeature,
    AcceptanceFeature,
    ModelsFeature,
    SettingsFeature,
)
"""What the window offers, in the order of the activity bar. A new feature is its package and a line here."""


def run(arguments: list[str]) -> int:
    """Show the window for ``arguments`` and return the exit code."""
    parser = argparse.ArgumentParser(prog="grafter", description="Open the editor.")
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="a folder to work in, or files to open")
    parser.add_argument("--startup-report", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if problem := _bad_path(options.paths):
        print(problem, file=sys.stderr)  # noqa: T201
        return 2
    application = QApplication(sys.argv[:1])
    application.setApplicationName("grafter")
    application.setApplicationDisplayName("Grafter")
    application.setDesktopFileName("grafter")
    application.setWindowIcon(window_icon())
    window, process = build(application)
    if options.startup_report:
        _StartupReport(window)
    sys.excepthook = _hook(window)
    window.show()
    window.bench.folder.open_paths(options.paths)
    # The first paint comes before the service: its start must not be waited for.
    QTimer.singleShot(0, window.services.connection.start)
    application.aboutToQuit.connect(process.close)
    return application.exec()


def build(application: QApplication) -> tuple[MainWindow, ServiceProcess]:
    """Make the window with everything it works with. Nothing is started yet."""
    grafter = [sys.executable, "-P", "-m", "assistant.cli.main"]
    paths = find_paths()
    store = SettingsStore(paths, application)
    theme = ThemeManager(application, store.settings.theme, application)
    # Model and device are the settings' own, which the service reads at each start.
    process = ServiceProcess([*grafter, "serve", "--port", "0", "--parent-pid", str(os.getpid())], application)
    api = ApiClient(application)
    connection = Connection(process, api, application)
    jobs = ModelJobs([*grafter, "models"], application)
    tune = TuneJobs([*grafter, "finetune"], application)
    adapters = Adapters(connection, api, [*grafter, "adapters"], application)
    services = Services(paths, store, theme, api, connection, jobs, Dialogs(), tune, adapters)
    window = MainWindow(services, FEATURES)
    return window, process


def window_icon() -> QIcon:
    """Return the program's icon."""
    pixmap = QPixmap()
    pixmap.loadFromData((resources.files("resources") / "icons" / "grafter.svg").read_bytes(), "SVG")
    return QIcon(pixmap)


def _bad_path(paths: list[Path]) -> str:
    for path in paths:
        if not path.exists() and not path.absolute().parent.is_dir():
            return f"There is no {path}, and no folder {path.absolute().parent} to make it in. Check the path."
    return ""


def _hook(window: MainWindow) -> object:
    def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Say it in the window: an unexpected error must never take the text away."""
        text = "".join(traceback.format_exception(kind, error, trace))
        sys.stderr.write(text)
        if issubclass(kind, KeyboardInterrupt):
            window.close()
        else:
            window.report(text)

    return report


class _StartupReport(QObject):
    """Prints how long it took from the start of the process to the first paint of the window."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Wait for the first paint."""
        if event.type() == QEvent.Type.Paint:
            watched.removeEventFilter(self)
            QTimer.singleShot(0, self._print)
        return False

    def _print(self) -> None:
        print(json.dumps({"event": "shown", "ms": round(_age_s() * 1000)}), flush=True)  # noqa: T201


def _age_s() -> float:
    """Return how many seconds ago this process was started."""
    if sys.platform == "linux":  # psutil adds a boot time in whole seconds, which is off by up to one
        fields = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / os.sysconf("SC_CLK_TCK")
    import psutil  # noqa: PLC0415 - only this report needs it

    return time.time() - psutil.Process().create_time()
