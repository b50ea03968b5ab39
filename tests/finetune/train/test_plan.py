import types
from dataclasses import replace

import pytest
import torch

from assistant.errors import OutOfMemory
from finetune.config import TrainConfig
from finetune.train.memory import free_bytes
from finetune.train.plan import Candidate, Facts, Probed, candidates, estimate_bytes, fit, make_shape

_CPU = torch.device("cpu")


def test_smaller_and_smaller_in_the_order_that_costs_least() -> None:
    every = list(candidates(TrainConfig(batch=4, max_seq_length=1024, rank=16)))
    shapes = [(c.train.batch, c.gradient_checkpointing, c.train.max_seq_length, c.train.rank) for c in every]
    assert shapes == [
        (4, False, 1024, 16),
        (2, False, 1024, 16),
        (1, False, 1024, 16),
        (1, True, 1024, 16),
        (1, True, 512, 16),
        (1, True, 256, 16),
        (1, True, 256, 8),
        (1, True, 256, 4),
    ]
    assert all(c.train.batch * c.train.gradient_accumulation_steps == 4 for c in every)
    assert [len(c.changes) for c in every] == list(range(8))
    settings = types.SimpleNamespace(num_hidden_layers=24, hidden_size=896, intermediate_size=4864)
    needs = [estimate_bytes(settings, 10**6, 2, c) for c in every[:6]]
    assert needs == sorted(needs, reverse=True)


def test_what_was_asked_for_by_hand_is_kept() -> None:
    every = list(candidates(TrainConfig(gradient_checkpointing=False, rank=4), shortest=600))
    assert len(every) == 1


def _fit(peaks: list[int | None], room: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("finetune.train.plan.free_bytes", lambda _place: room)
    monkeypatch.setattr("finetune.train.plan.peak_now", lambda _place: 0)
    left = iter(peaks)

    def probe(*_args: object) -> Probed:
        peak = next(left)
        if peak is None:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return Probed(100.0, 300.0, peak)

    monkeypatch.setattr("finetune.train.plan.probe", probe)
    return fit(TrainConfig(rank=4), lambda _c: None, lambda _t: [], lambda _c: 10, _CPU, bool)


def test_a_failed_allocation_makes_it_smaller_instead_of_ending_it(monkeypatch) -> None:
    candidate, _, found = _fit([None, 2000, 500], 1000, monkeypatch)
    assert candidate.gradient_checkpointing
    assert candidate.train.max_seq_length == 512
    assert found.peak == 500
    assert len(candidate.changes) == 2


def test_refused_where_nothing_fits(monkeypatch) -> None:
    with pytest.raises(OutOfMemory, match="smaller model"):
        _fit([2000, 2000, None, None], 1000, monkeypatch)
    with pytest.raises(OutOfMemory):
        _fit([], 5, monkeypatch)


def test_steps_follow_from_the_minutes(make_samples) -> None:
    samples, held = make_samples(500, 1), make_samples(40, 2)
    facts = Facts(1, 60.0, "cpu", "fp32", 9, 33.3)
    asked = Candidate(TrainConfig(max_seq_length=128, minutes=30.0), gradient_checkpointing=False)
    shape = make_shape(asked, Probed(100.0, 300.0, 1), samples, held, facts)
    assert shape.ready.seconds == pytest.approx(30 * 60, rel=0.05)
    assert shape.ready.judging_seconds == 33.3
    assert shape.validation_samples == 40
    short = make_shape(
        replace(asked, train=replace(asked.train, minutes=3.0)), Probed(100.0, 300.0, 1), samples, held, facts
    )
    assert short.ready.seconds == pytest.approx(3 * 60, rel=0.1)
    assert 16 <= short.validation_samples <= 40
    assert short.ready.steps < shape.ready.steps
    assert shape.ready.steps / shape.evaluate_every <= 10


def test_where_evaluations_are_dear_there_are_fewer_of_them(make_samples) -> None:
    samples, held = make_samples(500, 1), make_samples(40, 2)
    facts = Facts(1, 60.0, "cpu", "fp32", 9, 33.3)
    asked = Candidate(TrainConfig(max_seq_length=128, minutes=3.0), gradient_checkpointing=False)
    per_token = 40.0 / len(held.ids)  # all that is held out takes 40 s
    shape = make_shape(asked, Probed(100.0, 1 / per_token, 1), samples, held, facts)
    assert shape.validation_samples == 16
    assert shape.evaluate_every == shape.ready.steps  # before and at the end
    assert shape.ready.seconds == pytest.approx(3 * 60, rel=0.02)
    learning = shape.ready.seconds - 60.0 - 2 * 16
    assert learning == pytest.approx(88, abs=5)


def test_the_groups_of_a_container_count(tmp_path) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("0::/box\n")
    group = tmp_path / "sys/fs/cgroup"
    group.mkdir(parents=True)
    (group / "memory.max").write_text("1000\n")
    (group / "memory.current").write_text("700\n")
    (group / "memory.stat").write_text("anon 300\ninactive_file 200\n")
    assert free_bytes(_CPU, tmp_path) == 500
