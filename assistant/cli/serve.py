"""Run the local service: it loads the model and answers editors on 127.0.0.1 until it is stopped or its parent ends.

The first line of standard output is {"event":"ready","url":...,"token_file":...}; all the rest goes to standard error.
"""

from __future__ import annotations

import argparse
import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.cli.left_out import read_without
from assistant.cli.local_model import add_model_arguments, choose_model, choose_running, local_spec
from assistant.cli.remote import add_remote_arguments, remote_spec
from assistant.config import Paths, find_paths
from assistant.engine.factory import EngineSpec
from assistant.errors import InputError
from assistant.models.adapters import AdapterStore, ModelAdapters
from assistant.models.store import Store
from assistant.server.settings import LiveSettings
from assistant.types import ROLES, Role

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
    parser.add_argument(
        "--role",
        type=_role,
        action="append",
        metavar="ROLE=ID",
        help="another installed model for chat, edit or embed, loaded when it is first asked (may be given again)",
    )
    parser.add_argument(
        "--model-memory",
        type=_gigabytes,
        metavar="GB",
        help="how much memory the models of all roles may take together; else 60 %% of this computer's",
    )
    add_remote_arguments(parser)
    ends = parser.add_mutually_exclusive_group()
    ends.add_argument(
        "--parent-pid", type=int, metavar="PID", help="end with this process, not with the one that started this"
    )
    ends.add_argument("--stay", action="store_true", help="go on when the program that started this has ended")
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="NAME",
        help="leave a filter or a part of the prompt (outline, path) out, to measure its worth; again for more",
    )
    parser.add_argument(
        "--token-file",
        type=Path,
        metavar="PATH",
        help="keep the token in this file (made on first use); the variable GRAFTER_TOKEN gives the token itself",
    )


def run(args: argparse.Namespace) -> int:
    """Serve until something ends it; the model loads after the ready line."""
    from assistant.engine.roles import open_roles, usual_budget
    from assistant.engine.scheduler.worker import EngineWorker
    from assistant.retrieval.index.opening import workspace_indexes
    from assistant.server.process import Service, bind, find_parent, log_to_stderr, make_token

    log_to_stderr()
    without = read_without(args.without)
    paths = find_paths()
    parent = None if args.stay else find_parent(args.parent_pid)
    settings = LiveSettings(paths)
    idle = _idle_seconds(settings, args.idle_minutes)
    specs, model_adapters = _find_specs(paths, args)
    main = specs.get("complete")
    budget = usual_budget() if args.model_memory is None else args.model_memory
    worker = EngineWorker(
        functools.partial(open_roles, specs, budget) if main else None,
        model_adapters.model.id if model_adapters else None,
        idle_seconds=idle,
        adapter=model_adapters.first if model_adapters else lambda: None,
        roles=_role_models(args),
    )
    name = model_adapters.model.id if model_adapters else main.name if main else None
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
            options=_options(settings, without),
            model_adapters=model_adapters,
        )
        return service.run(parent)


def _find_specs(paths: Paths, args: argparse.Namespace) -> tuple[dict[Role, EngineSpec], ModelAdapters | None]:
    """Return the engine of each role that has one (none at all: there is no model), and the main model's adapters.

    Raises InputError for a model that is not installed, ModelError for one that is damaged.
    """
    specs: dict[Role, EngineSpec] = {}
    model_adapters = None
    running = choose_running(paths, args)
    remote = remote_spec(paths, args, named_is_local=False)
    if remote is not None:
        specs["complete"] = remote
    elif (model := choose_model(paths, args.model)) is not None:
        specs["complete"] = local_spec(paths, model, running)
        model_adapters = ModelAdapters(AdapterStore(paths), model, args.adapter)
    if not specs:
        return {}, None
    by_model = {model_adapters.model.id: specs["complete"]} if model_adapters else {}  # roles of one model share it
    for role, model_id in _role_models(args).items():
        if model_id not in by_model:
            by_model[model_id] = local_spec(paths, Store(paths).get(model_id), running)
        specs[role] = by_model[model_id]
    return specs, model_adapters


def _role_models(args: argparse.Namespace) -> dict[Role, str]:
    return dict(args.role or ())


def _role(text: str) -> tuple[Role, str]:
    name, _, model_id = text.partition("=")
    others: dict[str, Role] = {each: each for each in ROLES[1:]}  # the first is --model's
    if name in others and model_id:
        return others[name], model_id
    raise argparse.ArgumentTypeError(f"'{text}' is not ROLE=ID with a role of {', '.join(others)}")


def _gigabytes(text: str) -> int:
    try:
        size = float(text)
    except ValueError:
        size = -1.0
    if not 0 < size <= 65_536:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of gigabytes (above 0)")
    return int(size * (1 << 30))


def _token_file(path: Path | None) -> Path | None:
    try:
        return path.expanduser().absolute() if path else None
    except RuntimeError:
        raise InputError(f"The token file {path} cannot be used: there is no such home folder.") from None


def _idle_seconds(settings: LiveSettings, wanted: float | None) -> Callable[[], float]:
    """Return what says how long the model stays loaded: as asked, else as the settings say."""
    return lambda: 60.0 * (settings.now().idle_minutes if wanted is None else wanted)


def _options(settings: LiveSettings, without: frozenset[str] = frozenset()) -> Callable[[], Options]:
    """Return what says how suggestions are made."""
    from assistant.completion.complete import Options

    return lambda: Options(without, confidence=settings.now().confidence)


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
