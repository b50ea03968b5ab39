"""``grafter acceptance``: the figures for people and for programs, and erasing."""

import json
import time
from contextlib import closing
from pathlib import Path

import pytest

from assistant.cli.main import main
from assistant.config import find_paths
from assistant.editing.acceptance.record import Record
from assistant.editing.acceptance.store import AcceptanceStore


def keep(shown: int, accepted: int, days_ago: int = 0, language: str = "Python") -> None:
    at = int(time.time()) - days_ago * 86_400
    taken = Record(at, 1500, "auto", "taken", "all", 10, 1, 10, 0, 1, language, "qwen", "mine")
    left = Record(at, 500, "manual", "edited", None, 10, 1, 0, 0, 0, language, "qwen", "mine")
    with closing(AcceptanceStore(find_paths().acceptance)) as store:
        numbers = store.add([taken] * accepted + [left] * (shown - accepted))
        store.set_there([(number, 300, 0.5) for number in numbers[:accepted]])


def test_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    keep(40, 30)
    keep(10, 1, days_ago=3, language="")
    assert main(["acceptance"]) == 0
    text = capsys.readouterr().out
    assert "50 shown, 31 accepted (62 %)" in text
    assert "5 min: 50 %" in text
    assert "30 s: too few to tell" in text
    assert "310 characters taken, 279 keys saved" in text
    assert "shown for 1.5 s (median)" in text
    rows = [line.split() for line in text.splitlines()]
    assert ["Python", "40", "75", "%", "50", "%", "270"] in rows
    assert ["plain", "text", "10", *["too", "few", "to", "tell"] * 2, "9"] in rows
    assert ["qwen", "+", "mine", "50", "62", "%", "50", "%", "279"] in rows
    assert ["while", "typing", "31", "100", "%", "50", "%", "279"] in rows


def test_for_programs_and_only_the_last_days(capsys: pytest.CaptureFixture[str]) -> None:
    keep(40, 30)
    keep(10, 1, days_ago=3)
    assert main(["acceptance", "--json", "--days", "2"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["days"], data["shown"], data["accepted"], data["rate"]) == (2, 40, 30, 0.75)
    assert data["still_there"] == {"30": None, "120": None, "300": 0.5}
    assert data["median_shown_ms"] == 1500
    assert [row["language"] for row in data["languages"]] == ["Python"]
    assert [(row["days"], row["keys_saved"]) for row in data["periods"]] == [(1, 270)]


def test_erasing(capsys: pytest.CaptureFixture[str]) -> None:
    keep(40, 30)
    assert main(["acceptance", "--erase"]) == 0
    assert "erased" in capsys.readouterr().out
    assert main(["acceptance"]) == 0
    assert capsys.readouterr().out.startswith("No suggestion was shown yet")
    assert main(["acceptance", "--erase", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"erased": True}


def test_a_damaged_file_and_a_bad_number(grafter_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (grafter_home / "acceptance.db").write_bytes(b"nonsense" * 1000)
    assert main(["acceptance", "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["shown"] == 0
    assert "put aside" in captured.err
    assert main(["acceptance", "--days", "0"]) == 2
    assert "it can be 1 to 3650" in capsys.readouterr().err
