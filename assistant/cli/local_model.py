"""Which installed model a command uses, and how it is loaded; shared by serve, complete and ask."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Generator

from assistant.config import DEFAULT_MODEL, Paths, load_settings
from assistant.engine.protocol import Engine
from assistant.errors import InputError, ModelError
from assistant.models.store import InstalledModel, Store

DEVICES = ("auto", "cuda", "mps", "xpu", "cpu")


def add_model_arguments(parser: argparse.ArgumentParser, *, device_help: str) -> None:
    """Add ``--model`` and ``--device``."""
    parser.add_argument(
        "--model", metavar="ID", help="the installed model to use; else the chosen one, the default, or any"
    )
    parser.add_argument("--device", choices=DEVICES, help=device_help)


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


def choose_device(paths: Paths, wanted: str | None) -> str:
    """Return the device asked for, else the chosen one."""
    return wanted or load_settings(paths).device


def loader(paths: Paths, model: InstalledModel, device: str) -> Callable[[Callable[[float], None]], Engine]:
    """Return what loads the model; the heavy imports happen when it is called."""

    def load(progress: Callable[[float], None]) -> Engine:
        from assistant.engine.load import load_engine

        return load_engine(Store(paths).path(model.id), device, progress)

    return load


@contextlib.contextmanager
def loaded_engine(paths: Paths, wanted: str | None, device: str | None) -> Generator[Engine]:
    """Load a model into this process for the time of the block, with its progress on standard error."""
    from rich.console import Console

    model = choose_model(paths, wanted)
    if model is None:
        raise ModelError(f"No model is installed yet; run 'grafter models pull {DEFAULT_MODEL}' first.")
    console = Console(stderr=True)
    with console.status(f"Loading {model.name} ...") as status:

        def report(progress: float) -> None:
            status.update(f"Loading {model.name} ... {progress:.0%}")

        engine = loader(paths, model, choose_device(paths, device))(report)
    try:
        yield engine
    finally:
        engine.close()
