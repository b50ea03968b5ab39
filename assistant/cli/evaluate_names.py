"""``grafter evaluate holes --names``: how many of the names that each hole needs the editor's prompt holds."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence

from rich.console import Console
from rich.progress import track
from rich.table import Table

from assistant.cli import output
from assistant.cli.local_model import choose_model
from assistant.completion.complete import Options
from assistant.completion.prompt import PROMPT_PARTS
from assistant.config import find_paths
from assistant.errors import InputError
from assistant.measure.evaluate import names as naming
from assistant.measure.evaluate.ask import EVERYTHING, leave_out
from assistant.measure.evaluate.holes import HoleRow
from assistant.measure.evaluate.lines import open_lines
from assistant.measure.evaluate.perfect import INFO, estimate_tokens
from assistant.models.store import Store
from assistant.repository.cursor_holes import HOLE_KINDS
from assistant.retrieval.search.window import CountTokens
from assistant.types import Text


def check(args: argparse.Namespace) -> None:
    """Raise InputError for options that make no sense with ``--names``."""
    if args.perfect or args.infill:
        other = "--perfect" if args.perfect else "--infill"
        raise InputError(f"--names asks nobody, so that it does not go with {other}; leave one out.")
    if unknown := [name for name in args.without if name not in PROMPT_PARTS]:
        raise InputError(f"--without {unknown[0]} changes no prompt; with --names it takes {', '.join(PROMPT_PARTS)}.")


def run(args: argparse.Namespace, rows: Sequence[HoleRow]) -> int:
    """Measure, and say what came of it. Returns the exit code."""
    reader, counted = _reader(args)
    arms: dict[str, Options] = {"editor": EVERYTHING}
    if args.without:
        arms["less"] = leave_out(args.without)[0]
    holes: list[naming.NamesOfHole] = []
    with open_lines(args.output) as write:
        followed = track(rows, "Reading", console=Console(stderr=True))
        for each in naming.read_names(followed, arms, reader):
            holes.append(each)
            write(naming.line_of(each))
    report = naming.summarise(holes, tuple(arms))
    if args.json:
        settings = {
            "arms": list(arms),
            "folder": args.folder.name,
            "holes": len(rows),
            "count": args.count,
            "seed": args.seed,
            "without": args.without,
            "largest_kb": args.largest,
            "window": [args.window.prefix, args.window.suffix],
            "counted_by": counted,
        }
        output.print_json({**naming.to_json(report), **settings})
        return 0
    console = output.console()
    console.print(
        f"{report.all.names} names of {report.all.n} holes of {args.folder.name}, seed {args.seed}; window "
        f"{args.window.prefix} + {args.window.suffix}, tokens by {counted}."
    )
    console.print(_table(report, tuple(arms)))
    return 0


def _reader(args: argparse.Namespace) -> tuple[naming.Reader, str]:
    """Return what prompts are laid for, and by what tokens are counted: a model's own tokenizer where one is there."""
    paths = find_paths()
    model = choose_model(paths, args.model)
    if model is None:
        reader = naming.Reader(INFO.family, INFO.context_length, _counter(estimate_tokens), args.window)
        return reader, "an estimate (no model is installed)"
    from assistant.engine.model_folder import load_tokenizer

    tokenizer = load_tokenizer(Store(paths).path(model.id))
    reader = naming.Reader(tokenizer.family, tokenizer.context_length, _counter(tokenizer.count), args.window)
    return reader, f"the tokenizer of {model.name}"


def _counter(count: Callable[[Sequence[Text]], list[int]]) -> CountTokens:
    def lines(texts: Sequence[str]) -> list[int]:
        return count([Text(text) for text in texts])

    return lines


def _table(report: naming.NamesReport, arms: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("names in the prompt (%)")
    compared = ["editor − less (95 %)"] if len(arms) > 1 else []
    for heading in ("holes", "names", *arms, *compared, "in the file", "window", "file in short"):
        table.add_column(heading, justify="right")
    for name, group in _groups(report):
        row = [name, str(group.n), str(group.names), *(f"{100 * group.in_prompt[arm]:.1f}" for arm in arms)]
        if compared and group.difference is not None and group.interval is not None:
            low, high = group.interval
            row.append(f"{100 * group.difference:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})")
        elif compared:
            row.append("")
        tokens = (group.window[arms[0]], group.outline[arms[0]])
        table.add_row(*row, f"{100 * group.in_file:.1f}", *(f"{each:,.0f}" for each in tokens))
    return table


def _groups(report: naming.NamesReport) -> Iterator[tuple[str, naming.NamesGroup]]:
    yield "all", report.all
    yield from report.by_language.items()
    for kind in HOLE_KINDS:
        if kind in report.by_kind:
            yield f"· {kind}", report.by_kind[kind]
