"""Load a model onto a graphics card: bits that fit, captured steps where the model allows, drafts where they agree."""

from __future__ import annotations

import functools
import logging
from pathlib import Path
from typing import Any

import psutil
import torch

from assistant.config import BitsChoice
from assistant.engine.decoding.decoder import Loaded
from assistant.engine.decoding.transformers_decoder import TransformersDecoder
from assistant.engine.device import release_memory
from assistant.engine.gpu import attention
from assistant.engine.gpu.bits import choose_bits, fitting_context, pack, read_demand
from assistant.engine.gpu.cuda_graph import GraphCapture, capture_for
from assistant.engine.gpu.decoder import StagedDecoder, read_kv_shape
from assistant.engine.local.pretrained import load_pretrained

_log = logging.getLogger(__name__)


def load_on_card(
    folder: Path,
    config: dict[str, Any],
    place: torch.device,
    dtype: torch.dtype,
    wanted: BitsChoice,
    context: int,
    capture: GraphCapture | None = None,
) -> Loaded:
    """Load the model in ``folder``, whose config.json is ``config`` and which reads ``context`` tokens at most.

    ``capture``: else the device's. Raises ModelError where the bits that were asked for cannot be had.
    """
    bits = choose_bits(wanted, read_demand(folder, config), context, free_memory(place), dtype)
    # What is to be packed passes through the computer's memory: as it is it may have no room on the card.
    model = load_pretrained(folder, place if bits == 16 else torch.device("cpu"), dtype)
    pack(model, bits, place)
    release_memory(place)
    shape = read_kv_shape(model)
    if shape is None or not attention.use(model):
        _log.info("The model's attention is of another kind; its steps run one operation at a time.")
        return Loaded(TransformersDecoder(model), bits, context, model)
    longest = fitting_context(context, shape.token_bytes, free_memory(place))
    if longest < context:
        _log.info("The %s has room for %d of the %d tokens that the model reads.", place.type, longest, context)
    make = functools.partial(StagedDecoder, model, shape, capture or capture_for(place), longest=longest)
    decoder = make()
    if dtype != torch.float32 and not decoder.drafts_agree():
        _log.info("Drafts are not used: here, tokens read together are rounded otherwise than one by one.")
        decoder = make(width=1)
    return Loaded(decoder, bits, longest, model)


def free_memory(place: torch.device) -> int:
    """Return how many bytes a program can still take on a device."""
    if place.type == "cuda":
        return torch.cuda.mem_get_info(place)[0]
    return psutil.virtual_memory().available
