"""Which installed model a command uses, and how it is loaded; shared by every command that runs one."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Generator
from dataclasses import dataclass

from assistant.config import DEFAULT_MODEL, BitsChoice, Device, Paths, load_settings
from assistant.engine import threads
from assistant.engine.protocol import Engine
from assistant.errors import InputError, ModelError
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


def loader(paths: Paths, model: InstalledModel, running: Running) -> Callable[[Callable[[float], None]], Engine]:
    """Return what loads the model; the heavy imports happen when it is called."""

    def load(progress: Callable[[float], None]) -> Engine:
        # Before torch is imported, and on the thread that will decode: a service loads on its worker's.
        threads.apply(running.threads)
        from assistant.engine.load import load_engine

        return load_engine(Store(paths).path(model.id), running.device, progress, running.bits, lean=running.lean)

    return load


@contextlib.contextmanager
def loaded_engine(paths: Paths, args: argparse.Namespace) -> Generator[Engine]:
    """Load a model into this process for the time of the block, with its progress on standard error."""
    from rich.console import Console

    model = choose_model(paths, args.model)
    if model is None:
        raise ModelError(f"No model is installed yet; run 'grafter models pull {DEFAULT_MODEL}' first.")
    console = Console(stderr=True)
    with console.status(f"Loading {model.name} ...") as status:

        def report(progress: float) -> None:
            status.update(f"Loading {model.name} ... {progress:.0%}")

        engine = loader(paths, model, choose_running(paths, args))(report)
    try:
        yield engine
    finally:
        engine.close()
