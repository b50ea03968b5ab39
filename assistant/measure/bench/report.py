"""What ``--json`` prints of both measurements."""

from __future__ import annotations

import dataclasses
from typing import Any

from assistant.measure.bench.keystrokes import Session, Totals, compare
from assistant.measure.bench.memory import Memory
from assistant.measure.bench.service import FirstSuggestion
from assistant.measure.bench.throughput import Measured, Results, Row
from assistant.models.processor import find_processor

Json = dict[str, Any]


def machine() -> Json:
    """Return what the figures were taken on."""
    processor = find_processor()
    return {"processor": processor.name, "cores": processor.cores, "features": list(processor.features)}


def memory_json(memory: Memory | None) -> Json | None:
    """Return bytes; None where they are not known."""
    return None if memory is None else dataclasses.asdict(memory)


def engine_json(results: Results) -> Json:
    """Return the rows of a measurement of engines, with every sample. Speeds are tokens a second."""
    drafted, accepted = results.drafts()
    return {
        "repeat": results.plan.repeat,
        "written_tokens": results.plan.tokens,
        "draft_tokens": drafted,
        "accepted_tokens": accepted,
        "rows": [_row(row) for row in results.rows()],
        "notes": results.notes,
    }


def keystrokes_json(session: Session, sides: list[Totals], first: FirstSuggestion | None) -> Json:
    """Return the figures of a replay. Times are milliseconds; ``ratios`` are the first side's over the second's."""
    return {
        "trace": session.trace.name,
        "module": session.trace.module,
        "trace_seconds": round(session.trace.ms / 1000, 1),
        "pace": session.speed,
        "options": dataclasses.asdict(session.options),
        "first_suggestion": None if first is None else _rounded(dataclasses.asdict(first)),
        "sides": {side.name: _rounded(dataclasses.asdict(side)) for side in sides},
        "ratios": _rounded(compare(*sides), 3) if len(sides) == 2 else None,
    }


def _row(row: Row) -> Json:
    return {
        "what": row.what,
        "tokens": row.tokens,
        "ours": _measured(row.ours),
        "theirs": _measured(row.theirs),
        "ratio": None if row.ratio is None else round(row.ratio, 3),
    }


def _measured(found: Measured | None) -> Json | None:
    if found is None:
        return None
    samples = [round(speed, 2) for speed in found.samples]
    return {**_rounded(dataclasses.asdict(found.speeds), 2), "wall_ms": round(found.wall_ms, 1), "samples": samples}


def _rounded(data: Json | dict[str, float | None], digits: int = 1) -> Json:
    """Return the same with its floating-point numbers rounded, also those in tables inside."""
    found: Json = {}
    for key, value in data.items():
        if isinstance(value, dict):
            found[key] = _rounded(value, digits)  # pyright: ignore[reportUnknownArgumentType] - JSON inside JSON
        else:
            found[key] = round(value, digits) if isinstance(value, float) else value
    return found
