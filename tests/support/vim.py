"""A real Vim in a terminal of its own: keys are typed into it, and what it holds is asked over its JSON channel.

Vim connects to a socket of ours (``:help channel-commands``) and evaluates what it is sent while it waits for keys, in
insert mode too. So a test sees the buffer and the ghost text as they are after the keys, and waits for nothing else.
"""

from __future__ import annotations

import json
import os
import pty
import socket
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.patience import PATIENCE_S, wait_until

# Besides the terminal's size nothing of the user's own Vim is taken: no vimrc, no viminfo, no swap file.
_CONNECT = "let g:peer = ch_open('127.0.0.1:{port}', #{{mode: 'json', waittime: {wait}}})"


class Vim:
    """One Vim; ``script`` is what its vimrc says. Ends with the block that it is the context of."""

    def __init__(self, folder: Path, script: Sequence[str], file: Path) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(PATIENCE_S)
        port = self._listener.getsockname()[1]
        vimrc = folder / "vimrc"
        lines = [*script, "autocmd VimEnter * " + _CONNECT.format(port=port, wait=int(1000 * PATIENCE_S))]
        vimrc.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self._keys, terminal = pty.openpty()
        command = ["vim", "-N", "-n", "--noplugin", "-i", "NONE", "-u", str(vimrc), str(file)]
        environment = {**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8", "no_proxy": "127.0.0.1"}
        self._process = subprocess.Popen(
            command, stdin=terminal, stdout=terminal, stderr=terminal, cwd=file.parent, env=environment
        )
        os.close(terminal)
        self.screen = bytearray()
        """All that it wrote to its terminal."""
        self._reader = threading.Thread(target=self._read, name="vim's terminal", daemon=True)
        self._reader.start()
        self._asked = 0
        try:
            self._channel, _ = self._listener.accept()
            self._channel.settimeout(PATIENCE_S)
            self._answers = self._channel.makefile("rb")
        except TimeoutError:
            self.close()
            raise AssertionError(f"Vim did not start: {bytes(self.screen[-2000:])!r}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self) -> None:
        while True:
            try:
                piece = os.read(self._keys, 4096)
            except OSError:  # Linux says so when the other side is closed
                return
            if not piece:
                return
            self.screen += piece

    def type(self, keys: str) -> None:
        """Type keys, as a terminal sends them."""
        os.write(self._keys, keys.encode())

    def ask(self, expression: str) -> Any:
        """Return what an expression comes to now. Raises AssertionError where Vim cannot tell."""
        self._asked -= 1
        self._channel.sendall(json.dumps(["expr", expression, self._asked]).encode())
        answer: list[Any] = json.loads(self._read_message())
        assert answer[0] == self._asked, answer
        assert answer[1] != "ERROR", f"Vim cannot tell {expression}"
        return answer[1]

    def _read_message(self) -> bytes:
        # Vim ends each message with a line end; text within it never holds one.
        message = self._answers.readline()
        assert message, f"Vim ended: {bytes(self.screen[-2000:])!r}"
        return message

    def run(self, command: str) -> None:
        """Run one command of the command line, in whatever mode Vim is, and wait until it ran."""
        self.ask(f"execute({json.dumps(command)})")

    def wait_for(self, expression: str, what: str) -> None:
        """Wait until an expression is true."""
        wait_until(lambda: self.ask(expression), lambda: f"{what} (Vim says {self.messages!r})")

    @property
    def messages(self) -> str:
        """What it said so far in its message line."""
        return str(self.ask('execute("messages")'))

    @property
    def lines(self) -> list[str]:
        """The lines of the buffer."""
        found: list[str] = self.ask("getline(1, '$')")
        return found

    def close(self) -> None:
        """End it, whatever it is at."""
        self._process.kill()
        self._process.wait()
        os.close(self._keys)
        self._reader.join(PATIENCE_S)
        self._listener.close()
        if hasattr(self, "_channel"):
            self._answers.close()
            self._channel.close()
