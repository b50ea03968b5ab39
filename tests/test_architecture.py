"""What import-linter cannot see: what a fresh interpreter really loads."""

import ast
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE_S

ROOT = Path(__file__).resolve().parent.parent


def loaded_by(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nimport json\nprint(json.dumps(sorted({{m.split('.')[0] for m in sys.modules}})))"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=PATIENCE_S, check=True
    )
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


def test_one_place_starts_git_and_none_looks_for_programs_in_the_current_folder():
    """The runner keeps a repository's settings from starting anything, which holds only if nobody goes around it."""
    files = [file for package in ("app", "assistant", "finetune") for file in (ROOT / package).rglob("*.py")]
    nodes = [
        (file.relative_to(ROOT).as_posix(), node) for file in files for node in ast.walk(ast.parse(file.read_text()))
    ]
    git = {file for file, node in nodes if isinstance(node, ast.Constant) and node.value in ("git", "git.exe")}
    assert git == {"assistant/system/git.py"}
    which = {file for file, node in nodes if isinstance(node, ast.Attribute) and node.attr == "which"}
    assert {file for file in which if not file.startswith(("app/", "tools/"))} == set()
    modules = [
        (file, node)
        for file, node in nodes
        if isinstance(node, ast.List | ast.Tuple)
        and any(isinstance(part, ast.Attribute) and part.attr == "executable" for part in node.elts)
        and any(isinstance(part, ast.Constant) and part.value in ("-m", "-c") for part in node.elts)
        and not file.startswith("tools/")
    ]
    assert len(modules) > 5
    for file, node in modules:  # without it Python imports from the current folder, which may be the repository
        assert any(isinstance(part, ast.Constant) and part.value == "-P" for part in node.elts), (file, node.lineno)


def test_only_what_computes_with_tensors_is_let_off_the_rules_about_unknown_types():
    """A new file without tensors belongs into ``strict`` of pyproject.toml, where every rule of pyright holds."""
    strict = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pyright"]["strict"]
    held = {file for pattern in strict for found in ROOT.glob(pattern) for file in (found, *found.rglob("*.py"))}
    assert all(list(ROOT.glob(pattern)) for pattern in strict), "every entry names something"
    off = [file for name in ("assistant", "finetune") for file in (ROOT / name).rglob("*.py") if file not in held]
    assert off
    known = {"torch", "transformers", "safetensors", "gguf", "peft", "accelerate", "tokenizers"}
    for file in off:
        tree = ast.parse(file.read_text())
        names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        uses = {name.partition(".")[0] for name in names} & known
        assert uses or (file.name == "__init__.py" and len(tree.body) <= 1), f"{file.relative_to(ROOT)} can be strict"
