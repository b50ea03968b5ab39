"""The fused layers compute what peft and transformers compute, and keep less of it."""

from pathlib import Path

import pytest
import torch

from finetune.config import TrainConfig
from finetune.train.fused import fuse
from finetune.train.model import Trainee, add_adapter, load_base
from finetune.train.rows import make_batch

_CPU = torch.device("cpu")


def trainee(folder: Path, dtype: torch.dtype, *, fused: bool, gradient_checkpointing: bool = False, **train) -> Trainee:
    config = TrainConfig(**({"rank": 4, "alpha": 8} | train))
    made = add_adapter(
        load_base(folder, _CPU, dtype), config, 0, gradient_checkpointing=gradient_checkpointing, fused=fused
    )
    torch.manual_seed(1)
    for name, weight in made.trainable.items():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.05)
    return made


def both(folder: Path, samples, dtype: torch.dtype, **options):
    found = []
    for fused in (True, False):
        made = trainee(folder, dtype, fused=fused, **options)
        loss = made(make_batch(samples, range(4), _CPU))
        found.append((loss.detach(), torch.autograd.grad(loss, list(made.trainable.values())), made))
    return found


@pytest.mark.parametrize("gradient_checkpointing", [False, True])
@pytest.mark.parametrize("method", ["lora", "rslora"])
def test_losses_and_gradients_are_those_of_peft(
    tiny_folder, make_samples, method: str, gradient_checkpointing: bool
) -> None:
    samples = make_samples(4, 5)
    ours, theirs = both(
        tiny_folder, samples, torch.float32, method=method, gradient_checkpointing=gradient_checkpointing
    )
    torch.testing.assert_close(ours[0], theirs[0], rtol=1e-5, atol=0)
    for one, other in zip(ours[1], theirs[1], strict=True):
        assert one.dtype == torch.float32
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-3)


def test_bfloat16_is_as_near_to_float32_as_peft_is(tiny_folder, make_samples) -> None:
    samples = make_samples(4, 5)
    exact = both(tiny_folder, samples, torch.float32)[0]
    ours, theirs = both(tiny_folder, samples, torch.bfloat16)

    def off(found) -> float:
        return float(sum((a - b).norm() for a, b in zip(found[1], exact[1], strict=True)))

    assert off(ours) < 1.5 * off(theirs)
    assert float(abs(ours[0] - exact[0])) < 0.02 * float(exact[0])


def test_less_is_kept(tiny_folder, make_samples) -> None:
    samples = make_samples(8, 5)

    def kept(fused: bool) -> int:
        made, held = trainee(tiny_folder, torch.bfloat16, fused=fused), {}
        weights = {weight.data_ptr() for weight in made.parameters()}

        def pack(tensor: torch.Tensor) -> torch.Tensor:
            if tensor.data_ptr() not in weights:
                held[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            made(make_batch(samples, range(8), _CPU))
        return sum(storage.nbytes() for storage in held.values())

    assert kept(True) < 0.5 * kept(False)


@pytest.mark.parametrize("train", [{"method": "dora"}, {"dropout": 0.1}])
def test_what_is_not_plain_stays_with_peft(tiny_folder, train: dict) -> None:
    made = trainee(tiny_folder, torch.float32, fused=True, **train)
    attention = made.peft.get_base_model().model.layers[0].self_attn
    assert "forward" not in vars(attention.q_proj)
    assert fuse(made.peft) == 5  # the norms alone


def test_all_of_a_model_is_fused(tiny_folder) -> None:
    assert fuse(trainee(tiny_folder, torch.float32, fused=False).peft) == 2 * 2 + 5
