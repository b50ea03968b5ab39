"""The stage that proves: held-out loss, scale, four arms, what was forgotten, verdict, report, and the adapter."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from assistant.config import Paths, load_settings
from assistant.engine.factory import EngineSpec, open_engine
from assistant.errors import ModelError, StoppedError
from assistant.measure.evaluate.ask import Answer, ask_editor
from assistant.measure.evaluate.data import Row
from assistant.measure.evaluate.library import library_holes
from assistant.measure.evaluate.metrics import exact_match, mean
from assistant.measure.repository.arms import Arm, Bench, make_arms
from assistant.measure.repository.ask import Asked, Mark, ask_all, mark, to_json
from assistant.measure.repository.bootstrap import mean_interval
from assistant.measure.repository.figures import difference, summarise
from assistant.measure.repository.record import open_record, read_record
from assistant.models.adapters import AdapterChoice, AdapterRecord, AdapterStore, identity
from assistant.models.store import Store
from assistant.retrieval.index.base_index import BaseIndex
from assistant.system.files import disk_errors, write_file
from assistant.system.modes import PRIVATE, private_folder
from finetune import runs
from finetune.config import RunConfig
from finetune.data.manifest import Manifest, read_holes, read_manifest
from finetune.data.prepare import evaluation_index
from finetune.events import ArmScore, RunEvent, StageProgress, StageStarted, Verdict
from finetune.judge.report import Proof, make_report, write_report
from finetune.judge.scale import MOST_HOLES, Tried, best, try_scales
from finetune.judge.verdict import Forgetting, judge
from finetune.stage import STOPPED

if TYPE_CHECKING:
    from assistant.engine.local.engine import LocalEngine

ARMS = ("base", "retrieval", "adapter", "both")
_TRIED = "tried"
_FILLING = "Filling in held-out holes"
_FOLDER = "evaluate"


def prove(run: Path, config: RunConfig, paths: Paths, say: Callable[[RunEvent], None]) -> None:
    """Do the stage's work, or what is left of it. Raises StoppedError, GrafterError."""
    if not (run / "report.json").exists() or not (run / "installed").exists():
        Evaluation(run, config, paths, say).prove()


class Evaluation:
    """One run's proof. What was asked is kept, so that a stage that was stopped goes on where it was."""

    def __init__(self, run: Path, config: RunConfig, paths: Paths, say: Callable[[RunEvent], None]) -> None:
        self._run = run
        self._config = config
        self._paths = paths
        self._say = say
        self._folder = run / _FOLDER
        self._adapter = run / "best"
        self._manifest: Manifest = read_manifest(run / "data")

    def prove(self) -> None:
        """Do all of it. Raises StoppedError, GrafterError."""
        with disk_errors("The evaluation cannot be written"):
            private_folder(self._folder)
        self._say(StageStarted("evaluate", resumed=(self._folder / "answers.jsonl").exists()))
        losses = self._losses()
        engine = self._load()
        try:
            with evaluation_index(self._config, self._manifest, self._tell_index) as index:
                tried = self._scales(engine, index)
                scale = best(tried)
                asked = self._four_arms(engine, index, scale)
            forgetting = self._forgetting(engine, scale)
        finally:
            engine.close()
        self._conclude(losses, tried, scale, asked, forgetting)

    # --- the parts -------------------------------------------------------------------

    def _losses(self) -> dict[str, float]:
        """Return the loss of base and adapter on so many test ``holes``, in nats a token, from a process of its own."""
        place = self._folder / "loss.json"
        if place.exists():
            return json.loads(place.read_text(encoding="utf-8"))
        self._tell("Reading the held-out holes", 0, 0)
        command = [sys.executable, "-P", "-m", "finetune.train", "--run-dir", str(self._run), "--loss", "test"]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
        if result.returncode == STOPPED:
            raise StoppedError
        if result.returncode:
            raise ModelError("The held-out loss could not be computed; job.log tells why. Resume the run to try again.")
        found = cast("dict[str, float]", json.loads(result.stdout.splitlines()[-1]))
        with disk_errors("The evaluation cannot be written"):
            write_file(place, json.dumps(found))
        return found

    def _load(self) -> LocalEngine:
        settings = load_settings(self._paths)
        folder = Store(self._paths).path(self._config.model)

        def progress(share: float) -> None:
            self._tell("Loading the model", round(100 * share), 100)

        threads = self._config.threads or settings.threads
        device, bits, lean = self._config.device, settings.bits, settings.lean
        engine = open_engine(EngineSpec("local", self._config.model, folder, device, bits, threads, lean), progress)
        return cast("LocalEngine", engine)  # which is what runs a model folder

    def _scales(self, engine: LocalEngine, index: BaseIndex) -> list[Tried]:
        place = self._folder / "scales.json"
        if place.exists():
            return [Tried(*row) for row in json.loads(place.read_text(encoding="utf-8"))]
        holes = read_holes(self._run / "data" / "validation.jsonl")[:MOST_HOLES]
        asked = 0

        def ask(scale: float) -> list[Mark]:
            nonlocal asked
            self._use(engine, scale)
            (arm,) = self._arms(engine, index, ("adapter",))
            marks: list[Mark] = []
            for hole in holes:
                self._look_for_stop()
                with index.with_open(hole):
                    marks.append(mark(hole, arm.ask(hole)))
                asked += 1
                self._tell("Choosing the scale", asked, 3 * len(holes))
            return marks

        tried = try_scales(ask)
        with disk_errors("The evaluation cannot be written"):
            write_file(place, json.dumps([dataclasses.astuple(each) for each in tried]))
        return tried

    def _four_arms(self, engine: LocalEngine, index: BaseIndex, scale: float) -> list[Asked]:
        holes = read_holes(self._run / "data" / "test.jsonl")
        self._use(engine, scale)
        arms = self._arms(engine, index, ARMS)
        settings = {"model": engine.info.model, "dtype": engine.info.dtype, "scale": scale, "holes": len(holes)}
        place = self._folder / "answers.jsonl"
        done = read_record(place, settings, holes, ARMS)
        asked: list[Asked] = []
        right = dict.fromkeys(ARMS, 0)
        self._tell(_FILLING, 0, len(holes))
        with open_record(place, settings, resume=bool(done), mode=PRIVATE) as write:
            for each in ask_all(arms, index, holes, done):
                asked.append(each)
                if each.hole.id not in done:
                    write(to_json(each))
                for name in ARMS:
                    right[name] += each.marks[name].exact
                    self._say(ArmScore(name, right[name] / len(asked), len(asked), len(holes)))
                self._tell(_FILLING, len(asked), len(holes))
                self._look_for_stop()
        return asked

    def _forgetting(self, engine: LocalEngine, scale: float) -> Forgetting | None:
        """Ask holes of Python's own library without and with the adapter; None where no Python is learned."""
        count = self._config.data.library_holes
        if count == 0:
            return None
        rows = library_holes(count, self._config.seed)
        marks: dict[bool, list[float]] = {False: [], True: []}
        for number, adapted in enumerate((False, True)):
            self._use(engine, scale if adapted else 0.0)
            for at, row in enumerate(rows, 1):
                self._look_for_stop()
                marks[adapted].append(_right(row, ask_editor(engine, row)))
                self._tell("Looking what was forgotten", number * count + at, 2 * count)
        lost = [after - before for before, after in zip(marks[False], marks[True], strict=True)]
        return Forgetting(count, mean(marks[False]), mean(marks[True]), mean(lost), mean_interval(lost))

    def _conclude(
        self,
        losses: dict[str, float],
        tried: Sequence[Tried],
        scale: float,
        asked: Sequence[Asked],
        forgetting: Forgetting | None,
    ) -> None:
        figures = summarise(asked, ARMS)
        gain = difference(asked, "retrieval", "both")
        shares = {arm.name: arm.exact_match.value for arm in figures.arms}
        right = shares["retrieval"], shares["both"]
        verdict = judge(gain, right, len(asked), scale, forgetting, wanted=self._config.activate)
        proof = Proof(self._config, self._manifest, verdict, figures, tuple(asked), losses, tuple(tried), forgetting)
        write_report(self._run, make_report(self._run, proof), proof)
        self._install(verdict, scale)
        self._say(verdict)

    def _install(self, verdict: Verdict, scale: float) -> None:
        """Put the adapter into the store, switched on where the verdict says so and the person wants that."""
        store = AdapterStore(self._paths)
        model = store.models.get(self._config.model)
        record = AdapterRecord(
            name=runs.free_name(self._paths, self._config.name),  # another run may have taken it meanwhile
            base=model.id,
            base_sha256=identity(model, store.models.path(model.id)),
            repository=self._config.repository,
            commit=self._manifest.base,
            run=self._run.name,
            scale=scale,
            verdict=verdict.sentence,
        )
        store.install(self._adapter, record)
        if verdict.active:
            store.enable(record.name, scale)
        with disk_errors("The evaluation cannot be written"):
            write_file(self._run / "installed", record.name)

    # --- small things ------------------------------------------------------------------

    def _arms(self, engine: LocalEngine, index: BaseIndex, names: Sequence[str]) -> list[Arm]:
        tokens = self._config.data.retrieval_tokens
        return make_arms(names, Bench(engine, index, Path(self._config.repository), tokens))

    def _use(self, engine: LocalEngine, scale: float) -> None:
        choice = AdapterChoice(_TRIED, self._adapter, scale, version=f"{scale:g}") if scale > 0 else None
        engine.set_adapter(choice, wait=True)  # merged, as it is served: the same answers in each run

    def _look_for_stop(self) -> None:
        if runs.is_asked_to_stop(self._run):
            raise StoppedError

    def _tell(self, what: str, done: int, total: int) -> None:
        self._say(StageProgress("evaluate", what, done, total))

    def _tell_index(self, _stage: str, done: int, total: int) -> None:
        self._tell("Reading the repository as it was", done, total)


def _right(row: Row, answer: Answer) -> float:
    return float(not answer.error and exact_match(answer.text, row.right(answer.replaces)))
