"""Start-up time of the window, and time from key to ghost text with the real model warm: ``make bench``.

Everything is the real program: the window offscreen, ``grafter serve`` behind it, the installed default model. Prints
medians and writes build/bench.json. The debounce of the settings is part of the time from key to ghost text.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
ROOT = Path(__file__).resolve().parents[2]

RUNS = 5
WAIT_SECONDS = 120.0

# Files with a cursor (at the bar) and the key that is pressed there.
PLACES = [
    ("def gcd(a, b):|\n", "\n"),
    ("import os\n\n\ndef list_python_files(folder):|\n", "\n"),
    ("def mean(values):\n    return sum(values) |\n", "/"),
    ("class Stack:\n    def __init__(self):\n        self.items = []\n\n    def push(self, item):|\n", "\n"),
    (
        "def is_prime(n):\n    if n < 2:|\n    for i in range(2, n):\n        if n % i == 0:\n            return False\n",
        "\n",
    ),
    ("words = text.split()\ncounts = {}\nfor word in words:|\nprint(counts)\n", "\n"),
    ("import json\n\n\ndef load(path):\n    with open(path) as file:\n        return |\n", "j"),
    ("function add(a, b) {|\n}\n", "\n"),
]


def main() -> int:
    """Run everything; return the exit status."""
    from assistant.config import DEFAULT_MODEL, find_paths

    installed = find_paths().models / DEFAULT_MODEL
    if not (installed / "model.json").exists():
        print("bench: the default model is not installed; run 'make model'.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GRAFTER_HOME"] = str(Path(folder) / "home")
        models = Path(os.environ["GRAFTER_HOME"]) / "models"
        models.mkdir(parents=True)
        (models / DEFAULT_MODEL).symlink_to(installed, target_is_directory=True)
        results = {"window_shown_ms": window_times(Path(folder)), **suggestion_times(Path(folder))}
    table = {name: summary(values) for name, values in results.items()}
    for name, row in table.items():
        print(f"{name:32} median {row['median']:8.0f}   min {row['min']:8.0f}   max {row['max']:8.0f}   n {row['n']}")
    out = ROOT / "build"
    out.mkdir(exist_ok=True)
    (out / "bench.json").write_text(json.dumps(table, indent=2) + "\n")
    return 0


def summary(values: list[float]) -> dict[str, float]:
    """Return what is quoted of a row of figures."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "n": len(values)}


def window_times(folder: Path) -> list[float]:
    """Return milliseconds from the start of the process to the first paint, for RUNS starts after one warm-up."""
    command = [sys.executable, "-P", "-m", "app", "--startup-report", str(folder)]
    times: list[float] = []
    for _ in range(RUNS + 1):
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            assert process.stdout is not None
            times.append(json.loads(process.stdout.readline())["ms"])
            process.terminate()
    return times[1:]


def suggestion_times(folder: Path) -> dict[str, list[float]]:
    """Return milliseconds from service start to ready, from key to ghost text and to its end; and the service's MB."""
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication

    from app.program import build

    application = QApplication(["bench"])
    window, process = build(application)
    window.services.dialogs.unsaved = lambda _parent, _names: "discard"
    connection = window.services.connection

    def wait(what: Callable[[], bool], name: str) -> None:
        end = time.perf_counter() + WAIT_SECONDS
        while not what():
            if time.perf_counter() > end:
                raise SystemExit(f"bench: no {name} within {WAIT_SECONDS:.0f} s ({connection.state}).")
            QTest.qWait(2)

    window.resize(1200, 760)
    window.show()
    begin = time.perf_counter()
    connection.start()
    wait(lambda: connection.state.kind == "ready", "model")
    ready = (time.perf_counter() - begin) * 1000
    first: list[float] = []
    whole: list[float] = []
    try:
        for number, (text, key) in enumerate([PLACES[0], *PLACES]):
            path = folder / f"place{number}{'.js' if 'function' in text else '.py'}"
            path.write_text(text.replace("|", "", 1))
            page = window.bench.documents.open(path)
            assert page is not None
            editor = page.editor
            editor.set_cursor_offset(text.index("|"))
            QTest.qWait(300)
            begin = time.perf_counter()
            if key == "\n":
                QTest.keyClick(editor, Qt.Key.Key_Return)
            else:
                QTest.keyClicks(editor, key)
            wait(lambda editor=editor: editor.suggestion() != "", f"ghost text for place {number}")
            first.append((time.perf_counter() - begin) * 1000)
            wait(lambda: connection.state.kind == "ready", "end of the suggestion")
            whole.append((time.perf_counter() - begin) * 1000)
        memory = psutil.Process(process.process_id).memory_info().rss / 1e6
    finally:
        process.close()
    # The first place only warms up.
    return {
        "model_ready_ms": [ready],
        "key_to_ghost_text_ms": first[1:],
        "key_to_whole_suggestion_ms": whole[1:],
        "service_memory_mb": [memory],
    }


if __name__ == "__main__":
    sys.exit(main())
