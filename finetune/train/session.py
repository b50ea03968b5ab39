"""One process of training from its start to its end: data, model, plan, checkpoint, loop."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator

from assistant.config import find_paths
from assistant.engine.memory import give_back
from assistant.errors import InputError, OutOfMemory, StoppedError
from assistant.models.store import Store
from assistant.system.disk import human_bytes
from assistant.system.files import mend
from finetune.config import RunConfig, TrainConfig, read_config
from finetune.data.choices import among
from finetune.data.manifest import drop_files, read_manifest
from finetune.data.pack import pack
from finetune.data.samples import SampleSet
from finetune.events import EventWriter, RunEvent, StageStarted
from finetune.judge.cost import LOSS_HOLES, estimate_seconds
from finetune.runs import is_asked_to_stop
from finetune.train.adapter import put_adapter
from finetune.train.checkpoint import newest, read_adapter
from finetune.train.group import Group
from finetune.train.loop import CHECKPOINT_SECONDS, End, Loop, Task
from finetune.train.memory import free_bytes
from finetune.train.model import Trainee, add_adapter, choose_place, choose_type, load_base
from finetune.train.optimizer import make_optimizer, restore_state
from finetune.train.outliers import find_outliers, losses_of_files
from finetune.train.plan import Candidate, Facts, adapter_size, estimate_bytes, fit, make_shape, widest
from finetune.train.rows import fitting
from finetune.train.shape import Shape
from finetune.train.validation import held_out_loss

_NAMES = {torch.bfloat16: "bf16", torch.float16: "fp16", torch.float32: "fp32"}


def make_accelerator(config: RunConfig) -> Accelerator:
    """Return what knows of the other processes. Raises InputError for a strategy that is not there."""
    if config.train.processes > 1 and config.train.strategy in ("zero2", "zero3"):
        # An adapter's gradients and optimizer are small; what is worth laying in pieces are the frozen weights.
        raise InputError(f"{config.train.strategy} is not there yet; take fsdp, which lays the weights in pieces too.")
    return Accelerator(cpu=choose_place(config.device).type == "cpu")


_LOOKED_AT, _NAMED = 16, 5
"""For each so many tokens that will be learned, one is looked at before: that takes 2 % of the time."""


class Session:
    """What a process of training has at hand."""

    def __init__(self, run: Path, begun: float, checkpoint_seconds: float = CHECKPOINT_SECONDS) -> None:
        """``begun``: time.monotonic() when the process began. Raises GrafterError for what cannot be trained."""
        self.run, self._begun, self._checkpoint_seconds = run, begun, checkpoint_seconds
        self.config: RunConfig = read_config(run)
        accelerator = make_accelerator(self.config)
        self.group = Group(accelerator, self.config.train.strategy)
        self.place = choose_place(self.config.device, accelerator.local_process_index)
        self.dtype = choose_type(self.config.train.precision, self.place)
        self._store = Store(find_paths())
        self._store.get(self.config.model)
        self._folder = self._store.path(self.config.model)
        self._writer = EventWriter(run) if self.group.first else None
        self._built: tuple[tuple[int, int, bool], Trainee] | None = None

    def say(self, event: RunEvent) -> None:
        """Write an event where this is the first process."""
        if self._writer:
            self._writer(event)

    def close(self) -> None:
        """Close the file of events."""
        if self._writer:
            self._writer.close()

    def train(self) -> End:
        """Plan where there is no plan yet, and train to the end or until asked to stop."""
        validation = self._load("validation")
        shape = self.group.agree(Shape.load(self.run))
        kept = newest(self.run) if shape else None  # a checkpoint without a plan belongs to nothing
        if shape is None:
            self.say(StageStarted("plan"))
            shape = self.group.agree(self.plan(validation))
            if self.group.first:
                shape.save(self.run)
            self.say(shape.ready)
        samples = self._learned()
        self.say(StageStarted("train", resumed=kept is not None))
        trainee = self._build(Candidate(shape.train, shape.gradient_checkpointing))
        optimizer = make_optimizer(trainee.trainable, shape.train)
        if kept:
            put_adapter(trainee, kept.adapter)
            restore_state(optimizer, kept.optimizer)
        task = Task(
            run=self.run,
            shape=shape,
            seed=self.config.seed,
            samples=fitting(samples, shape.train.max_seq_length),
            validation=validation,
            place=self.place,
            minutes=0.0 if shape.train.steps else shape.train.minutes,
            checkpoint_seconds=self._checkpoint_seconds,
        )
        model, optimizer = self.group.prepare(trainee, optimizer)
        return Loop(task, self.group, trainee, model, optimizer, self.say, kept, self._begun).run()

    def plan(self, validation: SampleSet | None = None) -> Shape:
        """Return the plan, measured now. Raises OutOfMemory where nothing fits."""
        # Of all samples: a plan that a kill cut off may have noted files already, which this one is to name.
        samples, validation = self._load("train"), validation or self._load("validation")
        train = self.config.train
        settings = self._settings()

        def batches(tried: TrainConfig) -> list[Any]:
            return widest(fitting(samples, tried.max_seq_length), tried, self.config.seed, self.place)

        def estimate(tried: Candidate) -> int:
            return estimate_bytes(settings, adapter_size(settings, tried.train.rank), self.dtype.itemsize, tried)

        try:
            candidate, trainee, probed = fit(
                train,
                self._build,
                batches,
                estimate,
                self.place,
                self.group.all,
                shortest=int(np.median(samples.lengths)),
            )
        except OutOfMemory as error:
            raise OutOfMemory(f"{error}{self._smaller()}") from None
        left = fitting(samples, candidate.train.max_seq_length)
        if len(left) < len(samples):
            said = f"{len(samples) - len(left)} of {len(samples)} samples are longer than a row and are left out."
            candidate = replace(candidate, changes=(*candidate.changes, said))
        if said := self._drop_outliers(candidate.train, trainee, left, probed.tokens_per_second):
            candidate = replace(candidate, changes=(*candidate.changes, said))
            left = fitting(self._learned(), candidate.train.max_seq_length)
        learned, looked = self.group.least(probed.tokens_per_second, probed.looked_per_second)
        return make_shape(
            candidate,
            replace(probed, tokens_per_second=learned, looked_per_second=looked),
            left,
            validation,
            Facts(
                processes=self.group.size,
                seconds_spent=time.monotonic() - self._begun,
                device=self.place.type,
                precision=_NAMES[self.dtype],
                trainable=sum(weight.numel() for weight in trainee.trainable.values()),
                judging_seconds=estimate_seconds(
                    read_manifest(self.run / "data"), self.config.data.library_holes, looked
                ),
            ),
        )

    def losses(self, name: str) -> dict[str, float]:
        """Return the held-out loss of ``base`` and of the best ``adapter`` on the first ``holes`` samples of a set.

        Raises StoppedError where the run is asked to stop meanwhile.
        """
        samples = self._load(name)
        shape = Shape.load(self.run)
        if shape is None:
            raise InputError("Nothing was trained in this run yet.")
        trainee = self._build(Candidate(shape.train, shape.gradient_checkpointing))
        lengths = [int(size) for size in samples.lengths[:LOSS_HOLES]]
        rows = pack(lengths, max(shape.train.max_seq_length, *lengths), 0)
        base = held_out_loss(self.group, trainee, samples, rows, self.place, self._look_for_stop)
        mend(self.run / "best")
        put_adapter(trainee, read_adapter(self.run / "best"))
        adapter = held_out_loss(self.group, trainee, samples, rows, self.place, self._look_for_stop)
        return {"base": base, "adapter": adapter, "holes": len(lengths)}

    def _look_for_stop(self) -> None:
        if is_asked_to_stop(self.run):
            raise StoppedError

    def _drop_outliers(self, train: TrainConfig, trainee: Trainee, samples: SampleSet, speed: float) -> str:
        """Note the files that are no code to the base model, which are then not learned; say which they are."""
        planned = train.steps * train.batch * train.gradient_accumulation_steps * train.max_seq_length or int(
            60 * train.minutes * speed
        )
        tokens = min(planned, samples.tokens) // _LOOKED_AT
        losses: dict[int, float] = {}
        if self.config.data.drop_outliers:
            losses = self.group.agree(losses_of_files(trainee, samples, tokens, self.place))
        manifest = read_manifest(self.run / "data")
        wanted = (*self.config.data.keep, *self.config.data.trusted)
        outliers = [
            (manifest.learned[file], losses[file])
            for file in find_outliers(losses)
            if not among(manifest.learned[file], wanted)
        ]
        if self.group.first and (outliers or manifest.drop):
            drop_files(self.run / "data", [path for path, _ in outliers])
        self.group.wait()
        if not outliers:
            return ""
        named = ", ".join(f"{path} ({loss:.1f})" for path, loss in outliers[:_NAMED])
        more = f" and {len(outliers) - _NAMED} more" if len(outliers) > _NAMED else ""
        return (
            f"Left out, for the model finds them no code (nats a token): {named}{more}. To learn them all the same, "
            "untick 'Leave out outlier files', or give --keep FILE."
        )

    def _learned(self) -> SampleSet:
        """Return what is learned, less the files that were found to be no code."""
        samples, manifest = self._load("train"), read_manifest(self.run / "data")
        if not manifest.drop:
            return samples
        return samples.without_files(manifest.learned.index(path) for path in manifest.drop)

    def _load(self, name: str) -> SampleSet:
        samples = SampleSet.load(self.run / "data" / f"{name}.safetensors")
        if not np.isfinite(samples.weights).all() or (samples.weights < 0).any() or (samples.ids < 0).any():
            raise InputError(f"The samples in {name}.safetensors are damaged; start a new run.")
        if not len(samples) or not samples.weights.any():
            raise InputError(f"There are no samples in {name}.safetensors; start a new run with more code.")
        vocabulary = int(self._settings().vocab_size)
        if int(samples.ids.max()) >= vocabulary:
            raise InputError(f"The samples in {name}.safetensors were made for another model; start a new run.")
        return samples

    def _settings(self) -> Any:
        from transformers import AutoConfig  # noqa: PLC0415  (seconds)

        factory: Any = AutoConfig
        return factory.from_pretrained(str(self._folder), local_files_only=True).get_text_config()

    def _build(self, candidate: Candidate) -> Trainee:
        """Return the model for a candidate; what only reads rows otherwise takes the one that is there."""
        train = candidate.train
        key = (train.rank, train.alpha, candidate.gradient_checkpointing)
        if self._built and self._built[0] == key:
            return self._built[1]
        self._built = None
        give_back()
        self._check_room()
        base = load_base(self._folder, self.place, self.dtype, four_bit=train.load_in_4bit)
        trainee = add_adapter(base, train, self.config.seed, gradient_checkpointing=candidate.gradient_checkpointing)
        self._built = key, trainee
        return trainee

    def _check_room(self) -> None:
        """Raise OutOfMemory where not even the weights fit: the system would end the process without a word."""
        files = sum(file.stat().st_size for file in self._folder.glob("*.safetensors"))
        need = files * self.dtype.itemsize // 2 // (3 if self.config.train.load_in_4bit else 1)
        room = free_bytes(self.place)
        if need > room:
            raise OutOfMemory(
                f"The model takes {human_bytes(need)} of memory and {human_bytes(room)} are free; "
                f"close other programs or choose a smaller model.{self._smaller()}"
            )

    def _smaller(self) -> str:
        """Return a sentence that names the largest installed model that is smaller; empty without one."""
        own = self._store.get(self.config.model)
        fits = [m for m in self._store.installed() if m.parameters < own.parameters and m.fim and not m.quantisation]
        best: Sequence[Any] = sorted(fits, key=lambda model: model.parameters)[-1:]
        return f" {best[0].id} is installed and smaller." if best else ""
