"""OpenAI's own client, and what it does not check."""

import json
import math

import openai
import pytest

from assistant.engine.fake import Answer, FakeEngine
from assistant.engine.protocol import EngineInfo
from assistant.server.routes.openai_shapes import ChatShape
from assistant.types import (
    Choice,
    Control,
    Delta,
    Failed,
    Finished,
    Markup,
    Message,
    Progress,
    Started,
    Text,
    Timings,
    TokenLogprob,
)


@pytest.fixture
def connect():
    """Return what makes an OpenAI client of a running service."""
    clients = []

    def make(running):
        clients.append(openai.OpenAI(base_url=f"{running.url}/v1", api_key=running.token, max_retries=0, timeout=30))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(hello, connect):
    return connect(hello)


def test_models_are_listed(client):
    assert [model.id for model in client.models.list()] == ["fake"]


def test_a_completion(client):
    answer = client.completions.create(model="fake", prompt="Say hello", max_tokens=50)
    assert answer.object == "text_completion"
    assert answer.model == "fake"
    assert (answer.choices[0].text, answer.choices[0].finish_reason) == ("Hello, wörld!", "stop")
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.choices[0].logprobs is None


def test_max_tokens_cuts_and_says_length(client):
    choice = client.completions.create(model="fake", prompt="x", max_tokens=2).choices[0]
    assert (choice.text, choice.finish_reason) == ("Hello,", "length")


def test_a_streamed_completion_gives_the_same_text(client):
    chunks = list(client.completions.create(model="fake", prompt="x", max_tokens=50, stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks) == "Hello, wörld!"
    assert [chunk.choices[0].finish_reason for chunk in chunks][-1] == "stop"
    assert {chunk.id for chunk in chunks} == {chunks[0].id}
    assert all(chunk.usage is None for chunk in chunks)


def test_usage_comes_last_when_asked_for(client):
    options = {"include_usage": True}
    chunks = list(client.completions.create(model="fake", prompt="x", stream=True, stream_options=options))
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens == 4
    assert all(chunk.usage is None for chunk in chunks[:-1])


def test_a_chat(client):
    messages = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
    ]
    answer = client.chat.completions.create(model="default", messages=messages)
    assert answer.object == "chat.completion"
    assert answer.choices[0].message.role == "assistant"
    assert answer.choices[0].message.content == "Hello, wörld!"
    assert answer.choices[0].finish_reason == "stop"


def test_a_streamed_chat(client):
    stream = client.chat.completions.create(
        model="", messages=[{"role": "user", "content": "Hi"}], stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "Hello, wörld!"
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage.total_tokens > 0


def test_alternatives_keep_their_indexes(serve, connect):
    client = connect(serve(FakeEngine(Answer(("one", "two", "three")))))
    answer = client.completions.create(model="fake", prompt="x", n=3, best_of=3)
    assert [(choice.index, choice.text) for choice in answer.choices] == [(0, "one"), (1, "two"), (2, "three")]
    chunks = client.chat.completions.create(model="fake", messages=[{"role": "user", "content": "x"}], n=3, stream=True)
    texts, roles = {}, []
    for chunk in chunks:
        choice = chunk.choices[0]
        texts[choice.index] = texts.get(choice.index, "") + (choice.delta.content or "")
        roles += [choice.index] if choice.delta.role else []
    assert texts == {0: "one", 1: "two", 2: "three"}
    assert roles == [0, 1, 2]


def test_the_request_reaches_the_engine_as_asked(serve, connect):
    engine = FakeEngine("x")
    client = connect(serve(engine))
    client.completions.create(
        model="fake",
        prompt=["<|fim_prefix|>raw"],
        max_tokens=7,
        temperature=0.5,
        top_p=0.9,
        seed=3,
        stop="END",
        extra_body={"top_k": 4, "repetition_penalty": 1.1},
    )
    client.chat.completions.create(
        model="fake",
        messages=[{"role": "developer", "content": "d"}, {"role": "assistant", "content": None}],
        max_tokens=5,
        max_completion_tokens=9,
        stop=["a", ""],
        top_logprobs=2,
        logprobs=True,
    )
    first, second = engine.requests
    assert first.prompt.parts == (Markup("<|fim_prefix|>raw"),)
    assert "<|fim_suffix|>" in first.stop_tokens
    params = first.params
    assert (params.max_tokens, params.temperature, params.top_p, params.seed) == (7, 0.5, 0.9, 3)
    assert (params.stop, params.top_k, params.repetition_penalty, params.logprobs) == (("END",), 4, 1.1, None)
    assert second.prompt.messages == (Message("system", "d"), Message("assistant", ""))
    assert (second.params.max_tokens, second.params.stop, second.params.logprobs) == (9, ("a",), 2)


def test_without_a_temperature_the_answer_is_the_likeliest(serve, connect):
    engine = FakeEngine("x")
    client = connect(serve(engine))
    client.completions.create(model="fake", prompt="x")
    client.chat.completions.create(model="fake", messages=[{"role": "user", "content": "x"}])
    assert [request.params.temperature for request in engine.requests] == [0, 0]
    assert [request.params.max_tokens for request in engine.requests] == [16, 2048]


def test_an_answer_without_a_limit_gets_the_room_that_the_conversation_leaves(serve, connect):
    engine = FakeEngine("yes", EngineInfo("fake", "none", "cpu", "float32", 2048, 1000))
    client = connect(serve(engine))
    for words in (100, 1000, 1789):
        client.chat.completions.create(model="fake", messages=[{"role": "user", "content": "x " * words}])
    with pytest.raises(openai.BadRequestError, match="the answer may have 256"):
        client.chat.completions.create(model="fake", messages=[{"role": "user", "content": "x " * 1790}])
    limits = [request.params.max_tokens for request in engine.requests]
    assert 1800 < limits[0] < 2048 - 100
    assert 900 < limits[1] < 1048
    assert limits[2] == 256


def test_a_fault_of_the_chat_template_is_said_with_status_400(serve, connect):
    failed = "The model's chat template was stopped after 2 seconds of computing; choose another model."
    client = connect(serve(FakeEngine(Answer(failure=failed, failure_code="chat_template_error"))))
    for stream in (False, True):
        with pytest.raises((openai.BadRequestError, openai.APIError), match="stopped after 2 seconds") as caught:
            list(
                client.chat.completions.create(model="fake", messages=[{"role": "user", "content": "x"}], stream=stream)
            )
        assert caught.value.code == "chat_template_error"


def test_the_status_waits_while_a_conversation_is_laid_out(serve):
    class Slow(FakeEngine):
        """Lays the conversation out for a while, and fails."""

        def generate(self, request, cancel):
            for _ in range(3):
                yield Progress(request.id, "layout", 0, 1)
            yield Failed(request.id, "The template refuses.", "chat_template_error")

    body = {"messages": [{"role": "user", "content": "x"}], "stream": True}
    answer = serve(Slow()).http.post("/v1/chat/completions", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "The template refuses."


@pytest.mark.parametrize("stop", ["x" * 1001, ["a", "x" * 1001]])
def test_stop_strings_are_bounded(hello, stop):
    answer = hello.http.post("/v1/completions", json={"prompt": "x", "stop": stop})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "stop"


def test_what_llama_vscode_sends_to_chat_is_taken(serve):
    engine = FakeEngine("yes")
    running = serve(engine)
    messages = [{"role": "system", "content": "You are an expert coder."}, {"role": "user", "content": "x"}]
    edit = {"messages": messages, "samplers": "edkypmxt", "max_tokens": -1, "min_p": 0.05, "temperature": 0.8}
    warm_up = {"messages": messages, "n_predict": 0, "samplers": [], "t_max_predict_ms": 1}
    answers = [running.http.post("/v1/chat/completions", json=body) for body in (edit, warm_up)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert [answer.json()["choices"][0]["message"]["content"] for answer in answers] == ["yes", ""]
    assert [request.params.max_tokens for request in engine.requests] == [2048, 0]


def test_what_continue_sends_is_taken(serve, connect):
    engine = FakeEngine("yes")
    stop = [f"<|token{number}|>" for number in range(11)] + [f"\n{word}" for word in "abcdefghijklmnopqrst"]
    connect(serve(engine)).completions.create(model="fake", prompt="x", stop=stop, top_p=0)
    assert engine.requests[0].params.stop == tuple(stop)


def test_a_suffix_makes_a_prompt_with_a_hole(serve, connect):
    engine = FakeEngine("x")
    client = connect(serve(engine))
    client.completions.create(model="fake", prompt="a <|fim_middle|>", suffix="b")
    assert engine.requests[0].prompt.parts == (
        Control("<|fim_prefix|>"),
        Text("a <|fim_middle|>"),
        Control("<|fim_suffix|>"),
        Text("b"),
        Control("<|fim_middle|>"),
    )
    assert "<|fim_pad|>" in engine.requests[0].stop_tokens


def test_an_empty_suffix_is_the_end_of_a_file(serve, connect):
    engine = FakeEngine("1")
    connect(serve(engine)).completions.create(model="fake", prompt="x = <|im_end|>", suffix="")
    (request,) = engine.requests
    assert Text("x = <|im_end|>") in request.prompt.parts
    assert Control("<|fim_middle|>") in request.prompt.parts


def test_a_model_that_cannot_see_the_suffix_says_so(serve):
    running = serve(FakeEngine("x", EngineInfo("fake", "none", "cpu", "float32", 1000)))
    answer = running.http.post("/v1/completions", json={"prompt": "a", "suffix": "b"}).json()
    assert "cannot see what follows" in answer["grafter"]["note"]
    assert running.http.post("/v1/completions", json={"prompt": "a"}).json()["grafter"]["note"] == ""


class WithLogprobs(FakeEngine):
    """Writes two tokens with alternatives, one of them impossible."""

    def generate(self, request, cancel):
        rows = (TokenLogprob("é", -0.1, (("é", -0.1), ("e", -math.inf))), TokenLogprob("!", -0.2, (("!", -0.2),)))
        yield Started(request.id, "fake", 3)
        for row in rows:
            yield Delta(request.id, 0, row.text, (row,))
        choice = Choice(0, "é!", "stop", 2, -0.15, rows)
        yield Finished(request.id, "fake", (choice,), 3, 1, 2, Timings(total_ms=1))


@pytest.mark.parametrize("stream", [False, True])
def test_logprobs_of_a_completion_have_the_legacy_shape(serve, connect, stream):
    client = connect(serve(WithLogprobs()))
    answer = client.completions.create(model="fake", prompt="abc", logprobs=2, stream=stream)
    if stream:
        parts = [chunk.choices[0].logprobs for chunk in answer if chunk.choices[0].logprobs]
        tokens = [token for part in parts for token in part.tokens]
        offsets = [offset for part in parts for offset in part.text_offset]
        top = [row for part in parts for row in part.top_logprobs]
    else:
        logprobs = answer.choices[0].logprobs
        tokens, offsets, top = logprobs.tokens, logprobs.text_offset, logprobs.top_logprobs
        assert logprobs.token_logprobs == [-0.1, -0.2]
        assert answer.usage.prompt_tokens_details.cached_tokens == 1
    assert tokens == ["é", "!"]
    assert offsets == [3, 4]
    assert top == [{"é": -0.1, "e": -9999.0}, {"!": -0.2}]


@pytest.mark.parametrize("stream", [False, True])
def test_logprobs_of_a_chat(serve, connect, stream):
    client = connect(serve(WithLogprobs()))
    messages = [{"role": "user", "content": "x"}]
    answer = client.chat.completions.create(
        model="fake", messages=messages, logprobs=True, top_logprobs=2, stream=stream
    )
    if stream:
        rows = [row for chunk in answer if chunk.choices[0].logprobs for row in chunk.choices[0].logprobs.content]
    else:
        rows = answer.choices[0].logprobs.content
    assert [row.token for row in rows] == ["é", "!"]
    assert rows[0].bytes == [0xC3, 0xA9]
    assert [(entry.token, entry.logprob) for entry in rows[0].top_logprobs] == [("é", -0.1), ("e", -9999.0)]


def test_half_a_character_has_no_bytes():
    choice = Choice(0, "é", "stop", 2, logprobs=(TokenLogprob("\ufffd", -0.1), TokenLogprob("!", -0.1)))
    rows = ChatShape("x", logprobs=True).choice(choice)["logprobs"]["content"]
    assert [row["bytes"] for row in rows] == [None, [33]]


def test_logprobs_without_alternatives_have_none(client):
    logprobs = client.completions.create(model="fake", prompt="x", logprobs=0).choices[0].logprobs
    assert logprobs.top_logprobs is None
    assert len(logprobs.tokens) == len(logprobs.token_logprobs) == len(logprobs.text_offset) == 4


REFUSED = [
    ("/v1/completions", {"echo": True}, "echo"),
    ("/v1/completions", {"n": 1, "best_of": 2}, "best_of"),
    ("/v1/completions", {"prompt": [1, 2]}, "prompt"),
    ("/v1/completions", {"prompt": [[1, 2]]}, "prompt"),
    ("/v1/completions", {"prompt": ["a", 1]}, "prompt"),
    ("/v1/completions", {"suffix": "b", "logprobs": 1}, "logprobs"),
    ("/v1/completions", {"response_format": {"type": "json_object"}}, "response_format"),
    ("/v1/completions", {"guided_regex": "a+"}, "guided_regex"),
    ("/v1/completions", {"stop_token_ids": [1]}, "stop_token_ids"),
    ("/v1/completions", {"prompt": []}, "prompt"),
    ("/v1/completions", {"logit_bias": {"50256": -100}}, "logit_bias"),
    ("/v1/completions", {"stop": ["x"] * 129}, "stop"),
    ("/v1/chat/completions", {"messages": []}, "messages"),
    ("/v1/chat/completions", {"messages": [{"role": "tool", "content": "x"}]}, "messages"),
    ("/v1/chat/completions", {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages"),
    ("/v1/chat/completions", {"tool_choice": "required"}, "tool_choice"),
    ("/v1/chat/completions", {"tool_choice": {"type": "function", "function": {"name": "f"}}}, "tool_choice"),
    ("/v1/chat/completions", {"messages": [{"role": "function", "content": "x"}]}, "messages"),
    ("/v1/chat/completions", {"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
    ("/v1/chat/completions", {"functions": [{"name": "f"}]}, "functions"),
    ("/v1/chat/completions", {"presence_penalty": 0.5}, "presence_penalty"),
    ("/v1/chat/completions", {"frequency_penalty": -0.5}, "frequency_penalty"),
    ("/v1/chat/completions", {"guided_json": {"type": "object"}}, "guided_json"),
    ("/v1/chat/completions", {"structured_outputs": {"json": {}}}, "structured_outputs"),
    ("/v1/chat/completions", {"json_schema": {"type": "object"}}, "json_schema"),
    ("/v1/chat/completions", {"grammar": "root ::= x"}, "grammar"),
    ("/v1/chat/completions", {"response_format": {"type": "json_object"}}, "response_format"),
]


@pytest.mark.parametrize(("path", "change", "param"), REFUSED, ids=lambda value: str(value)[:50])
def test_what_cannot_be_done_is_refused_with_its_name(hello, path, change, param):
    body = {"prompt": "x", "messages": [{"role": "user", "content": "x"}], **change}
    for stream in (False, True):
        response = hello.http.post(path, json={**body, "stream": stream})
        error = response.json()["error"]
        assert (response.status_code, error["type"], error["param"]) == (400, "invalid_request_error", param)
        assert len(error["message"]) > 10


def test_tools_that_must_not_be_called_and_other_wishes_for_nothing_pass(client):
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
    messages = [{"role": "user", "content": "x"}]
    neutral = {"frequency_penalty": 0, "presence_penalty": 0.0, "response_format": {"type": "text"}}
    off = {"guided_json": None, "grammar": "", "stop_token_ids": [], "structured_outputs": {}, "functions": []}
    answer = client.chat.completions.create(
        model="fake", messages=messages, tools=[tool], tool_choice="none", **neutral, extra_body=off
    )
    assert answer.choices[0].message.tool_calls is None
    assert client.chat.completions.create(model="fake", messages=messages, tools=[]).choices[0].message.content


def test_a_model_is_described_by_its_name(client, hello):
    for name in ("fake", "default"):
        model = client.models.retrieve(name)
        assert (model.id, model.context_length, model.max_model_len) == ("fake", 32768, 32768)
    assert hello.http.get("/v1/models").json()["data"][0]["meta"]["n_ctx"] == 32768
    with pytest.raises(openai.NotFoundError, match="gpt-7"):
        client.models.retrieve("gpt-7")


def test_the_routes_are_there_without_v1_too(hello):
    with openai.OpenAI(base_url=hello.url, api_key=hello.token, max_retries=0) as client:
        assert [model.id for model in client.models.list()] == ["fake"]
        assert client.models.retrieve("fake").id == "fake"
        assert client.completions.create(model="fake", prompt="x", max_tokens=9).choices[0].text == "Hello, w\xf6rld!"
        messages = [{"role": "user", "content": "x"}]
        assert client.chat.completions.create(model="fake", messages=messages).choices[0].message.content


def test_several_prompts_are_answered_in_turn(serve, connect):
    engine = FakeEngine({"first": Answer(("a", "b")), "second": Answer(("c", "d"))})
    client = connect(serve(engine))
    asked = {"model": "fake", "prompt": ["first", "second"], "n": 2, "logprobs": 0}
    answer = client.completions.create(**asked)
    assert [(choice.index, choice.text) for choice in answer.choices] == list(enumerate("abcd"))
    assert [choice.logprobs.text_offset for choice in answer.choices] == [[5], [5], [6], [6]]
    assert answer.usage.prompt_tokens == 2
    assert answer.usage.completion_tokens == 4
    texts = {}
    for chunk in client.completions.create(**asked, stream=True):
        choice = chunk.choices[0]
        texts[choice.index] = texts.get(choice.index, "") + choice.text
    assert texts == dict(enumerate("abcd"))
    holes = client.completions.create(model="fake", prompt=["first = ", "second = "], suffix="")
    assert [choice.text for choice in holes.choices] == ["a", "c"]


def test_of_several_prompts_one_that_fails_fails_all(serve, connect):
    engine = FakeEngine({"bad": Answer(failure="No room.", failure_code="out_of_memory"), "": "x"})
    with pytest.raises(openai.InternalServerError, match="No room"):
        connect(serve(engine)).completions.create(model="fake", prompt=["good", "bad", "good"])
    assert len(engine.requests) == 2


def test_without_a_limit_a_completion_may_be_as_long_as_there_is_room(serve, connect):
    engine = FakeEngine("yes", EngineInfo("fake", "none", "cpu", "float32", 1000, 1000))
    client = connect(serve(engine))
    client.completions.create(model="fake", prompt="x " * 100, max_tokens=-1)
    assert 700 < engine.requests[0].params.max_tokens < 900
    with pytest.raises(openai.BadRequestError, match="maximum context length is 1000 tokens") as caught:
        client.completions.create(model="fake", prompt="x " * 900, max_tokens=-1)
    assert caught.value.code == "context_length_exceeded"


def test_the_bare_model_fills_a_hole_with_its_logprobs(serve, connect):
    client = connect(serve(FakeEngine("1) + 2")))
    raw = client.completions.create(model="fake", prompt="f(", suffix=")", logprobs=0, extra_body={"raw": True})
    assert raw.choices[0].text == "1) + 2"
    assert raw.choices[0].logprobs.tokens == ["1", ")", " ", "+", " 2"]


def test_another_model_is_not_found(client):
    with pytest.raises(openai.NotFoundError) as caught:
        client.completions.create(model="gpt-7", prompt="x")
    assert caught.value.code == "model_not_found"
    assert "fake" in str(caught.value)


def test_a_wrong_key_is_an_authentication_error(hello):
    client = openai.OpenAI(base_url=f"{hello.url}/v1", api_key="wrong", max_retries=0)
    with client, pytest.raises(openai.AuthenticationError):
        client.models.list()


FAILURES = [
    ("context_length_exceeded", openai.BadRequestError),
    ("invalid_request", openai.BadRequestError),
    ("out_of_memory", openai.InternalServerError),
    ("internal_error", openai.InternalServerError),
]


@pytest.mark.parametrize(("code", "kind"), FAILURES)
def test_a_request_that_fails_has_the_right_status(serve, connect, code, kind):
    client = connect(serve(FakeEngine(Answer(failure="That did not work.", failure_code=code))))
    with pytest.raises(kind, match="That did not work") as caught:
        client.completions.create(model="fake", prompt="x")
    assert caught.value.code == code


class FailsAtOnce(FakeEngine):
    """Fails before it reads the prompt, as for a prompt that is too long."""

    def generate(self, request, cancel):
        from assistant.types import Failed

        yield Failed(request.id, "Too long.", "context_length_exceeded")


def test_a_stream_that_fails_at_once_has_the_status_too(serve, connect):
    client = connect(serve(FailsAtOnce()))
    with pytest.raises(openai.BadRequestError, match="Too long"):
        client.completions.create(model="fake", prompt="x", stream=True)


def test_a_stream_that_fails_later_raises_in_the_client(serve, connect):
    client = connect(serve(FakeEngine(Answer(("half ",), failure="Broken off.", failure_code="out_of_memory"))))
    stream = client.completions.create(model="fake", prompt="x", stream=True)
    assert next(stream).choices[0].text == "half"
    with pytest.raises(openai.APIError, match="Broken off"):
        list(stream)


def test_a_bug_in_the_engine_is_a_500_and_the_next_request_works(serve, connect, caplog):
    client = connect(serve(FakeEngine({"bad": Answer(error=ZeroDivisionError("x")), "": "fine"})))
    with pytest.raises(openai.InternalServerError):
        client.completions.create(model="fake", prompt="bad")
    assert client.completions.create(model="fake", prompt="good").choices[0].text == "fine"
    caplog.clear()


def test_answers_carry_the_timings(hello):
    body = {"messages": [{"role": "user", "content": "x"}], "stream": True, "stream_options": {"include_usage": True}}
    lines = hello.events("/v1/chat/completions", body)
    assert lines[-1] == "[DONE]"
    assert json.loads(lines[-2])["grafter"]["timings"]["total_ms"] > 0


@pytest.mark.parametrize("stream", [False, True])
def test_a_hole_gets_as_many_tokens_as_were_asked_for(serve, connect, stream):
    """To the word, though an open call parses nowhere; what is left is no less for the place's own limit being greater."""
    client = connect(serve(FakeEngine("compute(first, second + third)")))
    asked = {"model": "fake", "prompt": "x = 1\ny = ", "suffix": "\nz = 2\n", "max_tokens": 7}
    answer = client.completions.create(**asked, stream=stream, extra_body={"filename": "a.py"})
    chunks = list(answer) if stream else [answer]
    assert "".join(chunk.choices[0].text for chunk in chunks if chunk.choices) == "compute(first, second +"


@pytest.mark.parametrize("path", ["/v1/completions", "/infill", "/v1/chat/completions"])
def test_no_text_in_a_stream_looks_like_its_frame(serve, path):
    text = "{ data: one, data:two }"
    running = serve(FakeEngine(text))
    body = {"stream": True, "prompt": "x = ", "input_prefix": "", "input_suffix": "", "raw": True, "max_tokens": 50}
    body |= {"messages": [{"role": "user", "content": "x"}]} if "chat" in path else {}
    rows = running.events(path, body)
    # Twinny parts each line at every "data:".
    assert not any("data:" in row for row in rows)
    read = [json.loads(row) for row in rows if row != "[DONE]"]
    pieces = [row.get("content") or "".join(_text_of(choice) for choice in row.get("choices", ())) for row in read]
    assert "".join(pieces) == text


def _text_of(choice):
    return choice["delta"].get("content") or "" if "delta" in choice else choice["text"]
