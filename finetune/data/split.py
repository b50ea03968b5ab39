"""What is learned and what is kept back to judge by: what the latest commits added, or, without commits, some files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assistant.errors import InputError
from assistant.repository.history import Commit, FolderNotCommitted, History, TooFewCommits
from assistant.repository.holes import Chooser, Hole, hole_at, spread
from assistant.repository.spans import code_language, find_spans
from assistant.system.git import NoGit
from assistant.system.git_folder import NotARepository
from finetune.config import DataConfig
from finetune.data.choices import Choices
from finetune.data.files import Judged, held_out, judge
from finetune.data.tree import CommitTree, FolderTree, Tree

LEAST_HOLES = 20
"""With fewer nobody could tell whether tuning helped."""
_LEAST_SHARE = 0.5
"""What is learned is at least this share of the code; where the latest commits added more, fewer of them count."""
_HELD_SHARE = 0.1
_MOST_HELD_SHARE = 0.25
# More than are wanted, so that whole files can be given to one side or the other.
_SPARE = 4
_ENOUGH = 0.8

Tell = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and of how much (0: not known)."""


@dataclass(frozen=True, slots=True)
class Split:
    """What is learned (``judged``) and the holes that are kept back, those for choosing and those for judging.

    ``base`` and ``head`` are the commits between which the holes were added; None where files were held out.
    """

    kind: Literal["commits", "files"]
    tree: Tree
    judged: Judged
    validation: tuple[Hole, ...]
    test: tuple[Hole, ...]
    base: Commit | None = None
    head: Commit | None = None
    commits: int = 0
    note: str = ""


def split(root: Path, config: DataConfig, seed: int, tell: Tell) -> Split:
    """Return what is learned of a repository, and what is held out.

    Raises InputError, one sentence, where there is too little code for both.
    """
    if not root.is_dir():
        raise InputError(f"There is no folder {root}.")
    try:
        history = History(root, uncommitted=True)
    except FolderNotCommitted:
        raise  # what the person keeps out of git is not learned unasked
    except InputError as error:
        if config.since is not None:
            raise
        return _by_files(root, config, seed, _why_no_commits(error), tell)
    found = _by_commits(history, config, seed, tell)
    if found is None:
        return _by_files(history.root, config, seed, _why_no_base(history), tell)
    return found


def _by_commits(history: History, config: DataConfig, seed: int, tell: Tell) -> Split | None:
    """Return the split by time; None where too few commits follow the first ones."""
    chooser = Chooser(history, seed)
    wanted = config.holes + config.validation_holes

    def tried(back: int) -> None:
        tell("Looking for what the latest commits added", back, len(history.commits))

    if config.since is not None:
        base = history.since(config.since)
    else:
        found = _find_base(history, chooser, wanted, tried)
        if found is None:
            return None
        base = found
    held = chooser.held_out(base, _SPARE * wanted)
    tree = CommitTree(history, base.id)
    choices = Choices(config)
    # What was added since has a name, too: no hole is cut from what a person dropped.
    choices.check(str(history.root), (*(entry.path for entry in tree.entries()), *history.files(held.head.id)))
    holes = [hole for hole in held.holes if not choices.drops(hole.path)]
    if len(holes) < LEAST_HOLES:
        _refuse(history.root, len(holes))
    judged = _judge(history.root, tree, config, tell)
    validation, test = divide(holes, config.validation_holes, config.holes, seed)
    note = "What is not committed is not learned." if history.uncommitted else ""
    return Split("commits", tree, judged, validation, test, held.base, held.head, held.commits, note)


def _find_base(history: History, chooser: Chooser, wanted: int, tried: Callable[[int], None]) -> Commit | None:
    """Return the newest commit after which enough was added, and before which there was enough to learn."""
    whole = _code_bytes(history, history.commits[0])
    while wanted >= LEAST_HOLES:
        try:
            base = chooser.find_base(wanted, tried)
            enough = chooser.held_out(base, LEAST_HOLES).found >= LEAST_HOLES
        except InputError:  # a shallow clone, or nothing was added that holes could be cut from
            enough, base = False, None
        if base is not None and enough and _code_bytes(history, base.id) >= _LEAST_SHARE * whole:
            return base
        wanted = wanted // 2 if wanted == LEAST_HOLES else max(wanted // 2, LEAST_HOLES)
    return None


def _code_bytes(history: History, commit: str) -> int:
    return sum(blob.size for path, blob in history.files(commit).items() if code_language(path))


def _by_files(root: Path, config: DataConfig, seed: int, why: str, tell: Tell) -> Split:
    """Return the split by files: about a tenth of them is held out, by the seed."""
    tree = FolderTree(root)
    Choices(config).check(str(root), (entry.path for entry in tree.entries()))
    judged = _judge(root, tree, config, tell)
    texts = {path: text for path, text in judged.texts.items() if code_language(path)}
    order = sorted(texts, key=lambda path: hashlib.sha256(f"{seed}:{path}".encode()).digest())
    whole = sum(map(len, texts.values()))
    taken: list[str] = []
    holes: list[Hole] = []
    size = 0
    for path in order:
        if (size >= _HELD_SHARE * whole and len(holes) >= LEAST_HOLES) or size >= _MOST_HELD_SHARE * whole:
            break
        text, language = texts[path], code_language(path) or ""
        holes += [hole_at(path, language, text, span) for span in find_spans(path, text)]
        taken.append(path)
        size += len(text)
    first = list(spread(holes, seed))
    if len(first) < LEAST_HOLES or len(taken) == len(texts):
        _refuse(root, len(first) if len(taken) < len(texts) else 0)
    validation, test = divide(first, config.validation_holes, config.holes, seed)
    note = f"Files are held out instead of the latest commits, for {why}."
    return Split("files", tree, held_out(judged, taken), validation, test, note=note)


def divide(holes: Sequence[Hole], validation: int, test: int, seed: int) -> tuple[tuple[Hole, ...], tuple[Hole, ...]]:
    """Return holes to choose by and holes to judge by, at most so many of each, in their order.

    No file has holes on both sides where that leaves enough on both; else no hole is on both. Where there are fewer
    than are wanted, each side has its share.
    """
    have = min(len(holes), validation + test)
    wanted = max(1, round(have * validation / (validation + test)))
    by_file: dict[str, list[Hole]] = {}
    for hole in holes:
        by_file.setdefault(hole.path, []).append(hole)
    order = sorted(by_file, key=lambda path: hashlib.sha256(f"{seed}:side:{path}".encode()).digest())
    chosen: set[str] = set()
    count = 0
    for path in order:
        left = len(holes) - count - len(by_file[path])
        if count < wanted and left >= _ENOUGH * (have - wanted):
            chosen.add(path)
            count += len(by_file[path])
    first = [hole for hole in holes if hole.path in chosen][:wanted]
    second = [hole for hole in holes if hole.path not in chosen][:test]
    if len(first) >= _ENOUGH * wanted and len(second) >= _ENOUGH * (have - wanted):
        return tuple(first), tuple(second)
    step = have / wanted
    numbers = {int(number * step) for number in range(wanted)}
    mixed = holes[:have]
    return (
        tuple(hole for number, hole in enumerate(mixed) if number in numbers),
        tuple(hole for number, hole in enumerate(mixed) if number not in numbers),
    )


def _judge(root: Path, tree: Tree, config: DataConfig, tell: Tell) -> Judged:
    judged = judge(tree, config, lambda done, total: tell("Looking at the files", done, total))
    if not judged.rows:
        raise InputError(f"There are no files in {root}; choose a repository with code.")
    if not judged.texts:
        raise InputError(
            f"Nothing in {root} is code to learn from (files: {len(judged.rows)}); 'grafter finetune {root} --files' "
            "says why of each, and --keep takes one in all the same."
        )
    return judged


def _refuse(root: Path, found: int) -> None:
    raise InputError(
        f"There is too little code in {root} to learn from and to prove that it helped: {found} places could be kept "
        f"back, and at least {LEAST_HOLES} are needed; choose a larger repository, or try again when it has grown."
    )


def _why_no_base(history: History) -> str:
    """Return why no commit divides what is learned from what is held out, to be read after "for"."""
    if history.shallow:
        return (
            "the commits of this shallow clone are too few to tell what the latest added (run 'git fetch --unshallow')"
        )
    if history.partial:
        return "this partial clone lacks the files of older commits (clone it without --filter)"
    return "what its commits added cannot be told from the rest"


def _why_no_commits(error: InputError) -> str:
    """Return why there are no commits to hold out, to be read after "for"."""
    match error:
        case NotARepository():
            return "there is no git repository here"
        case NoGit():
            return "git is not installed or cannot be started"
        case TooFewCommits():
            return "there are fewer than two commits"
        case _:
            return str(error).rstrip(".")
