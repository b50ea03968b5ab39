"""Adapters over HTTP: listed, switched, named by requests, and what is refused."""

import asyncio
import json
import shutil
import threading
from pathlib import Path

import httpx
import pytest
import uvicorn

from assistant.client.http import ServiceClient
from assistant.config import find_paths
from assistant.engine.fake import FakeEngine
from assistant.engine.local.load import load_engine
from assistant.engine.scheduler.worker import EngineWorker
from assistant.errors import InputError
from assistant.models.adapters import AdapterStore, ModelAdapters
from assistant.server.app import create_app
from assistant.server.process import bind
from assistant.types import CompleteRequest, Finished, Started
from assistant.weights.tiny import make_tiny_model
from tests.support.adapters import make_adapter
from tests.support.patience import PATIENCE_S

HOSTILE = json.loads((Path(__file__).parents[2] / "models" / "hostile_names.json").read_text(encoding="utf-8"))

TOKEN = "the-token-of-this-test-0123456789abcdef"


@pytest.fixture
def model_adapters(tmp_path):
    """A tiny model with two adapters, installed."""
    paths = find_paths()
    make_tiny_model(paths.models / "tiny")
    store = AdapterStore(paths)
    model = store.models.get("tiny")
    for seed, name in enumerate(("one", "two")):
        store.add(make_adapter(paths.models / "tiny", tmp_path / name, seed=seed), name, model)
    return ModelAdapters(store, model)


@pytest.fixture
def start(model_adapters, until):
    ends = []

    def start(load=None, idle_seconds=lambda: 0.0, asked=None):
        stand = ModelAdapters(model_adapters.store, model_adapters.model, asked)
        folder = model_adapters.store.models.path("tiny")
        load = load or (lambda progress: load_engine(folder, "cpu", progress, find_adapter=stand.find))
        worker = EngineWorker(load, "tiny", idle_seconds=idle_seconds, adapter=stand.first)
        worker.start()
        listener = bind(0)
        app = create_app(worker, TOKEN, listener.getsockname()[1], model_adapters=stand)
        server = uvicorn.Server(uvicorn.Config(app, ws="none", lifespan="off", log_config=None))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
        thread.start()
        until(lambda: server.started)
        until(lambda: worker.health().state == "ready", 60)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False, timeout=60)
        http.worker = worker

        def end():
            http.close()
            server.should_exit = True
            thread.join(PATIENCE_S)
            worker.close(10)

        ends.append(end)
        return http

    yield start
    for end in ends:
        end()


def complete(http, adapter=None):
    with ServiceClient(str(http.base_url), TOKEN) as client:
        request = CompleteRequest("r", "def add(a, b):\n    \n", 19, path="a.py", max_tokens=12, adapter=adapter)
        return list(client.complete(request))


def test_adapters_are_listed_with_what_is_known_of_them(start, model_adapters):
    answer = start().get("/grafter/adapters").json()
    assert (answer["active"], answer["scale"]) == (None, 0.0)
    assert [(row["name"], row["base"], row["fits"], row["enabled"]) for row in answer["adapters"]] == [
        ("one", "tiny", True, False),
        ("two", "tiny", True, False),
    ]


def test_switching_is_seen_everywhere_and_kept(start, model_adapters):
    http = start()
    assert http.post("/grafter/adapter", json={"name": "one", "scale": 0.5}).json() == {"active": "one", "scale": 0.5}
    assert http.get("/health").json()["adapter"] == "one"
    assert http.get("/grafter/adapters").json()["active"] == "one"
    assert (model_adapters.store.get("one").enabled, model_adapters.store.get("one").scale) == (True, 0.5)
    events = complete(http)
    assert [event.adapter for event in events if isinstance(event, (Started, Finished))] == ["one", "one"]
    assert http.post("/grafter/adapter", json={"name": "two"}).json() == {"active": "two", "scale": 1.0}
    assert [record.enabled for record in model_adapters.store.list()] == [False, True]
    assert http.post("/grafter/adapter", json={"name": None}).json() == {"active": None, "scale": 0.0}
    assert http.get("/health").json()["adapter"] is None
    assert complete(http)[-1].adapter is None
    assert not any(record.enabled for record in model_adapters.store.list())


def test_the_enabled_adapter_answers_from_the_start(start, model_adapters):
    model_adapters.store.enable("two", 0.75)
    http = start()
    assert http.get("/health").json()["adapter"] == "two"
    assert http.get("/grafter/adapters").json()["scale"] == 0.75
    assert complete(http)[-1].adapter == "two"


@pytest.mark.parametrize(("asked", "name", "scale"), [("one:0.5", "one", 0.5), ("base", None, 0.0)])
def test_what_was_asked_for_at_the_start_goes_before(start, model_adapters, asked, name, scale):
    model_adapters.store.enable("two")
    http = start(asked=asked)
    answer = http.get("/grafter/adapters").json()
    assert (answer["active"], answer["scale"], http.get("/health").json()["adapter"]) == (name, scale, name)


def test_one_that_is_not_there_or_another_models_stops_the_start(model_adapters, tmp_path):
    with pytest.raises(InputError, match="There is no adapter 'nobody'"):
        ModelAdapters(model_adapters.store, model_adapters.model, "nobody")
    make_tiny_model(find_paths().models / "other", seed=5)
    with pytest.raises(InputError, match=r"made for the weights of 'tiny'.*'other'"):
        ModelAdapters(model_adapters.store, model_adapters.store.models.get("other"), "one")


def test_a_request_names_its_adapter_or_the_base(start, model_adapters):
    model_adapters.store.enable("one")
    http = start()
    found = {adapter: complete(http, adapter)[-1] for adapter in (None, "", "two")}
    assert [found[each].adapter for each in found] == ["one", None, "two"]
    failed = complete(http, "nobody")[-1]
    assert (failed.code, "There is no adapter 'nobody'" in failed.message) == ("invalid_request", True)


def test_models_are_listed_with_their_adapters_and_asked_by_name(start, model_adapters):
    model_adapters.store.enable("one")
    http = start()
    rows = http.get("/v1/models").json()["data"]
    assert [row["id"] for row in rows] == ["tiny", "tiny+one", "tiny+two"]
    assert [row.get("parent") for row in rows] == [None, "tiny", "tiny"]
    adapters = {}
    for model in ("", "default", "tiny", "tiny+one", "tiny+two"):
        body = {"model": model, "prompt": "def add", "max_tokens": 4}
        adapters[model] = http.post("/v1/completions", json=body).json()["grafter"]["adapter"]
    assert adapters == {"": "one", "default": "one", "tiny": None, "tiny+one": "one", "tiny+two": "two"}
    chat = {"model": "tiny+two", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 4}
    assert http.post("/v1/chat/completions", json=chat).json()["grafter"]["adapter"] == "two"
    for model in ("tiny+", "tiny+nobody", "other", "other+one", "tiny+../one"):
        refused = http.post("/v1/completions", json={"model": model, "prompt": "x"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "model_not_found")


def test_hostile_names_are_refused_and_touch_nothing(start, model_adapters):
    http = start()
    before = sorted(find_paths().data.rglob("*"))
    for name in HOSTILE:
        answer = http.post("/grafter/adapter", json={"name": name})
        assert answer.status_code == 400, name
        last = complete(http, name)[-1]
        assert name == "" or last.code == "invalid_request"
    assert sorted(find_paths().data.rglob("*")) == before
    assert http.get("/health").json()["adapter"] is None


@pytest.mark.parametrize(
    "body",
    [
        {"name": 1}, {"name": ["one"]}, {"name": "x" * 201}, {"name": "one", "scale": -0.1}, {"name": "one", "scale": 1.1},
        {"name": "one", "scale": "1"}, {"name": "one", "scale": 1e308}, {"name": "one", "scale": True}, [], "one",
    ],
)  # fmt: skip
def test_bodies_are_bounded(start, body):
    answer = start().post("/grafter/adapter", json=body)
    assert 400 <= answer.status_code < 500


def test_not_a_number_is_refused(start):
    body = json.dumps({"name": "one", "scale": float("nan")})
    answer = start().post("/grafter/adapter", content=body, headers={"Content-Type": "application/json"})
    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize(("method", "path"), [("GET", "/grafter/adapters"), ("POST", "/grafter/adapter")])
def test_nothing_without_the_token(start, method, path):
    http = start()
    assert httpx.request(method, f"{http.base_url}{path}", json={"name": "one"}, trust_env=False).status_code == 401


def test_a_damaged_adapter_leaves_the_one_before(start, model_adapters):
    http = start()
    http.post("/grafter/adapter", json={"name": "one"})
    weights = model_adapters.store.path("two") / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    answer = http.post("/grafter/adapter", json={"name": "two"})
    assert (answer.status_code, "damaged" in answer.json()["error"]["message"]) == (400, True)
    assert http.get("/health").json()["adapter"] == "one"
    assert [record.enabled for record in model_adapters.store.list()] == [True, False]


@pytest.mark.parametrize("missing", [False, True])
def test_a_damaged_adapter_is_no_reason_to_have_no_model(start, model_adapters, missing):
    model_adapters.store.enable("one")
    weights = model_adapters.store.path("one") / "adapter_model.safetensors"
    if missing:
        weights.unlink()
    else:
        weights.write_bytes(b"x")
    http = start()
    health = http.get("/health").json()
    assert (health["state"], health["adapter"]) == ("ready", None)
    assert "without an adapter" in health["message"]
    assert http.get("/grafter/adapters").json()["active"] is None
    assert complete(http)[-1].adapter is None


def test_it_answers_again_after_the_model_was_put_aside(start, until):
    limit = [0.0]
    http = start(idle_seconds=lambda: limit[0])
    http.post("/grafter/adapter", json={"name": "two", "scale": 0.5})
    limit[0] = 0.01
    complete(http)
    until(lambda: http.worker.health().state == "idle", 40)
    limit[0] = 0.0
    assert complete(http)[-1].adapter == "two"
    assert http.get("/health").json()["adapter"] == "two"


def test_a_model_elsewhere_has_no_adapters_here(serve):
    running = serve(FakeEngine("x"))
    assert running.http.get("/grafter/adapters").json() == {"active": None, "scale": 0.0, "adapters": []}
    answer = running.http.post("/grafter/adapter", json={"name": "one"})
    assert (answer.status_code, "runs on a server" in answer.json()["error"]["message"]) == (400, True)


def test_an_adapter_removed_meanwhile_fails_only_who_names_it(start, model_adapters):
    http = start()
    shutil.rmtree(model_adapters.store.path("two"))
    assert complete(http, "two")[-1].code == "invalid_request"
    assert complete(http, "one")[-1].adapter == "one"


def test_paths_are_the_contract():
    assert Path(find_paths().adapters).name == "adapters"
