"""Samples packed into one row give what they give one by one."""

from pathlib import Path

import pytest
import torch

from finetune.config import TrainConfig
from finetune.train.model import Trainee, add_adapter, load_base
from finetune.train.rows import make_batch

_CPU = torch.device("cpu")


@pytest.fixture(params=["kept", "again"])
def trainee(request: pytest.FixtureRequest, tiny_folder: Path) -> Trainee:
    base = load_base(tiny_folder, _CPU, torch.float32)
    made = add_adapter(base, TrainConfig(rank=4, alpha=8), 0, checkpointing=request.param == "again")
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
        logits = trainee.peft(input_ids=batch.ids).logits[0]
    base.set_attn_implementation("grafter_packed")
    chances = logits.log_softmax(1)
    expected = sum(-float(chances[i - 1, int(batch.ids[0, i])]) * float(w) for i, w in enumerate(samples.weights) if w)
    assert float(trainee(batch).detach()) == pytest.approx(expected, rel=1e-4)
