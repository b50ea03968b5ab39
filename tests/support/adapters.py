"""Random adapters of a model folder, made and applied by peft itself."""

from __future__ import annotations

import contextlib
import json
import warnings
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

METHODS = {"lora": {}, "rslora": {"use_rslora": True}, "dora": {"use_dora": True}}


@contextlib.contextmanager
def quiet():
    """peft asks transformers for things by names that are to go."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def make_adapter(base, folder: Path, *, seed: int = 0, size: float = 0.3, method: str = "lora", **options) -> Path:
    """Write a random adapter for a model (a folder, or transformers' own) and return its folder."""
    model = load(base) if isinstance(base, Path) else base
    options = {"r": 4, "lora_alpha": 6, "target_modules": "all-linear", **METHODS[method], **options}
    with quiet():
        tuned = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **options))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in tuned.named_parameters():
            if "lora_B" in name or "lora_A" in name:
                tensor.copy_(size * torch.randn(tensor.shape, generator=generator))
            elif "magnitude" in name:
                tensor.mul_(1 + 0.3 * torch.randn(tensor.shape, generator=generator))
    with quiet():
        tuned.save_pretrained(str(folder), safe_serialization=True)
        tuned.unload()
    return folder


def load(folder: Path, dtype=torch.float32):
    """Return transformers' model in a folder."""
    return AutoModelForCausalLM.from_pretrained(str(folder), dtype=dtype, local_files_only=True).eval()


def merged_weights(base, adapter: Path, scale: float) -> dict[str, torch.Tensor]:
    """Return the weights that peft merges, at a strength: between those of the base and the whole adapter."""
    before = {name: tensor.clone() for name, tensor in base.state_dict().items()}
    with quiet():
        tuned = PeftModel.from_pretrained(base, str(adapter)).merge_and_unload()
    after = {name: tensor.clone() for name, tensor in tuned.state_dict().items()}
    base.load_state_dict(before)
    return {name: torch.lerp(tensor, after[name], scale) for name, tensor in before.items()}


def write_adapter(folder: Path, shapes: dict[str, tuple[int, ...]], *, rank: int, size: float, seed: int = 0) -> Path:
    """Write a random adapter of modules of these shapes (outputs, inputs), without loading a model."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for module, (outputs, inputs) in shapes.items():
        at = f"base_model.model.{module}"
        tensors[f"{at}.lora_A.weight"] = size * torch.randn(rank, inputs, generator=generator)
        tensors[f"{at}.lora_B.weight"] = size * torch.randn(outputs, rank, generator=generator)
    config = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": rank, "lora_alpha": rank, "bias": "none"}
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text(json.dumps(config))
    save_file(tensors, folder / "adapter_model.safetensors")
    return folder
