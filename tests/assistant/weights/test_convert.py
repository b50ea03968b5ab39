import contextlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from assistant.engine.local.load import load_engine
from assistant.engine.templates.layout import ChatLayout
from assistant.engine.templates.renderer import Renderer
from assistant.engine.tokenizer import Tokenizer
from assistant.errors import ModelError
from assistant.types import Chat, Message, Prompt, Text
from assistant.weights import convert as convert_module
from assistant.weights.convert import convert, main
from tests.support.gguf_files import write_gguf
from tests.support.patience import PATIENCE_S

SOURCE_TEXT = "def add(a, b):\n    x = 1234\n    return a + b  # ä 你好 <|im_end|>\n\n\nclass Point:\n"


@pytest.fixture
def gguf_file(tiny_folder, tmp_path):
    return write_gguf(tiny_folder, tmp_path / "tiny.gguf")


@pytest.fixture
def dest(tmp_path):
    folder = tmp_path / "dest"
    folder.mkdir()
    return folder


def ignore(_done, _total):
    pass


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    return {name: tensor for file in folder.glob("*.safetensors") for name, tensor in load_file(file).items()}


def assert_same_weights(folder: Path, other: Path) -> None:
    mine, theirs = weights_of(folder), weights_of(other)
    assert mine.keys() == theirs.keys()
    for name, tensor in mine.items():
        assert tensor.dtype == torch.bfloat16
        assert torch.equal(tensor, theirs[name].bfloat16()), name


def test_a_gguf_comes_back_as_the_model_it_was(tiny_folder, gguf_file, dest):
    told = []
    result = convert(gguf_file, dest, lambda done, total: told.append((done, total)))
    assert_same_weights(dest, tiny_folder)
    assert result.parameters == json.loads((tiny_folder / "model.json").read_text())["parameters"]
    assert (result.context_length, result.architecture) == (2048, "qwen2")
    assert result.vocabulary_has_fim
    assert set(result.fim_tokens) == {"<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>"}
    assert told == sorted(told)
    assert told[-1] == (1000, 1000)
    assert len(told) > 10


def test_a_converted_tokenizer_gives_the_same_ids_and_chat(tiny_folder, gguf_file, dest):
    convert(gguf_file, dest, ignore)
    before, after = Tokenizer.load(tiny_folder), Tokenizer.load(dest)
    chat = [Message("user", SOURCE_TEXT)]
    # The tiny tokenizer splits text in GPT-2's way, a converted one in Qwen2's: the same for this chat but for the
    # control tokens, which must be single ids.
    assert after.chat_template == before.chat_template
    with contextlib.closing(Renderer()) as renderer:
        laid_out = [
            ChatLayout(t.chat_template, t.special_tokens, renderer).lay_out(chat, lambda: False)
            for t in (before, after)
        ]
    of_before, of_after = (
        [token for token in tokenizer.encode(prompt) if tokenizer.is_control(token)]
        for tokenizer, prompt in zip((before, after), laid_out, strict=True)
    )
    assert of_after == of_before
    for spelling in ("<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|im_start|>", "<|endoftext|>"):
        assert after.find_control(spelling) == before.find_control(spelling)
        assert after.is_control(after.find_control(spelling))
    ids = after.encode(Prompt((Text(SOURCE_TEXT),)))
    assert b"".join(after.token_bytes(i) for i in ids).decode() == SOURCE_TEXT


@pytest.mark.parametrize(
    ("pre", "text", "pieces"),
    [
        ("qwen2", "e\u0301 x1", ["é", " ", "x", "1"]),
        ("starcoder", "x12", ["x", "1", "2"]),
        ("smollm", "12", ["1", "2"]),
        ("deepseek-coder", "a\n12(", ["a", "\n", "1", "2", "("]),
    ],
)
def test_text_is_split_the_way_the_vocabulary_was_made(tiny_folder, tmp_path, pre, text, pieces):
    file = write_gguf(tiny_folder, tmp_path / "m.gguf", pre=pre)
    tokenizer = Tokenizer(convert_module.read_gguf_tokenizer(file))
    ids = tokenizer.encode(Prompt((Text(text),)))
    joined = b"".join(tokenizer.token_bytes(i) for i in ids).decode()
    assert joined == "".join(pieces)
    backend = tokenizer._backend
    normal = backend.normalizer.normalize_str(text) if backend.normalizer is not None else text
    split = [text[a:b] for _, (a, b) in backend.pre_tokenizer.pre_tokenize_str(normal) for text in [normal]]
    assert "".join(split) == "".join(pieces)
    assert all(not (piece.isdigit() and len(piece) > 1) for piece in split)


def test_an_embedding_stored_twice_is_one_again(tiny_folder, tmp_path, dest):
    file = write_gguf(tiny_folder, tmp_path / "m.gguf", second_embedding="rounded")
    result = convert(file, dest, ignore)
    assert json.loads((dest / "config.json").read_text())["tie_word_embeddings"] is True
    weights = weights_of(dest)
    assert "lm_head.weight" not in weights
    original = weights_of(tiny_folder)["model.embed_tokens.weight"].float()
    error = (weights["model.embed_tokens.weight"].float() - original).norm() / original.norm()
    assert error < 0.01  # the finer of the two copies, Q8_0
    assert result.parameters == sum(tensor.numel() for tensor in weights.values())


def test_two_different_embeddings_stay_two(tiny_folder, tmp_path, dest):
    file = write_gguf(tiny_folder, tmp_path / "m.gguf", second_embedding="other")
    convert(file, dest, ignore)
    assert json.loads((dest / "config.json").read_text())["tie_word_embeddings"] is False
    weights = weights_of(dest)
    assert not torch.equal(weights["lm_head.weight"], weights["model.embed_tokens.weight"])


def test_end_tokens_are_those_of_turn_and_document(tiny_folder, gguf_file, dest):
    convert(gguf_file, dest, ignore)
    tokenizer = Tokenizer.load(dest)
    ends = json.loads((dest / "generation_config.json").read_text())["eos_token_id"]
    assert [tokenizer.spell(i) for i in ends] == ["<|im_end|>", "<|endoftext|>"]


def test_a_converted_model_writes_what_the_original_writes(tiny_folder, gguf_file, dest, ask):
    convert(gguf_file, dest, ignore)
    shutil.copy(tiny_folder / "model.json", dest)
    prompt = Chat((Message("user", "hi"),))
    texts = []
    for folder in (tiny_folder, dest):
        engine = load_engine(folder, "cpu")
        texts.append(ask(engine, prompt, max_tokens=20).texts)
        engine.close()
    assert texts[0] == texts[1]


def test_an_architecture_that_nobody_knows(tiny_folder, tmp_path, dest):
    file = write_gguf(tiny_folder, tmp_path / "m.gguf", kind="marvin")
    with pytest.raises(ModelError, match="'marvin'"):
        convert(file, dest, ignore)


def test_a_folder_becomes_bf16(tiny_folder, tmp_path, dest):
    source = shutil.copytree(tiny_folder, tmp_path / "source")
    wide = {name: tensor.float() for name, tensor in weights_of(source).items()}
    save_file(wide, source / "model.safetensors", metadata={"format": "pt"})
    result = convert(source, dest, ignore)
    assert_same_weights(dest, tiny_folder)
    assert json.loads((dest / "config.json").read_text())["dtype"] == "bfloat16"
    assert (dest / "generation_config.json").read_bytes() == (source / "generation_config.json").read_bytes()
    assert (dest / "chat_template.jinja").read_bytes() == (source / "chat_template.jinja").read_bytes()
    assert result.parameters == json.loads((tiny_folder / "model.json").read_text())["parameters"]


def test_a_big_folder_becomes_shards_that_load(tiny_folder, dest, monkeypatch, ask):
    monkeypatch.setattr(convert_module, "SHARD_BYTES", 10_000)
    convert(tiny_folder, dest, ignore)
    names = sorted(file.name for file in dest.glob("*.safetensors"))
    assert len(names) > 2
    assert names[0] == f"model-00001-of-{len(names):05}.safetensors"
    index = json.loads((dest / "model.safetensors.index.json").read_text())
    assert set(index["weight_map"].values()) == set(names)
    assert_same_weights(dest, tiny_folder)
    shutil.copy(tiny_folder / "model.json", dest)
    engine = load_engine(dest, "cpu")
    assert ask(engine, "def", max_tokens=3).finished
    engine.close()


@pytest.mark.parametrize("index", [True, False])
def test_a_part_of_the_weights_is_not_a_model(tiny_folder, tmp_path, dest, monkeypatch, index):
    monkeypatch.setattr(convert_module, "SHARD_BYTES", 10_000)
    source = tmp_path / "source"
    source.mkdir()
    convert(tiny_folder, source, ignore)
    if not index:
        (source / "model.safetensors.index.json").unlink()
    convert(source, dest, ignore)
    assert_same_weights(dest, tiny_folder)
    last = max(source.glob("*.safetensors"))
    last.unlink()
    with pytest.raises(ModelError, match=f"{last.name} is missing"):
        convert(source, dest, ignore)


def test_other_weights_in_the_folder_are_left_out(tiny_folder, tmp_path, dest):
    source = shutil.copytree(tiny_folder, tmp_path / "source")
    for name in ("consolidated.safetensors", "adapter_model.safetensors"):
        save_file({"other": torch.ones(4)}, source / name)
    convert(source, dest, ignore)
    assert_same_weights(dest, tiny_folder)


def damage(source: Path, how: str) -> None:
    if how == "no config":
        (source / "config.json").unlink()
    elif how == "bad config":
        (source / "config.json").write_text("{")
    elif how == "no weights":
        (source / "model.safetensors").unlink()
    elif how == "cut weights":
        whole = (source / "model.safetensors").read_bytes()
        (source / "model.safetensors").write_bytes(whole[:-100])
    elif how == "no tokenizer":
        (source / "tokenizer.json").unlink()
    else:
        config = json.loads((source / "config.json").read_text())
        config.update({"picture": {"model_type": "vit"}, "quantised": {"quantization_config": {"bits": 4}}}[how])
        (source / "config.json").write_text(json.dumps(config))


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("no config", r"no config\.json"),
        ("bad config", r"config\.json .* cannot be read"),
        ("no weights", r"no \*\.safetensors"),
        ("cut weights", "damaged or cut off"),
        ("no tokenizer", "no tokenizer"),
        ("picture", "'vit'"),
        ("quantised", "quantised"),
    ],
)
def test_a_folder_that_cannot_be_used(tiny_folder, tmp_path, dest, how, says):
    source = shutil.copytree(tiny_folder, tmp_path / "source")
    damage(source, how)
    with pytest.raises(ModelError, match=says) as caught:
        convert(source, dest, ignore)
    assert "\n" not in str(caught.value)


def test_nothing_there(tmp_path, dest):
    with pytest.raises(ModelError, match="no file or folder"):
        convert(tmp_path / "no", dest, ignore)


def lines(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_the_process_speaks_json_lines(gguf_file, dest):
    command = [sys.executable, "-P", "-m", "assistant.weights.convert", str(gguf_file), str(dest)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=5 * PATIENCE_S, check=False)
    assert result.returncode == 0
    *progress, done = lines(result.stdout)
    assert all(row["event"] == "progress" and row["stage"] == "convert" for row in progress)
    assert [row["done"] for row in progress] == sorted({row["done"] for row in progress})
    assert done["event"] == "done"
    assert (done["architecture"], done["context_length"], done["vocabulary_has_fim"]) == ("qwen2", 2048, True)
    assert (dest / "model.safetensors").exists()


def test_a_damaged_file_is_one_sentence_and_exit_code_1(gguf_file, dest, capsys):
    gguf_file.write_bytes(gguf_file.read_bytes()[:-1])
    assert main([str(gguf_file), str(dest)]) == 1
    (failed,) = lines(capsys.readouterr().out)
    assert failed["event"] == "failed"
    assert failed["message"].startswith("tiny.gguf is cut off")
    assert failed["code"] == "model_error"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MemoryError(), "out_of_memory"),
        (OSError(28, "No space left on device"), "disk_error"),
        (KeyError("x"), "model_error"),
    ],
)
def test_other_failures_have_their_codes(gguf_file, dest, capsys, monkeypatch, error, code):
    def fail(*_args):
        raise error

    monkeypatch.setattr(convert_module, "convert", fail)
    assert main([str(gguf_file), str(dest)]) == 1
    (failed,) = lines(capsys.readouterr().out)
    assert failed["code"] == code
    assert "\n" not in failed["message"]


def test_wrong_arguments_are_refused(capsys):
    assert main([]) == 2
    assert "Usage" in lines(capsys.readouterr().out)[0]["message"]
