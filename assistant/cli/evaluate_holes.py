"""``grafter evaluate holes``: measure suggestions in many languages, on holes of a folder of sources."""

from __future__ import annotations

import argparse
import contextlib
import functools
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from assistant.cli import evaluate_repo, output
from assistant.cli.local_model import add_model_arguments
from assistant.cli.remote import add_remote_arguments, opened_engine
from assistant.client.address import parse_address
from assistant.config import find_paths
from assistant.errors import InputError
from assistant.measure.evaluate import holes_report as reporting
from assistant.measure.evaluate.ask import WAYS, Answer, ask_plain, asker, leave_out
from assistant.measure.evaluate.data import Row
from assistant.measure.evaluate.holes import HoleRow, hole_rows
from assistant.measure.evaluate.infill import InfillServer, ask_infill
from assistant.measure.evaluate.lines import open_lines
from assistant.measure.evaluate.perfect import VERDICTS, ask_perfect
from assistant.measure.evaluate.report import Share
from assistant.repository.cursor_holes import HOLE_KINDS

_INTERRUPTED = 130
_INFILL = "infill"
Arms = Mapping[str, Callable[[Row], Answer]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options."""
    parser.add_argument(
        "folder", type=Path, metavar="FOLDER", help="source files, e.g. build/sources, which 'make hole-sources' makes"
    )
    parser.add_argument("--count", type=int, default=60, metavar="N", help="ask N holes of each language (60)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="which holes (0)")
    parser.add_argument(
        "--languages", type=_names, default=(), metavar="A,B", help="only these; else all that have a grammar"
    )
    parser.add_argument(
        "--arms",
        type=_names,
        default=WAYS,
        metavar="A,B",
        help="what to compare: editor (as the editor asks, cuts and all) and plain (the model's plain prompt); both",
    )
    parser.add_argument(
        "--perfect",
        action="store_true",
        help="ask no model: send what stood in each hole through the editor's path, as if a model had written it",
    )
    parser.add_argument("--infill", metavar="URL", help="ask the /infill of a llama.cpp server besides")
    evaluate_repo.add_without(parser)
    parser.add_argument("--output", type=Path, metavar="FILE", help="write each hole's answers there as a JSON line")
    add_model_arguments(parser, device_help="run on this device; else the chosen one")
    add_remote_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def run(args: argparse.Namespace) -> int:
    """Measure, and say what came of it. Returns the exit code."""
    _check(args)
    rows = hole_rows(args.folder, args.count, args.seed, args.languages)
    asked: list[reporting.AskedHole] = []
    code = 0
    with open_lines(args.output) as write, _opened(args) as (model, arms):
        try:
            for each in _followed(reporting.ask_holes(rows, arms), rows, next(iter(arms))):
                asked.append(each)
                write(reporting.line_of(each))
        except KeyboardInterrupt:
            code = _INTERRUPTED
    report = reporting.summarise(asked, tuple(arms))
    settings = {
        "arms": list(arms),
        "model": model,
        "folder": args.folder.name,
        "holes": len(rows),
        "count": args.count,
        "seed": args.seed,
        "without": args.without,
        "interrupted": code == _INTERRUPTED,
    }
    if args.json:
        output.print_json({**reporting.to_json(report), **settings})
    else:
        _show(report, settings)
    return code


def _check(args: argparse.Namespace) -> None:
    if args.count < 1:
        raise InputError(f"--count is {args.count}; it has to be at least 1.")
    if args.perfect and args.infill:
        raise InputError("--perfect asks no model, so that it does not go with --infill; leave one out.")
    if unknown := sorted(set(args.arms) - set(WAYS)):
        raise InputError(f"'{unknown[0]}' is no way of asking; --arms takes {', '.join(WAYS)}.")
    if not args.arms:
        raise InputError(f"--arms names nothing to ask; it takes {', '.join(WAYS)}.")


@contextlib.contextmanager
def _opened(args: argparse.Namespace) -> Generator[tuple[str, Arms]]:
    """Yield what is asked, in words for people, and each arm by its name."""
    options, _sources = leave_out(args.without)
    if args.perfect:
        yield "The truth itself", {reporting.PERFECT: functools.partial(ask_perfect, options=options)}
        return
    with contextlib.ExitStack() as stack:
        engine = stack.enter_context(opened_engine(find_paths(), args))
        with engine.begin() as model:
            info = model.info
        ways = {"editor": asker("editor", options), "plain": functools.partial(ask_plain, while_right=True)}
        arms: dict[str, Callable[[Row], Answer]] = {
            way: functools.partial(ask, engine) for way, ask in ways.items() if way in args.arms
        }
        if args.infill:
            server = stack.enter_context(contextlib.closing(InfillServer(parse_address(args.infill))))
            arms[_INFILL] = functools.partial(ask_infill, server)
        yield f"{info.model} on {info.device} in {info.dtype}", arms


def _followed(asked: Iterator[reporting.AskedHole], rows: Sequence[HoleRow], arm: str) -> Iterator[reporting.AskedHole]:
    """Pass the results on, with a bar on standard error."""
    columns = (
        TextColumn("Filling in"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    exact = done = 0
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=len(rows), note="")
        for each in asked:
            exact, done = exact + each.exact(arm), done + 1
            progress.update(task, advance=1, note=f"{each.hole.language}, {exact / done:.0%} exact")
            yield each


# --- for people ------------------------------------------------------------------------


def _show(report: reporting.HolesReport, settings: dict[str, Any]) -> None:
    console = output.console()
    stopped = ", stopped before its end" if settings["interrupted"] else ""
    console.print(
        f"{settings['model']}: {report.all.n} holes of {settings['folder']}, seed {settings['seed']}{stopped}."
    )
    arms = settings["arms"]
    perfect = arms == [reporting.PERFECT]
    console.print(_perfect_table(report) if perfect else _arms_table(report, arms))
    for arm in arms:
        console.print(f"By language and kind, {'whole' if perfect else f'exact, {arm}'} (%):")
        console.print(_both_table(report, arm))
    for arm, failed in report.failed.items():
        if failed:
            console.print(f"{arm}: {failed} holes got no answer and count as wrong; --output says why.")


def _groups(report: reporting.HolesReport) -> Iterator[tuple[str, reporting.Group]]:
    yield "all", report.all
    yield from report.by_language.items()
    for kind in HOLE_KINDS:
        if kind in report.by_kind:
            yield f"· {kind}", report.by_kind[kind]


def _arms_table(report: reporting.HolesReport, arms: Sequence[str]) -> Table:
    table = _table("exact (95 % interval)", "holes", *arms, *(["difference", "p (McNemar)"] if len(arms) > 1 else []))
    for name, group in _groups(report):
        row = [name, str(group.n), *(_cell(group.exact[arm]) for arm in arms)]
        if len(arms) > 1:
            first, second = (100 * group.exact[arm].value for arm in arms[:2])
            row += [f"{first - second:+.1f}", f"{group.p_value:.2g}"]
        table.add_row(*row)
    return table


def _perfect_table(report: reporting.HolesReport) -> Table:
    table = _table("what is shown of it (%)", "holes", "whole (95 % interval)", *VERDICTS[1:])
    for name, group in _groups(report):
        counts = group.verdicts[reporting.PERFECT]
        shares = [f"{100 * counts[verdict] / max(group.n, 1):.1f}" for verdict in VERDICTS[1:]]
        table.add_row(name, str(group.n), _cell(group.exact[reporting.PERFECT]), *shares)
    return table


def _both_table(report: reporting.HolesReport, arm: str) -> Table:
    table = _table("", *HOLE_KINDS)
    for language in report.by_language:
        groups = [report.by_both.get((language, kind)) for kind in HOLE_KINDS]
        shares = [f"{100 * group.exact[arm].value:.0f} of {group.n}" if group else "" for group in groups]
        table.add_row(language, *shares)
    return table


def _table(first: str, *headings: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(first)
    for heading in headings:
        table.add_column(heading, justify="right")
    return table


def _cell(share: Share) -> str:
    low, high = share.interval
    return f"{100 * share.value:.1f} ({100 * low:.0f}-{100 * high:.0f})"
