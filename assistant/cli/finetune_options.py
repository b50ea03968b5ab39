"""The options of ``grafter finetune``, and the run that they describe."""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from pathlib import Path
from typing import Any

from assistant.cli.local_model import DEVICES, choose_model
from assistant.config import DEFAULT_MODEL, Paths
from assistant.errors import InputError, ModelError
from assistant.names import name_for
from finetune.config import PRESETS, RunConfig, change, check, from_json

_METHODS = ("lora", "dora", "rslora")
_STRATEGIES = ("auto", "ddp", "fsdp", "zero2", "zero3")
# What says what to do with a run, and not what it is to be.
_NO_SETTINGS = frozenset(
    {"files", "preview", "dry_run", "detach", "runs", "resume", "follow", "stop", "remove", "json", "config", "set"}
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options."""
    parser.add_argument(
        "repository", nargs="?", type=Path, metavar="REPO", help="a git repository, or a folder of code"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--files", action="store_true", help="only say which files are learned, and why others are not")
    what.add_argument("--preview", type=int, metavar="N", help="only show N samples as the model will read them")
    what.add_argument("--dry-run", action="store_true", help="only prepare, try some steps, and say what it will cost")
    what.add_argument("--detach", action="store_true", help="start the run and return at once")
    what.add_argument("--runs", action="store_true", help="list all runs")
    what.add_argument("--resume", metavar="RUN", help="go on with a run that was stopped")
    what.add_argument("--follow", metavar="RUN", help="show the progress of a run")
    what.add_argument("--stop", metavar="RUN", help="ask a run to keep a checkpoint and end")
    what.add_argument("--remove", metavar="RUN", help="remove a run; the adapter that it installed stays")
    parser.add_argument("--name", metavar="N", help="what to call the adapter (the repository's name)")
    parser.add_argument("--model", metavar="ID", help="the installed model to tune; else the chosen one")
    parser.add_argument("--device", choices=DEVICES, default="auto", help="train on this device (auto)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="the same seed gives the same samples (0)")
    parser.add_argument("--no-activate", action="store_true", help="keep the adapter off whatever the verdict is")
    _add_data_arguments(parser.add_argument_group("what is learned"))
    _add_training_arguments(parser.add_argument_group("how it is learned"))
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="take all settings from a run's config.json, '-': from standard input, instead of from options",
    )
    parser.add_argument("--json", action="store_true", help="print JSON lines: the run's events, or one object")


def _add_data_arguments(group: Any) -> None:
    group.add_argument("--since", metavar="DATE|REV", help="hold out what came after a date or a commit")
    for option, text in (
        ("--keep", "learn this file or folder although the rules drop it (again for more)"),
        ("--drop", "do not learn this file or folder (again for more)"),
        ("--trust", "learn this file although a secret seems to be in it (again for more)"),
    ):
        group.add_argument(option, action="append", default=[], metavar="PATH", help=text)
    group.add_argument("--holes", type=int, metavar="N", help="judge by N held-out holes (200; quick: 80)")
    group.add_argument(
        "--library-holes",
        type=int,
        metavar="N",
        help="look at N lines of Python's library for what was forgotten (100; quick: 40)",
    )
    group.add_argument("--retrieval-share", type=float, metavar="P", help="share of samples with other places in front")


def _add_training_arguments(group: Any) -> None:
    group.add_argument("--preset", choices=tuple(PRESETS), default="normal", help="quick, normal (default) or thorough")
    length = group.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=float, metavar="M", help="train for about so long")
    length.add_argument("--steps", type=int, metavar="N", help="train for so many steps")
    group.add_argument("--method", choices=_METHODS, help="kind of adapter (lora)")
    group.add_argument("--rank", type=int, metavar="R", help="rank of the adapter; alpha is twice that")
    group.add_argument("--rate", type=float, metavar="LR", help="highest learning rate")
    group.add_argument("--length", type=int, metavar="N", help="tokens of a packed row")
    group.add_argument("--batch", type=int, metavar="N", help="rows of a step on one process")
    group.add_argument("--accumulate", type=int, metavar="N", help="steps whose gradients are added up")
    group.add_argument("--processes", type=int, metavar="P", help="train with so many processes (1)")
    group.add_argument("--strategy", choices=_STRATEGIES, help="how several processes share the work (auto)")
    group.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="change any other setting that config.json of a run shows, such as patience=8 (again for more)",
    )
    group.add_argument("--load-in-4bit", action="store_true", default=None, help="QLoRA: the base in 4 bits, on CUDA")


def make_config(paths: Paths, args: argparse.Namespace) -> RunConfig:
    """Return the run that the options describe. Raises InputError, ModelError."""
    config = _read_config(paths, args) if args.config is not None else _from_options(paths, args)
    config = change(config, args.set)
    if not config.model:
        raise ModelError(f"No model is installed yet; run 'grafter models pull {DEFAULT_MODEL}' first.")
    check(config)
    choose_model(paths, config.model)
    return config


def _read_config(paths: Paths, args: argparse.Namespace) -> RunConfig:
    """Return the run that a file describes whole, as the window hands it over."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    for name, usual in vars(parser.parse_args([])).items():
        if name not in _NO_SETTINGS and getattr(args, name) != usual:
            what = "REPO" if name == "repository" else f"--{name.replace('_', '-')}"
            raise InputError(f"--config holds all settings; leave {what} out, or change one with --set NAME=VALUE.")
    try:
        text = sys.stdin.read() if args.config == "-" else Path(args.config).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError(f"{args.config} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    config = from_json(text, "standard input" if args.config == "-" else args.config)
    model = config.model or getattr(choose_model(paths, None), "id", "")  # files can be judged for any
    return dataclasses.replace(config, repository=str(_find_repository(Path(config.repository))), model=model)


def _from_options(paths: Paths, args: argparse.Namespace) -> RunConfig:
    if args.repository is None:
        raise InputError("Name the repository to learn: grafter finetune REPO.")
    repository = _find_repository(args.repository.expanduser())
    model = choose_model(paths, args.model)
    if model is None:
        raise ModelError(f"No model is installed yet; run 'grafter models pull {DEFAULT_MODEL}' first.")
    train, data = PRESETS[args.preset]
    names = ("method", "rate", "length", "batch", "accumulate", "processes", "strategy", "minutes", "load_in_4bit")
    changes: dict[str, Any] = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    if args.rank is not None:
        changes |= {"rank": args.rank, "alpha": 2 * args.rank}
    if args.steps is not None:
        changes["steps"] = args.steps
    choices = {
        name: tuple(_inside(repository, each) for each in given)
        for name, given in (("keep", args.keep), ("drop", args.drop), ("trusted", args.trust))
    }
    held: dict[str, Any] = {
        name: getattr(args, name)
        for name in ("holes", "library_holes", "retrieval_share")
        if getattr(args, name) is not None
    }
    return RunConfig(
        repository=str(repository),
        model=model.id,
        name=args.name if args.name is not None else name_for(repository.name),
        seed=args.seed,
        device=args.device,
        activate=not args.no_activate,
        data=dataclasses.replace(data, since=args.since, **choices, **held),
        train=dataclasses.replace(train, **changes),
    )


def _find_repository(folder: Path) -> Path:
    """Return the folder by its whole path. Raises InputError where it is none."""
    try:
        if folder.is_dir():
            return folder.resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(f"{str(folder)[:200]} cannot be used: {getattr(error, 'strerror', None) or error}.") from None
    raise InputError(f"{folder} is a file; name a folder." if folder.exists() else f"There is no folder {folder}.")


def _inside(repository: Path, name: str) -> str:
    """Return a name as it is called in the repository where it is a whole path into that; else as it is."""
    if not Path(name).is_absolute():
        return name
    for place in (Path(name), Path(os.path.realpath(name))):
        if place.is_relative_to(repository):
            return place.relative_to(repository).as_posix()
    return name
