"""Whether every editor gets what the window gets, and no bracket twice: ``make bench-doors``.

A real ``grafter serve`` with the real model is asked through each of its doors, in turn, another one first at each
place: at places in the middle of a word of Python's standard library, where a door is as good as the window if it
finishes as many words and lines, and between two brackets or quotes in twelve languages (``make hole-sources``), as an
editor leaves the cursor that closes them itself. Before that each place is asked once for nobody, so that all find the
prompt read. Prints two tables and writes build/bench-doors.json. ``--perfect`` asks no service: what stood in each hole
is the answer of every door, so that all has to be right.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from assistant.errors import GrafterError
from assistant.measure.bench.service import serving
from assistant.prompts.fim import family_by_name
from tests.bench.judging.doors import WINDOW, Door, count_closed, count_words, doors, what_breaks
from tests.bench.judging.faults import Place, Shown
from tests.bench.judging.places import SOURCES, closed_places, library_places

ROOT = Path(__file__).resolve().parents[2]
_PERFECT = "qwen2.5-coder"
_WAIT_SECONDS = 300.0
MOST_PLACES_APART = 2
"""So many words and lines less than the window a door may finish: rounding differs with what was read before."""
Answers = list[tuple[Place, dict[str, Shown]]]


def main() -> int:
    """Ask, count, print; return 1 where a door is worse than the window or a file breaks, 2 where nothing came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--words", type=int, default=40, metavar="N", help="places in the middle of a word")
    parser.add_argument("--closed", type=int, default=100, metavar="N", help="places between brackets or quotes")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="which places")
    parser.add_argument("--folder", type=Path, default=SOURCES, help="take the places between brackets from here")
    parser.add_argument("--model", metavar="ID", help="the installed model to use")
    parser.add_argument("--perfect", action="store_true", help="ask no model: what stood there is the answer")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "bench-doors.json", metavar="FILE")
    args = parser.parse_args()
    try:
        if args.closed and not args.folder.is_dir():
            print(
                f"bench: there is no {args.folder} ('make hole-sources' fetches it); Python's library alone is asked."
            )
        words = library_places(args.words, args.seed) if args.words else []
        closed = closed_places(args.folder, args.closed, args.seed) if args.closed else []
        asked = _perfect(words, closed) if args.perfect else _asked(words, closed, args.model)
    except (GrafterError, httpx.HTTPError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    summary = summarise(*asked)
    args.output.parent.mkdir(parents=True, exist_ok=True)
    args.output.write_text(json.dumps(summary, indent=1), encoding="utf-8")
    print("\n".join(report(summary)))
    return 0 if summary["passed"] else 1


def _perfect(words: Sequence[Place], closed: Sequence[Place]) -> tuple[Answers, Answers]:
    every = doors(_PERFECT)
    right = [[(place, {door.name: Shown(place.truth) for door in every}) for place in some] for some in (words, closed)]
    return right[0], right[1]


def _asked(words: Sequence[Place], closed: Sequence[Place], model: str | None) -> tuple[Answers, Answers]:
    with serving(["--model", model] if model else []) as service:
        headers = {"Authorization": f"Bearer {service.token}"}
        with httpx.Client(base_url=service.ready.url, headers=headers, trust_env=False, timeout=_WAIT_SECONDS) as http:
            # The first answer comes once the model is there.
            http.post("/completion", json={"prompt": "a", "n_predict": 1}).raise_for_status()
            every = doors(family_by_name(service.model()[0]))
            return list(_answers(http, every, words)), list(_answers(http, every, closed))


def _answers(
    http: httpx.Client, every: Sequence[Door], places: Sequence[Place]
) -> Iterator[tuple[Place, dict[str, Shown]]]:
    for number, place in enumerate(places):
        every[0].ask(http, place)
        first = number % len(every)
        asked = {door.name: door.ask(http, place) for door in (*every[first:], *every[:first])}
        yield place, {door.name: asked[door.name] for door in every}
        print(f"\r{number + 1} of {len(places)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


def summarise(words: Answers, closed: Answers) -> dict[str, Any]:
    """Return the counts of each door, every answer that breaks a file, and whether all is as it has to be."""
    by_word, by_closed = count_words(words), count_closed(closed)
    best = by_word.get(WINDOW, {})
    near = all(
        best[what] - counts[what] <= MOST_PLACES_APART for counts in by_word.values() for what in ("words", "lines")
    )
    return {
        "words": {"places": len(words), "doors": by_word, "apart": list(_apart(words))},
        "closed": {"places": len(closed), "doors": by_closed, "broken": list(_broken(closed))},
        "passed": near and not any(counts["broken"] for counts in by_closed.values()),
    }


def _apart(answers: Answers) -> Iterator[dict[str, Any]]:
    """Yield the places at which the doors do not all say the same."""
    for place, by_door in answers:
        if len({shown.file(place) for shown in by_door.values()}) > 1:
            texts = {name: shown.text for name, shown in by_door.items()}
            yield {"place": place.id, "line": place.line, "truth": place.truth, "answers": texts}


def _broken(answers: Answers) -> Iterator[dict[str, Any]]:
    for place, by_door in answers:
        for name, shown in by_door.items():
            if broken := what_breaks(place, shown):
                yield {
                    "place": place.id,
                    "language": place.language,
                    "door": name,
                    "breaks": broken,
                    "shown": f"{place.line}|{shown.text}|{shown.rest(place)}",
                    "truth": place.truth,
                }


def report(summary: Mapping[str, Any]) -> list[str]:
    """Return the lines of both tables, with each answer that breaks a file."""
    words, closed = summary["words"], summary["closed"]
    lines = [f"Cursor in a word, {words['places']} places:"]
    lines += _table(
        words["doors"], {"answers": "answered", "words": "word", "lines": "line", "as_window": "as the window"}
    )
    lines += ["", f"Between brackets or quotes that the editor closed, {closed['places']} places:"]
    lines += _table(closed["doors"], {"answers": "answered", "broken": "broken", "pair": "pair", "parse": "parse"})
    lines += [f"{each['door']} at {each['place']} ({each['breaks']}): {each['shown']!r}" for each in closed["broken"]]
    return [*lines, "", "All is as it has to be." if summary["passed"] else "Not all is as it has to be."]


def _table(by_door: Mapping[str, Mapping[str, int]], columns: Mapping[str, str]) -> list[str]:
    head = f"{'':20}" + "".join(f"{title:>15}" for title in columns.values())
    return [head, *(f"{name:20}" + "".join(f"{row[key]:>15}" for key in columns) for name, row in by_door.items())]


if __name__ == "__main__":
    sys.exit(main())
