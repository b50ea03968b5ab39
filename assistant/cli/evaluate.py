"""Measure how well a model fills in, and compare two measurements."""

from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import Generator, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from assistant.cli import evaluate_compare, evaluate_holes, evaluate_repo, output
from assistant.cli.local_model import add_model_arguments
from assistant.cli.remote import add_remote_arguments, opened_engine
from assistant.client.address import parse_address
from assistant.config import find_paths
from assistant.engine.protocol import EngineInfo
from assistant.errors import InputError
from assistant.measure.evaluate import report as reporting
from assistant.measure.evaluate import run as running
from assistant.measure.evaluate.ask import WAYS, Ask, asker, leave_out
from assistant.measure.evaluate.data import Row, load_rows, sample
from assistant.measure.evaluate.infill import InfillServer, ask_infill
from assistant.measure.evaluate.library import library_holes
from assistant.measure.evaluate.lines import open_lines
from assistant.measure.evaluate.metrics import mean
from assistant.measure.evaluate.other_files import OtherFiles
from assistant.measure.evaluate.sandbox import Sandbox

_INTERRUPTED = 130
CONTEXTS = ("files", "none")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define ``grafter evaluate``."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="infilling|holes|repo|compare")

    text = "Fill the holes of a data set and count what is right; docs/evaluation.md tells more."
    infilling = actions.add_parser("infilling", help=text, description=text)
    infilling.add_argument("data", type=Path, nargs="?", metavar="DATA", help="JSON lines, plain or gzipped")
    infilling.add_argument(
        "--library", type=int, metavar="N", help="without DATA: N one-line holes of Python's standard library"
    )
    infilling.add_argument(
        "--in-words", action="store_true", help="with --library: the line is there up to the middle of a word"
    )
    infilling.add_argument("--limit", type=int, metavar="N", help="take only N rows, a fixed sample for each seed")
    infilling.add_argument("--seed", type=int, default=0, metavar="S", help="which sample (0)")
    infilling.add_argument(
        "--path",
        choices=WAYS,
        default="editor",
        help="ask as the editor does, cuts and all (default), or with the model's plain prompt",
    )
    infilling.add_argument(
        "--infill",
        metavar="URL",
        help="ask the /infill of a llama.cpp server, as its own plugins do, to compare with; no model is loaded",
    )
    infilling.add_argument(
        "--context",
        choices=CONTEXTS,
        default="files",
        help="where rows bring other files of their repository: read those, as the editor does (default), or none",
    )
    infilling.add_argument(
        "--context-tokens", type=int, default=1024, metavar="N", help="most tokens of other files in a prompt (1024)"
    )
    evaluate_repo.add_without(infilling)
    infilling.add_argument(
        "--no-heal", action="store_true", help="leave the piece of a word at the cursor in the prompt"
    )
    infilling.add_argument("--no-tests", action="store_true", help="do not run the rows' tests")
    infilling.add_argument("--output", type=Path, metavar="FILE", help="write each answer there as a JSON line")
    add_model_arguments(infilling, device_help="run on this device; else the chosen one")
    add_remote_arguments(infilling)
    infilling.add_argument("--json", action="store_true", help="print one JSON object")

    text = "Fill holes of source files in many languages, as the editor asks and with the plain prompt."
    evaluate_holes.add_arguments(actions.add_parser("holes", help=text, description=text))

    text = "Fill holes in what the latest commits of a repository added, with and without its help."
    evaluate_repo.add_arguments(actions.add_parser("repo", help=text, description=text))

    text = "Compare two files that 'infilling', 'holes' or 'repo' wrote with --output, row by row."
    evaluate_compare.add_arguments(actions.add_parser("compare", help=text, description=text))


def run(args: argparse.Namespace) -> int:
    """Do what was asked. Returns the exit code."""
    actions = {
        "infilling": _infilling,
        "holes": evaluate_holes.run,
        "repo": evaluate_repo.run,
        "compare": evaluate_compare.run,
    }
    return actions[args.action](args)


# --- infilling -------------------------------------------------------------------------


def _infilling(args: argparse.Namespace) -> int:
    every = _read_rows(args)
    rows = sample(every, args.limit, args.seed)
    scored: list[running.Scored] = []
    code = 0
    sandbox = None if args.no_tests else Sandbox()
    options, sources = leave_out(args.without)
    path = "infill" if args.infill else args.path
    ask = asker(
        args.path,
        replace(options, token_healing=not args.no_heal),
        OtherFiles(sources, args.context_tokens) if args.context == "files" else None,
    )
    begin = time.perf_counter()
    with (
        open_lines(args.output) as write,
        _opened(args, rows, ask, sandbox) as (info, results),
    ):
        load_seconds = time.perf_counter() - begin
        try:
            for each in _followed(results, len(rows)):
                scored.append(each)
                write(running.to_json(each))
        except KeyboardInterrupt:
            code = _INTERRUPTED
        memory_bytes = psutil.Process().memory_info().rss
    report = reporting.summarise(scored)
    settings = {
        "path": path,
        "context": args.context,
        "context_tokens": args.context_tokens,
        "data": args.data.name if args.data else "Python's standard library",
        "rows": len(every),
        "limit": args.limit,
        "seed": args.seed,
        "without": args.without,
        "heal": not args.no_heal,
        "interrupted": code == _INTERRUPTED,
        "load_seconds": round(load_seconds, 2),
        "memory_bytes": memory_bytes,
    }
    if args.json:
        output.print_json(reporting.to_json(report, info, settings))
    else:
        adapter = f" with the adapter {info.adapter}" if info.adapter else ""
        _show(report, f"{info.model}{adapter} on {info.device} in {info.dtype}", settings)
    return code


@contextlib.contextmanager
def _opened(
    args: argparse.Namespace, rows: Sequence[Row], ask: Ask, sandbox: Sandbox | None
) -> Generator[tuple[EngineInfo, Generator[running.Scored]]]:
    """Yield who is asked, the chosen model or a llama.cpp server, and its answers."""
    if args.infill:
        with (
            contextlib.closing(InfillServer(parse_address(args.infill))) as server,
            contextlib.closing(running.evaluate(server, rows, ask_infill, sandbox)) as results,
        ):
            yield server.info, results
        return
    with (
        opened_engine(find_paths(), args) as engine,
        contextlib.closing(running.evaluate(engine, rows, ask, sandbox)) as results,
    ):
        with engine.begin() as model:
            info = model.info
        yield info, results


def _read_rows(args: argparse.Namespace) -> list[Row]:
    if args.limit is not None and args.limit < 1:
        raise InputError(f"--limit is {args.limit}; it has to be at least 1.")
    if (args.data is None) == (args.library is None):
        raise InputError("Give either a file of holes or --library N, which takes them from Python's standard library.")
    if args.library is not None and args.library < 1:
        raise InputError(f"--library is {args.library}; it has to be at least 1.")
    if args.context_tokens < 1:
        raise InputError(f"--context-tokens is {args.context_tokens}; it has to be at least 1.")
    if args.in_words and args.library is None:
        raise InputError("--in-words goes with --library N, whose holes it changes.")
    if args.library is None:
        return load_rows(args.data)
    return library_holes(args.library, args.seed, in_words=args.in_words)


def _followed(results: Iterable[running.Scored], total: int) -> Generator[running.Scored]:
    """Pass the results on, with a bar on standard error: how many, how fast, what share is right, time left."""
    columns = (
        TextColumn("Filling in"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    exact: list[bool] = []
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=total, note="")
        for each in results:
            exact.append(each.exact)
            speed = progress.tasks[0].speed
            rate = f"{speed:.1f} rows/s, " if speed else ""
            progress.update(task, advance=1, note=f"{rate}{mean(exact):.0%} exact")
            yield each


def _show(report: reporting.Report, model: str, settings: dict[str, Any]) -> None:
    console = output.console()
    console.print(_what_was_asked(report, model, settings))
    table = Table(box=None, pad_edge=False, show_header=False)
    for name, share in (
        ("exact match", report.exact_match),
        ("first line right", report.first_line_match),
        ("edit similarity", report.edit_similarity),
        ("tests passed", report.pass_at_1),
    ):
        if share is not None and share.n:
            low, high = share.interval
            note = f"95 % interval {100 * low:.1f} to {100 * high:.1f}, {share.n} rows"
            table.add_row(name, f"{100 * share.value:.1f} %", note)
    if report.n > report.failed:
        table.add_row(
            "time for an answer", f"{report.p50_ms:.0f} ms", f"median; 95 of 100 under {report.p95_ms:.0f} ms"
        )
        table.add_row(
            "writing",
            f"{report.decode_tokens_per_s:.1f} tokens/s",
            f"reading {report.prefill_tokens_per_s:.0f} tokens/s, "
            f"{report.cached_tokens} of {report.prompt_tokens} prompt tokens from the cache",
        )
    console.print(table)
    if report.filters:
        cuts = ", ".join(f"{name} {count}" for name, count in report.filters.items())
        console.print(f"Cuts: {cuts}.")
    if report.hidden:
        table = Table(box=None, pad_edge=False)
        for heading in ("confidence below", "would hide", "of these right"):
            table.add_column(heading, justify="right")
        for each in report.hidden:
            table.add_row(f"{each.below}", f"{each.hidden}", f"{each.right}")
        console.print(table)
    if report.test_timeouts:
        console.print(f"{report.test_timeouts} tests ran out of time.")
    if report.failed:
        console.print(f"{report.failed} rows got no answer and count as wrong; --output says why.")


def _what_was_asked(report: reporting.Report, model: str, settings: dict[str, Any]) -> str:
    ways = {"editor": "as the editor asks", "plain": "with the plain prompt", "infill": "by its own /infill"}
    asked = ways[settings["path"]]
    limit, every = settings["limit"], settings["rows"]
    which = "" if limit is None or limit >= every else f" ({limit} of {every}, the sample of seed {settings['seed']})"
    stopped = ", stopped before its end" if settings["interrupted"] else ""
    return f"{model}, {asked}: {report.n} rows of {settings['data']}{which}{stopped}."
