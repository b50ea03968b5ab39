"""The runs of this user, each a folder: made, listed, told to pause, found out whether somebody works on them."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from assistant.config import Paths
from assistant.errors import InputError
from assistant.names import LONGEST, check_adapter_name
from assistant.system.files import remove_folder, write_file
from assistant.system.locks import exclusive
from assistant.system.modes import PRIVATE, folder_mode, private_folder
from assistant.system.processes import Identity, end_all, identity_of, lives
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
        private_folder(parent)
        for number in range(1000):
            folder = parent / (f"{config.name}-{stamp}" + (f"-{number}" if number else ""))
            try:
                folder.mkdir(folder_mode(PRIVATE))
            except FileExistsError:
                continue
            _write_config(folder, config)
            return folder
    except OSError as error:
        raise InputError(f"The run cannot be made in {parent}: {error.strerror or error}.") from None
    raise InputError(f"There are too many runs named {config.name}; remove some.")


def _write_config(folder: Path, config: RunConfig) -> None:
    write_file(folder / "config.json", to_json(config))


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
    for place in paths.runs.glob("[!.]*/config.json"):  # others are being removed
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
    write_file(folder / _STOP, b"")


def is_asked_to_stop(folder: Path) -> bool:
    """Return whether somebody asked, or removed the run's folder while it was at work."""
    return (folder / _STOP).exists() or is_gone(folder)


def is_gone(folder: Path) -> bool:
    """Return whether the run's folder was removed: nothing is to be written there any more."""
    return not (folder / "config.json").exists()


@contextmanager
def owned(folder: Path) -> Generator[None]:
    """Work on a run: nobody else does meanwhile, and an earlier wish to stop is forgotten. Raises InputError."""
    busy = InputError(f"The run {folder.name} is at work already.")
    private_folder(folder)
    with exclusive(folder / f"{_OWNER}.lock", busy):  # two that begin at once
        if is_owned(folder):
            raise busy
        (folder / _STOP).unlink(missing_ok=True)
        write_file(folder / _OWNER, str(identity_of() or Identity(os.getpid())))
    try:
        yield
    finally:
        (folder / _OWNER).unlink(missing_ok=True)


def is_owned(folder: Path) -> bool:
    """Return whether a living process works on the run; a process id that was given to another since does not count."""
    owner = _owner(folder)
    return owner is not None and lives(owner)


def end_at_once(folder: Path) -> None:
    """Kill whoever works on the run and what they started; what was learned since the last checkpoint is lost."""
    owner = _owner(folder)
    if owner is not None:
        end_all(owner)


def _owner(folder: Path) -> Identity | None:
    try:
        return Identity.parse((folder / _OWNER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def remove(paths: Paths, name: str) -> None:
    """Remove a run that nobody works on; what it installed stays. Raises InputError."""
    run = find(paths, name)
    if run.state == "running":
        raise InputError(f"The run {name} is at work; stop it first.")
    try:
        remove_folder(run.folder)
    except OSError as error:
        raise InputError(f"The run {name} cannot be removed: {error.strerror or error}.") from None
