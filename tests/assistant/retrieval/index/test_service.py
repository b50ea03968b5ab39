import pytest

from assistant.errors import GrafterError, InputError
from assistant.retrieval.index.index_process import IndexState
from assistant.retrieval.index.service import MOST_WORKSPACES, Indexes


class FakeBuilder:
    def __init__(self, root):
        self.root, self.state = root, IndexState("building", done=1, total=9)
        self.texts, self.closed, self.ended = {}, False, False

    def tell(self, texts):
        self.texts.update(texts)

    def close(self):
        self.closed = True


class FakeReader:
    def __init__(self, root):
        self.root, self.closed = root, False

    def close(self):
        self.closed = True


class Bench:
    """Indexes over fakes, with everything that was made."""

    def __init__(self):
        self.builders, self.readers = [], []
        self.there = True
        self.indexes = Indexes(self.start, self.open)

    def start(self, root):
        self.builders.append(FakeBuilder(root))
        return self.builders[-1]

    def open(self, root):
        if isinstance(self.there, Exception):
            raise self.there
        if not self.there:
            return None
        self.readers.append(FakeReader(root))
        return self.readers[-1]


@pytest.fixture
def bench():
    made = Bench()
    yield made
    made.indexes.close()


def test_a_workspace_gets_one_builder_that_hears_of_texts(bench, tmp_path):
    assert bench.indexes.follow(str(tmp_path), {}) == IndexState("building", done=1, total=9)
    link = tmp_path.parent / "link"
    link.symlink_to(tmp_path)
    bench.indexes.follow(str(link), {"a.py": "x = 1\n", "src/b.py": None})
    (builder,) = bench.builders
    assert builder.texts == {"a.py": "x = 1\n", "src/b.py": None}
    assert builder.root == tmp_path


@pytest.mark.parametrize("workspace", ["", "relative", "/no/such/folder", "/etc/passwd", "/a\0b"])
def test_what_is_no_folder_is_said(bench, workspace):
    with pytest.raises(InputError, match="no folder"):
        bench.indexes.follow(workspace, {})
    assert bench.indexes.source(workspace) is None
    assert bench.builders == []


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x.py", "a/../../x.py", "a\0b"])
def test_a_path_that_leads_out_is_refused(bench, tmp_path, path):
    with pytest.raises(InputError, match="does not lie in the workspace"):
        bench.indexes.follow(str(tmp_path), {path: "x"})


def test_the_reader_stays_open(bench, tmp_path):
    bench.indexes.follow(str(tmp_path), {})
    first = bench.indexes.source(str(tmp_path))
    assert bench.indexes.source(str(tmp_path)) is first
    assert not first.closed


def test_an_index_from_before_is_used_though_nobody_follows_it(bench, tmp_path):
    assert bench.indexes.source(str(tmp_path)) is bench.readers[0]
    assert bench.builders == []
    assert bench.indexes.source(str(tmp_path)) is bench.readers[0]


@pytest.mark.parametrize("there", [False, GrafterError("The index is damaged.")])
def test_no_index_is_none_and_is_looked_for_again(bench, tmp_path, there, monkeypatch):
    bench.there = there
    assert bench.indexes.source(str(tmp_path)) is None
    bench.indexes.follow(str(tmp_path), {})
    assert bench.indexes.source(str(tmp_path)) is None
    bench.there = True
    assert bench.indexes.source(str(tmp_path)) is None
    monkeypatch.setattr("assistant.retrieval.index.service.RETRY_SECONDS", -1.0)
    assert bench.indexes.source(str(tmp_path)) is bench.readers[0]


def test_few_are_open_and_the_one_longest_unused_ends(bench, tmp_path):
    folders = [tmp_path / str(number) for number in range(MOST_WORKSPACES + 1)]
    for folder in folders:
        folder.mkdir()
        bench.indexes.follow(str(folder), {})
        bench.indexes.source(str(folders[0]))
    bench.indexes.close()
    assert [builder.root for builder in bench.builders] == folders
    assert all(builder.closed for index, builder in enumerate(bench.builders) if index != 1)


def test_what_failed_is_not_started_again_at_once(bench, tmp_path, monkeypatch):
    bench.indexes.follow(str(tmp_path), {})
    bench.builders[0].state, bench.builders[0].ended = IndexState("failed", message="No room."), True
    assert bench.indexes.follow(str(tmp_path), {}).message == "No room."
    assert len(bench.builders) == 1
    monkeypatch.setattr("assistant.retrieval.index.service.RESTART_SECONDS", -1.0)
    assert bench.indexes.follow(str(tmp_path), {}).state == "building"
    assert bench.builders[0].closed


def test_after_the_end_nothing_starts(bench, tmp_path):
    bench.indexes.follow(str(tmp_path), {})
    bench.indexes.source(str(tmp_path))
    bench.indexes.close()
    assert bench.builders[0].closed
    assert bench.readers[0].closed
    assert bench.indexes.follow(str(tmp_path), {}) == IndexState("none")
    assert len(bench.builders) == 1
