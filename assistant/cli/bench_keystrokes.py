"""``grafter bench keystrokes``: replay a recorded typing trace through the whole service, and perhaps another one."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from collections.abc import Generator, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from assistant.cli import output
from assistant.cli.bench_common import (
    INTERRUPTED,
    UNKNOWN,
    add_peer_arguments,
    bar,
    check_peer,
    count,
    memory_of_peer,
    memory_text,
)
from assistant.cli.left_out import read_without
from assistant.cli.local_model import add_model_arguments, choose_model
from assistant.config import DEFAULT_MODEL, find_paths, load_settings
from assistant.errors import InputError, ModelError
from assistant.measure.bench import report as reporting
from assistant.measure.bench.replay import SPEEDS

if TYPE_CHECKING:
    from pathlib import Path

    from assistant.measure.bench.keystrokes import Session, Totals
    from assistant.measure.bench.memory import Memory
    from assistant.measure.bench.service import FirstSuggestion, Service

_DEFAULT_TRACE = "argparse"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options."""
    add_model_arguments(parser, device_help="where the service runs the model; else the chosen device")
    parser.add_argument(
        "--trace",
        default=_DEFAULT_TRACE,
        metavar="NAME|FILE",
        help=f"what is typed ({_DEFAULT_TRACE}); a name or a file",
    )
    parser.add_argument(
        "--file", type=_path, metavar="FILE", help="the text to type it into; else the trace's own, of this Python"
    )
    parser.add_argument(
        "--pace",
        choices=SPEEDS,
        default="real",
        help="type as recorded (default), or go on as soon as each suggestion is whole, so that none is cut off",
    )
    parser.add_argument(
        "--fixed", type=count, metavar="MS", help="ask after a pause of so many milliseconds, whatever the rhythm"
    )
    parser.add_argument(
        "--no-ahead", dest="ahead", action="store_false", help="ask nothing ahead while a suggestion is shown"
    )
    parser.add_argument(
        "--segments", type=count, metavar="N", help="type only the first N sittings of the trace; else all"
    )
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="NAME",
        help="replay each sitting also through a second service that leaves this out, such as outline; again for more",
    )
    add_peer_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Replay, and say what came of it. Returns the exit code."""
    from assistant.editing.suggestions.session import Options
    from assistant.measure.bench.askers import Asker, Grafter, peer_asker
    from assistant.measure.bench.keystrokes import Session, replay_all
    from assistant.measure.bench.peers import connect
    from assistant.measure.bench.source import library_file, read_source
    from assistant.measure.bench.trace import check_source, load_trace

    check_peer(args)
    if args.without and args.against:
        raise InputError("--without and --against compare with different things; give one of them at a time.")
    without = read_without(args.without)
    paths = find_paths()
    trace = load_trace(args.trace)
    trace = replace(trace, segments=trace.segments[: args.segments])
    file = args.file or library_file(trace.module)
    settings, fixed = load_settings(paths), args.fixed is not None
    options = Options(
        debounce_ms=args.fixed if fixed else settings.debounce_ms,
        adaptive=not fixed,
        ahead=settings.ask_ahead and args.ahead,
    )
    session = Session(trace, read_source(file), args.pace, file.name, options)
    session.check()
    model = choose_model(paths, args.model)
    if model is None:
        raise ModelError(f"No model is installed yet; run 'grafter models pull {DEFAULT_MODEL}' first.")
    kind = args.kind or "llamacpp"
    peer = connect(args.against, kind) if args.against else None
    code = 0
    with contextlib.ExitStack() as stack:
        if peer is not None:
            stack.callback(peer.close)
        service, first = _started(stack, session, _service_options(args))
        askers: list[Asker] = [Grafter(service.ready.url, service.token)]
        if without:
            left_out = [option for name in args.without for option in ("--without", name)]
            less, _ = _started(stack, session, [*_service_options(args), *left_out])
            askers.append(Grafter(less.ready.url, less.token, "less"))
        if peer is not None:
            askers.append(peer_asker(peer.url, kind, peer.model, model.family))
        try:
            with bar("Typing", len(trace.segments) * len(askers)) as step:
                asyncio.run(replay_all(session, askers, step))
        except KeyboardInterrupt:
            code = INTERRUPTED
        sides = [session.totals(asker.name) for asker in askers]
        running, memory, theirs = service.model(), service.memory(), peer.memory() if peer else None
    note = check_source(trace, session.source)
    if args.json:
        output.print_json(
            {
                **dict(zip(("model", "device", "dtype"), running, strict=True)),
                **reporting.machine(),
                "memory": reporting.memory_json(memory),
                "against": peer
                and {"url": peer.url, "name": peer.name, "model": peer.model, "memory": reporting.memory_json(theirs)},
                "without": sorted(without),
                "interrupted": code == INTERRUPTED,
                **reporting.keystrokes_json(session, sides, first),
                "notes": [note] if note else [],
            }
        )
        return code
    _show_keystrokes(session, sides, running, stopped=bool(code))
    _show_service(first, memory, peer and peer.name, theirs, note)
    return code


def _started(stack: contextlib.ExitStack, session: Session, options: list[str]) -> tuple[Service, FirstSuggestion]:
    """Return a service that runs until the stack ends, and when its first suggestion came: its model is loaded."""
    from assistant.measure.bench.service import serving

    service = stack.enter_context(serving(options))
    with _waiting("Starting the service ..."):
        return service, service.first_suggestion(session.first_request())


def _show_keystrokes(session: Session, sides: list[Totals], running: tuple[str, str, str], *, stopped: bool) -> None:
    from assistant.measure.bench.keystrokes import compare

    console = output.console()
    model, device, dtype = running
    how = "at the recorded pace" if session.speed == "real" else "going on as soon as each suggestion was whole"
    console.print(
        f"{model} on {device} in {dtype}, the trace '{session.trace.name}' ({session.trace.ms / 60_000:.1f} minutes in "
        f"{session.trace.module}), {how}{', stopped before its end' if stopped else ''}."
    )
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for side in sides:
        table.add_column(side.name, justify="right")
    ratios = compare(*sides) if len(sides) == 2 else {}
    if ratios:
        table.add_column("ratio", justify="right")

    def add(what: str, cells: Iterable[str], ratio: str = "") -> None:
        times = ratios.get(ratio)
        table.add_row(what, *cells, *(("" if times is None else f"{times:.2f}",) if ratios else ()))

    for name, what in (
        ("first", "key to first character"),
        ("last", "key to whole suggestion"),
        ("first_of_all", "first character, cut off counted"),
        ("last_of_all", "whole suggestion, cut off counted"),
        ("followed", "taken to what follows"),
    ):
        for share in ("p50", "p95"):
            cells = [_milliseconds(getattr(getattr(side, name), share)) for side in sides]
            add(f"{what}, {share}", cells, f"{name}_{share}")
    for name, what in (
        ("keys", "keys"),
        ("requests", "requests"),
        ("ahead", "requests ahead that nobody waited for"),
        ("whole", "whole suggestions"),
        ("cut_off", "cut off by the next key"),
        ("empty", "without a suggestion"),
        ("failed", "failed"),
        ("recalled", "keys with a suggestion at once"),
        ("read", "tokens read"),
        ("read_median", "tokens read anew by a request, median"),
        ("prompt_median", "tokens of a prompt, median"),
        ("reused", "tokens reused"),
        ("written", "tokens written"),
    ):
        add(what, [f"{getattr(side, name):.0f}" for side in sides], name)
    add("characters of a suggestion, mean", [f"{side.characters:.0f}" for side in sides])
    console.print(table)
    for side in sides:
        for failure in side.failures[:3]:
            console.print(f"{side.name}: {failure}")


def _show_service(
    first: FirstSuggestion, memory: Memory | None, peer: str | None, theirs: Memory | None, note: str
) -> None:
    console = output.console()
    console.print(
        f"From the launch of the service {first.listening_ms / 1000:.1f} s until it listened, "
        f"{first.whole_ms / 1000:.1f} s until the first whole suggestion. "
        f"Memory of the service: {memory_text(memory)}{memory_of_peer(peer, theirs)}."
    )
    if note:
        console.print(note)


def _service_options(args: argparse.Namespace) -> list[str]:
    """Return how to run the model as options of ``grafter serve``."""
    options: list[str] = []
    for name in ("model", "device", "bits", "threads"):
        if (value := getattr(args, name)) is not None:
            options += [f"--{name}", str(value)]
    if args.lean is not None:
        options.append("--lean" if args.lean else "--no-lean")
    return [*options, "--adapter", "base"]  # whichever is enabled


@contextlib.contextmanager
def _waiting(what: str) -> Generator[None]:
    with Console(stderr=True).status(what):
        yield


def _milliseconds(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.0f} ms"


def _path(text: str) -> Path:
    from pathlib import Path

    return Path(text)
