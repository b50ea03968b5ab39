"""Every route needs the token, every error has one shape, and no body brings the service down."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.routing import Route

from assistant.engine.fake import FakeEngine, flat_prompt
from assistant.server.app import create_app
from assistant.server.body import MAX_BODY_BYTES

GOOD = {
    "/v1/completions": {"prompt": "x", "model": "fake", "max_tokens": 5},
    "/v1/chat/completions": {"messages": [{"role": "user", "content": "x"}], "max_tokens": 5},
    "/completions": {"prompt": "x"},
    "/chat/completions": {"messages": [{"role": "user", "content": "x"}]},
    "/completion": {"prompt": "x", "n_predict": 5},
    "/infill": {"input_prefix": "a", "input_suffix": "b", "prompt": "", "n_predict": 5},
    "/grafter/complete": {"id": "r", "text": "x = ", "cursor": 4, "max_tokens": 5},
    "/grafter/index": {"workspace": "/nowhere"},
}


def all_routes(app):
    return [(method, route.path) for route in app.routes if isinstance(route, Route) for method in route.methods]


def test_every_route_refuses_without_a_token(hello):
    routes = all_routes(create_app(hello.worker, "t" * 32, 1))
    assert {path for _, path in routes} == {
        "/health",
        "/v1/models",
        "/v1/models/{model:path}",
        "/models",
        "/models/{model:path}",
        "/grafter/wake",
        "/grafter/adapters",
        "/grafter/adapter",
        *GOOD,
    }
    others = [
        ("OPTIONS", "/v1/completions"),
        ("GET", "/"),
        ("GET", "/docs"),
        ("POST", "/v1/nothing"),
        ("PUT", "/health"),
    ]
    for method, path in [*routes, *others]:
        response = hello.http.request(method, path, headers={"Authorization": ""}, json=GOOD.get(path))
        assert response.status_code == 401, (method, path)
        assert not [name for name in response.headers if name.startswith("access-control")]
        if method != "HEAD":
            assert response.json()["error"]["type"] == "authentication_error"


@pytest.mark.parametrize("path", GOOD)
def test_a_good_body_is_answered(hello, path):
    assert hello.http.post(path, json=GOOD[path]).status_code == 200


def test_unknown_paths_and_methods_are_errors_of_the_same_shape(hello):
    for method, path, status in [
        ("GET", "/nothing", 404),
        ("GET", "/health/", 404),
        ("GET", "/v1/completions", 405),
        ("DELETE", "/v1/models", 405),
    ]:
        response = hello.http.request(method, path)
        assert response.status_code == status
        error = response.json()["error"]
        assert set(error) == {"message", "type", "param", "code"}
        assert path in error["message"]


def test_a_preflight_gets_no_cors_headers(hello):
    response = hello.http.options("/v1/completions", headers={"Access-Control-Request-Method": "POST"})
    assert response.status_code == 405
    assert not [name for name in response.headers if name.startswith("access-control")]


def test_a_foreign_host_or_origin_is_refused_by_the_real_server(hello):
    for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"}):
        assert hello.http.get("/health", headers=headers).status_code == 403
    port = hello.url.rpartition(":")[2]
    assert hello.http.get("/health", headers={"Host": f"localhost:{port}"}).status_code == 200


DEEP = b"[" * 10_000 + b"]" * 10_000
HOSTILE = [
    b"",
    b"null",
    b"[]",
    b'"text"',
    b"{",
    b"{}",
    b"\xff\xfe",
    DEEP,
    b'{"prompt": ' + DEEP + b', "messages": ' + DEEP + b"}",
    b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    b'{"prompt": "x", "seed": ' + b"9" * 100_000 + b"}",
]


@pytest.mark.parametrize("path", GOOD)
@pytest.mark.parametrize("body", HOSTILE, ids=lambda body: repr(body[:20]))
def test_what_is_no_request_is_refused(hello, path, body):
    response = hello.http.post(path, content=body, headers={"Content-Type": "application/json"})
    assert response.status_code in (400, 413) or (path == "/infill" and body == b"{}")
    if response.status_code == 400:
        assert response.json()["error"]["type"] == "invalid_request_error"


LONE = [
    (rb'"a\ud83d"', "a\ufffd"),
    (rb'"\udE00a"', "\ufffda"),
    (rb'"\ud83d\ude00"', "\U0001f600"),
    (rb'"\ud83d\ud83d\ude00"', "\ufffd\U0001f600"),
    (rb'"\\ud83d"', "\\ud83d"),
    (rb'"\\\ud83d"', "\\\ufffd"),
    (rb'"\u00e9\n\ud800"', "\xe9\n\ufffd"),
    (b'"\xed\xa0\x80"', "\ufffd"),
    (b'"\xed\x9f\xbf"', "\ud7ff"),
]


@pytest.mark.parametrize(("prompt", "text"), LONE)
def test_half_a_surrogate_pair_becomes_the_replacement_character(serve, prompt, text):
    engine = FakeEngine("x")
    assert serve(engine).http.post("/v1/completions", content=b'{"prompt": ' + prompt + b"}").status_code == 200
    assert flat_prompt(engine.requests[0].prompt) == text


FAULTS = [
    ("/v1/chat/completions", {"max_tokens": 200_000}, "An answer may have 1 to 131072 tokens"),
    ("/v1/chat/completions", {"max_completion_tokens": 0}, "An answer may have 1 to 131072 tokens"),
    ("/v1/completions", {"max_tokens": -2}, "-1 stands for as many as the model has room for"),
    ("/v1/completions", {"max_tokens": "5"}, "Input should be a valid integer."),
    ("/v1/completions", {"prompt": 5}, "Input should be a valid string or a valid array."),
    ("/v1/completions", {"stop": 5}, "Input should be a valid string or a valid array."),
    ("/v1/completions", {"stop": ["x" * 2000]}, "String should have at most 1000 characters."),
    ("/v1/chat/completions", {"messages": [{"role": "user", "content": 5}]}, "a valid string or a valid array"),
    ("/v1/chat/completions", {"tool_choice": 5}, "a valid string or an object"),
]


@pytest.mark.parametrize(("path", "change", "said"), FAULTS)
def test_a_wrong_value_gets_a_sentence_about_itself(hello, path, change, said):
    error = hello.http.post(path, json={**GOOD[path], **change}).json()["error"]
    assert said in error["message"]
    assert error["param"] == next(iter(change))


PATHS = [
    ("/chat/completion", "did you mean /chat/completions?"),
    ("/v1/chat/completion", "did you mean /v1/chat/completions?"),
    ("/v1/v1/chat/completions", "did you mean /v1/chat/completions?"),
    ("/v1", "did you mean /v1/models or /v1/completions or /v1/chat/completions?"),
    ("/infil", "did you mean /infill?"),
    ("/health/", "did you mean /health?"),
    ("/v1/embeddings", "There is no /v1/embeddings here."),
    ("/", "There is no / here."),
]


@pytest.mark.parametrize(("path", "said"), PATHS)
def test_an_unknown_path_names_the_one_that_is_meant(hello, path, said):
    assert hello.http.post(path, json={}).json()["error"]["message"].endswith(said)


def test_health_has_the_word_that_plugins_look_for(hello, serve):
    health = hello.http.get("/health").json()
    assert (health["status"], health["state"], health["context_length"]) == ("ok", "ready", 32768)
    assert serve(None).http.get("/health").json()["status"] == "error"


NUMBERS = {
    "/completions": ["max_tokens"],
    "/chat/completions": ["max_tokens"],
    "/completion": ["n_predict", "temperature", "top_p", "top_k", "min_p", "seed", "repeat_penalty", "n_cmpl"],
    "/v1/completions": ["max_tokens", "n", "temperature", "top_p", "top_k", "seed", "logprobs", "best_of"],
    "/v1/chat/completions": [
        "max_tokens",
        "max_completion_tokens",
        "n",
        "temperature",
        "top_p",
        "seed",
        "top_logprobs",
    ],
    "/infill": ["n_predict", "temperature", "top_p", "top_k", "seed", "repeat_penalty", "n_cmpl", "t_max_predict_ms"],
    "/grafter/complete": ["cursor", "n", "max_tokens", "temperature"],
    "/grafter/index": [],
}


@pytest.mark.parametrize("path", GOOD)
def test_every_number_is_bounded_and_typed(hello, path):
    for name in NUMBERS[path]:
        for value in (
            "NaN",
            "Infinity",
            "-Infinity",
            "-1e18",
            "1e18",
            "-99999999999999999999999",
            '"1"',
            "[1]",
            "{}",
            "true",
        ):
            body = json.dumps({**GOOD[path], name: 0}).replace(f'"{name}": 0', f'"{name}": {value}')
            response = hello.http.post(path, content=body)
            assert response.status_code == 400, (name, value)
            assert response.json()["error"]["param"] == name


@pytest.mark.parametrize("path", GOOD)
def test_null_means_the_default(hello, path):
    body = {**GOOD[path], **{name: None for name in NUMBERS[path] if name != "cursor"}, "stop": None, "stream": None}
    assert hello.http.post(path, json={**body, "max_tokens": 5}).status_code == 200


@pytest.mark.parametrize("path", GOOD)
def test_unknown_fields_are_ignored(hello, path):
    body = {**GOOD[path], "user": "me", "metadata": {"a": [1]}, "nonsense": {"deep": [[{}]]}}
    assert hello.http.post(path, json=body).status_code == 200


def test_a_large_body_is_413_and_the_limit_itself_passes(hello):
    def body(size):
        empty = json.dumps({"prompt": "", "max_tokens": 1})
        return json.dumps({"prompt": "x" * (size - len(empty)), "max_tokens": 1})

    assert hello.http.post("/v1/completions", content=body(MAX_BODY_BYTES)).status_code == 200
    for size in (MAX_BODY_BYTES + 1, 9_000_000):
        response = hello.http.post("/v1/completions", content=body(size))
        assert response.status_code == 413
        assert "8 MB" in response.json()["error"]["message"]


def test_a_large_body_in_pieces_of_unknown_number_is_413(hello):
    response = hello.http.post("/v1/completions", content=(b"x" * 100_000 for _ in range(100)))
    assert response.status_code == 413


def test_a_bug_is_a_500_that_tells_nothing(serve, monkeypatch):
    running = serve(FakeEngine("x"))

    def crash():
        raise RuntimeError("secret detail")

    monkeypatch.setattr(running.worker, "health", crash)
    response = running.http.get("/health")
    assert response.status_code == 500
    assert response.json()["error"]["code"] == "internal_error"
    assert "secret" not in response.text


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_random_mutations_never_break_it(hello, data):
    path = data.draw(st.sampled_from(sorted(GOOD)))
    fields = [
        *GOOD[path],
        *NUMBERS[path],
        "stop",
        "stream",
        "model",
        "suffix",
        "input_extra",
        "response_fields",
        "echo",
    ]
    body = {**GOOD[path], **data.draw(st.dictionaries(st.sampled_from(fields), JUNK, max_size=3))}
    raw = bytearray(json.dumps(body).encode())
    for _ in range(data.draw(st.integers(0, 2))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    response = hello.http.post(path, content=bytes(raw))
    assert response.status_code == 200 or 400 <= response.status_code < 500, (response.status_code, bytes(raw))
    assert hello.http.get("/health").json()["state"] == "ready"
