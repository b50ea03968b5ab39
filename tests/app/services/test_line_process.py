"""A child process as lines and an outcome."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from pytestqt.qtbot import QtBot

from app.services.line_process import STDERR_LINES, LineProcess, Outcome
from tests.support.patience import PATIENCE_S

pytestmark = pytest.mark.gui

_STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); signal.pause()"


def python(code: str) -> list[str]:
    return [sys.executable, "-P", "-c", code]


def collect(process: LineProcess) -> tuple[list[str], list[Outcome]]:
    lines: list[str] = []
    outcomes: list[Outcome] = []
    process.line.connect(lines.append)
    process.ended.connect(outcomes.append)
    return lines, outcomes


def test_lines_and_exit_code(qtbot: QtBot) -> None:
    process = LineProcess()
    lines, outcomes = collect(process)
    process.start(python("import sys; print('ä'); print('last', end=''); print('why', file=sys.stderr); sys.exit(3)"))
    assert process.active
    qtbot.waitUntil(lambda: bool(outcomes))
    assert not process.active
    assert lines == ["ä", "last"]
    assert outcomes == [Outcome("exited", 3, ("why",))]
    assert outcomes[0].last_line == "why"


def test_the_same_object_runs_one_command_after_another(qtbot: QtBot) -> None:
    process = LineProcess()
    lines, outcomes = collect(process)
    for word in ("one", "two"):
        process.start(python(f"print({word!r})"))
        with pytest.raises(RuntimeError, match="not ended"):
            process.start(python(""))
        qtbot.waitUntil(lambda: not process.active)
    assert lines == ["one", "two"]
    assert [outcome.kind for outcome in outcomes] == ["exited", "exited"]


def test_a_program_that_is_not_there(qtbot: QtBot, tmp_path: Path) -> None:
    process = LineProcess()
    _, outcomes = collect(process)
    process.start([str(tmp_path / "missing")])
    qtbot.waitUntil(lambda: bool(outcomes))
    assert outcomes == [Outcome("not_started", -1, ())]
    assert outcomes[0].last_line == ""


def test_only_the_last_lines_of_stderr_are_kept(qtbot: QtBot) -> None:
    process = LineProcess()
    _, outcomes = collect(process)
    process.start(python("import sys; [print(i, file=sys.stderr) for i in range(1000)]"))
    qtbot.waitUntil(lambda: bool(outcomes))
    assert len(outcomes[0].stderr) == STDERR_LINES
    assert outcomes[0].last_line == "999"


def test_a_process_that_ignores_the_request_to_end_is_killed(qtbot: QtBot) -> None:
    process = LineProcess(kill_after_ms=100)
    lines, outcomes = collect(process)
    process.start(python(_STUBBORN))
    qtbot.waitUntil(lambda: lines == ["up"])
    process.stop()
    process.stop()
    qtbot.waitUntil(lambda: bool(outcomes))
    assert outcomes[0].kind == "killed"


@pytest.mark.parametrize("code", ["import time; print('up', flush=True); time.sleep(600)", _STUBBORN])
def test_close_waits_for_the_end(qtbot: QtBot, code: str) -> None:
    process = LineProcess(kill_after_ms=300)
    lines, outcomes = collect(process)
    process.start(python(code))
    qtbot.waitUntil(lambda: lines == ["up"])
    child = psutil.Process(process.process_id)
    process.close()
    assert not child.is_running()
    assert outcomes[0].kind == "killed"
    process.close()
    process.stop()
    process.kill()
    assert len(outcomes) == 1


def test_the_end_of_the_application_leaves_no_process(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    program = f"""
import sys
from PySide6.QtCore import QCoreApplication
from app.services.line_process import LineProcess
application = QCoreApplication([])
process = LineProcess(kill_after_ms=300)
def quit_now(_line):
    open({str(file)!r}, "w").write(str(process.process_id))
    application.quit()
process.line.connect(quit_now)
process.start([sys.executable, "-P", "-c", {_STUBBORN!r}])
sys.exit(application.exec())
"""
    ended = subprocess.run(python(program), capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert not psutil.pid_exists(int(file.read_text()))


def test_a_text_is_read_to_its_end(qtbot: QtBot) -> None:
    process = LineProcess()
    lines, outcomes = collect(process)
    text = "größer\n" * 50_000
    process.start(python("import sys; print(len(sys.stdin.read()))"), text)
    qtbot.waitUntil(lambda: bool(outcomes))
    process.start(python("import sys; print(repr(sys.stdin.read()))"))
    qtbot.waitUntil(lambda: len(outcomes) == 2)
    assert lines == [str(len(text)), "''"]
