import json

import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, decoders, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from assistant.engine.tiny import CONTROL_TOKENS
from assistant.engine.tokenizer import Tokenizer
from assistant.errors import ModelError
from assistant.types import Control, Markup, Prompt, Text


@pytest.fixture(scope="module")
def tokenizer(tiny_folder) -> Tokenizer:
    return Tokenizer.load(tiny_folder)


def text_of(tokenizer: Tokenizer, ids) -> str:
    return b"".join(tokenizer.token_bytes(i) for i in ids).decode("utf-8", "replace")


def sentencepiece(metaspace: bool) -> Tokenizer:
    """A vocabulary in the manner of Llama's, with byte pieces; control token 3, ordinary added token 4."""
    pieces = ["<unk>", "<s>", "</s>", "<fim>", "\n\n", "▁", "a", "b", "▁a", "ab", *(f"<0x{i:02X}>" for i in range(256))]
    model = models.BPE(
        {piece: i for i, piece in enumerate(pieces)}, [("▁", "a"), ("a", "b")], byte_fallback=True, unk_token="<unk>"
    )
    backend = tokenizers.Tokenizer(model)
    if metaspace:
        backend.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
        backend.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace(prepend_scheme="first")])
    else:
        backend.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
        backend.decoder = decoders.Sequence(
            [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
        )
    backend.add_special_tokens(["<s>", "</s>", "<fim>"])
    backend.add_tokens([AddedToken("\n\n", normalized=False)])
    return Tokenizer(PreTrainedTokenizerFast(tokenizer_object=backend, bos_token="<s>", eos_token="</s>"))


@pytest.mark.parametrize("spelling", CONTROL_TOKENS)
def test_each_control_token_is_one_id(tokenizer, spelling):
    (token,) = tokenizer.encode(Prompt((Control(spelling),)))
    assert tokenizer.is_control(token)
    assert tokenizer.find_control(spelling) == token
    assert tokenizer.token_bytes(token) == b""
    assert tokenizer.spell(token) == spelling


@given(st.lists(st.sampled_from([*CONTROL_TOKENS, "<|", "|>", "im_end", " ", "\n", "a", "é", "你", "<tool_call>"])))
@settings(max_examples=200)
def test_text_never_becomes_a_control_token(tokenizer, pieces):
    text = "".join(pieces)
    ids = tokenizer.encode(Prompt((Text(text),)))
    assert not any(tokenizer.is_control(i) for i in ids)
    assert text_of(tokenizer, ids) == text


def test_an_added_token_with_brackets_is_a_control_token_though_nobody_called_it_special(tiny_folder):
    backend = tokenizers.Tokenizer.from_file(str(tiny_folder / "tokenizer.json"))
    backend.add_tokens([AddedToken("<tool_call>", special=False, normalized=False)])
    tokenizer = Tokenizer(PreTrainedTokenizerFast(tokenizer_object=backend))
    (token,) = tokenizer.encode(Prompt((Markup("<tool_call>"),)))
    assert token not in tokenizer.encode(Prompt((Text("x<tool_call>y"),)))


def test_merges_that_lead_to_a_control_token_are_undone():
    backend = tokenizers.Tokenizer(models.BPE({"<": 0, "|": 1, ">": 2, "<|": 3, "<|>": 4}, [("<", "|"), ("<|", ">")]))
    backend.add_special_tokens(["<|>"])
    tokenizer = Tokenizer(PreTrainedTokenizerFast(tokenizer_object=backend))
    assert tokenizer.encode(Prompt((Control("<|>"),))) == [4]
    ids = tokenizer.encode(Prompt((Text("<|><|>"),)))
    assert 4 not in ids
    assert "".join(backend.id_to_token(i) for i in ids) == "<|><|>"


def test_markup_recognises_spellings(tokenizer):
    end = tokenizer.find_control("<|im_end|>")
    parts = (Markup("<|im_end|>a<|im_end|>"), Control("<|im_end|>"))
    ids = tokenizer.encode(Prompt(parts))
    assert [i for i in ids if tokenizer.is_control(i)] == [end] * 3
    assert text_of(tokenizer, ids) == "a"


def test_neighbours_are_encoded_as_one_text(tokenizer):
    whole = tokenizer.encode(Prompt((Text("def add(a, b):\n    return"),)))
    parts = (Text("def a"), Markup("dd(a, b):\n  "), Text("  ret"), Text("urn"))
    assert tokenizer.encode(Prompt(parts)) == whole
    assert tokenizer.encode(Prompt((Text("<|im"), Markup("_end|>")))) == tokenizer.encode(Prompt((Text("<|im_end|>"),)))


def test_a_control_token_swallows_blanks_where_its_model_says_so(tiny_folder):
    backend = tokenizers.Tokenizer.from_file(str(tiny_folder / "tokenizer.json"))
    backend.add_special_tokens([AddedToken("<|user|>", special=True, normalized=False, lstrip=True, rstrip=True)])
    tokenizer = Tokenizer(PreTrainedTokenizerFast(tokenizer_object=backend))
    assert text_of(tokenizer, tokenizer.encode(Prompt((Markup("a \n<|user|>\n b"),)))) == "ab"


def test_of_control_tokens_that_begin_alike_the_longest_counts(tiny_folder):
    backend = tokenizers.Tokenizer.from_file(str(tiny_folder / "tokenizer.json"))
    spellings = ["<a>", "<a>b", "<a>bc>", "<a", "<b|?>", "<b|?>)", "(x)", "(", "["]
    backend.add_special_tokens([AddedToken(each, special=True, normalized=False) for each in spellings])
    tokenizer = Tokenizer(PreTrainedTokenizerFast(tokenizer_object=backend))
    written = "<a>bc>|<a>bc|<a|<b|?>)<b|?>|(x)(y)[<"
    found = [tokenizer.spell(i) for i in tokenizer.encode(Prompt((Markup(written),))) if tokenizer.is_control(i)]
    assert found == ["<a>bc>", "<a>b", "<a", "<b|?>)", "<b|?>", "(x)", "(", "["]


def test_a_prompt_of_half_control_tokens_is_read_to_its_end(tiny_folder):
    """Each of thousands would be compared at each sign, a hundred million comparisons: then the test's time ends."""
    backend = tokenizers.Tokenizer.from_file(str(tiny_folder / "tokenizer.json"))
    names = [f"<unused{number}>" for number in range(3000)]
    backend.add_special_tokens([AddedToken(each, special=True, normalized=False, lstrip=True) for each in names])
    tokenizer = Tokenizer(PreTrainedTokenizerFast(tokenizer_object=backend))
    text = "<unused" * 150_000 + " " * 500_000 + "<unused2999>"
    assert tokenizer.encode(Prompt((Markup(text),)))[-1] == tokenizer.find_control("<unused2999>")


def test_a_missing_control_token_is_said(tokenizer):
    with pytest.raises(ModelError, match="no token '<PRE>'"):
        tokenizer.encode(Prompt((Control("<PRE>"),)))
    assert tokenizer.find_control("<PRE>") is None


def test_counting_is_encoding_each_alone(tokenizer):
    texts = [Text("def add"), Text(""), Text("<|im_end|>")]
    assert tokenizer.count(texts) == [len(tokenizer.encode(Prompt((text,)))) for text in texts]


def test_ids_outside_the_vocabulary_are_nothing(tokenizer):
    assert tokenizer.token_bytes(10**6) == b""


@pytest.mark.parametrize("metaspace", [True, False])
@given(st.text(alphabet="ab \nä你"))
def test_sentencepiece_encodes_exactly_the_characters(metaspace, text):
    tokenizer = sentencepiece(metaspace)
    assert tokenizer.strips_leading_space
    ids = tokenizer.encode(Prompt((Control("<fim>"), Text(text), Control("<fim>"))))
    assert ids[0] == ids[-1] == 3
    assert text_of(tokenizer, ids) == text


def test_an_ordinary_added_token_stays_part_of_text():
    tokenizer = sentencepiece(metaspace=True)
    assert tokenizer.encode(Prompt((Text("a\n\nb"),))) == [6, 4, 7]
    assert tokenizer.token_bytes(4) == b"\n\n"


def test_a_folder_without_a_tokenizer_is_said(tmp_path, tiny_folder):
    (tmp_path / "config.json").write_bytes((tiny_folder / "config.json").read_bytes())
    with pytest.raises(ModelError, match=r"no tokenizer\.json"):
        Tokenizer.load(tmp_path)
    (tmp_path / "tokenizer.json").write_text(json.dumps({"version": "1.0"}))
    with pytest.raises(ModelError, match="cannot be read"):
        Tokenizer.load(tmp_path)


def test_start_and_end_come_from_the_tokenizer(tokenizer):
    assert tokenizer.spell(tokenizer.end_id) == "<|im_end|>"
    assert tokenizer.start_id == tokenizer.end_id
    assert sentencepiece(metaspace=True).start_id == 1
