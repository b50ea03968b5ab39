"""What must never be shown, counted over suggestions for real files in six languages: ``make bench-suggestions``.

The files are those that this environment brings: Python's standard library and what installed packages carry. It
writes one JSON line for each suggestion to build/suggestions.jsonl and goes on from there when it is started again, so
that it can run in pieces (``--seconds 200``). At the end it prints the counts and writes build/bench-suggestions.json.
"""

from __future__ import annotations

import argparse
import ast
import itertools
import json
import os
import random
import re
import sysconfig
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from assistant.cli.local_model import add_model_arguments
from assistant.cli.remote import add_remote_arguments, opened_engine
from assistant.completion.brackets import brackets_of
from assistant.completion.complete import complete
from assistant.config import find_paths
from assistant.engine.protocol import CancelToken, Engine
from assistant.languages import language_of
from assistant.measure.repository.arms import WINDOW
from assistant.types import Choice, CompleteRequest, Finished

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = ("python", "javascript", "cpp", "c", "css", "html")
_LEAST_BYTES, _MOST_BYTES = 2_000, 60_000
_FILES = 60
_CONTROL = re.compile(r"<\|[a-z_]+\|>|\ufffd")


@dataclass(frozen=True, slots=True)
class Place:
    """A file with a hole: its text without what stood there, and the cursor."""

    name: str
    language: str
    text: str
    cursor: int
    kind: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one suggestion did wrong. ``parses`` is None where it says nothing (no Python, or broken before)."""

    place: str
    language: str
    kind: str
    text: str
    replaces: int
    control_token: bool
    repeats_below: bool
    surplus_bracket: bool
    mixed_indentation: bool
    parses: bool | None
    mean_logprob: float | None
    filters: tuple[str, ...]
    ms: float


def main() -> None:
    """Judge suggestions until there are enough, or until the time is up; then print what all of them say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000, help="how many suggestions in all")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so long; start again to go on")
    parser.add_argument("--folder", type=Path, action="append", default=[], help="look for files here, too")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "suggestions.jsonl")
    add_model_arguments(parser, device_help="load the model on this device")
    add_remote_arguments(parser)
    args = parser.parse_args()
    end = time.monotonic() + args.seconds
    args.output.parent.mkdir(parents=True, exist_ok=True)
    done = [json.loads(line) for line in _lines(args.output)]
    places = _places(_find_files([*map(Path, _folders()), *args.folder]))
    with opened_engine(find_paths(), args) as engine, args.output.open("a", encoding="utf-8") as output:
        for number, place in enumerate(places):
            if number < len(done):
                continue
            if number >= args.count or time.monotonic() > end:
                break
            done.append(asdict(_judge(place, *_ask(engine, place))))
            output.write(json.dumps(done[-1]) + "\n")
            output.flush()
    summary = _summary(done)
    (args.output.parent / "bench-suggestions.json").write_text(json.dumps(summary, indent=1), encoding="utf-8")
    print(json.dumps(summary, indent=1))


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def _folders() -> list[str]:
    return [sysconfig.get_path("stdlib"), sysconfig.get_path("purelib")]


def _find_files(folders: Sequence[Path]) -> dict[str, list[Path]]:
    """Return some files of each language, always the same ones in one environment."""
    named: dict[str, list[str]] = {language: [] for language in LANGUAGES}
    for folder in folders:
        for parent, _, names in os.walk(folder):
            for name in names:
                language = language_of(name)
                if language in named:
                    named[language].append(f"{parent}{os.sep}{name}")
    draw = random.Random(0)
    found: dict[str, list[Path]] = {}
    for language, paths in named.items():
        ordered = draw.sample(sorted(paths), len(paths))
        fitting = (path for path in map(Path, ordered) if _LEAST_BYTES <= path.stat().st_size <= _MOST_BYTES)
        if some := list(itertools.islice(fitting, _FILES)):
            found[language] = some
    return found


def _places(files: dict[str, list[Path]]) -> Iterator[Place]:
    """Yield holes without end, one language after the other; half of them in Python, whose parser can judge them."""
    draw = random.Random(1)
    others = [language for language in files if language != "python"]
    while True:
        for language in others:
            for each in ("python", language):
                path = draw.choice(files[each])
                text = path.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n")
                if place := _hole(path.name, each, text, draw):
                    yield place


def _hole(name: str, language: str, text: str, draw: random.Random) -> Place | None:
    """Return a hole where somebody may type: an empty line for a line, the rest of a line, or before its brackets."""
    lines = text.split("\n")
    number = draw.randrange(len(lines))
    line = lines[number]
    bare = line.strip()
    if len(bare) < 6 or len(line) > 160:
        return None
    kind = draw.choice(["line", "rest", "brackets"])
    indent = line[: len(line) - len(line.lstrip())]
    if kind == "line":
        left, right = indent, ""
    else:
        column = draw.randrange(len(indent) + 1, len(line))
        closing = re.search(r"[)\]};:,\"']*$", line) if kind == "brackets" else None
        start = max(closing.start(), column) if closing else len(line)
        if any(line[:column].count(quote) % 2 != line[start:].count(quote) % 2 for quote in "\"'"):
            return None  # nobody has half a string left right of the cursor, or types one over several lines
        left, right = line[:column], line[start:]
    before = "".join(each + "\n" for each in lines[:number]) + left
    after = right + "".join("\n" + each for each in lines[number + 1 :])
    return Place(f"{name}:{number + 1}:{len(left)}", language, before + after, len(before), kind)


def _ask(engine: Engine, place: Place) -> tuple[Finished, float]:
    begin = time.perf_counter()
    request = CompleteRequest("bench", place.text, place.cursor, path=place.name.split(":", 1)[0])
    with engine.begin() as model:
        *_, last = complete(model, request, CancelToken(), WINDOW)
    if not isinstance(last, Finished):
        raise SystemExit(str(last))
    return last, 1000 * (time.perf_counter() - begin)


def _judge(place: Place, finished: Finished, ms: float) -> Verdict:
    choice: Choice = finished.choices[0]
    before, after = place.text[: place.cursor], place.text[place.cursor :]
    whole = before + choice.text + after[choice.replaces :]
    return Verdict(
        place=place.name,
        language=place.language,
        kind=place.kind,
        text=choice.text,
        replaces=choice.replaces,
        control_token=bool(_CONTROL.search(choice.text)),
        repeats_below=bool(choice.text) and _repeats_below(before, choice.text, after),
        surplus_bracket=_lacking(whole, place.language) > _lacking(place.text, place.language),
        mixed_indentation=_mixes(place.text, choice.text),
        parses=_parses(whole) if choice.text and place.language == "python" and _parses(place.text) else None,
        mean_logprob=choice.mean_logprob,
        filters=finished.filters,
        ms=ms,
    )


def _repeats_below(before: str, text: str, after: str) -> bool:
    """Return whether the first line is the next line below; of signs alone only where they are indented alike."""
    first = (before.rpartition("\n")[2] + text.lstrip("\n")).split("\n", 1)[0].rstrip()
    below = next((line.rstrip() for line in after.split("\n")[1:] if line.strip()), "")
    if not any(letter.isalnum() for letter in first):
        return bool(first.strip()) and first == below
    return first.strip() == below.strip()


def _lacking(text: str, language: str) -> int:
    """Return how many closing brackets have no opening one before them."""
    opened, lacking = dict.fromkeys("([{", 0), 0
    for _, bracket in brackets_of(text, language):
        if bracket in opened:
            opened[bracket] += 1
        elif opened[opening := {")": "(", "]": "[", "}": "{"}[bracket]]:
            opened[opening] -= 1
        else:
            lacking += 1
    return lacking


def _mixes(text: str, suggestion: str) -> bool:
    """Return whether a new line is indented with spaces before a tab, or in another way than all of the file."""
    blanks = [line[: len(line) - len(line.lstrip())] for line in text.split("\n") if line[:1] in (" ", "\t")]
    for line in suggestion.split("\n")[1:]:
        own = line[: len(line) - len(line.lstrip())]
        if " \t" in own:
            return True
        if own and len(own) > 1 and blanks and all(each[0] != own[0] for each in blanks):
            return True
    return False


def _parses(source: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    return True


def _summary(verdicts: Sequence[dict]) -> dict:
    shown = [verdict for verdict in verdicts if verdict["text"]]
    judged = [verdict for verdict in shown if verdict["parses"] is not None]
    faults = ("control_token", "repeats_below", "surplus_bracket", "mixed_indentation")
    fired: dict[str, int] = {}
    for verdict in verdicts:
        for name in verdict["filters"]:
            fired[name] = fired.get(name, 0) + 1
    return {
        "suggestions": len(verdicts),
        "shown": len(shown),
        "languages": {language: sum(v["language"] == language for v in verdicts) for language in LANGUAGES},
        "never_shown": {fault: sum(verdict[fault] for verdict in verdicts) for fault in faults},
        "python_that_parsed": len(judged),
        "python_that_still_parses": sum(verdict["parses"] for verdict in judged),
        "median_ms": sorted(verdict["ms"] for verdict in verdicts)[len(verdicts) // 2] if verdicts else None,
        "filters": dict(sorted(fired.items(), key=lambda pair: -pair[1])),
    }


if __name__ == "__main__":
    main()
