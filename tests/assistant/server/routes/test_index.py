"""The workspace's index over HTTP, and completions that use it."""

import json

import pytest

from assistant.engine.fake import FakeEngine, flat_prompt
from assistant.retrieval.index.index_process import IndexState
from assistant.retrieval.index.service import Indexes
from assistant.types import CompleteRequest
from assistant.wire import complete_to_json, event_from_json
from tests.support import memory_index

MAIL = "def send_mail(address, subject):\n    server = connect_mail_server(address)\n    server.send(subject)\n"


class Builder:
    def __init__(self, root):
        self.state, self.texts = IndexState("building", done=2, total=5), {}
        self.ended = False

    def tell(self, texts):
        self.texts.update(texts)

    def close(self):
        pass


class Reader(memory_index.MemorySource):
    def close(self):
        pass


@pytest.fixture
def builders():
    return []


@pytest.fixture
def indexes(builders):
    def start(root):
        builders.append(Builder(root))
        return builders[-1]

    return Indexes(start, lambda _root: Reader({"mail.py": MAIL}))


def test_the_state_and_texts(serve, indexes, builders, tmp_path):
    http = serve(FakeEngine("1"), indexes=indexes).http
    body = {"workspace": str(tmp_path), "texts": [{"path": "a.py", "text": "x"}, {"path": "b.py", "text": None}]}
    answer = http.post("/grafter/index", json=body)
    assert answer.json() == {"state": "building", "files": 0, "lines": 0, "done": 2, "total": 5, "message": ""}
    assert builders[0].texts == {"a.py": "x", "b.py": None}
    assert http.post("/grafter/index", json={"workspace": str(tmp_path)}).status_code == 200
    assert len(builders) == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"workspace": "relative"},
        {"workspace": "/no/such/folder"},
        {"workspace": "{tmp}", "texts": [{"path": "../out.py", "text": "x"}]},
        {"workspace": "{tmp}", "texts": [{"text": "x"}]},
        {"workspace": "{tmp}", "texts": "x"},
    ],
)
def test_a_bad_body_is_a_sentence(serve, indexes, builders, tmp_path, body):
    body = json.loads(json.dumps(body).replace("{tmp}", str(tmp_path)))
    answer = serve(FakeEngine("1"), indexes=indexes).http.post("/grafter/index", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].endswith(".")
    assert not any(builder.texts for builder in builders)


def test_a_service_without_indexes_has_none(hello, tmp_path):
    assert hello.http.post("/grafter/index", json={"workspace": str(tmp_path)}).json()["state"] == "none"


def test_a_completion_reads_the_index(serve, indexes, tmp_path):
    engine = FakeEngine("1")
    text = "async def notify(user):\n    await user.load()\n    server = connect_mail_server("
    request = CompleteRequest("r", text, len(text), path="app.py", workspace=str(tmp_path))
    lines = serve(engine, indexes=indexes).events("/grafter/complete", complete_to_json(request))
    finished = event_from_json(json.loads(lines[-1]))
    assert [piece.path for piece in finished.context] == ["mail.py", "app.py"]
    assert f"<|file_sep|>mail.py\n{MAIL}<|file_sep|>app.py" in flat_prompt(engine.requests[0].prompt)
