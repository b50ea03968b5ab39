"""How many bits a card keeps for each weight: all 16 where they fit, else as many as do, packed by torchao."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from assistant.config import Bits, BitsChoice
from assistant.errors import ModelError

MARGIN = 1 << 30
"""Bytes left for what is computed on the way, the recorded steps, and other programs."""
GROUP = 32
"""Weights that share a scale in 4 bits."""
_SCALES = 1.07
_CONTEXT = 16384
_LEAST_CONTEXT = 2048


@dataclass(frozen=True, slots=True)
class Demand:
    """Bytes that a model takes: of weights that stay as they are, of those that can be packed, and for a token."""

    fixed: int
    packable: int
    token: int

    def at(self, bits: Bits) -> int:
        """Return the bytes of all weights with so many bits for each packable one."""
        return self.fixed + (self.packable if bits == 16 else int(self.packable * bits / 16 * _SCALES))


def read_demand(folder: Path, config: dict[str, Any]) -> Demand:
    """Return what a model folder's files and its config.json say that it takes in half precision.

    Packed are the products; the embedding is looked up, not multiplied, and stays.
    """
    weights = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    hidden, heads = int(config.get("hidden_size") or 0), int(config.get("num_attention_heads") or 1)
    embedding = min(2 * int(config.get("vocab_size") or 0) * hidden, weights)
    shared = int(config.get("num_key_value_heads") or heads)
    width = int(config.get("head_dim") or hidden // heads)
    token = 2 * 2 * int(config.get("num_hidden_layers") or 0) * shared * width
    return Demand(embedding, weights - embedding, token)


def choose_bits(wanted: BitsChoice, demand: Demand, context: int, free: int, dtype: torch.dtype) -> Bits:
    """Return the bits that were asked for, else the most with which a model of so much context fits into ``free``.

    Raises ModelError where 4 bits were asked for and the card has no bfloat16, which their product needs.
    """
    can_four = dtype == torch.bfloat16
    if wanted == 4 and not can_four:
        raise ModelError("This graphics card is too old for weights in 4 bits; start with --bits 8.")
    if wanted != "auto":
        return wanted
    room = free - MARGIN - min(context, _CONTEXT) * demand.token
    if demand.at(16) <= room:
        return 16
    return 8 if demand.at(8) <= room or not can_four else 4


def fitting_context(context: int, token: int, free: int) -> int:
    """Return how many tokens of ``context`` the ``free`` bytes beside the weights hold.

    Each is there twice: where the model works, and as a copy for the next request. Not less than 2048 all the same,
    since a request that has no room is answered with that.
    """
    if token <= 0:
        return context
    return min(context, max((free - MARGIN // 2) // (2 * token), _LEAST_CONTEXT))


def pack(model: Any, bits: Bits, place: torch.device) -> None:
    """Move a model to its device, with the weights of its products in 8 or 4 bits; one by one, so that they fit.

    Raises ModelError where torchao is missing or not the version that is known.
    """
    if bits != 16:
        quantise, config = _torchao(bits)
        output = model.get_output_embeddings()
        tied = output is not None and output.weight is model.get_input_embeddings().weight

        # A tied output layer is the embedding: packed it would be kept twice.
        def is_packed(module: torch.nn.Module, _name: str) -> bool:
            return isinstance(module, torch.nn.Linear) and not (tied and module is output)

        quantise(model, config, filter_fn=is_packed, device=place)
    model.to(place)


def _torchao(bits: Bits) -> tuple[Any, Any]:
    """Return torchao's function that packs the weights of a model, and how it is to do it."""
    try:
        torchao: Any = importlib.import_module("torchao.quantization")
        if bits == 8:
            config = torchao.Int8WeightOnlyConfig(set_inductor_config=False)
        else:
            config = torchao.Int4WeightOnlyConfig(
                group_size=GROUP, int4_packing_format="tile_packed_to_4d", set_inductor_config=False
            )
    except (ImportError, AttributeError, TypeError):
        raise ModelError(
            f"On a graphics card weights in {bits} bits need torchao 0.18: run 'python -m pip install "
            '"torchao<0.19"\', or start with --bits 16.'
        ) from None
    return torchao.quantize_, config
