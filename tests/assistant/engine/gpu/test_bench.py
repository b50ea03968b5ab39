"""The benchmark of graphics cards: that it refuses without one, and that its figures come out whole."""

import sys

import pytest
import torch

from tests.bench import gpu as bench

PLAN = bench.Plan(prompts=(40,), contexts=(8, 40), rows=(1, 2), steps=2, readings=1)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a card")
def test_without_a_card_it_says_so_and_ends_with_two(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["gpu.py"])
    assert bench.main() == 2
    assert "finds no CUDA card" in capsys.readouterr().err


def test_every_way_is_measured(tiny_folder, monkeypatch):
    monkeypatch.setattr(bench, "CONTEXT", 512)
    notes = []
    rows = list(bench.measure(tiny_folder, torch.device("cpu"), 16, PLAN, notes.append))
    assert [(row.what, row.tokens, row.rows) for row in rows[:5]] == [
        ("read", 40, 1),
        ("write", 8, 1),
        ("write", 8, 2),
        ("write", 40, 1),
        ("write", 40, 2),
    ]
    assert [row.way for row in rows[::5]] == ["recorded", "recorded, width 1", "plain", "growing caches"]
    assert all(row.speed > 0 for row in rows)
    assert "loaded in" in notes[0]
    assert bench.table(rows).count("\n") == 1 + len(rows)


def test_bits_that_cannot_be_had_are_a_note(tiny_folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchao.quantization", None)
    notes = []
    assert not list(bench.measure(tiny_folder, torch.device("cpu"), 8, PLAN, notes.append))
    assert "need torchao" in notes[0]


def test_the_table_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(bench, "machine", lambda: "Some card.")
    row = bench.Row(16, "recorded", "write", 512, 4, 123.4, 5 << 20)
    bench.write(tmp_path / "build" / "table.md", [row], ["A note."])
    text = (tmp_path / "build" / "table.md").read_text()
    assert text.startswith("Some card.")
    assert "| 16 | recorded          | write |  512 | 4 |     123.4 |      5 |" in text
    assert '"speed": 123.4' in (tmp_path / "build" / "table.json").read_text()
