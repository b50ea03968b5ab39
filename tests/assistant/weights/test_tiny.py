import json

from safetensors.torch import load_file

from assistant.weights.tiny import make_tiny_model


def test_it_is_a_whole_model_folder(tiny_folder):
    record = json.loads((tiny_folder / "model.json").read_text())
    assert record["id"] == tiny_folder.name
    assert record["format"] == 1
    for name in ("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"):
        assert json.loads((tiny_folder / name).read_text())
    weights = load_file(tiny_folder / "model.safetensors")
    assert {str(tensor.dtype) for tensor in weights.values()} == {"torch.bfloat16"}
    assert sum(tensor.numel() for tensor in weights.values()) == record["parameters"]
    assert "lm_head.weight" not in weights


def test_it_is_the_same_each_time(tiny_folder, tmp_path):
    again = make_tiny_model(tmp_path / tiny_folder.name)
    for file in sorted(tiny_folder.iterdir()):
        assert (again / file.name).read_bytes() == file.read_bytes()


def test_another_seed_gives_another_model(tiny_folder, tmp_path):
    other = make_tiny_model(tmp_path / "other", seed=1, context_length=64)
    assert (other / "model.safetensors").read_bytes() != (tiny_folder / "model.safetensors").read_bytes()
    assert json.loads((other / "config.json").read_text())["max_position_embeddings"] == 64
