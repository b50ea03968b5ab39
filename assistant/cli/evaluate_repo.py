"""``grafter evaluate repo``: measure on a person's own repository what each way of helping is worth."""

from __future__ import annotations

import argparse
import contextlib
import shlex
import time
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from assistant import __version__
from assistant.cli import output
from assistant.cli.local_model import add_model_arguments
from assistant.cli.remote import add_remote_arguments, opened_engine
from assistant.cli.signals import ended_by_sigterm
from assistant.config import find_paths
from assistant.engine.protocol import EngineInfo, Forgets
from assistant.errors import InputError
from assistant.measure.evaluate.ask import OMITTABLE, leave_out
from assistant.measure.evaluate.metrics import mean
from assistant.measure.evaluate.report import Share
from assistant.measure.repository import figures as counting
from assistant.measure.repository.arms import ARMS, WINDOW, Bench, make_arms, read_arms
from assistant.measure.repository.ask import Asked, ask_all, to_json
from assistant.measure.repository.page import About, make_page, points, verdict
from assistant.measure.repository.record import open_record, read_record
from assistant.models.adapters import BASE
from assistant.repository.history import History
from assistant.repository.holes import Chooser, Held
from assistant.retrieval.index.base_index import base_index
from assistant.retrieval.search.window import Budget
from assistant.system.files import write_own_file

_INTERRUPTED = 130
_TITLES = {"files": "Taking the files of the base commit", "index": "Indexing them"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options."""
    parser.add_argument(
        "repository", type=Path, metavar="REPO", help="a git repository; nothing in it is changed or run"
    )
    parser.add_argument("--limit", type=int, default=300, metavar="N", help="ask N holes (300)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="which holes, where there are more (0)")
    parser.add_argument(
        "--arms",
        metavar="A,B",
        help=f"what to compare, each with the first one: {', '.join(ARMS)} (all; the last two with --adapter)",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--commits",
        type=int,
        metavar="N",
        help="take the holes from the N latest commits along first parents; else from as few as have enough holes",
    )
    where.add_argument("--since", metavar="DATE|REV", help="take them from what came after a date or a commit")
    parser.add_argument(
        "--context-tokens", type=int, default=1024, metavar="N", help="most tokens of other places in a prompt (1024)"
    )
    parser.add_argument(
        "--window",
        type=read_window,
        default=WINDOW,
        metavar="P,S",
        help=f"most tokens of the open file before and after the hole ({WINDOW.prefix},{WINDOW.suffix})",
    )
    add_without(parser)
    parser.add_argument("--output", type=Path, metavar="FILE", help="write each hole's answers there as a JSON line")
    parser.add_argument(
        "--resume", action="store_true", help="go on where an earlier run with the same options stopped in --output"
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page with plots and examples there")
    add_model_arguments(parser, device_help="run on this device; else the chosen one")
    add_remote_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def add_without(parser: argparse.ArgumentParser) -> None:
    """Define the option that leaves parts of the editor's way of asking out."""
    parser.add_argument(
        "--without",
        choices=OMITTABLE,
        action="append",
        default=[],
        metavar="NAME",
        help="leave one of the editor's filters, or one source of other files, out, to measure its worth; again for "
        f"more: {', '.join(OMITTABLE)}",
    )


def read_window(text: str) -> Budget:
    """Return the two numbers of tokens of ``--window``. Raises ArgumentTypeError."""
    before, comma, after = text.partition(",")
    if not comma or not before.isdecimal() or not after.isdecimal() or not 16 <= int(before) <= 65536:
        raise argparse.ArgumentTypeError(f"'{text}' is no window; write two numbers of tokens, such as 512,128")
    return Budget(int(before), int(after))


@dataclass(frozen=True, slots=True)
class _Run:
    """What was asked of which model, and how."""

    history: History
    held: Held
    names: tuple[str, ...]
    info: EngineInfo
    settings: dict[str, Any]
    alone: bool
    """Whether each prompt was read as if it were the first."""


def run(args: argparse.Namespace) -> int:
    """Measure, and say what came of it. Returns the exit code."""
    names = _check(args)
    history = History(args.repository)
    held = _choose(history, args)
    asked: list[Asked] = []
    code = 0
    begin = time.perf_counter()
    with (
        ended_by_sigterm(),
        contextlib.closing(history),
        opened_engine(find_paths(), args) as engine,
        _indexed(history, held) as index,
    ):
        load_seconds = time.perf_counter() - begin
        with engine.begin() as model:
            info = model.info
        settings = _settings(history, held, names, info, args)
        run_ = _Run(history, held, names, info, settings, isinstance(engine, Forgets))
        done = read_record(args.output, settings, held.holes, names) if args.resume else {}
        options, sources = leave_out(args.without)
        bench = Bench(engine, index, history.root, args.context_tokens, args.window, options, sources)
        arms = make_arms(names, bench)
        with (
            open_record(args.output, settings, resume=bool(done)) as write,
            contextlib.closing(ask_all(arms, index, held.holes, done)) as results,
        ):
            try:
                for each in _followed(results, len(held.holes), names):
                    asked.append(each)
                    if each.hole.id not in done:
                        write(to_json(each))
            except KeyboardInterrupt:
                code = _INTERRUPTED
    figures = counting.summarise(asked, names)
    facts = {**settings, "interrupted": code == _INTERRUPTED, "load_seconds": round(load_seconds, 2)}
    if args.html:
        _write_page(args.html, make_page(_about(run_, figures.n, args), figures, asked, names))
    if args.json:
        output.print_json({**counting.to_json(figures), **facts})
    else:
        _show(run_, figures, code == _INTERRUPTED)
    return code


def _check(args: argparse.Namespace) -> tuple[str, ...]:
    """Return the names of the arms. Raises InputError for options that make no sense, before anything takes time."""
    for name in ("limit", "context_tokens"):
        if getattr(args, name) < 1:
            raise InputError(f"--{name.replace('_', '-')} is {getattr(args, name)}; it has to be at least 1.")
    if args.resume and args.output is None:
        raise InputError("--resume goes with --output FILE, the file to go on with.")
    for path in (args.output, args.html):
        if path is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
            raise InputError(f"{path} cannot be written: name a file in a folder that exists.")
    return read_arms(args.arms, adapter=args.adapter not in (None, BASE))


def _choose(history: History, args: argparse.Namespace) -> Held:
    chooser = Chooser(history, args.seed)
    with Console(stderr=True).status("Looking for holes in the latest commits ...") as status:
        if args.commits is not None:
            base = history.back(args.commits)
        elif args.since is not None:
            base = history.since(args.since)
        else:
            base = chooser.find_base(
                args.limit, lambda back: status.update(f"Looking for holes in the {back} latest commits ...")
            )
        return chooser.held_out(base, args.limit)


@contextlib.contextmanager
def _indexed(history: History, held: Held) -> Generator[Any]:
    with contextlib.ExitStack() as stack:
        with output.progress_bars(_TITLES) as bars:

            def report(stage: str, done: int, total: int) -> None:
                if total:
                    bars.report(stage, 1000 * done // total, 1000)

            index = stack.enter_context(base_index(history, held.base.id, report))
        yield index


def _settings(
    history: History, held: Held, names: Sequence[str], info: EngineInfo, args: argparse.Namespace
) -> dict[str, Any]:
    """Return what another run has to share for its answers to be the same."""
    return {
        "repository": history.root.name,
        "base": held.base.id,
        "base_date": held.base.date,
        "head": held.head.id,
        "head_date": held.head.date,
        "commits": held.commits,
        "holes": held.found,
        "limit": args.limit,
        "seed": args.seed,
        "arm_names": list(names),
        "context_tokens": args.context_tokens,
        "window": [args.window.prefix, args.window.suffix],
        "without": args.without,
        "model": info.model,
        "adapter": info.adapter,
        "device": info.device,
        "dtype": info.dtype,
        "version": __version__,
    }


def _followed(results: Iterable[Asked], total: int, names: Sequence[str]) -> Generator[Asked]:
    """Pass the results on, with a bar on standard error: how many, what each arm has right, time left."""
    columns = (
        TextColumn("Filling in"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    exact: dict[str, list[bool]] = {name: [] for name in names}
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=total, note="")
        for each in results:
            for name, marks in exact.items():
                marks.append(each.marks[name].exact)
            note = ", ".join(f"{name} {mean(marks):.0%}" for name, marks in exact.items())
            progress.update(task, advance=1, note=f"{note} exact")
            yield each


# --- what came of it -------------------------------------------------------------------


def _sentences(run_: _Run, n: int) -> list[str]:
    """Return what was measured, for people."""
    held, info = run_.held, run_.info
    more = "" if n == held.found else f" of {held.found:,}"
    commits = "commit" if held.commits == 1 else f"{held.commits:,} commits"
    name = run_.history.root.name
    adapter = f" and the adapter {info.adapter}" if info.adapter else ""
    model = f"{info.model}{adapter} on {info.device} in {info.dtype}"
    return [
        f"{model}: {n}{more} holes in what the latest {commits} of {name} added.",
        f"Base: {held.base.id[:12]} of {held.base.date[:10]}. Newest: {held.head.id[:12]} of {held.head.date[:10]}.",
    ]


def _about(run_: _Run, n: int, args: argparse.Namespace) -> About:
    command = [
        "grafter", "evaluate", "repo", str(args.repository), "--since", run_.held.base.id[:12],
        "--limit", str(args.limit), "--seed", str(args.seed), "--arms", ",".join(run_.names),
        "--context-tokens", str(args.context_tokens), "--window", f"{args.window.prefix},{args.window.suffix}",
    ]  # fmt: skip
    for name in args.without:
        command += ["--without", name]
    for option in ("model", "device", "bits", "threads", "api_base", "api_model", "adapter", "family"):
        value = getattr(args, option)
        command += [] if value is None else [f"--{option.replace('_', '-')}", str(value)]
    if args.lean is not None:
        command.append("--lean" if args.lean else "--no-lean")
    return About(run_.history.root.name, tuple(_sentences(run_, n)), shlex.join(command))


def _write_page(path: Path, page: str) -> None:
    """Write the page whole or not at all: a disk that is full leaves an older one as it was."""
    try:
        write_own_file(path, page)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}.") from None


def _show(run_: _Run, figures: counting.Figures, interrupted: bool) -> None:
    console = output.console()
    stopped = " Stopped before the end." if interrupted else ""
    console.print(" ".join(_sentences(run_, figures.n)) + stopped, soft_wrap=True, markup=False)
    if not figures.n:
        return
    if figures.n < run_.settings["limit"] and not interrupted:
        console.print(f"There are no more holes than these; --limit asked for {run_.settings['limit']}.")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in (
        "arm",
        "exact match",
        "95 %",
        "edit similarity",
        "file parses",
        "median",
        "95 of 100",
        "tokens read",
    ):
        table.add_column(heading, justify="left" if heading == "arm" else "right")
    for arm in figures.arms:
        low, high = arm.exact_match.interval
        table.add_row(
            arm.name,
            _percent(arm.exact_match),
            f"{100 * low:.1f} to {100 * high:.1f}",
            f"{arm.edit_similarity.value:.3f}",
            _percent(arm.parse_rate) if arm.parse_rate else "",
            f"{arm.p50_ms:,.0f} ms",
            f"{arm.p95_ms:,.0f} ms",
            f"{arm.prompt_tokens:,.0f}",
        )
    console.print(table)
    for each in figures.differences:
        console.print(
            f"{verdict(each)} Only {each.second} right: {each.only_second}, only {each.first}: {each.only_first} "
            f"(McNemar p = {each.p_value:.3g}).",
            soft_wrap=True,
            markup=False,
        )
    for title, groups in (("kind", figures.by_kind), ("language", figures.by_language)):
        _show_groups(console, title, groups, run_.names)
    for arm in figures.arms:
        if arm.failed:
            console.print(f"{arm.name}: {arm.failed} holes got no answer and count as wrong; --output says why.")
    if not run_.alone:
        console.print("The server may have known parts of the prompts; times of the arms cannot be compared.")


def _show_groups(console: Console, title: str, groups: Sequence[counting.Group], names: Sequence[str]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(title)
    for heading in ("holes", *names, *(f"{name} less {names[0]}" for name in names[1:])):
        table.add_column(heading, justify="right")
    for group in groups:
        differences = [
            f"{points(each.exact_match)} ({points(each.exact_interval[0])} to {points(each.exact_interval[1])})"
            for each in group.differences
        ]
        table.add_row(group.name, str(group.n), *(_percent(group.exact_match[name]) for name in names), *differences)
    console.print(table)


def _percent(share: Share) -> str:
    return f"{100 * share.value:.1f} %"
