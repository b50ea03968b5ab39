import subprocess
import sys

import pytest

from tools import setup
from tools.systems import QT_PACKAGES, System

APT = """import json, sys
from pathlib import Path
calls = Path({calls!r})
with calls.open("a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
answers = {answers!r}
code, said = answers[min(len(calls.read_text().splitlines()), len(answers)) - 1]
sys.stderr.write(said)
sys.exit(code)
"""
BUSY = (100, "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 77 (apt-get)\nE: Unable to lock\n")
GONE = (100, "Reading package lists...\nE: Unable to locate package libegl1\n")


@pytest.fixture
def apt(tmp_path, monkeypatch):
    """Return what puts an apt-get of given (exit status, message) answers in place of the real one."""
    monkeypatch.setattr(setup, "_LOCK_POLL_S", 0.01)
    run, calls = subprocess.run, tmp_path / "calls"

    def make(*answers):
        script = tmp_path / "apt.py"
        script.write_text(APT.format(calls=str(calls), answers=answers))
        monkeypatch.setattr(
            setup.subprocess, "run", lambda command, **rest: run([sys.executable, script, *command[1:]], **rest)
        )
        return calls

    return make


def test_apt_is_told_of_and_waits_for_its_lock(apt, capsys):
    calls = apt((0, ""))
    setup.apt_install(["libegl1", "libgl1"])
    said = capsys.readouterr().out
    assert "you are root" in said
    assert "libegl1 libgl1" in said
    update, install = calls.read_text().splitlines()
    assert '"update"' in update
    assert '"install"' in install
    assert f"DPkg::Lock::Timeout={setup.LOCK_SECONDS}" in install


def test_another_program_with_the_lock_is_waited_for_and_told_of_once(apt, capsys):
    calls = apt(BUSY, BUSY, BUSY, (0, ""))
    setup.apt_install(["libegl1"])
    assert capsys.readouterr().out.count("another program is installing packages") == 1
    assert len(calls.read_text().splitlines()) == 5


def test_a_lock_that_is_never_free_has_an_end(apt, monkeypatch):
    apt(BUSY)
    monkeypatch.setattr(setup, "LOCK_SECONDS", 0)
    with pytest.raises(setup.SetupError, match=r"It is held by process 77.*Run 'apt-get update && apt-get install"):
        setup.apt_install(["libegl1"])


def test_what_apt_cannot_install_is_said_with_the_command(apt):
    calls = apt((0, ""), GONE)
    with pytest.raises(setup.SetupError) as caught:
        setup.apt_install(["libegl1"])
    assert str(caught.value) == (
        "apt-get cannot install them (Unable to locate package libegl1). Run 'apt-get update && apt-get install -y "
        "libegl1' yourself, then the same command again."
    )
    assert len(calls.read_text().splitlines()) == 2


def test_apt_is_left_alone_where_that_is_wished(monkeypatch):
    monkeypatch.setenv("GRAFTER_APT", "no")
    assert not setup.may_apt()


def test_a_system_without_builds_is_said_before_anything_is_done(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(sys, "argv", ["setup.py", "--window"])
    monkeypatch.setattr(setup.systems, "this_system", lambda: System("darwin", "x86_64", (3, 12), macos=(14, 0)))
    for name in ("check_qt", "make_venv", "install"):
        monkeypatch.setattr(setup, name, None)
    assert setup.main() == 1
    assert capsys.readouterr().err.startswith("setup: PyTorch has no builds for Macs with an Intel processor")


def test_pins_that_do_not_fit_are_left_out():
    pins = "# known-good\nPySide6_Essentials==6.11.3\npytest==9.2.0\nshiboken6==6.11.3\nshiboken6x==1\n"
    assert setup.loosened(pins, ()) == pins
    assert setup.loosened(pins, QT_PACKAGES) == "# known-good\npytest==9.2.0\nshiboken6x==1\n"


def test_the_pins_that_may_be_left_out_are_there():
    pins = (setup.ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert len(pins.splitlines()) - len(setup.loosened(pins, QT_PACKAGES).splitlines()) == len(QT_PACKAGES)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "  Downloading torch-2.13.0-cp312-cp312-manylinux_2_28_x86_64.whl (180.2 MB)\n",
            "downloading torch (180.2 MB)",
        ),
        ("Downloading PySide6_Essentials-6.11.3-cp310-abi3-x.whl.metadata (3.9 kB)\n", None),
        ("Downloading idna-3.20-py3-none-any.whl (71 kB)\n", None),
        ("Collecting torch>=2.8 (from grafter-assistant==0.1.0)\n", None),
        ("Installing collected packages: a, b, c\n", "unpacking 3 packages; this takes a minute or two"),
    ],
)
def test_what_pip_does_is_told_where_it_takes_long(line, told):
    assert setup.told_of_pip(line) == told


def test_pips_last_words_are_shown_where_it_fails(capsys):
    program = "import sys; print('Downloading a-1.whl (20.0 MB)'); print('ERROR: no'); sys.exit(1)"
    assert not setup.run_pip([sys.executable, "-c", program])
    caught = capsys.readouterr()
    assert "downloading a (20.0 MB)" in caught.out
    assert caught.err.endswith("ERROR: no\n")
    assert setup.run_pip([sys.executable, "-c", "print('well')"])
    assert capsys.readouterr() == ("", "")
