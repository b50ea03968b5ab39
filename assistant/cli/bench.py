"""Measure how fast this program is on this machine, alone or side by side with another server of the same model.

docs/performance.md tells how to start the others and what was measured so far.
"""

from __future__ import annotations

import argparse
import contextlib
import time

from rich.table import Table

from assistant.cli import bench_keystrokes, output
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
from assistant.cli.local_model import add_adapter_argument, add_model_arguments, loaded_engine
from assistant.config import find_paths
from assistant.errors import InputError
from assistant.measure.bench import report as reporting
from assistant.measure.bench.throughput import Measured, Plan, Results


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
    engine.add_argument("--tokens", type=count, default=plan.tokens, metavar="N", help="tokens to write (64)")
    engine.add_argument("--repeat", type=count, default=plan.repeat, metavar="N", help="how often each (5)")
    add_peer_arguments(engine)

    text = "Replay a recorded typing trace through the whole service: time from a key to its suggestion."
    bench_keystrokes.add_arguments(actions.add_parser("keystrokes", help=text, description=text))


def run(args: argparse.Namespace) -> int:
    """Do what was asked. Returns the exit code."""
    return {"engine": _engine, "keystrokes": bench_keystrokes.run}[args.action](args)


# --- engine ------------------------------------------------------------------------------


def _engine(args: argparse.Namespace) -> int:
    from assistant.measure.bench.peers import connect
    from assistant.measure.bench.sides import OurSide
    from assistant.measure.bench.source import Pieces
    from assistant.measure.bench.throughput import measure, steps
    from assistant.types import Text

    check_peer(args)
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
            with bar("Measuring", steps(plan)) as step:
                for done in measure(ours, peer, plan, pieces, results):
                    step(done)
        except KeyboardInterrupt:
            code = INTERRUPTED
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
                "interrupted": code == INTERRUPTED,
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
        f"Loading took {load_seconds:.1f} s. Memory: ours {memory_text(memory)}"
        f"{memory_of_peer(peer and peer.name, theirs)}."
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
        times = UNKNOWN if row.ratio is None else f"{row.ratio:.2f}"
        table.add_row(what, _speed(row.ours), *((_speed(row.theirs), times) if peer else ()))
    return table


def _speed(found: Measured | None) -> str:
    if found is None:
        return UNKNOWN
    speeds = found.speeds
    digits = 0 if speeds.median >= 100 else 1
    return f"{speeds.median:.{digits}f} ({speeds.low:.{digits}f} to {speeds.high:.{digits}f})"


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(count(each) for each in text.split(","))
