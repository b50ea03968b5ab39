"""Which installed model a command uses, and how it is loaded; shared by every command that runs one."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from assistant.config import DEFAULT_MODEL, BitsChoice, Device, Paths, load_settings
from assistant.engine import threads
from assistant.engine.factory import EngineSpec, open_engine
from assistant.engine.protocol import Adapts, Engine
from assistant.errors import GrafterError, InputError, ModelError
from assistant.models.adapters import BASE, AdapterStore, ModelAdapters, parse_choice
from assistant.models.store import InstalledModel, Store

DEVICES: tuple[Device, ...] = ("auto", "cuda", "mps", "xpu", "cpu")
BITS: tuple[BitsChoice, ...] = ("auto", 16, 8, 4)


@dataclass(frozen=True, slots=True)
class Running:
    """Where a model runs, with how many bits for each weight and, on a processor, threads (0: as many as fit).

    ``lean``: on a processor, keep one copy of the weights.
    """

    device: Device
    bits: BitsChoice
    threads: int = 0
    lean: bool = False


def add_model_arguments(parser: argparse.ArgumentParser, *, device_help: str) -> None:
    """Add ``--model``, ``--device``, ``--bits``, ``--lean`` and ``--threads``."""
    parser.add_argument(
        "--model", metavar="ID", help="the installed model to use; else the chosen one, the default, or any"
    )
    parser.add_argument("--device", choices=DEVICES, help=device_help)
    parser.add_argument(
        "--bits",
        type=lambda text: int(text) if text.isdecimal() else text,
        choices=BITS,
        help="read weights in so many bits for each token (auto: what is quickest on a processor, what fits on a card)",
    )
    parser.add_argument(
        "--lean",
        action=argparse.BooleanOptionalAction,
        help="on a processor, keep one copy of the weights: less than half the memory, prompts are read more slowly",
    )
    parser.add_argument(
        "--threads", type=_threads, metavar="N", help="on a processor, compute with so many threads (its fast cores)"
    )


def add_adapter_argument(parser: Any) -> None:
    """Add ``--adapter`` to a parser or a group of one."""
    parser.add_argument(
        "--adapter",
        metavar="NAME[:SCALE]",
        help="answer with this adapter, at a scale from 0 to 1 (its own); 'base': with none. On a server: NAME of "
        "one that it has, or NAME=PATH of one that it can load",
    )


def named_adapter(args: argparse.Namespace) -> str | None:
    """Return the adapter that a request is to name: none of its own, the base (empty), or a name.

    Where a server is asked for, what it was told at the start counts.
    """
    if args.adapter is None or args.api_base or "=" in args.adapter:
        return None
    return "" if args.adapter == BASE else parse_choice(args.adapter)[0]


def choose_model(paths: Paths, wanted: str | None) -> InstalledModel | None:
    """Return the model to use: ``wanted``, else the chosen one, else the default, else any that is installed.

    Raises InputError when ``wanted`` is not installed, and ModelError when it is damaged.
    """
    store = Store(paths)
    if wanted is not None:
        return store.get(wanted)
    for model_id in (load_settings(paths).model, DEFAULT_MODEL):
        # A choice that was removed since, or a damaged one, gives way to the next.
        with contextlib.suppress(ModelError, InputError):
            if model_id and (model := store.find(model_id)):
                return model
    return next(iter(store.installed()), None)


def names_running(args: argparse.Namespace) -> bool:
    """Return whether the person said how to run the model, which a running service cannot follow."""
    return any(value is not None for value in (args.device, args.bits, args.lean, args.threads))


def choose_running(paths: Paths, args: argparse.Namespace) -> Running:
    """Return the device, bits and threads asked for, else the chosen ones."""
    settings = load_settings(paths)
    count = settings.threads if args.threads is None else args.threads
    lean = settings.lean if args.lean is None else args.lean
    return Running(args.device or settings.device, args.bits or settings.bits, count, lean)


def _threads(text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text) <= threads.MAX_THREADS:
        most = threads.MAX_THREADS
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of threads (1 to {most}, or 0: automatic)")
    return int(text)


def local_spec(paths: Paths, model: InstalledModel, running: Running) -> EngineSpec:
    """Return which engine runs an installed model."""
    return EngineSpec(
        "local",
        model.name,
        Store(paths).path(model.id),
        running.device,
        running.bits,
        running.threads,
        running.lean,
        ModelAdapters(AdapterStore(paths), model, BASE).find,
    )


@contextlib.contextmanager
def loaded_engine(paths: Paths, args: argparse.Namespace, *, once: bool = False) -> Generator[Engine]:
    """Load a model into this process for the time of the block, with its progress on standard error.

    It answers with ``--adapter``, merged. ``once``: for one question; without that option the enabled adapter answers,
    and nobody waits for merging.
    """
    from rich.console import Console

    model = choose_model(paths, args.model)
    if model is None:
        raise ModelError(f"No model is installed yet; run 'grafter models pull {DEFAULT_MODEL}' first.")
    model_adapters = ModelAdapters(AdapterStore(paths), model, args.adapter or (None if once else BASE))
    console = Console(stderr=True)
    with console.status(f"Loading {model.name} ...") as status:

        def report(progress: float) -> None:
            status.update(f"Loading {model.name} ... {progress:.0%}")

        engine = open_engine(local_spec(paths, model, choose_running(paths, args)), report)
    try:
        try:
            if isinstance(engine, Adapts):
                engine.set_adapter(model_adapters.first(), wait=not once)
        except GrafterError as error:
            if args.adapter is not None:
                raise
            console.print(f"The model answers without an adapter. {error}", style="yellow", markup=False)
        yield engine
    finally:
        engine.close()
