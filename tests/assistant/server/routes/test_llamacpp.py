"""The requests of llama.vim and llama.vscode, and the fields that they read."""

import json
import re

import pytest

from assistant.engine.fake import Answer, FakeEngine
from assistant.engine.protocol import EngineInfo
from assistant.types import Markup

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


def test_a_warm_up_without_anything_to_read_is_answered_at_once(serve):
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


@pytest.mark.parametrize(
    ("name", "before", "after", "written", "want"),
    [
        (
            "f.py",
            "def f(n):\n    ",
            "\n",
            "if n == 0:\n        return 1\n    return n * f(n - 1)\n" + "    n += 1\n" * 90,
            2,
        ),
        ("f.py", "class A:\n    ", "\n", "@property\n    def b(self):\n        return 1\n" + "    x = 1\n" * 90, 3),
        (
            "f.c",
            "int f(int n)\n{\n    ",
            "\n}\n",
            "if (n == 0)\n    {\n        return 1;\n    }\n" + "    n += 1;\n" * 90,
            4,
        ),
        ("f.sh", "f() {\n    ", "\n}\n", "if true; then\n        echo 1\n    fi\n" + "    echo 2\n" * 90, 3),
    ],
)
def test_the_time_limit_parts_no_head_from_its_body_and_no_word(serve, name, before, after, written, want):
    engine = FakeEngine(Answer((written,), token_seconds=0.002))
    body = {**VIM, "filename": name, "input_prefix": before, "prompt": "", "input_suffix": after}
    answer = serve(engine).http.post("/infill", json={**body, "t_max_predict_ms": 1, "trigger": "manual"}).json()
    lines = answer["content"].rstrip().split("\n")
    assert len(lines) >= want
    # What was begun when the time was over is left out: each line is there whole.
    assert lines == written.split("\n")[: len(lines)]


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


# --- the window's path -------------------------------------------------------------------

ADD = "def add(a, b) {\n  "


def fill(serve, engine, **change):
    """Return the text of an answer, asked whole and asked as a stream, which is the same."""
    running = serve(engine)
    body = {"input_prefix": "", "input_suffix": "", "prompt": "", **change}
    whole = running.http.post("/infill", json=body)
    assert whole.status_code == 200, whole.text
    streamed = [json.loads(line) for line in running.events("/infill", {**body, "stream": True})]
    assert "".join(row["content"] for row in streamed) == whole.json()["content"]
    v1 = {"prompt": body["input_prefix"] + body["prompt"], "suffix": body["input_suffix"]}
    v1 |= {key: body[key] for key in ("filename", "raw", "trigger", "stop") if key in body}
    if "n_indent" not in body and "input_extra" not in body:
        answer = running.http.post("/v1/completions", json=v1).json()["choices"][0]
        assert answer["text"] == whole.json()["content"]
        lines = [json.loads(line) for line in running.events("/v1/completions", {**v1, "stream": True})[:-1]]
        assert "".join(line["choices"][0]["text"] for line in lines) == whole.json()["content"]
    return whole.json()["content"]


HOLES = {
    "a hole ends where its block does": (ADD, "\n}\n", "return a + b;\n}\n\ndef sub(a, b) {\n", {}, "return a + b;"),
    "the blanks of an empty line are given": (
        "def f(x):\n",
        "\n",
        "    return x\n",
        {"filename": "a.py"},
        "    return x",
    ),
    "they are not given twice": ("int f() {\n", "\n}\n", "    return 1;", {"filename": "a.c"}, "    return 1;"),
    "as many as the editor says": ("", "\nb\n", "a = 1", {"n_indent": 2, "input_prefix": "x = 1\n"}, "  a = 1"),
    "where the editor sends them they are not repeated": ("int f() {\n  ", "\n}\n", "return 1;", {}, "return 1;"),
    "a bracket that stands right of the cursor": ("print(", ")\n", "x)\n", {"filename": "a.py"}, "x"),
    "what goes on behind it is left to it": ("foo(", ")\n", "a).bar()", {"filename": "a.py"}, "a).bar("),
    "what would replace it is cut to what can be inserted": ("foo(", ")\n", "a).b[0]", {"filename": "a.py"}, "a"),
    "line ends are those of the file": (
        "int f() {\r\n",
        "\r\n}\r\n",
        "    a();\n    b();\n}",
        {},
        "    a();\r\n    b();",
    ),
    "an end that the client names": ("x = [", "]\n", "1, 2, 3", {"stop": [", 3"]}, "1, 2"),
    "one line in the middle of a statement": ("x = f(", ")\n", "1)\ny = 2\n", {"filename": "a.py"}, "1"),
    "raw: whatever the model says": (ADD, "\n}\n", "return a + b;\n}\n\ndef", {"raw": True}, "return a + b;\n}\n\ndef"),
}


@pytest.mark.parametrize("case", HOLES.values(), ids=HOLES.keys())
def test_a_hole_through_the_windows_path(serve, case):
    before, after, script, change, expected = case
    sent = {"input_prefix": before, "input_suffix": after, **change}
    sent["input_prefix"] = change.get("input_prefix", before)
    assert fill(serve, FakeEngine(script), **sent) == expected


def test_the_doors_ask_the_model_the_same_question(serve):
    """Three ways to ask for the word at a cursor: the prompts and what they are to begin with are equal."""
    before, after = "import os\n\n\ndef find(path):\n    return os.pa", "\n\n\nprint(find('x'))\n"
    info = EngineInfo("fake", "qwen2.5-coder", "cpu", "float32", 32768, 1000, token_healing=True)
    engine = FakeEngine("path.join(path)", info)
    running = serve(engine)
    window = {"id": "w", "text": before + after, "cursor": len(before), "path": "a.py"}
    running.events("/grafter/complete", window)
    running.http.post("/infill", json={"input_prefix": before, "input_suffix": after, "filename": "a.py"})
    running.http.post("/v1/completions", json={"prompt": before, "suffix": after, "filename": "a.py"})
    asked = [(request.prompt, request.begin, request.params, request.nearby) for request in engine.requests]
    assert len(asked) == 3
    assert asked[0][1] == ".pa"
    assert asked[1:] == asked[:1] * 2


def test_what_a_client_wants_of_sampling_reaches_the_model(serve):
    engine = FakeEngine("1")
    running = serve(engine)
    own = {"temperature": 0.5, "top_k": 4, "top_p": 0.5, "min_p": 0.1, "seed": 7, "stop": ["x"]}
    running.http.post("/infill", json={"input_prefix": "a = ", "repeat_penalty": 1.5, **own})
    running.http.post("/v1/completions", json={"prompt": "a = ", "suffix": "", "repetition_penalty": 1.5, **own})
    for request in engine.requests:
        params = request.params
        assert (params.temperature, params.top_k, params.top_p, params.min_p) == (0.5, 4, 0.5, 0.1)
        assert (params.seed, params.stop, params.repetition_penalty) == (7, ("x",), 1.5)
    assert len(engine.requests) == 2


def test_a_failure_on_the_windows_path_is_said_once(serve):
    running = serve(FakeEngine(Answer(failure="No room.", failure_code="out_of_memory")))
    lines = running.events("/v1/completions", {"prompt": "a", "suffix": "b", "stream": True})
    assert json.loads(lines[0])["error"]["message"] == "No room."


def test_a_client_that_leaves_before_the_text_is_certain_stops_it(serve, until):
    words = ", ".join(f"word{number}" for number in range(1000))
    engine = FakeEngine(Answer((words,), token_seconds=0.01))
    running = serve(engine)
    body = {"input_prefix": "x = f(", "n_predict": 2000, "stream": True}
    with running.http.stream("POST", "/infill", json=body):
        until(lambda: engine.requests)
        assert not engine.cancelled
    until(lambda: engine.cancelled)
    assert max(engine.tokens.values()) < 2000


# --- warming up ---------------------------------------------------------------------------


def test_a_warm_up_reads_what_the_next_request_begins_with(serve, until):
    engine = FakeEngine(BODY)
    running = serve(engine)
    extra = [{"filename": f"f{number}.py", "text": f"x = {number}\n"} for number in range(3)]
    warm_up = {"input_prefix": "", "input_suffix": "", "prompt": "", "input_extra": extra, "n_predict": 0}
    assert running.http.post("/infill", json=warm_up).json()["tokens_predicted"] == 0
    until(lambda: len(engine.requests) == 1)
    assert engine.requests[0].params.max_tokens == 0
    read = prompt_of(engine)
    running.http.post("/infill", json={**VIM, "input_extra": extra})
    shared = len("<|fim_prefix|>" + "".join(f"<|file_sep|>f{n}.py\nx = {n}\n" for n in range(3)))
    assert prompt_of(engine)[:shared] == read[:shared]
    # Later ones are for the place that was asked for last: all of its prompt is read, but for what is typed since.
    running.http.post("/infill", json={**warm_up, "input_extra": [*extra, {"filename": "new.py", "text": "y = 1\n"}]})
    until(lambda: len(engine.requests) == 3)
    read = prompt_of(engine)
    assert "new.py" in read
    assert "import math" in read
    assert "print(area(2))" in read


def test_a_warm_up_with_a_hole_of_its_own_reads_that(serve, until):
    engine = FakeEngine(BODY)
    running = serve(engine)
    running.http.post("/infill", json={**VIM, "n_predict": 0})
    until(lambda: len(engine.requests) == 1)
    running.http.post("/infill", json=VIM)
    assert engine.requests[0].prompt == engine.requests[1].prompt


def test_a_warm_up_wakes_no_model(serve):
    running = serve(load=lambda _progress: 1 / 0, ready=True)
    answer = running.http.post("/infill", json={**VIM, "n_predict": 0, "response_fields": []})
    assert (answer.status_code, answer.json()["content"]) == (200, "")


# --- what is said of an answer, and what is refused -----------------------------------------


@pytest.mark.parametrize(
    ("path", "body"),
    [("/infill", {"input_prefix": "a = "}), ("/completion", {"prompt": "a = "})],
)
def test_how_an_answer_ended_and_with_which_settings(serve, path, body):
    running = serve(FakeEngine("1 2 3"))
    ended = running.http.post(path, json={**body, "stop": [" 3"], "top_k": 40, "n_predict": 50}).json()
    assert (ended["stop_type"], ended["stopping_word"]) == ("word", " 3")
    settings = ended["generation_settings"]
    assert (settings["n_predict"], settings["top_k"], settings["stop"]) == (50, 40, [" 3"])
    assert running.http.post(path, json=body).json()["stop_type"] == "eos"
    assert running.http.post(path, json={**body, "n_predict": 1}).json()["stop_type"] == "limit"


def test_completion_goes_on_with_a_prompt_of_the_clients(serve):
    engine = FakeEngine("and on")
    running = serve(engine)
    body = {"prompt": "<|fim_prefix|>not a hole", "stream": True, "temperature": 0.2, "stop": ["x"]}
    rows = [json.loads(line) for line in running.events("/completion", {**body, "max_tokens": 40})]
    assert "".join(row["content"] for row in rows) == "and on"
    assert rows[-1]["stop"] is True
    assert engine.requests[0].prompt.parts == (Markup(body["prompt"]),)
    assert engine.requests[0].params.max_tokens == 40
    assert "<|fim_suffix|>" in engine.requests[0].stop_tokens
    continues = {"prompt": "a", "n_predict": -1, "min_p": None, "mirostat": 0, "frequency_penalty": 0}
    assert running.http.post("/completion", json=continues).json()["content"] == "and on"
    several = running.http.post("/completion", json={"prompt": ["a", "b"]}).json()
    assert [(row["index"], row["content"]) for row in several] == [(0, "and on"), (1, "and on")]
    assert running.http.post("/completion", json={"prompt": [1, 2]}).status_code == 400


def test_a_prompt_that_is_laid_out_around_a_hole_goes_through_the_windows_path(serve):
    """As Continue and Twinny send it, with the name of the file in a comment."""
    engine = FakeEngine("return a + b;\n}\n\nfunction sub(a, b) {\n")
    running = serve(engine)
    prompt = f"<|fim_prefix|>// Path: add.js\n{ADD}<|fim_suffix|>\n}}\n<|fim_middle|>"
    for path, change in [("/completion", {}), ("/completion", {"raw": True})]:
        answer = running.http.post(path, json={"prompt": prompt, **change}).json()["content"]
        assert answer == ("return a + b;" if not change else "return a + b;\n}\n\nfunction sub(a, b) {\n")
    for change in ({}, {"raw": True}, {"logprobs": 0}):
        body = {"prompt": prompt, "max_tokens": 50, **change}
        answer = running.http.post("/v1/completions", json=body).json()["choices"][0]["text"]
        assert answer == ("return a + b;" if not change else "return a + b;\n}\n\nfunction sub(a, b) {\n")
    asked = [request.prompt.parts for request in engine.requests]
    assert asked[0] == asked[2]
    assert asked[1] == asked[3] == asked[4] == (Markup(prompt),)


NEUTRAL = {
    "grammar": "",
    "json_schema": {},
    "frequency_penalty": 0,
    "presence_penalty": 0.0,
    "mirostat": 0,
    "typical_p": 1.0,
    "dry_multiplier": 0,
    "logit_bias": [],
    "lora": [],
    "n_probs": 0,
    "min_p": 0.05,
}
REFUSED = {
    "grammar": 'root ::= "a"',
    "json_schema": {"type": "object"},
    "frequency_penalty": 0.5,
    "presence_penalty": -0.5,
    "mirostat": 2,
    "typical_p": 0.5,
    "dry_multiplier": 0.8,
    "logit_bias": [[1, False]],
    "lora": [{"id": 0, "scale": 0.5}],
    "n_probs": 3,
    "ignore_eos": True,
}


@pytest.mark.parametrize("path", ["/infill", "/completion"])
def test_wishes_that_mean_nothing_pass(serve, path):
    assert serve(FakeEngine("x")).http.post(path, json={"prompt": "a", **NEUTRAL}).status_code == 200


@pytest.mark.parametrize("path", ["/infill", "/completion"])
@pytest.mark.parametrize(("name", "value"), REFUSED.items())
def test_wishes_that_cannot_be_fulfilled_are_refused(hello, path, name, value):
    error = hello.http.post(path, json={"prompt": "a", name: value})
    assert error.status_code == 400
    assert error.json()["error"]["param"] == name
    assert name in error.json()["error"]["message"]


def test_an_empty_body_between_two_functions_is_filled_at_its_depth(serve):
    before = "class Counter:\n    def __init__(self):\n        self.count = 0\n\n    def increment(self):\n"
    body = {"input_prefix": before, "prompt": "", "input_suffix": "\n\n    def decrement(self):\n        pass\n"}
    answer = serve(FakeEngine("self.count += 1\n")).http.post("/infill", json={**VIM, **body, "n_indent": 0}).json()
    assert answer["content"] == "        self.count += 1"
