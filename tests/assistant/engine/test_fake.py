import sys
from subprocess import run

import pytest

from assistant.engine.fake import Answer, FakeEngine, fake_tokens, flat_prompt
from assistant.engine.protocol import CancelToken
from assistant.types import Chat, Control, Delta, Markup, Message, Progress, Prompt, Started, Text


def test_the_answer_comes_as_deltas(ask):
    answer = ask(FakeEngine("return a + b"), "def add(a, b):", max_tokens=99)
    assert [type(event) for event in answer.events[:2]] == [Started, Progress]
    assert "".join(delta.text for delta in answer.of(Delta)) == "return a + b"
    assert answer.texts == ["return a + b"]
    choice = answer.finished.choices[0]
    assert (choice.reason, choice.generated_tokens) == ("stop", len(fake_tokens("return a + b")))


def test_scripts_by_prompt_and_by_function(ask):
    table = FakeEngine({"gcd": "math", "": "other"})
    assert ask(table, "def gcd(").texts == ["math"]
    assert ask(table, "x").texts == ["other"]
    assert ask(FakeEngine({"gcd": "math"}), "x").texts == [""]
    assert ask(FakeEngine(lambda request: flat_prompt(request.prompt).upper()), "abc").texts == ["ABC"]
    assert [request.params.max_tokens for request in table.requests] == [64, 64]


def test_limits_stops_and_alternatives(ask):
    engine = FakeEngine(Answer(("one two three", "four")))
    assert ask(engine, "x", max_tokens=2).texts == ["one two"]
    assert ask(engine, "x", max_tokens=2).finished.choices[0].reason == "length"
    assert ask(engine, "x", stop=("wo",)).texts == ["one t"]
    assert ask(engine, "x", n=3).texts == ["one two three", "four", "four"]
    shown = ask(engine, "x", logprobs=0).finished.choices[0]
    assert "".join(token.text for token in shown.logprobs) == shown.text


def test_failures_and_bugs(ask):
    failed = ask(FakeEngine(Answer(failure="No room.", failure_code="out_of_memory")), "x").failed
    assert (failed.message, failed.code) == ("No room.", "out_of_memory")
    with pytest.raises(ZeroDivisionError):
        ask(FakeEngine(Answer(error=ZeroDivisionError())), "x")


def test_cancelled_before_it_begins(ask):
    cancel = CancelToken()
    cancel.cancel()
    engine = FakeEngine(Answer(("a b c",), prefill_seconds=60.0, token_seconds=60.0))
    assert ask(engine, "x", cancel=cancel).finished.choices[0].reason == "cancelled"
    assert engine.cancelled == ["r1"]


def test_prompts_as_one_text():
    assert flat_prompt(Prompt((Control("<a>"), Text("b"), Markup("<c>")))) == "<a>b<c>"
    assert flat_prompt(Chat((Message("user", "hi"),))) == "user: hi"


def test_fake_and_worker_need_no_torch():
    code = "import sys, assistant.engine.fake, assistant.engine.scheduler.worker; sys.exit('torch' in sys.modules)"
    assert run([sys.executable, "-P", "-c", code], check=False).returncode == 0
