"""``grafter evaluate compare``: two files that ``--output`` wrote, row by row."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from assistant.cli import output
from assistant.measure.evaluate import compare as comparing
from assistant.measure.evaluate.compare import ONE, Comparison, Paired


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options."""
    parser.add_argument("first", type=Path, metavar="A", help="the answers of one run")
    parser.add_argument("second", type=Path, metavar="B", help="the answers of another run over the same data")
    parser.add_argument("--arm", metavar="NAME", help="of runs with several arms compare this one; else all of both")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Compare, and say what came of it. Returns the exit code."""
    comparisons = comparing.compare(args.first, args.second, args.arm)
    if args.json:
        output.print_json(comparing.to_json(comparisons))
        return 0
    console = output.console()
    for arm, comparison in comparisons.items():
        if arm != ONE:
            console.print(f"{arm}:")
        _show(console, comparison)
    unpaired = next(iter(comparisons.values())).unpaired
    if unpaired:
        console.print(f"{unpaired} rows are in only one of the files and were left out.")
    return 0


def _show(console: Console, comparison: Comparison) -> None:
    rows = [("exact match", comparison.exact_match), ("tests passed", comparison.pass_at_1)]
    rows += comparison.by_language.items()
    rows += [(f"· {kind}", paired) for kind, paired in comparison.by_kind.items()]
    table = Table(box=None, pad_edge=False)
    for heading in ("", "rows", "A", "B", "B − A (95 %)", "only A right", "only B right", "p (McNemar, exact)"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, paired in rows:
        if paired is not None:
            table.add_row(name, *_cells(paired))
    console.print(table)
    console.print(f"{comparison.same_answers} of {comparison.exact_match.n} answers are the same.")
    _show_ids(console, "Only A is exact", comparison.exact_match.only_first)
    _show_ids(console, "Only B is exact", comparison.exact_match.only_second)


def _cells(paired: Paired) -> Sequence[str]:
    low, high = paired.interval
    return (
        str(paired.n),
        f"{100 * paired.first:.1f} %",
        f"{100 * paired.second:.1f} %",
        f"{100 * paired.difference:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})",
        str(len(paired.only_first)),
        str(len(paired.only_second)),
        f"{paired.p_value:.3g}",
    )


def _show_ids(console: Console, title: str, ids: Sequence[str]) -> None:
    if ids:
        console.print(f"{title}: {', '.join(ids)}")
