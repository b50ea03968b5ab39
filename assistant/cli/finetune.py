"""``grafter finetune``: tune the model on a repository, and prove on code it has not seen whether that helped.

A run learns from the repository as it was before its latest commits, is judged on what those added, and switches the
adapter on only where it helps. It can be stopped at any point, and goes on with --resume.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

from rich.table import Table

from assistant.cli import output
from assistant.cli.finetune_options import add_arguments, make_config
from assistant.cli.following import Follower
from assistant.cli.signals import ended_by_sigterm
from assistant.config import Paths, find_paths
from assistant.errors import InputError, ModelError
from finetune import launch, runs
from finetune.config import RunConfig, check
from finetune.events import DataReady, EventReader, Failed, Finished, Paused, PlanReady

__all__ = ["add_arguments", "run"]

_STOPPED, _BAD_INPUT = 3, 2
_POLL_SECONDS = 0.2
_MOST_SAMPLES = 10_000


def run(args: argparse.Namespace) -> int:
    """Do what was asked; return the exit code."""
    paths = find_paths()
    if args.runs:
        return _list(paths, as_json=args.json)
    if args.stop or args.remove:
        return _act(paths, args)
    if args.resume or args.follow:
        folder = runs.find(paths, args.resume or args.follow).folder
        return _resume(paths, folder, args) if args.resume else _follow(folder, None, as_json=args.json)
    if args.preview is not None and not 1 <= args.preview <= _MOST_SAMPLES:
        raise InputError(f"--preview is {_shortened(args.preview)}; it has to lie between 1 and {_MOST_SAMPLES:,}.")
    config = make_config(paths, args)
    if args.files or args.preview is not None:
        return _look(config, args)
    if args.dry_run:
        # So that SIGTERM ends the trainer and takes the folder away.
        with ended_by_sigterm(), runs.trial(paths, config) as folder:
            return _plan(folder, as_json=args.json)
    folder = runs.create(paths, config)
    name = runs.look(folder).config.name
    if name != config.name:
        said = f"There is an adapter '{config.name}' already; what is learned now will be called '{name}'."
        print(said, file=sys.stderr if args.json else sys.stdout)
    return _start(folder, args)


def _shortened(number: int) -> str:
    return str(number) if abs(number) < 10**15 else "a number of many digits"


# --- a run -----------------------------------------------------------------------------


def _start(folder: Path, args: argparse.Namespace) -> int:
    if args.detach:
        launch.start_detached(folder)
        if args.json:
            output.print_json({"run": folder.name, "folder": str(folder)})
        else:
            print(f"The run {folder.name} has begun; 'grafter finetune --follow {folder.name}' shows how it goes.")
        return 0
    return _follow(folder, _start_child(folder), as_json=args.json)


def _resume(paths: Paths, folder: Path, args: argparse.Namespace) -> int:
    run_ = runs.look(folder)
    if args.name is not None and run_.state not in ("running", "finished"):
        run_ = runs.rename(paths, folder, args.name)
    if run_.state == "running":
        raise InputError(f"The run {folder.name} is at work already; --follow {folder.name} shows how it goes.")
    if run_.state == "finished":
        raise InputError(f"The run {folder.name} is finished; its report is {folder / 'report.html'}.")
    try:
        check(run_.config)
    except InputError as error:
        name = "; --name NAME gives it another name" if str(error).startswith(repr(run_.config.name)) else ""
        raise InputError(f"The run {folder.name} cannot go on: {str(error).rstrip('.')}{name}.") from None
    return _follow(folder, _start_child(folder), as_json=args.json)


def _start_child(folder: Path) -> subprocess.Popen[bytes]:
    with (folder / launch.LOG).open("ab") as log:
        # Ctrl-C is for us: we ask the run to stop, and it keeps a checkpoint.
        return subprocess.Popen(
            launch.job_command(folder),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _follow(folder: Path, child: subprocess.Popen[bytes] | None, *, as_json: bool) -> int:
    """Show the events of a run until it ends; Ctrl-C asks our own to stop, and only leaves another's."""
    reader = EventReader(folder)
    if child is not None:  # what was said before is history
        for _ in reader.read():
            pass
    with _leaving(folder, child), Follower(sys.stdout if as_json else None) as follower:
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


@contextlib.contextmanager
def _leaving(folder: Path, child: subprocess.Popen[bytes] | None) -> Generator[None]:
    """Say at SIGTERM that the run goes on without the one who followed it; the exit status is 143."""
    with ended_by_sigterm():
        try:
            yield
        except SystemExit:
            if child is not None and child.poll() is None:
                print(
                    f"grafter: The run {folder.name} goes on without this program; "
                    f"'grafter finetune --follow {folder.name}' shows it, --stop {folder.name} ends it.",
                    file=sys.stderr,
                )
            raise


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
    """Prepare and probe in a run that nobody sees, and say what it would cost."""
    printed = b""
    for stage in ("data", "train"):
        command = launch.stage_command(stage, folder, runs.look(folder).config)
        command += ["--plan-only"] if stage == "train" else []
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
        failed = [each.event for each in EventReader(folder).read() if isinstance(each.event, Failed)]
        if failed:
            raise InputError(failed[-1].sentence)
        if done.returncode:
            raise ModelError(f"Trying some steps ended unexpectedly (status {done.returncode}).")
        printed = done.stdout
    data = next(each.event for each in EventReader(folder).read() if isinstance(each.event, DataReady))
    # The trainer prints its plan last, and writes it down only when it goes on to train.
    plan = _read_plan(printed)
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
