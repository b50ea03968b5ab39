"""What the tests of the Train page share: answers of the command line, a run's events, a report, and a job's stand-in."""

from __future__ import annotations

import json
import math
import sys
import textwrap
from pathlib import Path
from random import Random
from typing import Any

from PySide6.QtCore import QProcess

from assistant.config import find_paths
from finetune import runs
from finetune.config import PRESETS, RunConfig
from finetune.events import (
    ArmScore,
    Checkpoint,
    DataReady,
    EventWriter,
    Failed,
    Finished,
    HeldOut,
    Paused,
    PlanReady,
    RunEvent,
    StageProgress,
    StageStarted,
    Step,
    Verdict,
)

SENTENCE = (
    "It helps: with the adapter and retrieval 31.5 % of the held-out places are exactly right, 24.0 % with retrieval "
    "alone (+7.5 points, 95 % interval +3.0 to +12.0)."
)
DATA = DataReady(412, 358, 5120, 2_310_000, 60, 200, "commits")
PLAN = PlanReady("cpu", "bf16", 1480, 640_000, 310, 356.0, 1790.0, 3_420_000_000, 8_798_208, judging_seconds=1260.0)


def files_answer(*, extra: int = 0, kind: str = "commits") -> dict[str, Any]:
    """Return what ``--files --json`` prints for a small project; ``extra`` more files that are kept."""
    rows = [
        ("src/orchard/graft.py", 8211, True, "", ""),
        ("src/orchard/tree.py", 15_220, True, "", ""),
        ("src/orchard/cli.py", 4120, True, "", ""),
        ("src/orchard/settings.py", 1803, False, "secret", "line 12 looks like a password"),
        (".env", 210, False, "secret", "a file for settings that are secret"),
        ("src/orchard/_version.py", 160, False, "generated", "its first line says so"),
        ("vendor/left_pad/pad.py", 2400, False, "vendored", "a folder of other people's code"),
        ("static/app.min.js", 310_400, False, "minified", "lines of 8,000 characters"),
        ("data/harvest_of_all_the_years_since_the_orchard_was_planted.csv", 9_812_000, False, "data", ""),
        ("src/orchard/old/tree_copy.py", 15_190, False, "near-copy", "of src/orchard/tree.py"),
        ("docs/picture.png", 88_000, False, "binary", ""),
    ]
    rows += [(f"src/orchard/part{number:05}/module.py", 1000 + number, True, "", "") for number in range(extra)]
    files = [
        {"path": path, "bytes": size, "kept": kept, "reason": reason, "detail": detail, "overruled": False}
        for path, size, kept, reason, detail in rows
    ]
    split = {
        "kind": kind, "base": "4f1c9e2", "base_date": "2026-08-02", "head": "9a0be11", "head_date": "2026-11-20",
        "commits": 34, "note": "3 files with changes that are not committed are learned as they were committed last.",
    }  # fmt: skip
    if kind == "files":
        split = {"kind": "files", "commits": 0, "note": "This folder has no git history."}
    kept = sum(row["kept"] for row in files)
    return {"split": split, "files": files, "kept": kept, "dropped": len(files) - kept}


def preview_answer() -> dict[str, Any]:
    """Return what ``--preview --json`` prints."""
    prefix = (
        'class Tree:\n    """A tree of the orchard."""\n\n    def harvest(self, day: int) -> list[Apple]:\n        '
    )
    middle = "ripe = [apple for apple in self.apples if apple.ripe_on(day)]\n        return sorted(ripe, key=weight)"
    suffix = "\n\n    def prune(self) -> None:\n        self.branches = [b for b in self.branches if b.alive]\n"
    first = {
        "path": "src/orchard/tree.py", "line": 48, "kind": "block", "prefix": prefix, "middle": middle,
        "context": ["src/orchard/graft.py", "src/orchard/cli.py"], "suffix": suffix, "tokens": 412,
    }  # fmt: skip
    second = {**first, "path": "src/orchard/graft.py", "line": 7, "kind": "line", "context": [], "middle": "x = 1"}
    return {"samples": [first, second]}


def plan_answer(**changes: Any) -> dict[str, Any]:
    """Return what ``--dry-run --json`` prints."""
    import dataclasses

    return {"data": dataclasses.asdict(DATA), "plan": {**dataclasses.asdict(PLAN), **changes}}


def make_config(folder: Path, name: str = "orchard", **changes: Any) -> RunConfig:
    """Return settings of a run."""
    return RunConfig(str(folder), "small", name, train=PRESETS["normal"][0], **changes)


def make_run(folder: Path, events: list[RunEvent], name: str = "orchard") -> Path:
    """Make a run that has said these events."""
    run = runs.create(find_paths(), make_config(folder, name))
    writer = EventWriter(run)
    for event in events:
        writer(event)
    writer.close()
    return run


def story(steps: int = 180, of: int = 310) -> list[RunEvent]:
    """Return the events of a run that is in the midst of training."""
    random = Random(3)
    events: list[RunEvent] = [
        StageStarted("data"),
        StageProgress("data", "files", 412, 412),
        DATA,
        StageStarted("plan"),
        PLAN,
        StageStarted("train"),
        HeldOut(0, 1.412, True),
    ]
    for step in range(1, steps + 1):
        loss = 0.9 + 0.5 * math.exp(-step / 60) + random.gauss(0, 0.06)
        left = (of - step) * 5.1
        events.append(Step(step, of, loss, 3e-4, step * 2064, 402.0, 3_310_000_000, left))
        if step % 31 == 0:
            events += [HeldOut(step, 1.06 + 0.35 * math.exp(-step / 70), True), Checkpoint(step)]
    return events


def ending(*, active: bool = True) -> list[RunEvent]:
    """Return the events that follow training."""
    sentence = SENTENCE if active else "Left off: with the adapter no more places are right than without."
    return [
        StageStarted("evaluate"),
        ArmScore("base", 0.145, 200, 200),
        ArmScore("retrieval", 0.24, 200, 200),
        ArmScore("adapter", 0.22, 200, 200),
        ArmScore("both", 0.315, 200, 200),
        StageStarted("report"),
        Verdict(active, 0.8, sentence),
        Finished("orchard", 2640.0),
    ]


def report(*, active: bool = True) -> dict[str, Any]:
    """Return a whole report.json."""
    arms = {
        "base": (0.145, 0.10, 0.195, 0.482, 0.91, 212.0),
        "retrieval": (0.24, 0.185, 0.30, 0.561, 0.93, 388.0),
        "adapter": (0.22, 0.165, 0.28, 0.548, 0.95, 214.0),
        "both": (0.315, 0.25, 0.38, 0.622, 0.96, 391.0),
    }
    before = "class Tree:\n    def harvest(self, day: int) -> list[Apple]:\n        "
    after = "\n\n    def prune(self) -> None:\n        ...\n"
    truth = "ripe = [apple for apple in self.apples if apple.ripe_on(day)]\n        return sorted(ripe, key=weight)"
    examples = [
        {
            "path": "src/orchard/tree.py", "line": 48 + number, "kind": "block" if number % 3 else "argument",
            "good": number % 5 != 4, "before": before, "after": after, "truth": truth,
            "answers": {
                "base": "return [a for a in self.apples if a.day == day]", "retrieval": "return self.apples",
                "adapter": truth, "both": truth if number % 5 != 4 else "return sorted(self.apples)",
            },
        }
        for number in range(20)
    ]  # fmt: skip
    return {
        "verdict": {"active": active, "scale": 0.8, "sentence": SENTENCE},
        "arms": {
            name: {"exact_match": e, "interval": [lo, hi], "edit_similarity": s, "parse_rate": p, "p50_ms": ms}
            for name, (e, lo, hi, s, p, ms) in arms.items()
        },
        "differences": [
            {"first": "base", "second": "adapter", "exact_match": 0.075, "interval": [0.03, 0.12], "p_value": 0.0021},
            {"first": "retrieval", "second": "both", "exact_match": 0.075, "interval": [0.03, 0.12], "p_value": 0.003},
        ],
        "by_kind": {
            kind: {"n": n, "arms": {"base": 0.1, "retrieval": 0.2, "adapter": 0.22, "both": 0.3}}
            for kind, n in (("line", 61), ("statement", 44), ("block", 38), ("argument", 31), ("expression", 26))
        },
        "loss": {
            "base": 1.412, "adapter": 1.087,
            "curve": [[0, 1.412], [31, 1.31], [62, 1.24], [93, 1.17], [124, 1.12], [155, 1.095], [186, 1.087]],
        },
        "forgetting": {"base": 0.312, "adapter": 0.305, "n": 400, "difference": -0.007, "interval": [-0.02, 0.005]},
        "scales": [[0.5, 0.28], [0.8, 0.32], [1.0, 0.31]],
        "examples": examples,
        "run": {},
        "seconds": 2640.0,
    }  # fmt: skip


def write_report(run: Path, **changes: Any) -> None:
    """Write report.json and report.html into a run."""
    (run / "report.json").write_text(json.dumps({**report(), **changes}), encoding="utf-8")
    (run / "report.html").write_text("<h1>Report</h1>", encoding="utf-8")


JOB = """
import json, os, sys, time
from pathlib import Path
from finetune import runs
from finetune.events import *

run, mode = Path(sys.argv[1]), sys.argv[2]
parent = int(sys.argv[3])
if mode == "broken":
    print("ImportError: no such module")
    sys.exit(1)
with runs.owned(run):
    write = EventWriter(run)
    if mode == "fail":
        write(StageStarted("data"))
        write(Failed("The repository has too little code (7 files); choose a larger one.", "too_little"))
        sys.exit(2)
    write(StageStarted("train", resumed=mode == "resumed"))
    for step in range(1, 100_000):
        write(Step(step, 100_000, 1.0, 1e-4, step * 100, 50.0, 10**9, 100.0))
        if runs.is_asked_to_stop(run):
            write(Checkpoint(step))
            write(Paused("train", step))
            break
        if (run / "finish").exists():
            write(StageStarted("report"))
            write(Verdict(True, 0.8, "It helps."))
            write(Finished("orchard", 12.0))
            break
        if not Path(f"/proc/{parent}").exists():
            break
        time.sleep(0.02)
    write.close()
"""


class FakeJob:
    """Starts a stand-in for the job that writes events as the real one does; ``mode`` says what it does."""

    def __init__(self, folder: Path) -> None:
        self.mode = "train"
        self.started: list[Path] = []
        self._script = folder / "job_script.py"
        self._script.write_text(textwrap.dedent(JOB), encoding="utf-8")

    def __call__(self, run: Path) -> None:
        """Start it, detached as the real one."""
        import os

        self.started.append(run)
        process = QProcess()
        process.setProgram(sys.executable)
        process.setArguments([str(self._script), str(run), self.mode, str(os.getpid())])
        process.setStandardOutputFile(str(run / "job.log"), QProcess.OpenModeFlag.Append)
        process.setProcessChannelMode(QProcess.ProcessChannelMode.MergedChannels)
        assert process.startDetached()


PAUSED = [*story(), Checkpoint(180), Paused("train", 180)]
FAILED = [
    *story(40),
    Failed("The loss is no number any more after step 40; choose a lower learning rate and resume.", "nan"),
]
FINISHED = [*story(310), *ending()]
