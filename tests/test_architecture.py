"""What import-linter cannot see: what a fresh interpreter really loads."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def loaded_by(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nimport json\nprint(json.dumps(sorted({{m.split('.')[0] for m in sys.modules}})))"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=60, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def every_module(package: str) -> list[str]:
    paths = sorted((ROOT / package).rglob("*.py"))
    names = (".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths)
    return [name.removesuffix(".__init__") for name in names if not name.endswith("__main__")]


def test_the_window_loads_no_torch_and_no_server():
    loaded = loaded_by("\n".join(f"import {name}" for name in [*every_module("app"), "app.__main__"]))
    assert not loaded & {"torch", "transformers", "starlette", "uvicorn", "huggingface_hub", "httpx", "numpy"}


def test_the_assistant_loads_no_qt():
    loaded = loaded_by("\n".join(f"import {name}" for name in every_module("assistant") + every_module("finetune")))
    assert not loaded & {"PySide6", "shiboken6", "qtawesome", "app"}


def test_the_process_that_renders_chat_templates_starts_without_a_model():
    assert not loaded_by("import assistant.engine.templates.render") & {"torch", "transformers", "numpy", "psutil"}


@pytest.mark.parametrize("command", ["--version", "models list --json"])
def test_quick_commands_load_no_torch(command):
    words = ", ".join(repr(word) for word in command.split())
    statement = (
        "from assistant.cli.main import main\n"
        f"sys.argv = ['grafter', {words}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass"
    )
    assert not loaded_by(statement) & {"torch", "transformers", "PySide6"}
