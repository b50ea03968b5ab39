"""report.json and report.html of a run: what was measured, for programs and for people; both whole or not there."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.measure.repository.ask import Asked
from assistant.measure.repository.examples import choose_examples, surroundings
from assistant.measure.repository.figures import Difference, Figures, difference
from assistant.models.files import disk_errors
from finetune.config import RunConfig
from finetune.data.manifest import Manifest
from finetune.evaluate.page import COMPARED, make_page
from finetune.evaluate.strength import Tried
from finetune.evaluate.verdict import Forgetting
from finetune.events import EventReader, HeldOut, PlanReady, StageStarted, Stamped, Step, Verdict

PAIRS = (("base", "adapter"), ("retrieval", "both"), ("base", "retrieval"), ("base", "both"))
"""Which arms are compared: what the adapter adds without and with retrieval, and each against nothing."""
_POINTS = 400
_START, _RESTART = StageStarted("data"), StageStarted("data", resumed=True)
"""What a run's process says first."""


@dataclass(frozen=True, slots=True)
class Proof:
    """All that the evaluation found. ``losses`` are nats a token on the test holes, of ``base`` and ``adapter``."""

    config: RunConfig
    manifest: Manifest
    verdict: Verdict
    figures: Figures
    asked: tuple[Asked, ...]
    losses: Mapping[str, float]
    tried: tuple[Tried, ...]
    forgetting: Forgetting | None


def make_report(run: Path, proof: Proof) -> dict[str, Any]:
    """Return what report.json holds. Shares are 0 to 1, times milliseconds, losses nats a token."""
    names = [arm.name for arm in proof.figures.arms]
    events = list(EventReader(run).read())
    held = [[each.event.step, round(each.event.loss, 4)] for each in events if isinstance(each.event, HeldOut)]
    steps = [each.event for each in events if isinstance(each.event, Step)]
    plan = [each.event for each in events if isinstance(each.event, PlanReady)]
    return {
        "verdict": dataclasses.asdict(proof.verdict),
        "arms": {
            arm.name: {
                "exact_match": round(arm.exact_match.value, 4),
                "interval": [round(bound, 4) for bound in arm.exact_match.interval],
                "edit_similarity": round(arm.edit_similarity.value, 4),
                "parse_rate": None if arm.parse_rate is None else round(arm.parse_rate.value, 4),
                "p50_ms": round(arm.p50_ms, 1),
                "p95_ms": round(arm.p95_ms, 1),
            }
            for arm in proof.figures.arms
        },
        "n": proof.figures.n,
        "differences": [_difference(difference(proof.asked, *pair)) for pair in PAIRS],
        "by_kind": {
            group.name: {"n": group.n, **{name: round(group.exact_match[name].value, 4) for name in names}}
            for group in proof.figures.by_kind
        },
        "loss": {
            **{name: round(value, 4) for name, value in proof.losses.items()},  # and how many holes that was
            "curve": held,
            "training": [[step.step, round(step.loss, 4)] for step in _thinned(steps)],
        },
        "forgetting": None if proof.forgetting is None else _forgetting(proof.forgetting),
        "scales": [[each.scale, round(each.similarity, 4), round(each.exact_match, 4)] for each in proof.tried],
        "examples": [_example(why, each, names) for why, each in choose_examples(proof.asked, COMPARED)],
        "data": {
            "split": proof.manifest.kind,
            "note": proof.manifest.note,
            "base": proof.manifest.base,
            "files": proof.manifest.files,
            "learned": len(proof.manifest.learned) - len(proof.manifest.drop),
        },
        "plan": dataclasses.asdict(plan[-1]) if plan else None,
        "steps": steps[-1].step if steps else 0,
        "tokens": steps[-1].tokens if steps else 0,
        "run": dataclasses.asdict(proof.config),
        "seconds": round(_seconds_at_work(events), 1),
    }


def _seconds_at_work(events: Sequence[Stamped]) -> float:
    """Return the seconds that the run was at work: what lies before a restart was a pause, or a kill."""
    pairs = itertools.pairwise(events)
    return sum(later.time - one.time for one, later in pairs if later.event not in (_START, _RESTART))


def write_report(run: Path, report: Mapping[str, Any], proof: Proof) -> None:
    """Write both files. Raises DiskError where the disk is full, and leaves no half of one."""
    _write(run / "report.json", json.dumps(report, indent=1) + "\n")
    _write(run / "report.html", make_page(report, proof.figures, proof.asked))


def _write(path: Path, text: str) -> None:
    part = path.with_name(f"{path.name}.part")
    try:
        with disk_errors("The report cannot be written"):
            part.write_text(text, encoding="utf-8", newline="\n")
            part.replace(path)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _difference(each: Difference) -> dict[str, Any]:
    return {
        "first": each.first,
        "second": each.second,
        "exact_match": round(each.exact_match, 4),
        "interval": [round(bound, 4) for bound in each.exact_interval],
        "edit_similarity": round(each.edit_similarity, 4),
        "edit_similarity_interval": [round(bound, 4) for bound in each.similarity_interval],
        "only_first": each.only_first,
        "only_second": each.only_second,
        "p_value": each.p_value,
    }


def _forgetting(found: Forgetting) -> dict[str, Any]:
    return {
        "n": found.n,
        "base": round(found.base, 4),
        "adapter": round(found.adapter, 4),
        "difference": round(found.difference, 4),
        "interval": [round(bound, 4) for bound in found.interval],
    }


def _example(why: str, asked: Asked, names: Sequence[str]) -> dict[str, Any]:
    hole = asked.hole
    above, below, _ = surroundings(asked)
    return {
        "path": hole.path,
        "line": hole.line,
        "kind": hole.kind,
        "why": why,
        "good": asked.marks["both"].exact,
        "before": above,
        "after": below,
        "truth": hole.truth,
        "answers": {name: asked.marks[name].answer.text for name in names},
    }


def _thinned(steps: Sequence[Step]) -> Sequence[Step]:
    return steps[:: max(len(steps) // _POINTS, 1)]
