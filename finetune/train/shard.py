"""Frozen weights in pieces on all processes, gathered layer by layer while they are needed.

The adapter is small: each process keeps it whole, with its optimizer's memory, so that checkpoints are the same however
many processes there are.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from finetune.train.model import Trainee


def shard(trainee: Trainee, place: torch.device) -> None:
    """Leave each process its piece of the frozen weights."""
    mesh = init_device_mesh(place.type, (torch.distributed.get_world_size(),))
    whole = set(trainee.trainable.values())
    base: Any = trainee.peft.get_base_model()
    body: Any = getattr(base, base.base_model_prefix)
    layers = next(part for part in body.children() if isinstance(part, nn.ModuleList))
    for layer in layers:
        fully_shard(layer, mesh=mesh, ignored_params=whole)
    fully_shard(trainee, mesh=mesh, ignored_params=whole)
