"""The processes that train together: which is the first, what all agree on, and how weights are gathered and spread."""

from __future__ import annotations

import contextlib
from typing import Any

import torch
from accelerate import Accelerator
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from finetune.train.adapter import adapter_config, adapter_tensors
from finetune.train.model import Trainee
from finetune.train.optimizer import flatten_state


class Group:
    """All processes of a run, as accelerate started them; one alone is a group, too."""

    def __init__(self, accelerator: Accelerator, strategy: str = "ddp") -> None:
        """``strategy`` is TrainConfig's."""
        self._accelerator = accelerator
        self._pieces = strategy == "fsdp" and accelerator.num_processes > 1
        self.size: int = accelerator.num_processes
        self.rank: int = accelerator.process_index
        self.first: bool = accelerator.is_main_process

    def sum(self, *values: float) -> tuple[float, ...]:
        """Return the sums over all processes."""
        if self.size == 1:
            return values
        table = torch.tensor(values, dtype=torch.float64 if self._double() else torch.float32)
        found = self._accelerator.reduce(table.to(self._accelerator.device), "sum")
        return tuple(found.tolist())  # pyright: ignore[reportAttributeAccessIssue]

    def least(self, *values: float) -> tuple[float, ...]:
        """Return the least of each over all processes."""
        if self.size == 1:
            return values
        rows = [self.sum(*(value if rank == self.rank else 0.0 for value in values)) for rank in range(self.size)]
        return tuple(min(column) for column in zip(*rows, strict=True))

    def all(self, yes: bool) -> bool:
        """Return whether every process says yes."""
        return self.sum(float(not yes))[0] == 0

    def agree(self, value: Any) -> Any:
        """Return the first process's value on each."""
        if self.size == 1:
            return value
        from accelerate.utils import broadcast_object_list  # noqa: PLC0415

        return broadcast_object_list([value], 0)[0]

    def prepare(self, trainee: Trainee, optimizer: torch.optim.Optimizer) -> tuple[nn.Module, Any]:
        """Return model and optimizer as the strategy wraps them."""
        if self.size == 1:
            return trainee, optimizer
        if self._pieces:
            _shard(trainee, self._accelerator.device)
            return trainee, optimizer
        model, wrapped = self._accelerator.prepare(trainee, optimizer)
        return model, wrapped

    def backward(self, loss: torch.Tensor) -> None:
        """Take the gradients of ``loss``, a scalar of shape ()."""
        self._accelerator.backward(loss)

    def exchange(self, weights: list[nn.Parameter]) -> None:
        """Make the gradients the mean over all processes, where taking them has not done so."""
        if not self._pieces:
            return
        for weight in weights:
            if weight.grad is not None:
                torch.distributed.all_reduce(weight.grad)
                weight.grad.div_(self.size)

    def clip(self, weights: list[nn.Parameter], most: float) -> float:
        """Shorten the gradients to a norm of ``most`` and return the norm that they had."""
        norm = self._accelerator.clip_grad_norm_(weights, most)
        return 0.0 if norm is None else float(norm)

    def no_exchange(self, model: nn.Module) -> Any:
        """Return a context in which gradients only add up on each process."""
        return contextlib.nullcontext() if self._pieces else self._accelerator.no_sync(model)

    def adapter(self, trainee: Trainee) -> dict[str, torch.Tensor]:
        """Return the adapter's weights by peft's names, shapes as in ``adapter_tensors``; all processes have to ask."""
        return adapter_tensors(trainee)

    def adapter_config(self, trainee: Trainee) -> dict[str, Any]:
        """Return what adapter_config.json says."""
        return adapter_config(trainee)

    def memory(self, optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
        """Return the optimizer's memory, shapes as in ``flatten_state``; all processes have to ask."""
        return flatten_state(optimizer)

    def end(self) -> None:
        """Leave the group."""
        if self.size > 1:
            self._accelerator.end_training()

    def wait(self) -> None:
        """Return when every process is here."""
        self._accelerator.wait_for_everyone()

    def _double(self) -> bool:
        return self._accelerator.device.type != "mps"


def _shard(trainee: Trainee, place: torch.device) -> None:
    """Leave each process its piece of the frozen weights; they are gathered layer by layer while they are needed.

    The adapter is small: each process keeps it whole, with its optimizer's memory, so that checkpoints are the same
    however many processes there are.
    """
    mesh = init_device_mesh(place.type, (torch.distributed.get_world_size(),))
    whole = set(trainee.trainable.values())
    base: Any = trainee.peft.get_base_model()
    body: Any = getattr(base, base.base_model_prefix)
    layers = next(part for part in body.children() if isinstance(part, nn.ModuleList))
    for layer in layers:
        fully_shard(layer, mesh=mesh, ignored_params=whole)
    fully_shard(trainee, mesh=mesh, ignored_params=whole)
