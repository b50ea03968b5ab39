"""What must never be shown, counted over suggestions for real files in twelve languages: ``make bench-suggestions``.

The files are those of ``make hole-sources``. It writes one JSON line for each suggestion to build/suggestions.jsonl and
goes on from there when it is started again, so that it can run in pieces (``--seconds 200``); remove that file after a
change. At the end it prints the counts by language, each fault with its place, and writes build/bench-suggestions.json.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from assistant.cli.local_model import add_model_arguments
from assistant.cli.remote import add_remote_arguments, opened_engine
from assistant.completion.complete import complete
from assistant.config import find_paths
from assistant.engine.protocol import CancelToken, Engine
from assistant.errors import GrafterError, ModelError
from assistant.measure.repository.arms import WINDOW
from assistant.types import CompleteRequest, Finished
from tests.bench.judging.faults import FAULTS, Place, Shown, find_faults, hole_parses, still_parses
from tests.bench.judging.places import SOURCES, hole_places

ROOT = Path(__file__).resolve().parents[2]
_BY_HAND = 4
"""Each so-many-th suggestion is asked for by hand: it is longer, and shown however unsure the model is."""
Row = Mapping[str, Any]


def main() -> int:
    """Judge suggestions until there are enough, or until the time is up; then print what all of them say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=170, metavar="N", help="how many suggestions in each language")
    parser.add_argument("--languages", default="", metavar="A,B", help="in these languages alone")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="which places")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="ask for so long; start again to go on")
    parser.add_argument("--folder", type=Path, default=SOURCES, help="take the places from here")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "suggestions.jsonl", metavar="FILE")
    add_model_arguments(parser, device_help="load the model on this device")
    add_remote_arguments(parser)
    args = parser.parse_args()
    try:
        places = hole_places(args.folder, args.count, [*filter(None, args.languages.split(","))], args.seed)
        with opened_engine(find_paths(), args) as engine:
            rows = _rows(engine, places, args.output, time.monotonic() + args.seconds)
    except GrafterError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    summary = summarise(rows)
    (args.output.parent / "bench-suggestions.json").write_text(json.dumps(summary, indent=1), encoding="utf-8")
    print("\n".join(table(summary)))
    print("\n".join(faulty(rows)))
    return 0


def _rows(engine: Engine, places: Sequence[Place], output: Path, end: float) -> list[Row]:
    """Return a row for each place, those that an earlier run with this model has left in ``output`` from there."""
    with engine.begin() as model:
        name = model.info.model
    output.parent.mkdir(parents=True, exist_ok=True)
    lines = output.read_text(encoding="utf-8").splitlines() if output.exists() else []
    done = {row["place"]: row for row in map(json.loads, lines) if row.get("model") == name}
    with output.open("a", encoding="utf-8") as file:
        for number, place in enumerate(places):
            if place.id in done:
                continue
            if time.monotonic() > end:
                break
            done[place.id] = {"model": name, **_judged(engine, place, by_hand=number % _BY_HAND == _BY_HAND - 1)}
            file.write(json.dumps(done[place.id]) + "\n")
            file.flush()
    return [done[place.id] for place in places if place.id in done]


def _judged(engine: Engine, place: Place, *, by_hand: bool) -> Row:
    begin = time.perf_counter()
    text, trigger = place.before + place.after, "manual" if by_hand else "auto"
    request = CompleteRequest("bench", text, len(place.before), path=place.path, trigger=trigger)
    with engine.begin() as model:
        *_, last = complete(model, request, CancelToken(), WINDOW)
    if not isinstance(last, Finished):
        raise ModelError(str(last))
    choice = last.choices[0]
    shown = Shown(choice.text, choice.replaces, last.filters, cut=choice.reason == "length")
    return judged(place, shown, trigger) | {"ms": 1000 * (time.perf_counter() - begin)}


def judged(place: Place, shown: Shown, trigger: str = "auto") -> dict[str, Any]:
    """Return what is kept of one suggestion."""
    return {
        "place": place.id,
        "language": place.language,
        "kind": place.kind,
        "trigger": trigger,
        "line": place.line,
        "text": shown.text,
        "replaces": shown.replaces,
        "rest": shown.rest(place),
        "truth": place.truth,
        "filters": shown.filters,
        "faults": find_faults(place, shown),
        "hole_parses": hole_parses(place),
        "parses": still_parses(place, shown),
    }


def summarise(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the counts of all languages and of each; the shares are None where nothing was judged."""
    by_language: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_language[row["language"]].append(row)
    fired = Counter(name for row in rows for name in row["filters"])
    return {
        "all": _counts(rows),
        "by_language": {language: _counts(some) for language, some in sorted(by_language.items())},
        "filters": dict(fired.most_common()),
    }


def _counts(rows: Sequence[Row]) -> dict[str, Any]:
    judged_rows = [row for row in rows if row["parses"] is not None]
    kept = [row["parses"] for row in judged_rows if row["hole_parses"]]
    finished = [row["parses"] for row in judged_rows if not row["hole_parses"]]
    found = Counter(name for row in rows for name in row["faults"])
    return {
        "suggestions": len(rows),
        "shown": sum(bool(row["text"].strip()) for row in rows),
        "never_shown": {name: found[name] for name in FAULTS},
        "parsed": len(kept),
        "still_parse": sum(kept),
        "unfinished": len(finished),
        "finished": sum(finished),
        "parse_share": sum(kept + finished) / len(judged_rows) if judged_rows else None,
    }


def table(summary: Row) -> list[str]:
    """Return the lines of a table: for each language what was shown, what parses, and which faults there are."""
    heads = ("", "asked", "shown", "still parse", "lines finished", "together", "never to be shown")
    lines = [heads, *(_cells(name, counts) for name, counts in summary["by_language"].items())]
    lines.append(_cells("all", summary["all"]))
    widths = [max(len(line[at]) for line in lines) for at in range(len(heads))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]


def _cells(name: str, counts: Row) -> tuple[str, ...]:
    found = [f"{fault}: {count}" for fault, count in counts["never_shown"].items() if count]
    share = counts["parse_share"]
    return (
        name,
        str(counts["suggestions"]),
        str(counts["shown"]),
        f"{counts['still_parse']} of {counts['parsed']}",
        f"{counts['finished']} of {counts['unfinished']}",
        "-" if share is None else f"{100 * share:.1f} %",
        ", ".join(found) or "none",
    )


def faulty(rows: Sequence[Row]) -> list[str]:
    """Return a line for each suggestion with a fault, or with which the file does not parse."""
    lines = []
    for row in rows:
        named = [*row["faults"], *(["does not parse"] if row["parses"] is False else [])]
        if named:
            shown = f"{row['line']}|{row['text']}|{row['rest']}"
            lines.append(f"{row['place']}: {', '.join(named)}: {shown!r}, was {row['truth']!r}")
    return lines


if __name__ == "__main__":
    sys.exit(main())
