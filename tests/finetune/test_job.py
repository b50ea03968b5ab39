import errno
import json
import os
import sys

import pytest

from finetune import job, runs
from finetune.config import RunConfig, to_json
from finetune.events import EventReader, Failed, Finished, Paused


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (tmp_path / "code").mkdir()
    config = RunConfig(repository=str(tmp_path / "code"), model="m", name="n")
    (folder / "config.json").write_text(to_json(config))
    return folder


@pytest.fixture
def stages(monkeypatch, run):
    """Scripts in the place of the stages; each is given the run's folder."""
    scripts: dict[str, str] = {}

    def command(stage, folder, _config):
        script = scripts.get(stage, "pass")
        seen = f"open({str(run / 'seen')!r}, 'a').write({stage!r} + ' ')\n"
        return [sys.executable, "-c", seen + script, str(folder)]

    monkeypatch.setattr(job, "stage_command", command)
    return scripts


def seen(run):
    return (run / "seen").read_text().split()


def events(run):
    return [each.event for each in EventReader(run).read()]


def test_all_stages_are_gone_through_and_the_end_is_told(run, stages):
    (run / "installed").write_text("shop")
    assert job.main(["--run-dir", str(run)]) == job.DONE
    assert seen(run) == ["data", "train", "evaluate"]
    (last,) = events(run)
    assert isinstance(last, Finished)
    assert last.adapter == "shop"
    assert not runs.is_owned(run)


def test_a_crash_is_told_in_a_sentence_and_nothing_comes_after_it(run, stages):
    stages["train"] = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert job.main(["--run-dir", str(run)]) == job.BUG
    assert seen(run) == ["data", "train"]
    (last,) = events(run)
    assert isinstance(last, Failed)
    assert "train" in last.sentence
    assert "killed" in last.sentence


def test_what_a_stage_said_itself_is_not_said_again(run, stages):
    said = {"event": "Failed", "time": 1.0, "sentence": "The disk is full.", "code": "disk_error"}
    stages["data"] = (
        f"import sys; open(sys.argv[1] + '/events.jsonl', 'a').write({json.dumps(said)!r} + '\\n'); sys.exit(2)"
    )
    assert job.main(["--run-dir", str(run)]) == job.BAD_INPUT
    assert events(run) == [Failed("The disk is full.", "disk_error")]


def test_a_stage_that_could_not_write_why_it_ends_is_spoken_for(run, stages, monkeypatch):
    stages["train"] = "raise SystemExit(4)"
    assert job.main(["--run-dir", str(run)]) == job.BAD_INPUT
    assert "cannot be written" in events(run)[-1].sentence
    monkeypatch.setattr(runs, "_LEAST_FREE", 1 << 80)
    assert job.main(["--run-dir", str(run)]) == job.BAD_INPUT
    assert events(run)[-1].code == "disk_error"
    assert "is full" in events(run)[-1].sentence


@pytest.mark.parametrize(("code", "told"), [(errno.ENOSPC, True), (errno.EIO, False)])
def test_a_job_that_cannot_write_either_says_so_where_it_can(run, stages, monkeypatch, capsys, code, told):
    def refuse(_run):
        raise OSError(code, os.strerror(code))

    stages["train"] = "raise SystemExit(1)"
    monkeypatch.setattr(job, "EventWriter", refuse)
    if told:
        assert job.main(["--run-dir", str(run)]) == job.BAD_INPUT
        assert "make room and resume the run" in capsys.readouterr().err
    else:
        with pytest.raises(OSError, match=os.strerror(code)):
            job.main(["--run-dir", str(run)])
    assert not runs.is_owned(run)


def test_a_stage_that_stops_pauses_the_run(run, stages):
    stages["train"] = "raise SystemExit(3)"
    assert job.main(["--run-dir", str(run)]) == job.STOPPED
    assert events(run) == [Paused("train")]
    stages.clear()
    assert job.main(["--run-dir", str(run)]) == job.DONE


def test_a_wish_to_stop_is_heard_between_stages(run, stages):
    stages["data"] = "import sys; open(sys.argv[1] + '/stop', 'w').close()"
    assert job.main(["--run-dir", str(run)]) == job.STOPPED
    assert seen(run) == ["data"]
    assert events(run) == [Paused("train")]


def test_a_stage_that_does_not_stop_in_time_is_ended(run, stages, monkeypatch):
    monkeypatch.setattr(job, "_GRACE_SECONDS", 0.0)
    stages["train"] = "import sys, time\nopen(sys.argv[1] + '/stop', 'w').close()\ntime.sleep(60)"
    assert job.main(["--run-dir", str(run)]) == job.STOPPED
    assert events(run) == [Paused("train")]


def test_a_repository_that_is_gone_is_told(run, stages, tmp_path):
    (tmp_path / "code").rmdir()
    assert job.main(["--run-dir", str(run)]) == job.BAD_INPUT
    (last,) = events(run)
    assert "is not there any more" in last.sentence


def test_a_run_that_somebody_works_on_is_refused(run, stages, capsys):
    with runs.owned(run):
        assert job.main(["--run-dir", str(run)]) == job.BAD_INPUT
    assert "at work already" in capsys.readouterr().err


def test_a_run_whose_folder_is_removed_ends_and_is_not_brought_back(run, stages, capsys):
    stages["train"] = "import shutil, sys, time; shutil.rmtree(sys.argv[1]); time.sleep(600)"
    assert job.main(["--run-dir", str(run)]) == job.STOPPED
    assert not run.exists()
    assert "was removed" in capsys.readouterr().err
