"""What the window's process may not load, looked at in a fresh interpreter."""

import json
import subprocess
import sys

import pytest

from tests.support.patience import PATIENCE_S

# Each would cost a part of the second in which the window should be there.
HEAVY = {
    "torch",
    "transformers",
    "numpy",
    "pyqtgraph",
    "sqlite3",
    "httpx",
    "starlette",
    "uvicorn",
    "huggingface_hub",
    "safetensors",
    "qtawesome",
    "qtpy",
}


def loaded(code: str) -> set[str]:
    script = f"import sys, json\n{code}\nprint(json.dumps(sorted({{name.partition('.')[0] for name in sys.modules}})))"
    done = subprocess.run(
        [sys.executable, "-P", "-c", script], capture_output=True, text=True, timeout=PATIENCE_S, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_package_and_the_preflight_load_no_qt():
    modules = loaded("import app, app.preflight, app.__main__")
    assert "PySide6" not in modules
    assert not modules & HEAVY


def test_the_whole_program_loads_nothing_heavy():
    modules = loaded("import app.program")
    assert "PySide6" in modules
    assert not modules & (HEAVY | {"pydantic", "charset_normalizer", "rich"})


@pytest.mark.gui
def test_a_window_that_was_made_and_shown_has_loaded_nothing_heavy():
    code = (
        "from PySide6.QtWidgets import QApplication\n"
        "from app.program import build\n"
        "application = QApplication([])\n"
        "window, process = build(application)\n"
        "window.show()\n"
        "application.processEvents()\n"
    )
    assert not loaded(code) & HEAVY
