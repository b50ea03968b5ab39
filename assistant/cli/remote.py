"""The options that let another server run the model, and what they come to."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.cli import local_model
from assistant.config import Paths, load_settings
from assistant.engine.factory import EngineSpec, open_engine
from assistant.engine.protocol import Engine
from assistant.errors import InputError
from assistant.models.adapters import BASE
from assistant.prompts.fim import FAMILIES, NO_FAMILY

if TYPE_CHECKING:
    from assistant.engine.remote.address import RemoteConfig


def add_remote_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--api-base`` and what belongs to it; docs/remote.md tells more."""
    group = parser.add_argument_group("a model on a server (the key: GRAFTER_API_KEY, or 'grafter key set URL')")
    where = group.add_mutually_exclusive_group()
    where.add_argument("--api-base", metavar="URL", help="vLLM, SGLang, llama.cpp, Ollama, any with OpenAI's API")
    where.add_argument("--local", action="store_true", help="run the model here even if the settings name a server")
    group.add_argument("--api-model", metavar="NAME", help="which of the server's models; else its first")
    local_model.add_adapter_argument(group)
    group.add_argument(
        "--family", choices=(*FAMILIES, NO_FAMILY), metavar="FAMILY", help="its fill-in format; else told by its name"
    )
    group.add_argument("--ca-file", type=Path, metavar="FILE", help="trust the certificates in this file, too")
    group.add_argument(
        "--fallback",
        action=argparse.BooleanOptionalAction,
        help="answer with a model on this computer while the server is away (the setting, else yes)",
    )


def names_server(args: argparse.Namespace) -> bool:
    """Return whether the person said where the model runs."""
    return bool(args.api_base or args.local)


def find_config(paths: Paths, args: argparse.Namespace, *, named_is_local: bool = True) -> RemoteConfig | None:
    """Return which server is to be used: the one asked for, else the settings' unless a local model was named.

    Where ``named_is_local`` is false ``--model`` and its like only say what answers while the server is away.

    Raises InputError for an address or options that make no sense.
    """
    settings = load_settings(paths)
    here = args.local or (named_is_local and (args.model is not None or local_model.names_running(args)))
    base: str = args.api_base or ("" if here else settings.server)
    if not base:
        _refuse_options(args)
        return None
    from assistant.client.address import parse_address
    from assistant.engine.remote.address import RemoteConfig, parse_adapter

    chosen = "" if args.api_base else settings.server_model
    try:
        address = parse_address(base)
    except InputError as error:
        if args.api_base:
            raise
        raise InputError(f"The settings name a server that cannot be used. {error}") from None
    return RemoteConfig(
        address,
        model=args.api_model or chosen or None,
        family=args.family,
        adapter=None if args.adapter in (None, BASE) else parse_adapter(args.adapter),
        ca_file=args.ca_file,
    )


def _refuse_options(args: argparse.Namespace) -> None:
    """Raise InputError for an option that only a server could follow."""
    for option in ("api_model", "family", "ca_file", "fallback"):
        value = getattr(args, option)
        if value is not None:
            name = f"--{'no-' if value is False else ''}{option.replace('_', '-')}"
            raise InputError(f"{name} is for a model on a server; name that with --api-base URL.")


def remote_spec(paths: Paths, args: argparse.Namespace, *, named_is_local: bool = True) -> EngineSpec | None:
    """Return which engine asks the server that is to be used; None where the model runs here."""
    config = find_config(paths, args, named_is_local=named_is_local)
    if config is None:
        return None
    host = config.address.host
    fallback = load_settings(paths).server_fallback if args.fallback is None else args.fallback
    if not fallback:
        return EngineSpec("remote", host, server=config)
    model = local_model.choose_model(paths, args.model)
    running = local_model.choose_running(paths, args)
    instead = None if model is None else local_model.local_spec(paths, model, running)
    return EngineSpec("remote-or-local", host, server=config, instead=instead)


@contextlib.contextmanager
def opened_engine(paths: Paths, args: argparse.Namespace, *, once: bool = False) -> Generator[Engine]:
    """Connect to the server that is to be used, or load a model into this process, for the time of the block.

    ``once``: see loaded_engine.
    """
    spec = remote_spec(paths, args)
    if spec is None:
        with local_model.loaded_engine(paths, args, once=once) as engine:
            yield engine
        return
    with contextlib.closing(open_engine(spec)) as engine:
        yield engine
