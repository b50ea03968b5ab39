import errno
import os
import sys

import pytest

from assistant.errors import InputError
from finetune import stage
from finetune.config import RunConfig, to_json
from finetune.events import EventReader, Failed, Paused


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setattr(stage, "end_with_parent", lambda: None)
    (tmp_path / "config.json").write_text(to_json(RunConfig(repository=str(tmp_path), model="m", name="n")))
    return tmp_path


def raising(error):
    def work(_run, _config, _paths, _say):
        if error is not None:
            raise error

    return work


@pytest.mark.parametrize(
    ("error", "code", "event"),
    [
        (None, stage.DONE, None),
        (stage.StoppedError(), stage.STOPPED, Paused("train")),
        (InputError("There is no code."), stage.BAD_INPUT, Failed("There is no code.", "invalid_request")),
    ],
)
def test_each_end_has_its_code_and_its_event(run, error, code, event):
    assert stage.main("train", raising(error), ["--run-dir", str(run)]) == code
    assert [each.event for each in EventReader(run).read()] == ([event] if event else [])


def test_a_refusing_disk_is_told(run):
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "best.part")
    assert stage.main("train", raising(full), ["--run-dir", str(run)]) == stage.BAD_INPUT
    (said,) = [each.event for each in EventReader(run).read()]
    assert "make room and resume the run" in said.sentence


def test_a_mistake_of_the_program_is_not_dressed_up(run):
    with pytest.raises(OSError, match="Input/output"):
        stage.main("train", raising(OSError(errno.EIO, "Input/output error")), ["--run-dir", str(run)])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has /dev/full")
def test_a_disk_that_takes_no_word_ends_without_a_traceback(run, capsys):
    (run / "events.jsonl").symlink_to("/dev/full")
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert stage.main("train", raising(full), ["--run-dir", str(run)]) == stage.SPEECHLESS
    assert capsys.readouterr().err == ""


def test_a_folder_that_cannot_be_written_ends_without_a_traceback(run, capsys):
    (run / "events.jsonl").mkdir()
    assert stage.main("train", raising(None), ["--run-dir", str(run)]) == stage.SPEECHLESS
    assert capsys.readouterr().err == ""
