"""The command ``grafter``: opens the editor, or runs one of the sub-commands. Each is imported only when asked for."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import os
import subprocess
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import NoReturn

from assistant import __version__
from assistant.errors import GrafterError, InputError

COMMANDS = {
    "models": "list, fetch, add, remove and check models",
    "adapters": "list, add, enable, export and merge adapters",
    "doctor": "say what this machine can do, what is missing and how to get it",
    "serve": "run the local service for editors",
    "key": "keep or forget the key of a server that runs the model",
    "complete": "complete a file at a place",
    "ask": "ask the model a question",
    "index": "read a folder of code into its index",
    "search": "find definitions and pieces of code in an indexed folder",
    "acceptance": "say what became of the suggestions that were shown, or erase that",
    "finetune": "tune the model on a repository, and prove whether that helped",
    "evaluate": "measure how well a model fills in, and compare two measurements",
    "bench": "measure how fast this program is, also against other servers",
}

_USAGE = """usage: grafter [PATH ...]            open the editor
       grafter COMMAND [OPTIONS]     run a command; 'grafter COMMAND --help' tells more

commands:
{commands}

options:
  --version   print the version
  --help      print this text

A file or folder that is named like a command is opened with './' before its name."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """End the program with exit code 2."""
        self.exit(2, f"grafter: {message}. '{self.prog} --help' tells more.\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``grafter`` and return its exit code: 0, 1 for failures, 2 for bad input, 130 after Ctrl-C."""
    argv = list(sys.argv[1:] if arguments is None else arguments)
    _mend_streams()
    try:
        code = _run(argv)
        sys.stdout.flush()
    except GrafterError as error:
        from assistant.cli.output import exit_code

        return _fail(str(error), exit_code(error))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader (head, less) has left; what Python still wants to flush goes nowhere.
        _drop_output()
        return 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _drop_output()
        return _fail(f"{where}{error.strerror or error}.", 1)
    return code


def _run(argv: list[str]) -> int:
    first = argv[0] if argv else ""
    if first in ("--help", "-h"):
        width = max(map(len, COMMANDS))
        print(_USAGE.format(commands="\n".join(f"  {name:<{width}}  {text}" for name, text in COMMANDS.items())))
        return 0
    if first == "--version":
        print(f"grafter {__version__}")
        return 0
    if first in COMMANDS:
        return _run_command(first, argv[1:])
    if first.startswith("-") and first != "--":
        print(f"grafter: there is no option '{first}'. 'grafter --help' tells more.", file=sys.stderr)
        return 2
    return open_editor(argv[1:] if first == "--" else argv)


def _run_command(name: str, argv: list[str]) -> int:
    module = importlib.import_module(f"assistant.cli.{name}")
    parser = Parser(prog=f"grafter {name}", description=_first_paragraph(module))
    module.add_arguments(parser)
    args = parser.parse_args(argv)
    from assistant.config import close_to_others, find_paths

    with contextlib.suppress(InputError):  # what GRAFTER_HOME names is the command's to refuse
        close_to_others(find_paths())
    return int(module.run(args))


def _fail(message: str, code: int) -> int:
    """Print the one line that an error is."""
    print(f"grafter: {' '.join(message.split())}", file=sys.stderr, flush=True)
    return code


def _drop_output() -> None:
    """Let what Python flushes at its end go nowhere, where standard output takes nothing any more."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _mend_streams() -> None:
    """Write UTF-8 to pipes on every system, and never fail at a character that a terminal cannot show.

    A program that is started with its standard output closed has no stream there: it gets one that goes nowhere.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - stays open to the end
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="backslashreplace")


def _first_paragraph(module: ModuleType) -> str:
    return (module.__doc__ or "").partition("\n\n")[0]


def open_editor(paths: Sequence[str]) -> int:
    """Start the window with these files and folders, in the place of this process where the system can."""
    # The safe path: a workspace with an app/ folder of its own is never imported.
    command = [sys.executable, "-P", "-m", "app", *paths]
    if os.name == "posix":
        sys.stdout.flush()
        os.execv(sys.executable, command)  # noqa: S606 - no shell on purpose
    try:
        return subprocess.call(command)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
