"""Rows of holes, and files that hold them."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

PROMPT = "def gcd(a, b):\n    while b:\n"
SUFFIX = "    return a\n"
SOLUTION = "        a, b = b, a % b\n"
CHECK = "def check(candidate):\n    assert candidate(48, 18) == 6\n"


@pytest.fixture
def gcd_row() -> dict:
    """A row as the published data sets have it, with tests."""
    return {
        "task_id": "gcd",
        "prompt": PROMPT,
        "suffix": SUFFIX,
        "canonical_solution": SOLUTION,
        "test": CHECK,
        "entry_point": "gcd",
    }


@pytest.fixture
def write_rows(tmp_path: Path) -> Callable[..., Path]:
    """Return what writes rows as JSON lines, gzipped where the name says so."""

    def write(rows: list, name: str = "data.jsonl") -> Path:
        path = tmp_path / name
        text = "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return path

    return write
