"""What every kind of server is asked, and what becomes of its answers."""

import pytest

from assistant.prompts.fim import infill_prompt
from assistant.types import Chat, Delta, GenerateRequest, Markup, Message, Params, Prompt, Started, Text
from tests.support import remote_server

# Tokens of ``infill()`` at the stand-in: each character of the texts, and three control tokens.
_PROMPT = 23
KINDS = ("vllm", "sglang", "llamacpp", "ollama", "openai")


def infill(prefix: str = "def add(a, b):\n    ", suffix: str = "\n", **params) -> GenerateRequest:
    fim = infill_prompt("qwen2.5-coder", prefix, suffix)
    return GenerateRequest("r1", fim.prompt, Params(**params), fim.stop_tokens)


@pytest.mark.parametrize("kind", KINDS)
def test_fills_in_over_every_kind_of_server(kind, make_server, connect, run):
    server = make_server(kind)
    engine = connect(server)
    ran = run(engine, infill())
    assert ran.text == ran.shown() == "return a + b"
    assert ran.finished.choices[0].reason == "stop"
    assert ran.finished.model == engine.info.model == "Qwen/Qwen2.5-Coder-7B"
    assert server.prompts == [
        [
            remote_server.Control("<|fim_prefix|>"),
            "def add(a, b):\n    ",
            remote_server.Control("<|fim_suffix|>"),
            "\n",
            remote_server.Control("<|fim_middle|>"),
        ]
    ]
    assert ran.finished.generated_tokens == 4
    assert ran.finished.prompt_tokens == _PROMPT
    assert not ran.finished.note


@pytest.mark.parametrize("kind", KINDS)
def test_knows_the_server(kind, make_server, connect):
    server = make_server(kind, context=6000)
    info = connect(server).info
    assert info.family == "qwen2.5-coder"
    assert info.device == f"remote 127.0.0.1:{server.port}"
    assert info.context_length == (4096 if kind == "openai" else 6000)


def test_what_is_said_of_context_and_family_counts(make_server, connect):
    info = connect(make_server("openai"), context_length=1234, family="codestral").info
    assert (info.context_length, info.family) == (1234, "codestral")


def test_finds_the_family_in_the_vocabulary_whatever_the_name(make_server, connect):
    control = (
        "<|endoftext|>",
        "<fim_prefix>",
        "<fim_suffix>",
        "<fim_middle>",
        "<file_sep>",
        "<repo_name>",
        "<fim_pad>",
    )
    server = make_server("llamacpp", control=control, models=[{"id": "ours.gguf"}])
    assert connect(server).info.family == "starcoder2"
    assert connect(make_server("openai", models=[{"id": "ours"}])).info.family == "none"


@pytest.mark.parametrize("kind", KINDS)
def test_a_chat_goes_to_the_chat_route(kind, make_server, connect, run):
    server = make_server(kind, answer=["Hel", "lo"])
    ran = run(connect(server), GenerateRequest("r1", Chat((Message("user", "Hi"),)), Params(seed=3, temperature=0.5)))
    assert ran.text == "Hello"
    (body,) = server.bodies("/v1/chat/completions")
    assert body["messages"] == [{"role": "user", "content": "Hi"}]
    assert (body["seed"], body["temperature"], body["max_tokens"], body["stream"]) == (3, 0.5, 64, True)
    assert server.prompts[0][0] == remote_server.Control("<|im_start|>")


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("vllm", {"top_p": 1.0, "top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0}),
        ("sglang", {"top_p": 1.0, "top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0}),
        ("llamacpp", {"top_p": 1.0, "top_k": 0, "min_p": 0.0, "repeat_penalty": 1.0}),
    ],
)
def test_the_servers_own_defaults_are_switched_off(kind, fields, make_server, connect, run):
    server = make_server(kind)
    run(connect(server), infill())
    (body,) = server.bodies("/v1/completions")
    assert fields.items() <= body.items()
    assert body["temperature"] == 0


def test_ollama_gets_the_raw_prompt_on_its_own_route(make_server, connect, run):
    server = make_server("ollama")
    run(connect(server), infill(top_k=5, repetition_penalty=1.1, max_tokens=9))
    (body,) = server.bodies("/api/generate")
    assert body["raw"] is True
    assert body["options"]["num_predict"] == 9
    assert body["options"]["top_k"] == 5
    assert body["options"]["repeat_penalty"] == 1.1
    assert "num_ctx" not in body["options"]  # it would load the model anew


def test_all_settings_are_passed_on(make_server, connect, run):
    server = make_server("vllm")
    run(connect(server), infill(top_k=7, top_p=0.5, seed=11, repetition_penalty=1.2, temperature=0.4, stop=("zzz",)))
    (body,) = server.bodies("/v1/completions")
    assert body["top_k"] == 7
    assert body["top_p"] == 0.5
    assert body["seed"] == 11
    assert body["repetition_penalty"] == 1.2
    assert body["stop"] == ["zzz"]


@pytest.mark.parametrize("kind", KINDS)
def test_stop_strings_end_the_text(kind, make_server, connect, run):
    ran = run(connect(make_server(kind, answer=["ab", "cST", "OPd", "ef"])), infill(stop=("STOP",)))
    assert ran.text == ran.shown() == "abc"
    assert ran.finished.choices[0].reason == "stop"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("prints", [True, False])
def test_control_tokens_end_the_text_whether_printed_or_hidden(kind, prints, make_server, connect, run):
    if kind == "ollama" and not prints:
        pytest.skip("Ollama prints them")
    server = make_server(kind, answer=["ab", "c", "<|file_sep|>", "more"], prints_control=prints)
    ran = run(connect(server), infill())
    if kind == "openai" and not prints:
        assert ran.text == "abcmore"  # nothing that a client could see
    else:
        assert ran.text == ran.shown() == "abc"
        assert ran.finished.choices[0].reason == "stop"


def test_a_spelling_that_the_model_writes_as_text_is_text_where_ids_end_it(make_server, connect, run):
    server = make_server("vllm", answer=["x = '", "<|file", "_sep|>", "'"])
    assert run(connect(server), infill()).text == "x = '<|file_sep|>'"


@pytest.mark.parametrize("kind", KINDS)
def test_the_limit_ends_the_text(kind, make_server, connect, run):
    ran = run(connect(make_server(kind, answer=["a", "b", "c", "d"])), infill(max_tokens=2))
    assert ran.text == "ab"
    assert ran.finished.choices[0].reason == "length"
    assert ran.finished.generated_tokens == 2


def test_a_server_that_ignores_the_limit_is_cut_off(make_server, connect, run):
    server = make_server("openai")
    chunk = b'data: {"choices": [{"index": 0, "text": "a", "finish_reason": null}]}\n\n'
    server.faults.append(remote_server.Fault(remote_server.raw("text/event-stream", *[chunk] * 5000)))
    ran = run(connect(server), infill(max_tokens=3))
    assert ran.finished.choices[0].reason == "length"
    assert len(ran.text) < 200


def test_no_tokens_asked_for_reads_the_prompt_and_writes_nothing(make_server, connect, run):
    server = make_server("vllm")
    ran = run(connect(server), infill(max_tokens=0))
    assert ran.text == ran.shown() == ""
    assert ran.finished.choices[0].reason == "length"
    assert server.bodies("/v1/completions")[0]["max_tokens"] == 1


# --- numbers ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["vllm", "sglang", "llamacpp", "openai"])
def test_reads_usage_truthfully(kind, make_server, connect, run):
    finished = run(connect(make_server(kind, cached=11)), infill()).finished
    assert finished.cached_tokens == 11
    assert finished.prompt_tokens == _PROMPT
    finished = run(connect(make_server(kind, cached=None)), infill()).finished
    assert finished.cached_tokens == 0


def test_reads_llamacpps_timings_where_the_answer_was_cut(make_server, connect, run):
    server = make_server("llamacpp")
    chunk = {"choices": [{"text": "ab\n", "index": 0, "finish_reason": None}]}
    chunk["timings"] = {"cache_n": 20, "prompt_n": 4, "predicted_n": 2}

    def answer(handler):
        handler.begin("text/event-stream")
        while handler.send(chunk):
            handler.wait(0.01)

    server.faults.append(remote_server.Fault(answer))
    finished = run(connect(server), infill(stop=("\n",))).finished
    assert (finished.cached_tokens, finished.prompt_tokens) == (20, 24)
    assert finished.choices[0].text == "ab"


def test_reading_the_prompt_is_shown_where_the_server_tells(make_server, connect, run):
    server = make_server("llamacpp")

    def answer(handler):
        handler.begin("text/event-stream")
        for done in (8, 16):
            progress = {"total": 24, "cache": 0, "processed": done, "time_ms": 1}
            handler.send({"choices": [{"text": "", "index": 0, "finish_reason": None}], "prompt_progress": progress})
        handler.send({"choices": [{"text": "x", "index": 0, "finish_reason": "stop"}]})
        handler.piece(b"data: [DONE]\n\n")
        handler.piece(b"")

    server.faults.append(remote_server.Fault(answer))
    ran = run(connect(server), infill())
    progress = [(event.done, event.total) for event in ran.events if type(event).__name__ == "Progress"]
    assert (8, 24) in progress
    assert (16, 24) in progress


def test_probabilities_and_their_mean(make_server, connect, run):
    for kind in ("vllm", "llamacpp"):
        ran = run(connect(make_server(kind)), infill(logprobs=2))
        choice = ran.finished.choices[0]
        assert choice.mean_logprob == pytest.approx(-0.1)
        assert [token.text for token in choice.logprobs] == ["return", " ", "a", " + b"]
        assert choice.logprobs[0].top[0] == ("return", -0.1)
        assert len(choice.logprobs[0].top) == 2
        assert [t for e in ran.events if isinstance(e, Delta) for t in e.logprobs] == list(choice.logprobs)


def test_without_probabilities_there_is_no_mean(make_server, connect, run):
    server = make_server("openai", refuses={"logprobs": "Unrecognized request argument supplied: logprobs"})
    choice = run(connect(server), infill(logprobs=0)).finished.choices[0]
    assert choice.mean_logprob is None
    assert choice.text == "return a + b"


def test_started_counts_the_prompt(make_server, connect, run):
    started = run(connect(make_server("llamacpp")), infill()).events[0]
    assert started == Started("r1", "Qwen/Qwen2.5-Coder-7B", _PROMPT, 0)


def test_a_prompt_that_is_too_long_fails_before_it_is_sent(make_server, connect, run):
    server = make_server("vllm", context=100)
    failed = run(connect(server), infill("x" * 80)).failed
    assert failed.code == "context_length_exceeded"
    assert "84 tokens" in failed.message
    assert not server.bodies("/v1/completions")


def test_a_server_that_says_too_long_is_believed(make_server, connect, run):
    server = make_server("openai")
    said = "This model's maximum context length is 4096 tokens. However, you requested max_tokens of 64."
    server.faults.append(remote_server.Fault(remote_server.status(400, {"error": {"message": said}})))
    failed = run(connect(server), infill()).failed
    assert failed.code == "context_length_exceeded"
    assert len(server.bodies("/v1/completions")) == 1


# --- alternatives ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["vllm", "llamacpp", "sglang"])
def test_greedy_alternatives_begin_with_the_next_likeliest_tokens(kind, make_server, connect, run):
    server = make_server(kind)
    ran = run(connect(server), infill(n=3))
    assert [choice.text for choice in ran.finished.choices] == ["return a + b", "x1return a + b", "x2return a + b"]
    assert [ran.shown(index) for index in range(3)] == [choice.text for choice in ran.finished.choices]
    assert [choice.generated_tokens for choice in ran.finished.choices] == [4, 5, 5]
    ends = [prompt[-1] for prompt in server.prompts[1:]]
    assert sorted(ends) == ["x1", "x2"]
    assert not ran.finished.note
    assert all(body["temperature"] == 0 for body in server.bodies("/v1/completions"))


def test_each_token_of_an_alternative_says_where_its_characters_begin(make_server, connect, run):
    ran = run(connect(make_server("vllm")), infill(n=2, logprobs=2))
    assert [(token.text, token.start) for token in ran.finished.choices[1].logprobs] == [
        ("x1", 0),
        ("return", 2),
        (" ", 8),
        ("a", 9),
        (" + b", 10),
    ]


def test_alternatives_are_drawn_where_nothing_else_is_known(make_server, connect, run):
    server = make_server("ollama")
    ran = run(connect(server), infill(n=2, seed=5))
    assert len(ran.finished.choices) == 2
    assert "drawn" in ran.finished.note
    first, second = server.bodies("/api/generate")
    assert (first["options"]["temperature"], first["options"]["seed"]) == (0, 5)
    assert (second["options"]["temperature"], second["options"]["seed"]) == (0.8, 6)


def test_warm_alternatives_have_seeds_of_their_own(make_server, connect, run):
    server = make_server("vllm")
    run(connect(server), infill(n=3, temperature=0.7, seed=10))
    bodies = server.bodies("/v1/completions")
    assert sorted(body["seed"] for body in bodies) == [10, 11, 12]
    assert {body["temperature"] for body in bodies} == {0.7}


def test_alternatives_of_one_token(make_server, connect, run):
    ran = run(connect(make_server("vllm")), infill(n=2, max_tokens=1))
    assert [(choice.text, choice.reason) for choice in ran.finished.choices] == [("return", "length"), ("x1", "length")]


# --- what a server does not take ---------------------------------------------------------------


def test_a_field_that_a_server_does_not_know_is_left_out_and_remembered(make_server, connect, run):
    server = make_server(
        "openai", refuses={"top_k": "Unrecognized request argument supplied: top_k", "seed": "extra field: 'seed'"}
    )
    engine = connect(server)
    assert run(engine, infill(top_k=3, seed=1, temperature=0.3)).text == "return a + b"
    assert len(server.bodies("/v1/completions")) == 3
    assert run(engine, infill(top_k=3, seed=1, temperature=0.3)).text == "return a + b"
    assert len(server.bodies("/v1/completions")) == 4
    assert "top_k" not in server.bodies("/v1/completions")[-1]


def test_a_server_that_takes_few_stop_strings_gets_few(make_server, connect, run):
    server = make_server("openai", answer=["ab", "<|fim_pad|>", "more"], prints_control=True)
    said = {"error": {"message": "'stop' may hold at most 4 strings."}}
    server.faults.append(remote_server.Fault(remote_server.status(400, said)))
    assert run(connect(server), infill(stop=("zz",))).text == "ab"
    first, second = server.bodies("/v1/completions")
    assert len(first["stop"]) > 4
    assert second["stop"] == first["stop"][:4]


def test_the_newer_name_of_the_limit_is_used_where_a_server_wants_it(make_server, connect, run):
    said = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
    server = make_server("openai", refuses={"max_tokens": said})
    server.answer = ["Hi"]
    engine = connect(server)
    request = GenerateRequest("r1", Chat((Message("user", "Hi"),)), Params(max_tokens=5))
    ran = run(engine, request)
    bodies = server.bodies("/v1/chat/completions")
    assert bodies[-1]["max_completion_tokens"] == 5
    assert "max_tokens" not in bodies[-1]
    assert ran.text == "Hi"


def test_a_server_that_refuses_token_ids_gets_the_text(make_server, connect, run):
    server = make_server("vllm", refuses_ids=True)
    engine = connect(server)
    assert run(engine, infill()).text == "return a + b"
    assert isinstance(server.bodies("/v1/completions")[-1]["prompt"], str)
    run(engine, infill())
    assert len(server.bodies("/v1/completions")) == 3  # remembered


def test_a_refusal_that_names_nothing_is_passed_on(make_server, connect, run):
    server = make_server("vllm")
    server.faults.append(
        remote_server.Fault(remote_server.status(400, {"error": {"message": "The moon is full."}}), times=9)
    )
    failed = run(connect(server), infill()).failed
    assert "The moon is full." in failed.message
    assert len(server.bodies("/v1/completions")) == 1


# --- models and adapters -------------------------------------------------------------------------


def test_picks_the_first_model_that_writes_code(make_server, connect):
    rows = [{"id": "some-chat-7b"}, {"id": "lora", "parent": "x"}, {"id": "Qwen2.5-Coder-1.5B"}]
    assert connect(make_server("vllm", models=rows)).info.model == "Qwen2.5-Coder-1.5B"
    assert connect(make_server("vllm", models=rows), model="some-chat-7b").info.model == "some-chat-7b"


def test_a_model_that_is_not_there_is_said_with_those_that_are(make_server, connect):
    with pytest.raises(Exception, match=r"no model 'nope'; it has: Qwen/Qwen2.5-Coder-7B") as caught:
        connect(make_server("vllm"), model="nope")
    assert caught.value.code == "invalid_request"


def test_ollamas_tag_may_be_left_out(make_server, connect):
    server = make_server("ollama", models=[{"id": "qwen2.5-coder:latest"}])
    assert connect(server, model="qwen2.5-coder").info.model == "qwen2.5-coder:latest"


def test_plain_text_and_markup(make_server, connect, run):
    server = make_server("vllm")
    engine = connect(server)
    run(engine, GenerateRequest("r", Prompt((Markup("<|fim_prefix|>a"), Text("<|fim_prefix|>")))))
    assert server.prompts[0] == [remote_server.Control("<|fim_prefix|>"), "a<|fim_prefix|>"]


def test_an_empty_prompt_starts_with_what_the_model_begins_with(make_server, connect, run):
    server = make_server("vllm")
    run(connect(server), GenerateRequest("r", Prompt(())))
    assert server.prompts == [[remote_server.Control("<|endoftext|>")]]


def test_a_server_that_does_not_stream_is_read_whole(make_server, connect, run):
    server = make_server("openai")
    whole = {"choices": [{"index": 0, "text": "abc", "finish_reason": "stop"}], "usage": {"prompt_tokens": 9}}
    server.faults.append(remote_server.Fault(remote_server.status(200, whole)))
    ran = run(connect(server), infill())
    assert ran.text == "abc"
    assert ran.finished.prompt_tokens == 9


def test_may_be_opened_again_after_it_was_closed(make_server, connect, run):
    engine = connect(make_server("vllm"))
    engine.close()
    engine.open()
    assert run(engine, infill()).text == "return a + b"
