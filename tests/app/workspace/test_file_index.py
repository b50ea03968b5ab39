import pytest

from app.workspace import file_index
from app.workspace.file_index import FileIndex, walk


def test_walk_gives_relative_paths_without_what_nobody_opens(folder):
    assert {path for path in walk(folder) if path} == {"README.md", "src/graft.py", "src/tree.py"}


def test_walk_does_not_follow_links_to_folders(folder):
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    assert [path for path in walk(folder) if path and path.startswith("loop")] == ["loop"]


def test_walk_of_a_folder_that_is_gone_is_empty(tmp_path):
    assert [path for path in walk(tmp_path / "gone") if path] == []


@pytest.mark.gui
def test_the_index_lists_in_slices_and_stops_at_the_limit(qtbot, folder, root, monkeypatch):
    index = FileIndex(root)
    with qtbot.waitSignal(index.changed):
        index.start(folder)
    qtbot.waitUntil(lambda: not index.running)
    assert len(index.files) == 3
    monkeypatch.setattr(file_index, "LIMIT", 2)
    index.start(folder)
    qtbot.waitUntil(lambda: not index.running)
    assert len(index.files) == 2
