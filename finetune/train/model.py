"""The model with its adapter: base weights frozen in the device's number type, LoRA on all linear layers in float32."""

from __future__ import annotations

import itertools
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from transformers import AttentionInterface

from assistant.engine.device import choose_device, choose_dtype
from assistant.engine.local.pretrained import load_pretrained
from assistant.errors import InputError, ModelError
from finetune.config import Device, Precision, TrainConfig
from finetune.train.fused import fuse
from finetune.train.loss import weighted_loss
from finetune.train.rows import ROUND, Batch

_TYPES = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}


NAME = "grafter_packed"


def packed_attention(  # noqa: PLR0913  (transformers names them)
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    borders: tuple[int, ...],
    scaling: float | None = None,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    **other: Any,
) -> tuple[torch.Tensor, None]:
    """Return (output of shape (1, tokens, heads, size), None), as transformers asks of an attention function.

    ``query`` has the shape (1, heads, tokens, size), ``key`` and ``value`` may have fewer heads. ``borders`` are the
    places where samples begin, and the end; they come through the model's own keyword arguments.
    """
    del module, attention_mask
    if other.get("softcap") is not None or other.get("s_aux") is not None:
        raise ModelError("Training does not know the caps or sinks in this model's attention; choose another.")
    parts: list[torch.Tensor] = []
    shared = query.shape[1] != key.shape[1]
    sizes = [end - first for first, end in itertools.pairwise(borders)]
    # Split, not sliced: the gradient of a slice is as large as the row, and most of it zeros.
    for q, k, v in zip(*(x.split(sizes, 2) for x in (query, key, value)), strict=True):
        size = q.shape[2]
        if q.device.type == "cpu" and size % ROUND:
            # What fills up comes last, where causal attention does not see it.
            q, k, v = (functional.pad(x, (0, 0, 0, -size % ROUND)) for x in (q, k, v))  # noqa: PLW2901
        mask = _band(q.shape[2], sliding_window, q.device)
        part = functional.scaled_dot_product_attention(
            q, k, v, mask, dropout, is_causal=mask is None, scale=scaling, enable_gqa=shared
        )
        parts.append(part[:, :, :size].transpose(1, 2))
    return parts[0] if len(parts) == 1 else torch.cat(parts, 1), None


def _band(size: int, window: int | None, device: torch.device) -> torch.Tensor | None:
    """Return which keys each query sees, bool of shape (size, size); None where the window is wider than the sample."""
    if window is None or window >= size:
        return None
    place = torch.arange(size, device=device)
    behind = place[:, None] - place[None]
    return (behind >= 0) & (behind < window)


AttentionInterface.register(NAME, packed_attention)


def choose_place(wanted: Device, local_rank: int = 0) -> torch.device:
    """Return the device of this process. Raises InputError for one that is not there."""
    place = choose_device(wanted)
    return torch.device("cuda", local_rank) if place.type == "cuda" else place


def choose_type(wanted: Precision, place: torch.device) -> torch.dtype:
    """Return the number type of the frozen weights and of what is computed with them. Raises InputError."""
    dtype = choose_dtype(place) if wanted == "auto" else _TYPES[wanted]
    if dtype == torch.float16 and place.type == "cpu":
        raise InputError("A processor does not train in fp16; choose bf16, fp32 or auto.")
    return dtype


class Trainee(nn.Module):
    """A model with its adapter, whose result is the loss of a batch.

    ``peft`` is the model as peft wrapped it. Everything happens within ``forward``, so that whatever gathers weights
    or exchanges gradients around it (DDP, FSDP, DeepSpeed) sees all of it.
    """

    def __init__(self, peft: Any) -> None:
        super().__init__()
        self.peft = peft

    def forward(self, batch: Batch) -> torch.Tensor:
        """Return the sum over the batch of weight times nats, float32 of shape ()."""
        base = self.peft.get_base_model()
        body = getattr(base, base.base_model_prefix)
        hidden: torch.Tensor = body(
            input_ids=batch.ids, position_ids=batch.positions, use_cache=False, borders=batch.borders
        ).last_hidden_state
        return weighted_loss(
            hidden[0].index_select(0, batch.places), base.get_output_embeddings().weight, batch.targets, batch.weights
        )

    @property
    def trainable(self) -> dict[str, nn.Parameter]:
        """The adapter's weights by name, always in the same order."""
        return {name: weight for name, weight in self.named_parameters() if weight.requires_grad}


def load_base(folder: Path, place: torch.device, dtype: torch.dtype, *, four_bit: bool = False) -> Any:
    """Return the frozen base model with attention for packed rows.

    Raises InputError where 4 bits cannot be had, ModelError for a model that this trainer would train wrongly.
    """
    model = _load_four_bit(folder, place, dtype) if four_bit else load_pretrained(folder, place, dtype)
    model.requires_grad_(requires_grad=False)
    check_output(model)
    try:
        model.set_attn_implementation(NAME)
    except ValueError as error:
        raise ModelError(f"The model in {folder} cannot be trained: it does not take another attention.") from error
    model.config.use_cache = False
    return model


def check_output(model: Any) -> None:
    """Raise ModelError where the model's logits are not the plain product of its states and its output layer.

    The loss in pieces takes them for that; a model with caps or factors there would be trained wrongly in silence.
    """
    base = getattr(model, model.base_model_prefix, None)
    layer = model.get_output_embeddings()
    if base is None or layer is None or getattr(layer, "bias", None) is not None:
        raise ModelError("This model's output layer is of a kind that cannot be trained here; choose another model.")
    ids = torch.arange(1, 9, device=layer.weight.device)[None]
    with torch.no_grad():
        hidden = base(input_ids=ids, use_cache=False).last_hidden_state
        logits, product = model(input_ids=ids, use_cache=False).logits.float(), layer(hidden).float()
    if not torch.allclose(logits, product, rtol=0.02, atol=0.02 * float(product.abs().max())):
        raise ModelError("This model changes its logits in a way that cannot be trained here; choose another model.")


def add_adapter(
    model: Any, config: TrainConfig, seed: int, *, gradient_checkpointing: bool, fused: bool = True
) -> Trainee:
    """Return the model with a fresh adapter, whose first weights follow from ``seed``; it changes nothing yet.

    ``fused`` False leaves every layer as peft and transformers compute it.
    """
    from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training  # noqa: PLC0415  (seconds)

    if config.load_in_4bit:
        prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        # peft 0.21 asks for a property of the model that transformers 5.23 calls by a new name.
        warnings.simplefilter("ignore", FutureWarning)
        torch.manual_seed(seed)
        peft = get_peft_model(
            model,
            LoraConfig(
                task_type="CAUSAL_LM",
                r=config.rank,
                lora_alpha=config.alpha,
                lora_dropout=config.dropout,
                target_modules="all-linear",
                use_rslora=config.method == "rslora",
                use_dora=config.method == "dora",
            ),
        )
    if gradient_checkpointing:
        # The name that is new in transformers 5.23, or the one before.
        enable = getattr(model, "activation_checkpointing_enable", None) or model.gradient_checkpointing_enable
        enable({"use_reentrant": False})
    if fused:
        fuse(peft)
    peft.train()
    return Trainee(peft)


def _load_four_bit(folder: Path, place: torch.device, dtype: torch.dtype) -> Any:
    if place.type != "cuda":
        raise InputError(f"A base in 4 bits needs a CUDA card, and this run is on the {place.type}; turn it off.")
    try:
        import bitsandbytes  # noqa: F401, PLC0415  # pyright: ignore[reportMissingImports, reportUnusedImport]
        from transformers import AutoModelForCausalLM, BitsAndBytesConfig  # noqa: PLC0415
    except ImportError:
        raise InputError("A base in 4 bits needs bitsandbytes; install it, or turn 4 bits off.") from None
    settings = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )
    factory: Any = AutoModelForCausalLM
    return factory.from_pretrained(
        str(folder),
        quantization_config=settings,
        dtype=dtype,
        device_map={"": place},
        use_safetensors=True,
        local_files_only=True,
        trust_remote_code=False,
    ).eval()
