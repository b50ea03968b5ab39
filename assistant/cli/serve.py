"""Run the local service: it loads the model and answers editors on 127.0.0.1 until it is stopped or its parent ends.

The first line of standard output is {"event":"ready","url":...,"token_file":...}; all the rest goes to standard error.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.cli.local_model import add_model_arguments, choose_model, choose_running, loader
from assistant.cli.remote import add_remote_arguments, remote_engine
from assistant.config import find_paths
from assistant.errors import InputError
from assistant.server.settings import LiveSettings

if TYPE_CHECKING:
    from assistant.completion.complete import Options

_OTHER_EDITORS = """\
Every request needs 'Authorization: Bearer TOKEN'. Without options the token is new at each start and lies in the
ready line's token_file. For other editors, which want a key that stays, give a port and a token file:

  grafter serve --stay --port 8012 --token-file ~/.config/grafter-key

The file is made on first use. OpenAI clients take http://127.0.0.1:8012/v1 as their base URL and the file's content as
their API key; llama.vim and llama.vscode take http://127.0.0.1:8012/infill (llama.vscode: without the path)."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``grafter serve``."""
    parser.epilog = _OTHER_EDITORS
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--port", type=_port, default=0, metavar="N", help="port on 127.0.0.1; 0, the default, takes a free one"
    )
    add_model_arguments(parser, device_help="where to run the model; else the chosen device, or the best there is")
    parser.add_argument(
        "--idle-minutes",
        type=_minutes,
        metavar="N",
        help="give the model's memory back after N minutes without a request; 0: never (20, or the setting)",
    )
    add_remote_arguments(parser)
    ends = parser.add_mutually_exclusive_group()
    ends.add_argument(
        "--parent-pid", type=int, metavar="PID", help="end with this process, not with the one that started this"
    )
    ends.add_argument("--stay", action="store_true", help="go on when the program that started this has ended")
    parser.add_argument(
        "--token-file",
        type=Path,
        metavar="PATH",
        help="keep the token in this file (made on first use); the variable GRAFTER_TOKEN gives the token itself",
    )


def run(args: argparse.Namespace) -> int:
    """Serve until something ends it; the model loads after the ready line."""
    from assistant.engine.worker import EngineWorker
    from assistant.models.adapters import AdapterStore, Shelf
    from assistant.retrieval.opening import workspace_indexes
    from assistant.server.process import Service, bind, find_parent, log_to_stderr, make_token

    log_to_stderr()
    paths = find_paths()
    parent = None if args.stay else find_parent(args.parent_pid)
    settings = LiveSettings(paths)
    idle = _idle_seconds(settings, args.idle_minutes)
    remote = remote_engine(paths, args, named_is_local=False)
    shelf = None
    if remote is not None:
        from assistant.engine.remote.worker import RemoteWorker

        name: str | None = remote.host
        worker: EngineWorker = RemoteWorker(remote, idle_seconds=idle)
    else:
        model = choose_model(paths, args.model)
        name = model.id if model else None
        shelf = Shelf(AdapterStore(paths), model, args.adapter) if model else None
        worker = EngineWorker(
            loader(paths, model, choose_running(paths, args)) if model else None,
            name,
            idle_seconds=idle,
            adapter=shelf.first if shelf else lambda: None,
        )
    file = _token_file(args.token_file)
    with settings.followed(), bind(args.port) as listener:
        token = make_token(paths, given=os.environ.get("GRAFTER_TOKEN"), file=file)
        service = Service(
            worker,
            paths,
            token,
            listener,
            name,
            indexes=workspace_indexes(paths),
            options=_options(settings),
            shelf=shelf,
        )
        return service.run(parent)


def _token_file(path: Path | None) -> Path | None:
    try:
        return path.expanduser().absolute() if path else None
    except RuntimeError:
        raise InputError(f"The token file {path} cannot be used: there is no such home folder.") from None


def _idle_seconds(settings: LiveSettings, wanted: float | None) -> Callable[[], float]:
    """Return what says how long the model stays loaded: as asked, else as the settings say."""
    return lambda: 60.0 * (settings.now().idle_minutes if wanted is None else wanted)


def _options(settings: LiveSettings) -> Callable[[], Options]:
    """Return what says how suggestions are made."""
    from assistant.completion.complete import Options

    return lambda: Options(confidence=settings.now().confidence)


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = -1.0
    if not 0 <= minutes <= 525_600:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of minutes (0 to 525600)")
    return minutes


def _port(text: str) -> int:
    try:
        port = int(text)
    except ValueError:
        port = -1
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"'{text}' is not a port (0 to 65535)")
    return port
