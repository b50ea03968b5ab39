"""Samples packed into one row give what they give one by one."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from finetune.config import TrainConfig
from finetune.data.samples import SampleSet
from finetune.train.model import Trainee, add_adapter, load_base
from finetune.train.rows import make_batch

_CPU = torch.device("cpu")


@pytest.fixture(params=["kept", "again"])
def trainee(request: pytest.FixtureRequest, tiny_folder: Path) -> Trainee:
    base = load_base(tiny_folder, _CPU, torch.float32)
    made = add_adapter(base, TrainConfig(rank=4, alpha=8), 0, gradient_checkpointing=request.param == "again")
    torch.manual_seed(1)
    for name, weight in made.trainable.items():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.05)
    return made


def test_packed_is_one_by_one(trainee: Trainee, make_samples) -> None:
    samples = make_samples(5, 7)
    weights = list(trainee.trainable.values())
    packed = trainee(make_batch(samples, range(5), _CPU))
    together = torch.autograd.grad(packed, weights)
    alone = [trainee(make_batch(samples, [i], _CPU)) for i in range(5)]
    apart = torch.autograd.grad(torch.stack(alone).sum(), weights)
    torch.testing.assert_close(packed, torch.stack(alone).sum(), rtol=1e-5, atol=0)
    for one, other in zip(together, apart, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)


def test_the_loss_is_the_models_own(trainee: Trainee, make_samples) -> None:
    samples = make_samples(1, 3)
    batch = make_batch(samples, [0], _CPU)
    base = trainee.peft.get_base_model()
    base.set_attn_implementation("eager")
    with torch.no_grad():
        logits = trainee.peft(input_ids=batch.ids[:, : batch.tokens]).logits[0]
    base.set_attn_implementation("grafter_packed")
    chances = logits.log_softmax(1)
    expected = sum(-float(chances[i - 1, int(batch.ids[0, i])]) * float(w) for i, w in enumerate(samples.weights) if w)
    assert float(trainee(batch).detach()) == pytest.approx(expected, rel=1e-4)


def test_a_row_is_filled_up_by_what_no_sample_sees_and_nothing_counts(trainee: Trainee, make_samples) -> None:
    samples = make_samples(5, 7)
    batch = make_batch(samples, range(5), _CPU)
    assert batch.tokens == len(samples.ids)
    assert batch.ids.shape == batch.positions.shape == (1, batch.borders[-1])
    assert batch.borders[-1] - batch.tokens == -batch.tokens % 32 > 0
    assert batch.borders[-2] == batch.tokens
    assert len(batch.places) == len(batch.targets) == len(batch.weights)
    assert len(batch.places) % 32 == 0
    assert int((batch.weights > 0).sum()) == int((samples.weights > 0).sum()) < len(batch.weights)
    bare = dataclasses.replace(
        batch,
        ids=batch.ids[:, : batch.tokens],
        positions=batch.positions[:, : batch.tokens],
        borders=batch.borders[:-1],
        places=batch.places[batch.weights > 0],
        targets=batch.targets[batch.weights > 0],
        weights=batch.weights[batch.weights > 0],
    )
    weights = list(trainee.trainable.values())
    filled, plain = trainee(batch), trainee(bare)
    torch.testing.assert_close(filled, plain, rtol=1e-6, atol=0)
    for one, other in zip(torch.autograd.grad(filled, weights), torch.autograd.grad(plain, weights), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)


def test_a_row_of_the_full_length_is_not_filled_up(make_samples) -> None:
    samples = make_samples(5, 7)
    ids, weights = np.tile(samples.ids, 32), np.tile(samples.weights, 32)
    whole = SampleSet(ids, weights, np.array([0, len(ids)]), np.zeros(1, np.int32))
    batch = make_batch(whole, [0], _CPU)
    assert batch.borders == (0, len(ids))
    assert batch.tokens == len(ids)
