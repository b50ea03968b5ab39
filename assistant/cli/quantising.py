"""``grafter models quantize``: its options, and the report that compares the smaller model with the whole one."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from assistant.cli import output
from assistant.errors import InputError, ModelError
from assistant.measure.evaluate.compare import ONE, compare
from assistant.models.quantise import quantise, target_id
from assistant.models.sources import Report
from assistant.models.store import InstalledModel, Quantisation, Store
from assistant.system.disk import human_bytes
from assistant.system.files import disk_errors, write_file
from assistant.system.modes import PUBLIC
from assistant.system.processes import how_it_ended

REPORT = "quantisation-report.json"

_HOLES = 100
_BITS = (8, 4)
_GROUPS = (32, 64, 128)
_METHODS = ("rtn", "hqq")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options."""
    parser.add_argument("id", help="the installed model to make smaller; it stays as it is")
    parser.add_argument("--bits", type=int, choices=_BITS, required=True, help="bits of each weight")
    parser.add_argument("--group", type=int, choices=_GROUPS, help="with 4 bits: so many weights share a scale (32)")
    parser.add_argument(
        "--method",
        choices=_METHODS,
        help="with 4 bits: round to nearest (rtn, the default), or half-quadratic (hqq, needs torchao)",
    )
    parser.add_argument("--name", help="the id of the new model (the old one with its bits, if left out)")
    parser.add_argument(
        "--holes",
        type=_count,
        default=_HOLES,
        metavar="N",
        help=f"compare both on N holes of Python's standard library ({_HOLES}; 0: do not)",
    )


def wanted(args: argparse.Namespace) -> Quantisation:
    """Return what is asked for. Raises InputError for options that do not go together."""
    if args.bits == 8 and (args.group or args.method):
        raise InputError(
            "--group and --method are for 4 bits: with 8 each row has one scale and is rounded to nearest."
        )
    return Quantisation(args.bits, args.group or _GROUPS[0], args.method or _METHODS[0], args.id)


def make(args: argparse.Namespace, store: Store, quantisation: Quantisation, report: Report) -> InstalledModel:
    """Make the model."""
    return quantise(store, args.id, quantisation, report, args.name)


def report(args: argparse.Namespace, store: Store, quantisation: Quantisation) -> None:
    """Measure both models, each in a process of its own, print what changed, and keep it beside the new model."""
    way = (quantisation.bits, quantisation.group, quantisation.method)
    made = store.get(args.name or target_id(args.id, *way))
    base = store.get(args.id)
    with tempfile.TemporaryDirectory() as scratch:
        files = [Path(scratch) / f"{side}.jsonl" for side in ("base", "made")]
        options: tuple[list[str], ...] = (["--bits", "16"], [])
        figures = [
            _measure(model.id, [*extra, "--output", str(file), "--library", str(args.holes)])
            for model, extra, file in zip((base, made), options, files, strict=True)
        ]
        pairs = compare(files[0], files[1])[ONE].exact_match
    for figure, model in zip(figures, (base, made), strict=True):
        figure["disk_bytes"] = model.disk_bytes
    answer = {
        "event": "report",
        "base": figures[0],
        "made": figures[1],
        "only_base_right": len(pairs.only_first),
        "only_made_right": len(pairs.only_second),
        "p_value": pairs.p_value,
    }
    with disk_errors(f"The report on '{made.id}' could not be written"):
        write_file(store.path(made.id) / REPORT, json.dumps(answer, indent=1), PUBLIC)
    if args.json:
        output.print_json(answer)
    else:
        _show(answer, base.id, made.id, pairs.n)


def _measure(model_id: str, options: Sequence[str]) -> dict[str, Any]:
    """Return what ``evaluate infilling --json`` says of a model."""
    command = [sys.executable, "-P", "-m", "assistant.cli.main", "evaluate", "infilling", "--model", model_id]
    command += ["--device", "cpu", "--path", "plain", "--no-tests", "--json", *options]
    with Console(stderr=True).status(f"Measuring {model_id} ..."):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said, how = done.stderr.strip().splitlines(), f"its process {how_it_ended(done.returncode)}."
        raise ModelError(f"{model_id} could not be measured: {said[-1] if said else how}")
    figures: dict[str, Any] = json.loads(done.stdout)
    kept = ("model", "dtype", "load_seconds", "memory_bytes", "prefill_tokens_per_s", "decode_tokens_per_s")
    return {name: figures[name] for name in (*kept, "exact_match", "n", "data")}


def _show(answer: dict[str, Any], base: str, made: str, holes: int) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("", f"{base}, 16 bits", made):
        table.add_column(heading, justify="right" if heading else "left")
    sides = (answer["base"], answer["made"])
    rows: tuple[tuple[str, str, Callable[[float], str]], ...] = (
        ("on the disk", "disk_bytes", human_bytes),
        ("time to load", "load_seconds", lambda value: f"{value:.1f} s"),
        ("memory", "memory_bytes", human_bytes),
        ("reading, tokens/s", "prefill_tokens_per_s", lambda value: f"{value:.0f}"),
        ("writing, tokens/s", "decode_tokens_per_s", lambda value: f"{value:.1f}"),
        ("exact match", "exact_match", lambda value: f"{100 * value:.1f} %"),
    )
    for title, name, text in rows:
        table.add_row(title, *(text(side[name]) for side in sides))
    console = output.console()
    console.print(table)
    console.print(
        f"Of {holes} holes {answer['only_base_right']} are right only with 16 bits and {answer['only_made_right']} "
        f"only with the new model (p {answer['p_value']:.2g}). Use it: --model {made}, or the window's Models page."
    )


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"'{text}' is no count; give a whole number, 0 for no comparison")
    return int(text)
