"""From a folder to a prompt: the real build process, its index, and a service that answers from it."""

import json

import pytest

from assistant.config import find_paths
from assistant.engine.fake import FakeEngine, flat_prompt
from assistant.retrieval.index.opening import workspace_indexes
from assistant.types import CompleteRequest
from assistant.wire import complete_to_json
from tests.support.patience import wait_until

pytestmark = pytest.mark.e2e

MAIL = "def send_mail(address, subject):\n    server = connect_mail_server(address)\n    server.send(subject)\n"
OPEN = "from mail import send_mail\n\n\nasync def notify(user):\n    await send_mail("
TRAP = "from pathlib import Path\n\nPath(__file__).with_name('it_was_run').touch()\n"


@pytest.fixture
def workspace(tmp_path):
    """A folder whose own modules have the names of ours, and tell when they are imported."""
    folder = tmp_path / "shop"
    for name in ("assistant/__init__.py", "sitecustomize.py", "usercustomize.py", "json.py"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(TRAP)
    (folder / "mail.py").write_text(MAIL)
    return folder


@pytest.fixture
def indexes():
    made = workspace_indexes(find_paths())
    yield made
    made.close()


def follow(running, workspace, condition, texts=()):
    """Tell of texts, then ask until the answer fits."""
    body = {"workspace": str(workspace), "texts": list(texts)}
    state = {}

    def fits():
        state.update(running.http.post("/grafter/index", json=body).json())
        assert state["state"] != "failed", state
        body["texts"] = []
        return condition(state)

    wait_until(fits, lambda: state)
    return state


def test_a_workspace_is_indexed_followed_and_read_and_nothing_of_it_is_run(serve, indexes, workspace):
    engine = FakeEngine("user.address)")
    running = serve(engine, indexes=indexes)

    def prompt():
        request = CompleteRequest("r", OPEN, len(OPEN), path="app.py", workspace=str(workspace))
        running.events("/grafter/complete", complete_to_json(request))
        return flat_prompt(engine.requests[-1].prompt)

    assert "<|file_sep|>mail.py" not in prompt()
    state = follow(running, workspace, lambda state: state["state"] == "ready")
    assert state["files"] == 5
    assert state["lines"] == 4 * 3 + 3
    assert f"<|file_sep|>mail.py\n{MAIL}" in prompt()
    edited = MAIL.replace("(address, subject)", "(address, subject, urgent)") + "\n\nmore = 1\n"
    follow(
        running,
        workspace,
        lambda state: state["lines"] == 4 * 3 + 6,
        [{"path": "mail.py", "text": edited}],
    )
    assert "(address, subject, urgent)" in prompt()
    assert not list(workspace.rglob("it_was_run"))


def test_an_index_from_before_is_read_at_once(serve, workspace):
    first = workspace_indexes(find_paths())
    try:
        follow(serve(FakeEngine("1"), indexes=first), workspace, lambda state: state["state"] == "ready")
    finally:
        first.close()
    again = workspace_indexes(find_paths())
    engine = FakeEngine("user.address)")
    request = CompleteRequest("r", OPEN, len(OPEN), path="app.py", workspace=str(workspace))
    lines = serve(engine, indexes=again).events("/grafter/complete", complete_to_json(request))
    assert json.loads(lines[-1])["context"][0]["path"] == "mail.py"
    again.close()
