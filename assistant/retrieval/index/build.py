"""Build the index of a workspace and keep it fresh: ``python -P -m assistant.retrieval.index.build WORKSPACE``.

A process of its own, of low priority, so that it never slows the editor or the model. It speaks JSON lines.

On stdin: ``{"text": {"path": …, "text": …}}``, the unsaved text of a file (path relative to the workspace; text null:
saved or closed, the file counts again), and ``{"stop": true}``. It ends, too, when stdin closes or its parent dies.

On stdout: ``{"event": "progress", "done", "total", "lines"}`` in files (total 0 while they are counted), once
``{"event": "ready", "files", "lines", "read", "read_lines", "removed", "left_out", "seconds"}``, then
``{"event": "changed", "files", "lines"}`` after each change; ``{"event": "rebuilding", "why"}`` where the file that was
there could not be believed; ``{"event": "refused", "message"}`` for a line that cannot be read; last, where it goes
wrong, ``{"event": "failed", "message", "code"}`` (exit status 1; code ``index_busy``: another process does this work).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import posixpath
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from assistant.config import find_paths
from assistant.errors import GrafterError, InputError
from assistant.retrieval.index.index_loop import Changed, Heard, IndexLoop, Stop, Unsaved
from assistant.retrieval.index.indexer import Indexer
from assistant.retrieval.index.place import index_file, resolved
from assistant.retrieval.index.watch import Watch
from assistant.retrieval.index.writer import IndexWriter
from assistant.system import jsonl
from assistant.system.background import step_back
from assistant.system.files import disk_errors
from assistant.system.modes import private_folder
from assistant.system.processes import lives, parent_of_this


def main(arguments: list[str] | None = None) -> int:
    """Run until the end; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -P -m assistant.retrieval.index.build")
    parser.add_argument("workspace", type=Path)
    args = parser.parse_args(arguments)
    say = _Speaker()
    parent = parent_of_this()

    def alive() -> bool:
        return parent is None or lives(parent)  # where it cannot be seen, stdin has to tell

    step_back(os.getpid())
    try:
        keep(args.workspace, jsonl.lines_of(sys.stdin.fileno()), say, alive)
    except GrafterError as error:
        say({"event": "failed", "message": str(error), "code": error.code})
        return 1
    except Exception as error:
        logging.exception("The index process failed")
        message = f"The index cannot be kept ({type(error).__name__}: {error}); open the folder again."
        say({"event": "failed", "message": message, "code": "internal_error"})
        return 1
    return 0


def keep(
    workspace: Path, commands: Iterable[bytes], say: Callable[[dict[str, Any]], None], alive: Callable[[], bool]
) -> None:
    """Keep the index of ``workspace`` until the commands end. Raises InputError, IndexBusy and DiskError."""
    root = resolved(workspace)
    if not root.is_dir():
        raise InputError(f"There is no folder {workspace}.")
    file = index_file(find_paths(), root)
    with disk_errors("The index cannot be written"):
        private_folder(file.parent.parent)
    writer = IndexWriter(file, root)
    with contextlib.closing(writer):
        if writer.rebuilt:
            say({"event": "rebuilding", "why": writer.rebuilt})
        heard: list[Callable[[Heard], None]] = []
        watch = Watch(root, lambda path: heard[0](Changed(path)) if heard else None)
        with contextlib.closing(watch):
            keeper = IndexLoop(Indexer(root, writer), writer, say, alive, listens=watch.works)
            heard.append(keeper.heard.put)
            # A daemon: a read that waits for a line cannot be ended from outside.
            reading = threading.Thread(
                target=_read, args=(commands, keeper.heard.put, say), name="commands", daemon=True
            )
            reading.start()
            keeper.run()


def _read(commands: Iterable[bytes], put: Callable[[Heard], None], say: Callable[[dict[str, Any]], None]) -> None:
    with contextlib.suppress(OSError, ValueError):
        for line in commands:
            heard = parse_command(line)
            if heard is not None:
                put(heard)
            elif line.strip():
                say(
                    {
                        "event": "refused",
                        "message": "This line is no command; the module assistant.retrieval.index.build lists them.",
                    }
                )
    put(Stop())


def parse_command(line: bytes) -> Heard | None:
    """Return what a line of stdin asks for, or None where it is no command."""
    try:
        match json.loads(line):
            case {"stop": True}:
                return Stop()
            case {"text": {"path": str(path), "text": str() | None as text}}:
                return Unsaved(
                    posixpath.normpath(_plain(path).replace("\\", "/")), text if text is None else _plain(text)
                )
            case _:
                return None
    except ValueError:
        return None


def _plain(text: str) -> str:
    """Return text that can be stored: JSON can spell halves of characters, which are no text; line feeds only."""
    return text.encode("utf-8", "replace").decode().replace("\r\n", "\n")


class _Speaker:
    """Prints JSON lines from any thread; where nobody reads any more, they go nowhere."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __call__(self, said: dict[str, Any]) -> None:
        with self._lock, contextlib.suppress(OSError, ValueError):
            sys.stdout.write(jsonl.encode(said).decode())
            sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
