"""Measure how fast this program is on this machine, alone or side by side with another server of the same model.

docs/performance.md tells how to start the others and what was measured so far.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import time
from collections.abc import Callable, Generator, Iterable
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from assistant.cli import output
from assistant.cli.local_model import add_adapter_argument, add_model_arguments, choose_model, loaded_engine
from assistant.config import DEFAULT_MODEL, find_paths, load_settings
from assistant.errors import InputError, ModelError
from assistant.measure.bench import report as reporting
from assistant.measure.bench.peers import KINDS
from assistant.measure.bench.replay import SPEEDS
from assistant.measure.bench.throughput import Measured, Plan, Results
from assistant.system.disk import human_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from assistant.measure.bench.keystrokes import Session, Totals
    from assistant.measure.bench.memory import Memory
    from assistant.measure.bench.service import FirstSuggestion

_INTERRUPTED = 130
_DEFAULT_TRACE = "argparse"
_UNKNOWN = "–"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define ``grafter bench``."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="engine|keystrokes")

    text = "Tokens a second at reading and writing, memory, and the time to load."
    engine = actions.add_parser("engine", help=text, description=text)
    add_model_arguments(engine, device_help="run on this device; else the chosen one")
    add_adapter_argument(engine)
    plan = Plan()
    for option, default, what in (
        ("--prompt", plan.prompts, "lengths of the prompts that are read"),
        ("--context", plan.contexts, "lengths of the contexts after which is written"),
    ):
        shown = ",".join(map(str, default))
        engine.add_argument(option, type=_sizes, default=default, metavar="N,N", help=f"{what}, in tokens ({shown})")
    engine.add_argument("--tokens", type=_count, default=plan.tokens, metavar="N", help="tokens to write (64)")
    engine.add_argument("--repeat", type=_count, default=plan.repeat, metavar="N", help="how often each (5)")
    _add_peer_arguments(engine)

    text = "Replay a recorded typing trace through the whole service: time from a key to its suggestion."
    keystrokes = actions.add_parser("keystrokes", help=text, description=text)
    add_model_arguments(keystrokes, device_help="where the service runs the model; else the chosen device")
    keystrokes.add_argument(
        "--trace",
        default=_DEFAULT_TRACE,
        metavar="NAME|FILE",
        help=f"what is typed ({_DEFAULT_TRACE}); a name or a file",
    )
    keystrokes.add_argument(
        "--file", type=_path, metavar="FILE", help="the text to type it into; else the trace's own, of this Python"
    )
    keystrokes.add_argument(
        "--pace",
        choices=SPEEDS,
        default="real",
        help="type as recorded (default), or go on as soon as each suggestion is whole, so that none is cut off",
    )
    keystrokes.add_argument(
        "--fixed", type=_count, metavar="MS", help="ask after a pause of so many milliseconds, whatever the rhythm"
    )
    keystrokes.add_argument(
        "--no-ahead", dest="ahead", action="store_false", help="ask nothing ahead while a suggestion is shown"
    )
    _add_peer_arguments(keystrokes)


def run(args: argparse.Namespace) -> int:
    """Do what was asked. Returns the exit code."""
    return {"engine": _engine, "keystrokes": _keystrokes}[args.action](args)


def _add_peer_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--against", metavar="URL", help="measure this server too, turn about")
    parser.add_argument("--kind", choices=KINDS, help="what that server speaks (llamacpp)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


# --- engine ------------------------------------------------------------------------------


def _engine(args: argparse.Namespace) -> int:
    from assistant.measure.bench.peers import connect
    from assistant.measure.bench.sides import OurSide
    from assistant.measure.bench.source import Pieces
    from assistant.measure.bench.throughput import measure, steps
    from assistant.types import Text

    _check_peer(args)
    plan = Plan(args.prompt, args.context, args.repeat, args.tokens)
    results = Results(plan)
    code = 0
    with contextlib.ExitStack() as stack:
        # First: an address at which nobody listens is known in a moment, a model is loaded in seconds.
        peer = connect(args.against, args.kind or "llamacpp") if args.against else None
        if peer is not None:
            stack.callback(peer.close)
        begin = time.perf_counter()
        engine = stack.enter_context(loaded_engine(find_paths(), args))
        load_seconds = time.perf_counter() - begin
        model = stack.enter_context(engine.begin())
        longest = max((*plan.prompts, *(size + plan.tokens for size in plan.contexts)))
        if longest >= model.info.context_length:
            raise InputError(
                f"{model.info.model} reads {model.info.context_length} tokens at most, fewer than the {longest + 1} "
                "that this would take; give shorter ones with --prompt and --context."
            )
        ours = OurSide(engine)
        pieces = Pieces(lambda text: model.count_tokens([Text(text)])[0])
        try:
            with _bar("Measuring", steps(plan)) as step:
                for done in measure(ours, peer, plan, pieces, results):
                    step(done)
        except KeyboardInterrupt:
            code = _INTERRUPTED
        memory, theirs = ours.memory(), peer.memory() if peer else None
        info = model.info
    if args.json:
        output.print_json(
            {
                "model": info.model,
                "adapter": info.adapter,
                "device": info.device,
                "dtype": info.dtype,
                **reporting.machine(),
                "load_seconds": round(load_seconds, 2),
                "memory": reporting.memory_json(memory),
                "against": peer
                and {"url": peer.url, "name": peer.name, "model": peer.model, "memory": reporting.memory_json(theirs)},
                "interrupted": code == _INTERRUPTED,
                **reporting.engine_json(results),
            }
        )
        return code
    console = output.console()
    versus = f" against {peer.name} ({peer.model or peer.url})" if peer else ""
    stopped = ", stopped before its end" if code else ""
    adapter = f" with the adapter {info.adapter}" if info.adapter else ""
    console.print(f"{info.model}{adapter} on {info.device} in {info.dtype}{versus}: medians of {plan.repeat}{stopped}.")
    console.print(_engine_table(results, peer.name if peer else None, plan))
    drafted, accepted = results.drafts()
    if drafted:
        console.print(f"Of {drafted} draft tokens {accepted} were accepted.")
    console.print(
        f"Loading took {load_seconds:.1f} s. Memory: ours {_memory(memory)}{_of_peer(peer and peer.name, theirs)}."
    )
    for note in results.notes:
        console.print(note)
    return code


def _engine_table(results: Results, peer: str | None, plan: Plan) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("tokens a second")
    for heading in ("ours", *((peer, "ratio") if peer else ())):
        table.add_column(heading, justify="right")
    for row in results.rows():
        what = f"reading {row.tokens}" if row.what == "prefill" else f"writing {plan.tokens} after {row.tokens}"
        if row.what == "decode, prompt lookup":
            what += ", prompt lookup"
        times = _UNKNOWN if row.ratio is None else f"{row.ratio:.2f}"
        table.add_row(what, _speed(row.ours), *((_speed(row.theirs), times) if peer else ()))
    return table


def _speed(found: Measured | None) -> str:
    if found is None:
        return _UNKNOWN
    speeds = found.speeds
    digits = 0 if speeds.median >= 100 else 1
    return f"{speeds.median:.{digits}f} ({speeds.low:.{digits}f} to {speeds.high:.{digits}f})"


# --- keystrokes --------------------------------------------------------------------------


def _keystrokes(args: argparse.Namespace) -> int:
    from assistant.editing.suggestions.session import Options
    from assistant.measure.bench.askers import Asker, Grafter, peer_asker
    from assistant.measure.bench.keystrokes import Session, replay_all
    from assistant.measure.bench.peers import connect
    from assistant.measure.bench.service import serving
    from assistant.measure.bench.source import library_file, read_source
    from assistant.measure.bench.trace import check_source, load_trace

    _check_peer(args)
    paths = find_paths()
    trace = load_trace(args.trace)
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
        service = stack.enter_context(serving(_service_options(args)))
        with _waiting("Starting the service ..."):
            first = service.first_suggestion(session.first_request())
        askers: list[Asker] = [Grafter(service.ready.url, service.token)]
        if peer is not None:
            askers.append(peer_asker(peer.url, kind, peer.model, model.family))
        try:
            with _bar("Typing", len(trace.segments) * len(askers)) as step:
                asyncio.run(replay_all(session, askers, step))
        except KeyboardInterrupt:
            code = _INTERRUPTED
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
                "interrupted": code == _INTERRUPTED,
                **reporting.keystrokes_json(session, sides, first),
                "notes": [note] if note else [],
            }
        )
        return code
    _show_keystrokes(session, sides, running, stopped=bool(code))
    _show_service(first, memory, peer and peer.name, theirs, note)
    return code


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
        ("reused", "tokens reused"),
        ("written", "tokens written"),
    ):
        add(what, [str(getattr(side, name)) for side in sides], name)
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
        f"Memory of the service: {_memory(memory)}{_of_peer(peer, theirs)}."
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


# --- both --------------------------------------------------------------------------------


def _check_peer(args: argparse.Namespace) -> None:
    if args.kind and not args.against:
        raise InputError("--kind says what a server speaks; name it with --against URL.")


@contextlib.contextmanager
def _bar(title: str, total: int) -> Generator[Callable[[str], None]]:
    """Show a bar on standard error; yields what is told of each step that is done."""
    columns = (
        TextColumn(title),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=total, note="")

        def step(note: str) -> None:
            progress.update(task, advance=1, note=note)

        yield step


@contextlib.contextmanager
def _waiting(what: str) -> Generator[None]:
    with Console(stderr=True).status(what):
        yield


def _milliseconds(value: float | None) -> str:
    return _UNKNOWN if value is None else f"{value:.0f} ms"


def _memory(memory: Memory | None) -> str:
    if memory is None:
        return "unknown"
    peak = "" if memory.peak is None else f" (at the highest {human_bytes(memory.peak)})"
    return f"{human_bytes(memory.now)}{peak}"


def _of_peer(name: str | None, memory: Memory | None) -> str:
    return f", {name} {_memory(memory)}" if name else ""


def _path(text: str) -> Path:
    from pathlib import Path

    return Path(text)


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100_000:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 1 to 100000")
    return int(text)


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(_count(each) for each in text.split(","))
