"""What a run will cost, measured over a few steps, and made smaller where the memory does not carry it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch

from assistant.engine.device import is_out_of_memory, release_memory
from assistant.errors import OutOfMemory
from assistant.system.disk import human_bytes
from finetune.config import TrainConfig
from finetune.data.samples import SampleSet
from finetune.events import PlanReady
from finetune.train.memory import free_bytes, peak_bytes, start_counting
from finetune.train.model import Trainee
from finetune.train.rows import Batch, Order, make_batch
from finetune.train.shape import Shape

_LEAST_LENGTH, _LEAST_RANK = 256, 4
_MARGIN = 0.9
"""Share of the free memory that training may take."""
_PROBE_SECONDS, _PROBE_STEPS = 6.0, 4
_EVALUATIONS, _LEAST_EVALUATIONS = 10, 4
_EVALUATION_SHARE = 0.12
"""Share of the time that evaluations at the held-out loss may take."""
_LEAST_SAMPLES = 16


@dataclass(frozen=True, slots=True)
class Candidate:
    """A way to train, and what had to be changed to come to it, in sentences."""

    train: TrainConfig
    gradient_checkpointing: bool
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Probed:
    """Tokens a second of one process in learning and in looking, and the most memory that it took."""

    tokens_per_second: float
    looked_per_second: float
    peak: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What else goes into a plan.

    ``seconds_spent`` since the start, the adapter's ``trainable`` numbers, and the ``judging_seconds`` to come.
    """

    processes: int
    seconds_spent: float
    device: str
    precision: str
    trainable: int
    judging_seconds: float


def candidates(train: TrainConfig, shortest: int = _LEAST_LENGTH) -> Iterator[Candidate]:
    """Yield ways to train, each smaller than the one before: batch, then checkpointing, then length, then rank.

    Rows never get shorter than ``shortest`` tokens.
    """
    now = Candidate(train, bool(train.gradient_checkpointing))
    yield now
    while now.train.batch > 1:
        half = now.train.batch // 2
        again = math.ceil(now.train.batch * now.train.gradient_accumulation_steps / half)
        said = f"Rows are read {half} at a time instead of {now.train.batch}, to fit into memory."
        now = Candidate(
            replace(now.train, batch=half, gradient_accumulation_steps=again),
            now.gradient_checkpointing,
            (*now.changes, said),
        )
        yield now
    if not now.gradient_checkpointing and train.gradient_checkpointing is None:
        said = "Activations are computed a second time instead of kept, to fit into memory; that takes longer."
        now = Candidate(now.train, gradient_checkpointing=True, changes=(*now.changes, said))
        yield now
    while now.train.max_seq_length // 2 >= max(_LEAST_LENGTH, shortest):
        half = now.train.max_seq_length // 2
        said = f"Rows have {half} tokens instead of {now.train.max_seq_length}, to fit into memory."
        now = Candidate(replace(now.train, max_seq_length=half), now.gradient_checkpointing, (*now.changes, said))
        yield now
    while now.train.rank // 2 >= _LEAST_RANK:
        half, alpha = now.train.rank // 2, max(now.train.alpha // 2, 1)
        said = f"The adapter has rank {half} instead of {now.train.rank}, to fit into memory."
        now = Candidate(replace(now.train, rank=half, alpha=alpha), now.gradient_checkpointing, (*now.changes, said))
        yield now


def estimate_bytes(model_config: Any, parameters: int, weight_bytes: int, candidate: Candidate) -> int:
    """Return about how many bytes training takes beside the base's weights, rather too few than too many.

    A probe measures it; this only keeps a probe from being started where the system would have to end the process.
    """
    layers = int(model_config.num_hidden_layers)
    hidden, inner = int(model_config.hidden_size), int(getattr(model_config, "intermediate_size", 0) or 0)
    tokens = candidate.train.batch * candidate.train.max_seq_length
    kept = hidden if candidate.gradient_checkpointing else 6 * hidden + 2 * inner
    one_layer = 12 * hidden + 6 * inner
    return tokens * weight_bytes * (layers * kept + one_layer) + 16 * parameters


def adapter_size(model_config: Any, rank: int) -> int:
    """Return how many numbers an adapter of this rank on all linear layers has, as most models are built."""
    hidden, inner = int(model_config.hidden_size), int(getattr(model_config, "intermediate_size", 0) or 0)
    heads = int(model_config.num_attention_heads)
    size = int(getattr(model_config, "head_dim", None) or hidden // heads)
    few = int(getattr(model_config, "num_key_value_heads", None) or heads)
    attention = 2 * (hidden + heads * size) + 2 * (hidden + few * size)
    return int(model_config.num_hidden_layers) * rank * (attention + 3 * (hidden + inner))


def probe(trainee: Trainee, batches: list[Batch], place: torch.device) -> Probed:
    """Measure learning and looking on these batches; the adapter stays as it is. Raises what no memory raises."""
    start_counting(place)
    tokens, learning = 0, 0.0
    try:
        for number in range(1 + _PROBE_STEPS):
            batch = batches[number % len(batches)]
            first = time.perf_counter()
            trainee(batch).backward()
            trainee.zero_grad(set_to_none=True)
            _finish(place)
            if number:  # the first prepares what the others find ready
                tokens += batch.tokens
                learning += time.perf_counter() - first
            if learning > _PROBE_SECONDS:
                break
        peak = peak_bytes(place)
        first = time.perf_counter()
        with torch.no_grad():
            trainee(batches[0])
        _finish(place)
        looking = time.perf_counter() - first
    finally:
        trainee.zero_grad(set_to_none=True)
    return Probed(tokens / max(learning, 1e-9), batches[0].tokens / max(looking, 1e-9), peak)


def widest(samples: SampleSet, train: TrainConfig, seed: int, place: torch.device) -> list[Batch]:
    """Return batches to probe with, of the real data and the real shape, the one with most tokens first."""
    order = Order(samples, train.max_seq_length, seed)
    rows = [order.take(train.batch * i, train.batch) for i in range(8)]
    made = [make_batch(samples, [n for row in group for n in row], place) for group in rows]
    return sorted(made, key=lambda batch: batch.tokens, reverse=True)[: _PROBE_STEPS + 1]


def _finish(place: torch.device) -> None:
    if place.type == "cuda":
        torch.cuda.synchronize(place)
    elif place.type == "mps":
        torch.mps.synchronize()
    elif place.type == "xpu":
        torch.xpu.synchronize()


def fit(
    train: TrainConfig,
    build: Callable[[Candidate], Trainee],
    batches: Callable[[TrainConfig], list[Batch]],
    estimate: Callable[[Candidate], int],
    place: torch.device,
    agree: Callable[[bool], bool],
    *,
    shortest: int = _LEAST_LENGTH,
) -> tuple[Candidate, Trainee, Probed]:
    """Return the first way to train that memory carries, the model made ready for it, and what it measured.

    ``build`` makes the model anew for a candidate, ``agree`` says whether all processes say yes. Raises OutOfMemory.
    """
    room = free_bytes(place) * _MARGIN
    before = peak_now(place)
    least = 0
    for candidate in candidates(train, shortest):
        need = estimate(candidate)
        least = need if not least else min(least, need)
        if not agree(need <= room):
            continue
        trainee = build(candidate)
        try:
            found = probe(trainee, batches(candidate.train), place)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            found = None
        if agree(found is not None and found.peak - before <= room):
            assert found is not None  # noqa: S101  (for the type checker)
            return candidate, trainee, found
        release_memory(place)
    raise OutOfMemory(
        f"Training needs about {human_bytes(least)} beside the model even at its smallest, and "
        f"{human_bytes(int(room))} are free; close other programs or choose a smaller model."
    )


def peak_now(place: torch.device) -> int:
    """Return the bytes that this process holds now."""
    start_counting(place)
    return peak_bytes(place)


def make_shape(
    candidate: Candidate,
    found: Probed,
    samples: SampleSet,
    validation: SampleSet,
    facts: Facts,
) -> Shape:
    """Return the whole plan: steps for the time or time for the steps, and when to each at the held-out loss."""
    train, processes, seconds_spent = candidate.train, facts.processes, facts.seconds_spent
    speed = found.tokens_per_second * processes
    rows = Order(samples, train.max_seq_length, 0).epoch_rows
    per_step = len(samples.ids) / rows * train.batch * train.gradient_accumulation_steps * processes
    each = float(len(validation.ids)) / (found.looked_per_second * processes)
    taken, evaluations = len(validation), _EVALUATIONS
    if train.steps:
        steps = train.steps
    else:
        left = max(60 * train.minutes - seconds_spent, 1.0)
        # As many evaluations as the share allows; where that is few, at fewer of the samples, and then fewer than that.
        allowed = left * _EVALUATION_SHARE
        evaluations = max(min(int(allowed / each) - 1, _EVALUATIONS), _LEAST_EVALUATIONS)
        taken = math.ceil(len(validation) * min(allowed / ((evaluations + 1) * each), 1.0))
        if taken < _LEAST_SAMPLES:
            taken = min(_LEAST_SAMPLES, len(validation))
            evaluations = max(min(int(allowed * len(validation) / (each * taken)) - 1, evaluations), 1)
        each *= taken / len(validation)
        steps = max(int((left - (evaluations + 1) * each) * speed / per_step), 1)
    every = train.evaluate_every or math.ceil(steps / evaluations)
    seconds = seconds_spent + steps * per_step / speed + (math.ceil(steps / every) + 1) * each
    ready = PlanReady(
        device=facts.device,
        precision=facts.precision,
        samples=len(samples),
        tokens=len(samples.ids),
        steps=steps,
        tokens_per_second=round(speed, 1),
        seconds=round(seconds, 1),
        peak_bytes=found.peak,
        trainable=facts.trainable,
        changes=candidate.changes,
        judging_seconds=round(facts.judging_seconds, 1),
    )
    return Shape(train, ready, every, taken, candidate.gradient_checkpointing)
