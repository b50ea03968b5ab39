import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from assistant.engine.local.load import load_engine
from assistant.errors import InputError, ModelError, OutOfMemory


@pytest.fixture
def folder(tiny_folder, tmp_path):
    """A copy of the tiny model that may be damaged."""
    return shutil.copytree(tiny_folder, tmp_path / "copy")


def change(file, **fields):
    file.write_text(json.dumps({**json.loads(file.read_text()), **fields}))


def test_info_says_what_was_loaded(tiny_folder):
    engine = load_engine(tiny_folder, "cpu")
    info = engine.info
    assert (info.model, info.family, info.device) == ("tiny", "qwen2.5-coder", "cpu")
    assert info.dtype in {"bfloat16, 4-bit weights", "float32, 4-bit weights", "float32, 8-bit weights"}
    assert info.context_length == 2048
    assert info.parameters == json.loads((tiny_folder / "model.json").read_text())["parameters"]
    engine.close()


@pytest.mark.parametrize("bits", [16, 8, 4])
def test_every_number_of_bits_loads_and_writes(tiny_folder, ask, bits):
    engine = load_engine(tiny_folder, "cpu", bits=bits)
    assert ask(engine, "def add(", max_tokens=5).finished.generated_tokens > 0
    assert ("bit" in engine.info.dtype) is (bits != 16)
    engine.close()


def test_a_shape_that_the_fast_path_does_not_know_goes_through_transformers(folder, ask, caplog):
    change(folder / "config.json", hidden_act="relu")
    with caplog.at_level("INFO"):
        engine = load_engine(folder, "cpu")
    assert "activation is 'relu'" in caplog.text
    assert "bit weights" not in engine.info.dtype
    assert ask(engine, "def add(", max_tokens=5).finished.generated_tokens > 0
    engine.close()


def test_progress_rises_to_one(tiny_folder):
    told = []
    load_engine(tiny_folder, "cpu", told.append).close()
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) >= 5


def test_loading_writes_nothing_to_the_terminal(tiny_folder, capfd):
    load_engine(tiny_folder, "cpu").close()
    assert capfd.readouterr() == ("", "")


def test_every_end_token_of_the_files_ends_a_text(folder):
    change(folder / "generation_config.json", eos_token_id=[7, 8])
    change(folder / "config.json", eos_token_id=9)
    engine = load_engine(folder, "cpu")
    assert {7, 8, 9, engine._tokenizer.end_id} == engine._end_ids
    engine.close()


def test_context_length_without_a_record_of_it(folder):
    change(folder / "model.json", context_length=0)
    engine = load_engine(folder, "cpu")
    assert engine.info.context_length == 2048
    engine.close()


def test_a_folder_without_a_model(tmp_path):
    with pytest.raises(ModelError, match="no installed model"):
        load_engine(tmp_path, "cpu")


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 1}', '{"id": 3}'])
def test_a_damaged_record(folder, text):
    (folder / "model.json").write_text(text)
    with pytest.raises(ModelError, match=r"model\.json cannot be read"):
        load_engine(folder, "cpu")


def test_no_weights(folder):
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_engine(folder, "cpu")


def test_weights_in_a_pickle_are_never_opened(folder):
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_engine(folder, "cpu")


def test_weights_cut_off(folder):
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1000])
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_engine(folder, "cpu")


def test_a_missing_weight_is_no_random_weight(folder):
    file = folder / "model.safetensors"
    weights = load_file(file)
    del weights["model.layers.0.self_attn.q_proj.weight"]
    save_file(weights, file, metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"incomplete.*q_proj"):
        load_engine(folder, "cpu")


def test_code_in_the_folder_is_never_run(folder, tmp_path):
    mark = tmp_path / "was-run"
    (folder / "evil.py").write_text(f"open({str(mark)!r}, 'w')\nclass Evil: pass\n")
    change(
        folder / "config.json",
        model_type="evil",
        auto_map={"AutoModelForCausalLM": "evil.Evil", "AutoConfig": "evil.Evil"},
    )
    with pytest.raises(ModelError):
        load_engine(folder, "cpu")
    assert not mark.exists()


def test_a_device_that_is_not_there(tiny_folder, monkeypatch):
    monkeypatch.setattr("assistant.engine.device._available", lambda kind: kind == "cpu")
    with pytest.raises(InputError, match="cuda"):
        load_engine(tiny_folder, "cuda")


def test_no_room_for_the_model(tiny_folder, monkeypatch):
    def fail(*_args, **_kwargs):
        raise RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 1 bytes")

    monkeypatch.setattr("assistant.engine.local.load.load_fast", fail)
    with pytest.raises(OutOfMemory, match="smaller model"):
        load_engine(tiny_folder, "cpu")
