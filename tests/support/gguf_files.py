"""Write a model folder as a GGUF file, the way llama.cpp's converter does, for tests of the way back."""

from __future__ import annotations

import json
from pathlib import Path

import gguf
import numpy as np
import torch
from safetensors.torch import load_file

LAYER_NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


def gguf_name(name: str) -> str:
    if name == "model.embed_tokens.weight":
        return "token_embd.weight"
    if name == "model.norm.weight":
        return "output_norm.weight"
    _, _, layer, *middle, kind = name.split(".")
    return f"blk.{layer}.{LAYER_NAMES['.'.join(middle)]}.{kind}"


def write_gguf(
    folder: Path, file: Path, *, second_embedding: str = "", pre: str = "qwen2", kind: str = "qwen2"
) -> Path:
    """Write ``folder`` (a tiny model) to ``file``.

    ``second_embedding``: ``rounded`` stores the tied embedding twice, in other formats; ``other`` a different matrix.
    """
    config = json.loads((folder / "config.json").read_text())
    table = json.loads((folder / "tokenizer.json").read_text())
    writer = gguf.GGUFWriter(file, kind)
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_rope_freq_base(config["rope_parameters"]["rope_theta"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    _add_tokenizer(writer, table, pre)
    writer.add_chat_template((folder / "chat_template.jinja").read_text())
    for name, weight in load_file(folder / "model.safetensors").items():
        array = weight.float().numpy()
        if name == "model.embed_tokens.weight" and second_embedding:
            _add_output(writer, array, second_embedding)
            array = array.astype(np.float16) if second_embedding == "other" else array
            if second_embedding == "rounded":
                _add_quantised(writer, gguf_name(name), array, gguf.GGMLQuantizationType.Q4_0)
                continue
        writer.add_tensor(gguf_name(name), array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def _add_tokenizer(writer: gguf.GGUFWriter, table: dict, pre: str) -> None:
    vocab: dict[str, int] = dict(table["model"]["vocab"])
    control = {token["content"]: token["id"] for token in table["added_tokens"]}
    tokens = sorted({**vocab, **control}.items(), key=lambda pair: pair[1])
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list([token for token, _ in tokens])
    types = [gguf.TokenType.CONTROL if token in control else gguf.TokenType.NORMAL for token, _ in tokens]
    writer.add_token_types(types)
    writer.add_token_merges([" ".join(pair) for pair in table["model"]["merges"]])
    writer.add_eos_token_id(control["<|im_end|>"])
    writer.add_pad_token_id(control["<|endoftext|>"])


def _add_output(writer: gguf.GGUFWriter, array: np.ndarray, how: str) -> None:
    if how == "rounded":
        _add_quantised(writer, "output.weight", array, gguf.GGMLQuantizationType.Q8_0)
    else:
        other = torch.randn(array.shape, generator=torch.Generator().manual_seed(9)).numpy()
        writer.add_tensor("output.weight", other)


def _add_quantised(writer: gguf.GGUFWriter, name: str, array: np.ndarray, kind: gguf.GGMLQuantizationType) -> None:
    writer.add_tensor(name, gguf.quantize(array, kind), raw_dtype=kind)
