"""What only the real 0.5B model shows: sensible text, one id for each control token, time to load."""

from __future__ import annotations

import re

import pytest

from assistant.engine.local.load import load_engine
from assistant.types import Chat, Control, Message, Prompt, Text

pytestmark = pytest.mark.model

CONTROL = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|fim_pad|>",
    "<|repo_name|>",
    "<|file_sep|>",
]


@pytest.fixture(scope="module")
def engine(real_model):
    engine = load_engine(real_model, "cpu")
    # The process that renders chat templates stays for the next chat, so it belongs to all tests here.
    engine._layout.lay_out([Message("user", "hi")], lambda: False)
    yield engine
    engine.close()


def fim(prefix: str, suffix: str) -> Prompt:
    parts = (
        Control("<|fim_prefix|>"),
        Text(prefix),
        Control("<|fim_suffix|>"),
        Text(suffix),
        Control("<|fim_middle|>"),
    )
    return Prompt(parts)


@pytest.mark.parametrize("place", range(len(CONTROL)))
def test_control_tokens_have_the_publishers_ids(engine, place):
    spelling, expected = CONTROL[place], [*range(151643, 151646), *range(151659, 151665)][place]
    assert engine._tokenizer.encode(Prompt((Control(spelling),))) == [expected]
    assert engine._tokenizer.is_control(expected)
    assert expected not in engine._tokenizer.encode(Prompt((Text(spelling),)))


def test_text_has_the_publishers_ids(engine):
    ids = engine._tokenizer.encode(Prompt((Text("def add(a, b):\n    return a + b"),)))
    assert ids == [750, 912, 2877, 11, 293, 982, 262, 470, 264, 488, 293]


def test_it_fills_in_gcd(engine, ask):
    answer = ask(engine, fim("def gcd(a, b):\n    ", "\n"), max_tokens=40, stop=("\n\n",))
    scope: dict = {}
    exec("def gcd(a, b):\n    " + answer.texts[0], scope)
    assert scope["gcd"](48, 18) == 6
    assert answer.finished.choices[0].mean_logprob > -1


def test_it_answers_the_chinese_question_with_a_function_that_works(engine, ask):
    question = Chat((Message("user", "写一个Python函数来计算两个数的最大公约数"),))
    answer = ask(engine, question, max_tokens=200)
    assert "�" not in answer.texts[0]
    code = re.search(r"```python\n(.*?)```", answer.texts[0], re.DOTALL)[1]
    scope: dict = {}
    exec(code, scope)
    functions = [value for value in scope.values() if callable(value) and getattr(value, "__module__", "") != "math"]
    assert any(function(48, 18) == 6 for function in functions if hasattr(function, "__code__"))


def test_reusing_the_cache_gives_the_same_completion(engine, ask):
    prompt = fim("import math\n\n\ndef area(radius):\n    return ", "\n\n\nprint(area(2))\n")
    engine.forget()
    fresh = ask(engine, prompt, max_tokens=6)
    again = ask(engine, prompt, max_tokens=6)
    assert fresh.finished.cached_tokens == 0
    assert again.finished.cached_tokens == again.finished.prompt_tokens - 1
    assert again.texts == fresh.texts
    assert "math.pi" in fresh.texts[0]
