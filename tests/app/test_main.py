"""The window's program before there is a window: what it says when it cannot open one."""

import builtins
import sys

import pytest

from app import __main__ as program
from app import preflight


def test_a_problem_is_one_message_and_exit_code_1(monkeypatch, capsys):
    monkeypatch.setattr(preflight, "find_problem", lambda *_: "Qt lacks something.\nRun: mend it")
    assert program.main([]) == 1
    assert capsys.readouterr().err == "Qt lacks something.\nRun: mend it\n"


def test_a_missing_library_at_import_becomes_a_command(monkeypatch, capsys):
    real_import = builtins.__import__

    def refuse(name, *rest, **kwargs):
        if name == "app.program":
            raise ImportError("libEGL.so.1: cannot open shared object file: No such file or directory")
        return real_import(name, *rest, **kwargs)

    monkeypatch.setattr(preflight, "find_problem", lambda *_: None)
    monkeypatch.delitem(sys.modules, "app.program", raising=False)
    monkeypatch.setattr(builtins, "__import__", refuse)
    assert program.main([]) == 1
    said = capsys.readouterr().err
    assert "libegl1" in said
    assert "Traceback" not in said


@pytest.mark.gui
def test_arguments_are_handed_over(monkeypatch):
    import app.program

    seen = []
    monkeypatch.setattr(preflight, "find_problem", lambda *_: None)
    monkeypatch.setattr(app.program, "run", lambda arguments: seen.append(arguments) or 7)
    assert program.main(["a", "b"]) == 7
    assert seen == [["a", "b"]]


@pytest.mark.gui
def test_the_icon_is_drawn_from_the_programs_own_file(qapp):
    from app.program import window_icon

    image = window_icon().pixmap(64, 64).toImage()
    assert not image.isNull()
    assert len({image.pixel(x, y) for x in range(0, 64, 4) for y in range(0, 64, 4)}) > 3
