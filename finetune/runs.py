"""The runs of this user, each a folder: made, listed, told to pause, found out whether somebody works on them."""

from __future__ import annotations

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
from assistant.system.files import remove_folder, write_file
from assistant.system.locks import exclusive
from assistant.system.modes import PRIVATE, folder_mode, private_folder
from assistant.system.processes import Identity, end_all, identity_of, lives
from finetune.config import RunConfig, check, read_config, to_json
from finetune.events import EventReader, Failed, Finished, Paused, Verdict

State = Literal["new", "running", "paused", "stopped", "failed", "finished"]
"""``paused``: it was asked to stop and did; ``stopped``: its process ended without a word. Both go on when started."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_STOP, _OWNER = "stop", "owner"
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


def check_name(name: str) -> str:
    """Return the name of a run or an adapter. Raises InputError for one that could not be a plain folder's."""
    if not _NAME.fullmatch(name) or name.endswith("."):
        raise InputError(f"'{name}' is no name; use letters, digits, dots, dashes and underlines, at most 100 in all.")
    return name


def create(paths: Paths, config: RunConfig) -> Path:
    """Make the folder of a new run and return it. Raises InputError for a config that cannot be, or a full disk."""
    check(config)
    check_name(config.name)
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    try:
        private_folder(paths.runs)
        for number in range(1000):
            folder = paths.runs / (f"{config.name}-{stamp}" + (f"-{number}" if number else ""))
            try:
                folder.mkdir(folder_mode(PRIVATE))
            except FileExistsError:
                continue
            write_file(folder / "config.json", to_json(config))
            return folder
    except OSError as error:
        raise InputError(f"The run cannot be made in {paths.runs}: {error.strerror or error}.") from None
    raise InputError(f"There are too many runs named {config.name}; remove some.")


def find(paths: Paths, name: str) -> RunInfo:
    """Return the run of this name. Raises InputError where there is none."""
    folder = paths.runs / check_name(name)
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
    """Return whether somebody asked."""
    return (folder / _STOP).exists()


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
