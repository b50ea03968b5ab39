import queue

import pytest
from watchdog.observers import Observer

from assistant.retrieval.index.watch import Watch
from tests.support.patience import PATIENCE_S


@pytest.fixture
def heard() -> queue.SimpleQueue:
    return queue.SimpleQueue()


def until(heard: queue.SimpleQueue, path: str) -> None:
    while heard.get(timeout=PATIENCE_S) != path:
        pass


def test_changes_at_any_depth_are_heard_and_those_of_git_are_not(tmp_path, heard):
    (tmp_path / ".git" / "info").mkdir(parents=True)
    (tmp_path / "sub").mkdir()
    watch = Watch(tmp_path, heard.put)
    try:
        assert watch.works
        (tmp_path / ".git" / "index").write_text("x")
        (tmp_path / "a.py").write_text("x")
        assert heard.get(timeout=PATIENCE_S) == "a.py"
        (tmp_path / "sub" / "new").mkdir()
        until(heard, "sub/new")
        (tmp_path / "a.py").rename(tmp_path / "sub" / "b.py")
        until(heard, "a.py")
        until(heard, "sub/b.py")
        (tmp_path / "sub" / "b.py").unlink()
        until(heard, "sub/b.py")
        (tmp_path / ".git" / "info" / "exclude").write_text("*.py\n")
        until(heard, ".git/info/exclude")
    finally:
        watch.close()


def test_a_system_that_cannot_tell_is_said(tmp_path, heard, monkeypatch):
    def full(*_args, **_options):
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr(Observer, "start", full)
    watch = Watch(tmp_path, heard.put)
    assert not watch.works
    watch.close()
