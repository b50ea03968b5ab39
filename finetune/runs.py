"""The runs of this user, each a folder: made, listed, told to pause, found out whether somebody works on them."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import psutil

from assistant.config import Paths
from assistant.errors import InputError
from assistant.names import LONGEST, check_adapter_name
from finetune.config import RunConfig, check, read_config, to_json
from finetune.events import EventReader, Failed, Finished, Paused, Verdict

State = Literal["new", "running", "paused", "stopped", "failed", "finished"]
"""``paused``: it was asked to stop and did; ``stopped``: its process ended without a word. Both go on when started."""

# A run is called as its adapter, with the moment when it was made.
_RUN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,149}")
_STOP, _OWNER = "stop", "owner"
_TRIALS = ".trials"
_LEAST_FREE = 1 << 20
"""With fewer bytes a disk counts as full."""


@dataclass(frozen=True, slots=True)
class RunInfo:
    """A run: its folder, what it was asked for, how it stands, when it was made, and its last word."""

    folder: Path
    config: RunConfig
    state: State
    made: float
    verdict: Verdict | None = None
    failure: Failed | None = None

    @property
    def name(self) -> str:
        """The run's name."""
        return self.folder.name


def free_name(paths: Paths, name: str) -> str:
    """Return the name, or with a number where an adapter, be it a damaged one, is called so.

    On some systems names that differ in capitals alone are one. Raises InputError for what can be no name.
    """
    check_adapter_name(name)
    try:
        taken = {place.name.casefold() for place in paths.adapters.iterdir()}
    except OSError:
        taken = set[str]()
    endings = ("", *(f"-{number}" for number in range(2, len(taken) + 3)))
    names = (name[: LONGEST - len(ending)] + ending for ending in endings)
    return next(each for each in names if each.casefold() not in taken)


def create(paths: Paths, config: RunConfig) -> Path:
    """Make the folder of a new run and return it; its adapter's name is one that is free (see ``free_name``).

    Raises InputError for a config that cannot be, or a full disk.
    """
    check(config)
    return _make(paths.runs, dataclasses.replace(config, name=free_name(paths, config.name)))


@contextmanager
def trial(paths: Paths, config: RunConfig) -> Generator[Path]:
    """Yield the folder of a run that is in no list and is removed in the end: to measure what one would cost.

    What was left by programs that were killed goes first. Raises InputError like ``create``.
    """
    check(config)
    for left in paths.runs.glob(f"{_TRIALS}/*"):
        if not is_owned(left):
            shutil.rmtree(left, ignore_errors=True)
    folder = _make(paths.runs / _TRIALS, config)
    try:
        with owned(folder):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def rename(paths: Paths, folder: Path, name: str) -> RunInfo:
    """Have the adapter of a run that is not at work called otherwise. Raises InputError."""
    config = dataclasses.replace(read_config(folder), name=free_name(paths, name))
    try:
        _write_config(folder, config)
    except OSError as error:
        raise InputError(f"The run {folder.name} cannot be changed: {error.strerror or error}.") from None
    return look(folder)


def _make(parent: Path, config: RunConfig) -> Path:
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    try:
        parent.mkdir(parents=True, exist_ok=True)
        for number in range(1000):
            folder = parent / (f"{config.name}-{stamp}" + (f"-{number}" if number else ""))
            try:
                folder.mkdir()
            except FileExistsError:
                continue
            _write_config(folder, config)
            return folder
    except OSError as error:
        raise InputError(f"The run cannot be made in {parent}: {error.strerror or error}.") from None
    raise InputError(f"There are too many runs named {config.name}; remove some.")


def _write_config(folder: Path, config: RunConfig) -> None:
    part = folder / "config.part"
    part.write_text(to_json(config), encoding="utf-8")
    part.replace(folder / "config.json")


def find(paths: Paths, name: str) -> RunInfo:
    """Return the run of this name. Raises InputError where there is none."""
    if not _RUN_NAME.fullmatch(name) or name.endswith("."):
        raise InputError(f"{name[:200]!r} is no name of a run; 'grafter finetune --runs' lists them.")
    folder = paths.runs / name
    if not (folder / "config.json").is_file():
        raise InputError(f"There is no run '{name}'; 'grafter finetune --runs' lists them.")
    return look(folder)


def every(paths: Paths) -> list[RunInfo]:
    """Return all runs, the newest first; folders that hold none are passed over."""
    found: list[RunInfo] = []
    for place in paths.runs.glob("*/config.json"):
        try:
            found.append(look(place.parent))
        except InputError:
            continue
    return sorted(found, key=lambda run: run.made, reverse=True)


def look(folder: Path) -> RunInfo:
    """Return how a run stands. Raises InputError where its config cannot be read."""
    config = read_config(folder)
    verdict: Verdict | None = None
    last: Paused | Finished | Failed | None = None
    begun = False
    for stamped in EventReader(folder).read():
        begun = True
        match stamped.event:
            case Verdict():
                verdict = stamped.event
            case Paused() | Finished() | Failed():
                last = stamped.event
            case _:
                last = None
    running = is_owned(folder)
    state: State = "running" if running else "stopped" if begun else "new"
    if not running and last is not None:
        state = {Paused: "paused", Finished: "finished", Failed: "failed"}[type(last)]  # pyright: ignore[reportAssignmentType]
    failure = last if isinstance(last, Failed) and not running else None
    return RunInfo(folder, config, state, (folder / "config.json").stat().st_mtime, verdict, failure)


def full_disk(folder: Path) -> str:
    """Return a sentence where the disk is full, which a run that ended for it could not say itself; else nothing."""
    with suppress(OSError):
        if shutil.disk_usage(folder).free < _LEAST_FREE:
            return f"The disk with {folder.parent} is full; make room and resume the run {folder.name}."
    return ""


def ask_to_stop(folder: Path) -> None:
    """Ask whoever works on the run to keep a checkpoint and end. Raises OSError."""
    (folder / _STOP).touch()


def is_asked_to_stop(folder: Path) -> bool:
    """Return whether somebody asked."""
    return (folder / _STOP).exists()


@contextmanager
def owned(folder: Path) -> Generator[None]:
    """Work on a run: nobody else does meanwhile, and an earlier wish to stop is forgotten. Raises InputError."""
    if is_owned(folder):
        raise InputError(f"The run {folder.name} is at work already.")
    (folder / _STOP).unlink(missing_ok=True)
    me = psutil.Process()
    (folder / _OWNER).write_text(f"{me.pid} {me.create_time()}", encoding="utf-8")
    try:
        yield
    finally:
        (folder / _OWNER).unlink(missing_ok=True)


def is_owned(folder: Path) -> bool:
    """Return whether a living process works on the run; a process id that was given to another since does not count."""
    try:
        pid, made = (folder / _OWNER).read_text(encoding="utf-8").split()
        process = psutil.Process(int(pid))
        return abs(process.create_time() - float(made)) < 1 and process.status() != psutil.STATUS_ZOMBIE
    except (OSError, ValueError, psutil.Error):
        return False


def end_at_once(folder: Path) -> None:
    """Kill whoever works on the run and what they started; what was learned since the last checkpoint is lost."""
    if not is_owned(folder):
        return
    try:
        owner = psutil.Process(int((folder / _OWNER).read_text(encoding="utf-8").split()[0]))
        # The owner first: it must not take the death of a trainer for a failure and write that down.
        family = [owner, *owner.children(recursive=True)]
    except (OSError, ValueError, IndexError, psutil.Error):
        return
    for process in family:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(family, timeout=3)


def remove(paths: Paths, name: str) -> None:
    """Remove a run that nobody works on; what it installed stays. Raises InputError."""
    run = find(paths, name)
    if run.state == "running":
        raise InputError(f"The run {name} is at work; stop it first.")
    # By another name first: half a run is none.
    gone = paths.runs / f".{os.getpid()}-{time.monotonic_ns()}"
    try:
        run.folder.rename(gone)
        shutil.rmtree(gone)
    except OSError as error:
        raise InputError(f"The run {name} cannot be removed: {error.strerror or error}.") from None
