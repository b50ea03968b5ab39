"""A quantised model folder: made, loaded, and what happens when it is damaged."""

import json
import shutil
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file

from assistant.engine.local.load import load_engine
from assistant.errors import ModelError
from assistant.weights.quantise import main, quantise_folder


@pytest.fixture
def make(tiny_folder, tmp_path):
    def call(bits, group=32, method="rtn"):
        folder = tmp_path / f"{bits}-{group}-{method}"
        folder.mkdir()
        shares = []
        made = quantise_folder(
            tiny_folder, folder, bits, group, method, lambda done, total: shares.append(done / total)
        )
        assert shares == sorted(shares)
        assert shares[-1] == 1
        record = json.loads((tiny_folder / "model.json").read_text())
        assert made.parameters == record["parameters"]
        for file in tiny_folder.iterdir():
            if file.suffix != ".safetensors":
                shutil.copy(file, folder / file.name)
        record |= {"id": "tiny-small", "quantisation": {"bits": bits, "group": group, "method": method, "base": "tiny"}}
        (folder / "model.json").write_text(json.dumps(record))
        return folder

    return call


@pytest.mark.parametrize("lean", [False, True])
def test_it_writes_what_the_model_writes_that_is_packed_when_loaded(make, tiny_folder, ask, lean, monkeypatch):
    monkeypatch.setattr("assistant.engine.local.load.choose_dtype", lambda _device: torch.float32)
    # Whole numbers, where the processor gains by them, have 7 bits: those of the file would be rounded once more.
    monkeypatch.setattr("assistant.engine.local.load.integer.usable", lambda: False)
    small = load_engine(make(8), "cpu", bits=16, lean=lean)
    packed = load_engine(tiny_folder, "cpu", bits=8, lean=True)
    try:
        assert small.info.dtype == "float32, 8-bit weights"
        assert ask(small, "x = 1", max_tokens=12).texts == ask(packed, "x = 1", max_tokens=12).texts
    finally:
        small.close()
        packed.close()


def test_the_matrices_are_kept_in_fewer_bits_and_the_rest_as_it_was(make, tiny_folder):
    before, after = load_file(tiny_folder / "model.safetensors"), load_file(make(4) / "model.safetensors")
    norm = "model.layers.0.input_layernorm.weight"
    assert torch.equal(before[norm], after[norm])
    assert after["model.embed_tokens.weight.values"].dtype == torch.int8
    gate, down = "model.layers.0.mlp.gate_proj.weight", "model.layers.0.mlp.down_proj.weight"
    assert gate not in after
    assert after[f"{gate}.values"].numel() * 2 == before[gate].numel()
    assert after[f"{down}.values"].dtype == torch.int8  # too few rows for the 4-bit kernel's blocks
    assert "lm_head.weight.values" in after


def test_a_graphics_card_is_refused_with_a_sentence(make, monkeypatch):
    monkeypatch.setattr(
        "assistant.engine.local.load.choose_device", lambda name: torch.device("meta" if name != "cpu" else "cpu")
    )
    folder = make(8)
    with pytest.raises(ModelError, match=r"quantised for processors; start it with --device cpu, or take tiny"):
        load_engine(folder, "cuda")
    load_engine(folder, "auto").close()


def test_a_missing_part_is_said(make):
    folder = make(4)
    tensors = load_file(folder / "model.safetensors")
    del tensors["model.layers.0.mlp.down_proj.weight.scales"]
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(ModelError, match=r"down_proj.weight.scales is missing"):
        load_engine(folder, "cpu")


def test_parts_that_do_not_fit_are_said(make):
    folder = make(4)
    tensors = load_file(folder / "model.safetensors")
    name = "model.layers.0.mlp.gate_proj.weight.zeros"
    tensors[name] = tensors[name][:, :-1].contiguous()
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(ModelError, match=r"cannot be loaded \(the parts of model.layers.0.mlp.gate_proj.weight do not"):
        load_engine(folder, "cpu")


@pytest.mark.parametrize("said", [{"bits": 3, "group": 32, "base": "x"}, {"bits": 4, "group": 5, "base": "x"}, {}, 4])
def test_a_record_that_makes_no_sense_is_said(make, said):
    folder = make(8)
    record = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(record | {"quantisation": said}))
    with pytest.raises(ModelError, match=r"model.json cannot be read"):
        load_engine(folder, "cpu")


def test_the_program_prints_json_lines(tiny_folder, tmp_path, capsys):
    assert main(["--bits=4", "--group=32", "--method=rtn", str(tiny_folder), str(tmp_path / "new")]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[-1]["event"] == "done"
    assert lines[0]["event"] == "progress"


def test_a_model_that_the_kernels_cannot_run_is_refused(tiny_folder, tmp_path, capsys):
    folder = tmp_path / "odd"
    shutil.copytree(tiny_folder, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "mamba", "architectures": ["Mamba"]}))
    assert main(["--bits=4", str(folder), str(tmp_path / "new")]) == 1
    assert "cannot be quantised" in json.loads(capsys.readouterr().out.splitlines()[-1])["message"]


def test_half_quadratic_rounding_needs_a_library_and_says_so(tiny_folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchao", None)
    monkeypatch.setitem(sys.modules, "torchao.quantization.quant_primitives", None)
    assert main(["--bits=4", "--method=hqq", str(tiny_folder), str(tmp_path / "new")]) == 1
    assert "pip install" in json.loads(capsys.readouterr().out.splitlines()[-1])["message"]
