"""Say what became of the suggestions that were shown, from what is kept on this machine; or erase that."""

from __future__ import annotations

import argparse
import contextlib
import sys
from typing import TYPE_CHECKING

from assistant.cli import output
from assistant.config import find_paths
from assistant.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assistant.editing.acceptance.summary import Counts, Row, Summary

_TRIGGERS = {"auto": "while typing", "manual": "by hand", "ahead": "ahead"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``grafter acceptance``."""
    parser.add_argument("--days", type=int, metavar="N", help="only the last N days with today, 1 to 3650")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--erase", action="store_true", help="forget everything that was kept, at once")


def run(args: argparse.Namespace) -> int:
    """Print the figures, or erase what they come from."""
    from assistant.editing.acceptance.store import AcceptanceStore

    if args.days is not None and not 1 <= args.days <= 3650:
        raise InputError(f"--days is {args.days}; it can be 1 to 3650.")
    with contextlib.closing(AcceptanceStore(find_paths().acceptance)) as store:
        if args.erase:
            store.erase()
            if args.json:
                output.print_json({"erased": True})
            else:
                print("Everything that was kept of what became of suggestions is erased.")
            return 0
        summary = store.summary(args.days)
        if store.notice:
            print(store.notice, file=sys.stderr)
        if args.json:
            output.print_json(_as_json(summary, args.days))
        else:
            _show(summary)
    return 0


def _show(summary: Summary) -> None:
    total = summary.total
    if not total.shown:
        print("No suggestion was shown yet in this time, or keeping what became of them is switched off.")
        return
    print(f"{total.shown:,} shown, {total.accepted:,} accepted ({_percent(total.rate)})")
    print(f"    whole {total.whole:,}, by lines {total.line:,}, by words {total.word:,}")
    print(
        f"    else typed by hand {total.typed:,}, something else typed {total.edited:,}, moved away {total.moved:,}, "
        f"dismissed {total.dismissed:,}, another asked for {total.replaced:,}"
    )
    there = zip(("30 s", "2 min", "5 min"), total.there, strict=True)
    print("still there after " + ", ".join(f"{after}: {_percent(share)}" for after, share in there))
    print(f"{total.characters:,} characters taken, {total.saved:,} keys saved")
    if summary.median_shown_ms is not None:
        print(f"shown for {summary.median_shown_ms / 1000:.1f} s (median)")
    _table("language", [(row.name or "plain text", row.counts) for row in summary.languages])
    _table("model", [(row.name or "unknown", row.counts) for row in summary.models])
    _table("asked for", [(_TRIGGERS.get(row.name, row.name), row.counts) for row in summary.triggers])
    weekly = any(period.days > 1 for period in summary.periods)
    periods = [(period.start.isoformat(), period.counts) for period in summary.periods]
    _table("week from" if weekly else "day", periods)


def _table(title: str, rows: Sequence[tuple[str, Counts]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), title_justify="left")
    table.add_column(title)
    for heading in ("shown", "accepted", "there after 5 min", "keys saved"):
        table.add_column(heading, justify="right")
    for name, counts in rows:
        cells = f"{counts.shown:,}", _percent(counts.rate), _percent(counts.there[2]), f"{counts.saved:,}"
        table.add_row(Text(name), *cells)
    print()
    output.console().print(table)


def _percent(share: float | None) -> str:
    return "too few to tell" if share is None else f"{100 * share:.0f} %"


def _as_json(summary: Summary, days: int | None) -> dict[str, object]:
    def rows(rows: Sequence[Row], name: str) -> list[dict[str, object]]:
        return [{name: row.name, **_figures(row.counts)} for row in rows]

    return {
        "days": days,
        **_figures(summary.total),
        "median_shown_ms": summary.median_shown_ms,
        "periods": [
            {"start": period.start.isoformat(), "days": period.days, **_figures(period.counts)}
            for period in summary.periods
        ],
        "languages": rows(summary.languages, "language"),
        "models": rows(summary.models, "model"),
        "triggers": rows(summary.triggers, "trigger"),
    }


def _figures(counts: Counts) -> dict[str, object]:
    """Return counts for programs: rates are from 0 to 1, and null where they are too few to tell."""
    there_30, there_120, there_300 = counts.there
    return {
        "shown": counts.shown,
        "accepted": counts.accepted,
        "rate": counts.rate,
        "whole": counts.whole,
        "line": counts.line,
        "word": counts.word,
        "typed": counts.typed,
        "dismissed": counts.dismissed,
        "edited": counts.edited,
        "moved": counts.moved,
        "replaced": counts.replaced,
        "characters": counts.characters,
        "keys_saved": counts.saved,
        "still_there": {"30": there_30, "120": there_120, "300": there_300},
    }
