"""What both measurements of ``grafter bench`` need: options of another server, bars, and figures for people."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Generator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from assistant.errors import InputError
from assistant.measure.bench.memory import Memory
from assistant.measure.bench.peers import KINDS
from assistant.system.disk import human_bytes

INTERRUPTED = 130
UNKNOWN = "–"


def add_peer_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of another server, and ``--json``."""
    parser.add_argument("--against", metavar="URL", help="measure this server too, turn about")
    parser.add_argument("--kind", choices=KINDS, help="what that server speaks (llamacpp)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def check_peer(args: argparse.Namespace) -> None:
    """Raise InputError where it is said how to speak to a server that is not named."""
    if args.kind and not args.against:
        raise InputError("--kind says what a server speaks; name it with --against URL.")


@contextlib.contextmanager
def bar(title: str, total: int) -> Generator[Callable[[str], None]]:
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


def memory_text(memory: Memory | None) -> str:
    """Return what a process takes, for people."""
    if memory is None:
        return "unknown"
    peak = "" if memory.peak is None else f" (at the highest {human_bytes(memory.peak)})"
    return f"{human_bytes(memory.now)}{peak}"


def memory_of_peer(name: str | None, memory: Memory | None) -> str:
    """Return what another server takes, as the end of a sentence; nothing where there is none."""
    return f", {name} {memory_text(memory)}" if name else ""


def count(text: str) -> int:
    """Return a number that an option gives."""
    if not text.isdecimal() or not 1 <= int(text) <= 100_000:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 1 to 100000")
    return int(text)
