"""What requests and the index are told of the window: places, tabs, the folder, and texts that are not saved."""

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QObject, Signal
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.services.reply import Refusal, Reply
from app.shell.main_window import MainWindow
from app.workspace.index_feed import IndexFeed
from assistant.types import Place

pytestmark = pytest.mark.gui


def test_requests_tell_where_the_person_was_and_what_is_open(window: MainWindow, folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "elsewhere.py"
    outside.write_text("x\n", encoding="utf-8")
    window.bench.folder.open(folder)
    for path in (folder / "src/graft.py", folder / "src/tree.py", outside, folder / "README.md"):
        window.bench.documents.open(path)
    page = window.bench.documents.find(folder / "src/tree.py")
    assert page is not None
    window.bench.central.bring_to_front(page)
    QTest.keyClicks(page.editor, "x")
    places, tabs = window.bench.edit_history.around()
    assert places == (
        Place("src/tree.py", 1, "edited"),
        Place("README.md", 1, "viewed"),
        Place("src/graft.py", 1, "viewed"),
    )
    assert tabs == ("src/graft.py", "README.md")


def test_another_folder_begins_anew(window: MainWindow, folder: Path, tmp_path: Path) -> None:
    window.bench.folder.open(folder)
    window.bench.documents.open(folder / "README.md")
    other = tmp_path / "other"
    other.mkdir()
    window.bench.folder.open(other)
    assert window.bench.edit_history.around() == ((), ())


def test_a_reload_from_the_disk_is_no_edit(window: MainWindow, folder: Path) -> None:
    window.bench.folder.open(folder)
    page = window.bench.documents.open(folder / "src/graft.py")
    assert page is not None
    page.show_file(page.file.__class__(page.file.path, "other\n"))
    assert [place.kind for place in window.bench.edit_history.around()[0]] == ["viewed"]


class Silence(QObject):
    """An answer that never comes."""

    received = Signal(object)
    done = Signal()

    def abort(self) -> None:
        self.done.emit()


def test_each_request_says_it(window: MainWindow, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []

    def complete(request: Any) -> Silence:
        sent.append(request)
        return Silence(window)

    monkeypatch.setattr(window.services.api, "complete", complete)
    window.services.connection.show("ready")  # type: ignore[attr-defined]
    window.bench.folder.open(folder)
    window.bench.documents.open(folder / "src/tree.py")
    window.bench.documents.open(folder / "src/graft.py")
    window.features["suggest"].completion.ask()
    [request] = sent
    assert request.recent == (Place("src/graft.py", 1, "viewed"), Place("src/tree.py", 1, "viewed"))
    assert request.tabs == ("src/tree.py",)


class Told:
    """A window's feed with what it posts."""

    def __init__(self, window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
        self.window = window
        self.posts: list[tuple[str, list[tuple[str, str | None]]]] = []
        monkeypatch.setattr(window.services.api, "post", self._post)
        window.bench.index_feed._timer.setInterval(0)

    def _post(self, path: str, body: dict[str, Any]) -> Reply:
        assert path == "/grafter/index"
        self.posts.append((body["workspace"], [(row["path"], row["text"]) for row in body["texts"]]))
        self.reply = Reply(0, self.window)
        return self.reply

    def refuse(self, status: int) -> None:
        self.reply.failed.emit(Refusal(status, "", ""))

    def service(self, kind: str) -> None:
        self.window.services.connection.show(kind)  # type: ignore[attr-defined]


@pytest.fixture
def told(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> Told:
    return Told(window, monkeypatch)


def test_the_folder_is_told_when_there_is_a_service(told: Told, folder: Path) -> None:
    told.window.bench.folder.open(folder)
    assert told.posts == []
    told.service("loading")
    assert told.posts == [(str(folder), [])]
    told.service("ready")
    told.service("thinking")
    assert len(told.posts) == 1
    told.service("restarting")
    told.service("ready")
    assert len(told.posts) == 2


def test_unsaved_texts_are_told_and_taken_back(qtbot: QtBot, told: Told, folder: Path) -> None:
    told.service("ready")
    told.window.bench.folder.open(folder)
    page = told.window.bench.documents.open(folder / "src/graft.py")
    assert page is not None
    QTest.keyClicks(page.editor, "x")
    qtbot.waitUntil(lambda: len(told.posts) == 2)
    assert told.posts[1] == (str(folder), [("src/graft.py", page.editor.plain_text())])
    told.window.bench.documents.save(page)
    qtbot.waitUntil(lambda: len(told.posts) == 3)
    assert told.posts[2] == (str(folder), [("src/graft.py", None)])


def test_a_service_without_that_route_is_left_alone_until_the_next_one(qtbot: QtBot, told: Told, folder: Path) -> None:
    told.service("ready")
    told.window.bench.folder.open(folder)
    told.refuse(404)
    feed: IndexFeed = told.window.bench.index_feed
    feed._post()
    assert len(told.posts) == 1
    told.service("failed")
    told.service("ready")
    assert len(told.posts) == 2


def test_what_was_not_heard_is_told_again_with_the_next_change(told: Told, folder: Path) -> None:
    told.service("ready")
    told.window.bench.folder.open(folder)
    told.refuse(0)
    told.window.bench.index_feed._post()
    assert told.posts == [(str(folder), [])] * 2
