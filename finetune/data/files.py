"""Which files are learned from: each kept or dropped, with a reason that a person can read and overrule."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from datasketch import MinHash, MinHashLSH  # pyright: ignore[reportMissingTypeStubs]

from assistant.repository.exclusions import is_vendored, reason_of_content
from assistant.repository.spans import code_language
from assistant.repository.walk import decode
from finetune.config import DataConfig
from finetune.data.choices import Choices
from finetune.data.licence import Own, foreign, is_licence_file, read_own
from finetune.data.secrets import first_secret, is_secret_file
from finetune.data.tree import HARD_LIMIT, Entry, Tree

Reason = Literal[
    "ignored", "hidden", "dependencies", "vendored", "lock file", "generated", "minified", "binary", "too large",
    "data", "pointer", "link", "special", "unreadable", "too many files", "empty", "digits", "licence", "secret",
    "near-copy", "no code", "your choice", "held out",
]  # fmt: skip
"""Why a file is not learned from."""

DETAILS: dict[str, str] = {
    "ignored": ".gitignore names it",
    "hidden": "its name, or that of a folder above it, begins with a dot",
    "dependencies": "a folder of installed packages",
    "vendored": "a folder for code that others wrote",
    "lock file": "made by a package manager",
    "generated": "it says that a program made it",
    "minified": "its lines are too long for a person to have written them",
    "binary": "it is no text",
    "too large": "over a megabyte",
    "data": "data, not code",
    "pointer": "what git-lfs or git-annex leaves in the place of a file that is kept elsewhere",
    "link": "a link; the file itself is judged where it lies",
    "special": "no plain file",
    "unreadable": "it could not be read",
    "too many files": "there are too many files",
    "empty": "there is nothing in it",
    "no code": "not of a language whose code is parsed",
    "your choice": "you left it out",
    "held out": "it is kept back to judge by",
}
_MOST_DIGITS = 0.25
_FEW_CHARACTERS = 400
_NEVER = frozenset({"binary", "pointer", "link", "special", "unreadable"})
"""What no choice can change: there is no text to learn."""

_SHOWN = frozenset({"", "no code"})


THRESHOLD = 0.85
"""From this share of common runs of words on (Jaccard), two files count as one."""
_WORDS_IN_RUN = 5
_PERMUTATIONS = 128
_SEED = 1
# The index only proposes: a little lower, so that it misses none, and each pair is then compared exactly.
_PROPOSED = 0.75
_WORD = re.compile(rb"\w+|[^\w\s]")


def find_copies(files: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return, for each file (path, text) that is a near-copy, the path of the one that stays.

    Of near-copies the one with the shortest path stays, the first by name of those. Files of a few words are no
    copies of each other. The same files give the same answer in any order.
    """
    index: Any = MinHashLSH(threshold=_PROPOSED, num_perm=_PERMUTATIONS)
    kept: dict[str, frozenset[bytes]] = {}
    copies: dict[str, str] = {}
    for path, text in sorted(files, key=lambda file: (len(file[0]), file[0])):
        runs = _runs(text)
        if not runs:
            continue
        sketch: Any = MinHash(num_perm=_PERMUTATIONS, seed=_SEED)
        sketch.update_batch(runs)
        proposed = sorted((str(each) for each in index.query(sketch)), key=lambda other: (len(other), other))
        of = next((other for other in proposed if _likeness(runs, kept[other]) >= THRESHOLD), None)
        if of is None:
            index.insert(path, sketch)
            kept[path] = runs
        else:
            copies[path] = of
    return copies


def _runs(text: str) -> frozenset[bytes]:
    """Return every run of five words or signs of a text, once."""
    words = _WORD.findall(text.encode("utf-8", "replace"))
    return frozenset(b" ".join(words[at : at + _WORDS_IN_RUN]) for at in range(len(words) - _WORDS_IN_RUN + 1))


def _likeness(first: frozenset[bytes], second: frozenset[bytes]) -> float:
    return len(first & second) / len(first | second)


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file's line of the table: ``kept`` or why not; ``overruled``: a person decided, not the rules."""

    path: str
    bytes: int
    kept: bool
    reason: str = ""
    detail: str = ""
    overruled: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the row as the command line prints it."""
        return {name: getattr(self, name) for name in ("path", "bytes", "kept", "reason", "detail", "overruled")}


@dataclass(frozen=True, slots=True)
class Judged:
    """All files with what became of them; ``texts`` of those that are kept, by path, in the order of the rows.

    ``others`` are texts that are not learned but may stand in front of a sample, as the editor would put them there:
    documents and settings in which no rule but their language found a fault.
    """

    rows: tuple[FileRow, ...]
    texts: dict[str, str]
    others: dict[str, str]


def judge(tree: Tree, config: DataConfig, tell: Callable[[int, int], None] = lambda _done, _total: None) -> Judged:
    """Return what becomes of each file of a tree. ``tell`` is told how many of all were looked at."""
    entries = tree.entries()
    asked = Choices(config)
    read = [entry for entry in entries if _is_read(entry, asked)]
    texts: dict[str, str] = {}
    reasons: dict[str, tuple[str, str]] = {entry.path: _by_name(entry) for entry in entries}
    for done, (entry, data) in enumerate(zip(read, tree.read([entry.path for entry in read]), strict=True), 1):
        reason = _reason_of_bytes(data)
        # What is no text is never learned, whatever its name is.
        if reason in _NEVER or (reason and not reasons[entry.path][0]):
            reasons[entry.path] = (reason, DETAILS[reason])
        if data is not None and reason not in _NEVER:
            texts[entry.path] = decode(data)
        tell(done, len(read))
    reasons |= _by_content(texts, reasons, config)
    return _decide(entries, reasons, texts, asked)


def held_out(judged: Judged, paths: Iterable[str]) -> Judged:
    """Return the same with the files that are kept back to judge by dropped."""
    gone = frozenset(paths)
    detail = DETAILS["held out"]
    rows = tuple(
        replace(row, kept=False, reason="held out", detail=detail) if row.path in gone else row for row in judged.rows
    )
    return Judged(rows, {path: text for path, text in judged.texts.items() if path not in gone}, judged.others)


def _is_read(entry: Entry, asked: Choices) -> bool:
    """Return whether a file's content is looked at: where its name is no reason, or a person wants it all the same."""
    if entry.size > HARD_LIMIT or entry.reason in _NEVER:
        return False
    return _by_name(entry)[0] in _SHOWN or asked.keeps(entry.path) or asked.trusts(entry.path)


def _by_name(entry: Entry) -> tuple[str, str]:
    """Return why a file does not count by its place, name and size, and that in words; empty texts where it does."""
    *folders, _ = entry.path.split("/")
    if said := is_secret_file(entry.path):
        return "secret", said
    if entry.size > HARD_LIMIT:
        return "too large", f"{entry.size / 1e6:.0f} MB"
    if entry.reason:
        return entry.reason, DETAILS.get(entry.reason, "")
    if vendor := next((folder for folder in folders if is_vendored(folder)), None):
        return "vendored", f"{vendor}/ is {DETAILS['vendored']}"
    if code_language(entry.path) is None:
        return "no code", DETAILS["no code"]
    return "", ""


def _reason_of_bytes(data: bytes | None) -> str:
    if data is None:
        return "unreadable"
    return (reason_of_content(data) or "") if data.strip() else "empty"


def _by_content(
    texts: dict[str, str], reasons: dict[str, tuple[str, str]], config: DataConfig
) -> dict[str, tuple[str, str]]:
    """Return what the rules say of what stands in files; a secret counts whatever else there is."""
    found: dict[str, tuple[str, str]] = {}
    licences = [text for path, text in texts.items() if is_licence_file(path)]
    fine = {path: text for path, text in texts.items() if reasons[path][0] in _SHOWN}
    own = read_own(licences, fine.values())
    for path, text in texts.items():
        if config.scan_secrets and (secret := first_secret(path, text)):
            found[path] = ("secret", f"line {secret.line}: {secret.kind}")
        elif path in fine and (said := _fault(text, own)):
            found[path] = said
    code = ((path, text) for path, text in fine.items() if path not in found and not reasons[path][0])
    return found | {path: ("near-copy", f"of {of}") for path, of in find_copies(code).items()}


def _fault(text: str, own: Own) -> tuple[str, str] | None:
    said = foreign(text, own)
    if said:
        return "licence", said
    share = _digits(text)
    return ("digits", f"{share:.0%} of its characters are digits") if share > _MOST_DIGITS else None


def _digits(text: str) -> float:
    """Return which share of the characters that are not blank is digits; 0 for a text of few."""
    bare = "".join(text.split())
    return sum(map(bare.count, "0123456789")) / len(bare) if len(bare) >= _FEW_CHARACTERS else 0.0


def _decide(
    entries: Sequence[Entry], reasons: dict[str, tuple[str, str]], texts: dict[str, str], asked: Choices
) -> Judged:
    rows: list[FileRow] = []
    kept: dict[str, str] = {}
    others: dict[str, str] = {}
    for entry in entries:
        path = entry.path
        reason, detail = reasons[path]
        readable = path in texts and reason not in _NEVER
        wanted = readable and (asked.trusts(path) if reason == "secret" else asked.keeps(path) or asked.trusts(path))
        if asked.drops(path):
            rows.append(
                FileRow(
                    path, entry.size, kept=False, reason="your choice", detail=DETAILS["your choice"], overruled=True
                )
            )
        elif not reason or wanted:
            kept[path] = texts[path]
            rows.append(FileRow(path, entry.size, kept=True, reason=reason, detail=detail, overruled=bool(reason)))
        else:
            rows.append(FileRow(path, entry.size, kept=False, reason=reason, detail=detail))
            if reason == "no code":
                others[path] = texts[path]
    return Judged(tuple(rows), kept, others)
