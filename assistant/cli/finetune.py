"""``grafter finetune``: tune the model on a repository, and prove on code it has not seen whether that helped.

A run learns from the repository as it was before its latest commits, is judged on what those added, and switches the
adapter on only where it helps. It can be stopped at any point, and goes on with --resume.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from rich.table import Table

from assistant.cli import output
from assistant.cli.following import Follower
from assistant.cli.local_model import DEVICES, choose_model
from assistant.cli.signals import ended_by_sigterm
from assistant.config import DEFAULT_MODEL, Paths, find_paths
from assistant.errors import InputError, ModelError
from assistant.system.processes import how_it_ended
from finetune import launch, runs
from finetune.config import PRESETS, RunConfig, change, check
from finetune.events import DataReady, EventReader, Failed, Finished, Paused, PlanReady

_STOPPED, _BAD_INPUT = 3, 2
_POLL_SECONDS = 0.2
_METHODS = ("lora", "dora", "rslora")
_STRATEGIES = ("auto", "ddp", "fsdp", "zero2", "zero3")


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


def run(args: argparse.Namespace) -> int:
    """Do what was asked; return the exit code."""
    paths = find_paths()
    if args.runs:
        return _list(paths, as_json=args.json)
    if args.stop or args.remove:
        return _act(paths, args)
    if args.resume or args.follow:
        folder = runs.find(paths, args.resume or args.follow).folder
        return _resume(folder, args) if args.resume else _follow(folder, None, as_json=args.json)
    config = make_config(paths, args)
    if args.files or args.preview is not None:
        return _look(config, args)
    folder = runs.create(paths, config)
    if args.dry_run:
        with ended_by_sigterm():  # so that the trainer ends and the folder goes
            return _plan(folder, as_json=args.json)
    return _start(folder, args)


def make_config(paths: Paths, args: argparse.Namespace) -> RunConfig:
    """Return the run that the options describe. Raises InputError, ModelError."""
    if args.repository is None:
        raise InputError("Name the repository to learn: grafter finetune REPO.")
    repository = args.repository.expanduser()
    if not repository.is_dir():
        raise InputError(f"There is no folder {repository}.")
    model = choose_model(paths, args.model)
    if model is None:
        raise ModelError(f"No model is installed yet; run 'grafter models pull {DEFAULT_MODEL}' first.")
    repository = repository.resolve()
    train, data = PRESETS[args.preset]
    names = ("method", "rate", "length", "batch", "accumulate", "processes", "strategy", "minutes", "load_in_4bit")
    changes: dict[str, Any] = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    if args.rank is not None:
        changes |= {"rank": args.rank, "alpha": 2 * args.rank}
    if args.steps is not None:
        changes["steps"] = args.steps
    data = dataclasses.replace(
        data, since=args.since, keep=tuple(args.keep), drop=tuple(args.drop), trusted=tuple(args.trust)
    )
    for option in ("holes", "library_holes", "retrieval_share"):
        if getattr(args, option) is not None:
            data = dataclasses.replace(data, **{option: getattr(args, option)})
    config = RunConfig(
        repository=str(repository),
        model=model.id,
        name=runs.check_name(args.name or _name_for(repository)),
        seed=args.seed,
        device=args.device,
        activate=not args.no_activate,
        data=data,
        train=dataclasses.replace(train, **changes),
    )
    config = change(config, args.set)
    check(config)
    return config


def _name_for(repository: Path) -> str:
    """Return the repository's name as an adapter's: what a name cannot have becomes a dash."""
    plain = "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in "._-") else "-" for letter in repository.name
    )
    return plain.strip("-._")[:60] or "repository"


# --- a run -----------------------------------------------------------------------------


def _start(folder: Path, args: argparse.Namespace) -> int:
    if args.detach:
        launch.start_detached(folder)
        if args.json:
            output.print_json({"run": folder.name, "folder": str(folder)})
        else:
            print(f"The run {folder.name} has begun; 'grafter finetune --follow {folder.name}' shows how it goes.")
        return 0
    return _follow(folder, launch.start_job(folder), as_json=args.json)


def _resume(folder: Path, args: argparse.Namespace) -> int:
    run_ = runs.look(folder)
    if run_.state == "running":
        raise InputError(f"The run {folder.name} is at work already; --follow {folder.name} shows how it goes.")
    if run_.state == "finished":
        raise InputError(f"The run {folder.name} is finished; its report is {folder / 'report.html'}.")
    return _follow(folder, launch.start_job(folder), as_json=args.json)


def _follow(folder: Path, child: subprocess.Popen[bytes] | None, *, as_json: bool) -> int:
    """Show the events of a run until it ends; Ctrl-C asks our own to stop, and only leaves another's."""
    reader = EventReader(folder)
    if child is not None:  # what was said before is history
        for _ in reader.read():
            pass
    with Follower(sys.stdout if as_json else None) as follower:
        while True:
            try:
                alive = runs.is_owned(folder) if child is None else child.poll() is None
                for stamped in reader.read():
                    follower.show(stamped)
                if not alive:
                    break
                time.sleep(_POLL_SECONDS)
            except KeyboardInterrupt:
                if child is None:
                    return 130
                follower.note("Stopping: the run keeps a checkpoint first ...")
                runs.ask_to_stop(folder)
                signal.signal(signal.SIGINT, signal.SIG_IGN)
    return _end(folder, follower.last, as_json=as_json)


def _end(folder: Path, last: object, *, as_json: bool) -> int:
    match last:
        case Failed():
            if not as_json:
                print(f"grafter: {last.sentence}", file=sys.stderr)
            return _BAD_INPUT if last.code == InputError.code else 1
        case Paused():
            if not as_json:
                print(f"Stopped. 'grafter finetune --resume {folder.name}' goes on from there.")
            return 0
        case Finished():
            if not as_json:
                print(f"The report is {folder / 'report.html'}.")
            return 0
        case _:
            silent = f"The run ended without a word; {folder / launch.LOG} may tell why."
            print(f"grafter: {runs.full_disk(folder) or silent}", file=sys.stderr)
            return 1


# --- what will be learned, and what it costs -----------------------------------------------


def _look(config: RunConfig, args: argparse.Namespace) -> int:
    from finetune.data import look

    if args.preview is not None:
        found: dict[str, Any] = look.preview(config, args.preview)
    else:
        found = look.files(config)
    if args.json:
        output.print_json(found)
    elif args.preview is not None:
        _show_samples(found)
    else:
        _show_files(found)
    return 0


def _show_files(found: dict[str, Any]) -> None:
    console = output.console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("file")
    table.add_column("bytes", justify="right")
    table.add_column("")
    table.add_column("why")
    for file in found["files"]:
        why = file["reason"] + (f": {file['detail']}" if file["detail"] else "")
        overruled = " (your choice)" if file["overruled"] else ""
        table.add_row(file["path"], f"{file['bytes']:,}", "kept" if file["kept"] else "dropped", f"{why}{overruled}")
    console.print(table)
    split = found["split"]
    console.print(
        f"{found['kept']} files are learned, {found['dropped']} are not. {split['note']}".strip(), markup=False
    )


def _show_samples(found: dict[str, Any]) -> None:
    console = output.console()
    for sample in found["samples"]:
        others = ", ".join(sample["context"]) or "nothing"
        console.rule(f"{sample['path']}:{sample['line']} · {sample['kind']} · {sample['tokens']} tokens", align="left")
        console.print(f"in front: {others}", style="dim", markup=False)
        console.print(sample["prefix"], end="", markup=False, style="dim")
        console.print(sample["middle"], end="", markup=False, style="bold")
        console.print(sample["suffix"], markup=False, style="dim")


def _plan(folder: Path, *, as_json: bool) -> int:
    """Prepare and probe in a run of its own, say what it would cost, and remove it again."""
    import shutil

    try:
        for stage in ("data", "train"):
            command = launch.stage_command(stage, folder, runs.look(folder).config)
            command += ["--plan-only"] if stage == "train" else []
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
            failed = [each.event for each in EventReader(folder).read() if isinstance(each.event, Failed)]
            if failed:
                raise InputError(failed[-1].sentence)
            if done.returncode:
                raise ModelError(f"The process that tries some steps {how_it_ended(done.returncode)}.")
        data = next(each.event for each in EventReader(folder).read() if isinstance(each.event, DataReady))
        # The trainer prints its plan last, and writes it down only when it goes on to train.
        plan = _read_plan(done.stdout)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if as_json:
        output.print_json({"data": dataclasses.asdict(data), "plan": dataclasses.asdict(plan)})
        return 0
    with Follower(None) as follower:
        follower.say(data)
        follower.say(plan)
    return 0


def _read_plan(printed: bytes) -> PlanReady:
    table: dict[str, Any] = json.loads(printed.splitlines()[-1])
    table["changes"] = tuple(table["changes"])
    return PlanReady(**table)


# --- all runs ----------------------------------------------------------------------------


def _list(paths: Paths, *, as_json: bool) -> int:
    found = runs.every(paths)
    if as_json:
        output.print_json({"runs": [_run_to_json(each) for each in found]})
        return 0
    console = output.console()
    if not found:
        console.print("There is no run yet; 'grafter finetune REPO' makes one.")
        return 0
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("run", "state", "repository", "model", "verdict"):
        table.add_column(heading)
    for each in found:
        said = each.verdict.sentence if each.verdict else each.failure.sentence if each.failure else ""
        table.add_row(each.name, each.state, each.config.repository, each.config.model, said)
    console.print(table)
    return 0


def _run_to_json(info: runs.RunInfo) -> dict[str, Any]:
    return {
        "run": info.name,
        "folder": str(info.folder),
        "state": info.state,
        "made": info.made,
        "config": dataclasses.asdict(info.config),
        "verdict": dataclasses.asdict(info.verdict) if info.verdict else None,
        "failure": dataclasses.asdict(info.failure) if info.failure else None,
    }


def _act(paths: Paths, args: argparse.Namespace) -> int:
    if args.remove:
        runs.remove(paths, args.remove)
        said = f"The run {args.remove} is removed."
    else:
        found = runs.find(paths, args.stop)
        if found.state != "running":
            raise InputError(f"The run {args.stop} is not at work.")
        runs.ask_to_stop(found.folder)
        said = f"The run {args.stop} keeps a checkpoint and ends."
    print(json.dumps({"run": args.remove or args.stop}) if args.json else said)
    return 0
