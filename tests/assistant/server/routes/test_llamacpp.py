"""The requests of llama.vim and llama.vscode, and the fields that they read."""

import json
import re

import pytest

from assistant.engine.fake import Answer, FakeEngine
from assistant.engine.protocol import EngineInfo

VIM_FIELDS = [
    "content",
    *(
        f"timings/{kind}_{what}"
        for kind in ("prompt", "predicted")
        for what in ("n", "ms", "per_token_ms", "per_second")
    ),
    "truncated",
    "tokens_cached",
]
VIM = {
    "id_slot": 0,
    "input_prefix": "import math\n\n",
    "input_suffix": "\n\nprint(area(2))\n",
    "input_extra": [],
    "prompt": "def area(r):",
    "n_predict": 128,
    "stop": [],
    "n_indent": 0,
    "top_k": 40,
    "top_p": 0.90,
    "samplers": ["top_k", "top_p", "infill"],
    "stream": False,
    "cache_prompt": True,
    "t_max_prompt_ms": 500,
    "t_max_predict_ms": 1000,
    "response_fields": VIM_FIELDS,
}
BODY = "\n    return math.pi * r ** 2\n"


def prompt_of(engine):
    from assistant.engine.fake import flat_prompt

    return flat_prompt(engine.requests[-1].prompt)


def test_llama_vim_gets_what_it_reads(serve):
    engine = FakeEngine(BODY)
    response = serve(engine).http.post("/infill", json=VIM)
    # The plugin looks for exactly this before it reads the JSON.
    assert re.match(r"\s*\{", response.text)
    assert re.search(r'"content"\s*:"', response.text)
    answer = response.json()
    assert set(answer) == set(VIM_FIELDS)
    assert answer["content"] == BODY.rstrip()
    assert answer["timings/predicted_n"] > 0
    assert answer["timings/prompt_n"] > 0
    assert answer["truncated"] is False
    assert prompt_of(engine) == (
        "<|fim_prefix|>import math\n\ndef area(r):<|fim_suffix|>\n\nprint(area(2))\n<|fim_middle|>"
    )
    params = engine.requests[0].params
    assert (params.max_tokens, params.top_k, params.top_p, params.temperature, params.seed) == (128, 40, 0.9, 0.0, None)


def test_llama_vim_warms_up_without_the_model(serve):
    engine = FakeEngine(BODY)
    warm_up = {**VIM, "input_prefix": "", "input_suffix": "", "prompt": "", "n_predict": 0, "samplers": []}
    running = serve(engine)
    answer = running.http.post("/infill", json={**warm_up, "response_fields": [""], "t_max_prompt_ms": 1})
    assert (answer.status_code, answer.json()) == (200, {})
    assert running.http.post("/infill", json={**warm_up, "response_fields": []}).json()["tokens_predicted"] == 0
    assert engine.requests == []


def test_llama_vscode_gets_all_fields_or_an_array_of_alternatives(serve):
    running = serve(FakeEngine(Answer((" a", " b", " c"))))
    body = {key: value for key, value in VIM.items() if key != "response_fields"}
    answer = running.http.post("/infill", json={**body, "n_cmpl": 1, "model": "anything"}).json()
    assert {"content", "stop", "model", "tokens_predicted", "tokens_evaluated", "tokens_cached", "timings"} <= set(
        answer
    )
    assert answer["stop"] is True
    assert {"prompt_n", "prompt_ms", "prompt_per_second", "predicted_n", "predicted_ms"} <= set(answer["timings"])
    answers = running.http.post("/infill", json={**body, "n_cmpl": 3}).json()
    assert [(row["index"], row["content"]) for row in answers] == [(0, " a"), (1, " b"), (2, " c")]


def test_chunks_of_other_files_stand_in_front_and_the_oldest_give_way(serve):
    engine = FakeEngine(BODY)
    running = serve(engine)
    extra = [{"filename": f"f{i}.py", "text": f"x = {i}\n", "time": [1, 2]} for i in range(3)]
    running.http.post("/infill", json={**VIM, "input_extra": extra})
    whole = prompt_of(engine)
    assert whole.startswith(
        "<|fim_prefix|><|file_sep|>f0.py\nx = 0\n<|file_sep|>f1.py\nx = 1\n<|file_sep|>f2.py\nx = 2\n"
    )
    large = [{"filename": f"f{i}.py", "text": "word " * 900} for i in range(4)]
    running.http.post("/infill", json={**VIM, "input_extra": large})
    whole = prompt_of(engine)
    assert "f3.py" in whole
    assert "f2.py" in whole
    assert "f1.py" not in whole
    huge = [{"filename": "old.py", "text": "a = 1\n"}, {"filename": "huge.py", "text": "word " * 100_000}]
    running.http.post("/infill", json={**VIM, "input_extra": huge})
    assert "huge.py" not in prompt_of(engine)


def test_a_long_file_and_a_short_context_still_fit(serve):
    engine = FakeEngine(BODY, EngineInfo("fake", "qwen2.5-coder", "cpu", "float32", 512))
    running = serve(engine)
    long = {**VIM, "input_prefix": "a = 1\n" * 5000, "input_suffix": "b = 2\n" * 5000, "n_predict": -1}
    answer = running.http.post("/infill", json={**long, "response_fields": []}).json()
    assert answer["tokens_evaluated"] + engine.requests[0].params.max_tokens <= 512


def test_the_time_limit_ends_after_the_first_line(serve):
    engine = FakeEngine(Answer(("\n" + "    word = 1\n    other = 2\n" * 500,), token_seconds=0.005))
    running = serve(engine)
    body = {**VIM, "n_predict": 2000, "t_max_predict_ms": 150, "response_fields": []}
    answer = running.http.post("/infill", json=body).json()
    assert 0 < answer["tokens_predicted"] < 2000
    assert answer["content"].strip()
    # One long line is not cut: half a line is of no use.
    words = [f"word{number}" for number in range(60)]
    engine = FakeEngine(Answer((" ".join(words),), token_seconds=0.005))
    answer = serve(engine).http.post("/infill", json=body).json()
    assert answer["content"].split() == words


def test_what_repeats_the_line_below_is_cut(serve):
    body = {**VIM, "response_fields": [], "input_suffix": "\n    return total\n"}
    answer = serve(FakeEngine("\n    total = 1\n    return total\n")).http.post("/infill", json=body).json()
    assert answer["content"].rstrip() == "\n    total = 1"
    assert answer["stop_type"] == "eos"


def test_the_limit_of_tokens_is_said(serve):
    body = {**VIM, "response_fields": [], "n_predict": 2}
    assert serve(FakeEngine(" a b c d e")).http.post("/infill", json=body).json()["stop_type"] == "limit"


def test_a_stream_ends_with_stop_and_the_numbers(serve):
    running = serve(FakeEngine(BODY))
    body = {**VIM, "stream": True, "response_fields": []}
    rows = [json.loads(line) for line in running.events("/infill", body)]
    assert [row["stop"] for row in rows] == [False] * (len(rows) - 1) + [True]
    assert "".join(row["content"] for row in rows).rstrip() == BODY.rstrip()
    assert rows[-1]["timings"]["predicted_n"] > 0


@pytest.mark.parametrize("stream", [False, True])
def test_a_failure_is_an_error(serve, stream):
    running = serve(FakeEngine(Answer(failure="No room.", failure_code="out_of_memory")))
    if stream:
        assert "No room." in running.events("/infill", {**VIM, "stream": True})[-1]
    else:
        assert running.http.post("/infill", json=VIM).status_code == 503
