import pytest

from assistant.engine.model_folder import load_tokenizer
from assistant.errors import ModelError
from assistant.types import Control, Prompt, Text
from assistant.weights.tiny import make_tiny_model


def test_a_tokenizer_comes_without_weights(tmp_path):
    folder = make_tiny_model(tmp_path / "tiny", context_length=512)
    (folder / "model.safetensors").unlink()
    found = load_tokenizer(folder)
    assert (found.model, found.family, found.context_length) == ("tiny", "qwen2.5-coder", 512)
    ids = found.encode(Prompt((Control("<|fim_prefix|>"), Text("def add"))))
    assert found.tokenizer.is_control(ids[0])
    assert found.count([Text("def add")]) == [len(ids) - 1]


def test_a_folder_without_a_model_is_said(tmp_path):
    with pytest.raises(ModelError, match="no installed model"):
        load_tokenizer(tmp_path)
