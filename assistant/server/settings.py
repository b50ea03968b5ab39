"""The person's settings while a service runs: a thread looks at the file, and whoever asks gets what it saw."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Generator

from assistant.config import Paths, Settings, load_settings
from assistant.errors import InputError

_LOOK_SECONDS = 0.5


class LiveSettings:
    """Settings that follow their file. Asking for them reads no file: each suggestion asks, on the event loop."""

    def __init__(self, paths: Paths) -> None:
        """Read the file. Raises InputError where that says nonsense."""
        self._paths = paths
        self._stamp = self._read_stamp()
        self._settings = load_settings(paths)
        self._end = threading.Event()

    def now(self) -> Settings:
        """Return what the file said the last time that somebody looked; while it says nonsense, what it said before."""
        return self._settings

    def look(self) -> None:
        """Read the file if it is another one than before."""
        stamp = self._read_stamp()
        if stamp == self._stamp:
            return
        self._stamp = stamp  # of before the reading: what is written meanwhile is seen the next time
        with contextlib.suppress(InputError):  # while somebody edits the file, what it said before holds
            self._settings = load_settings(self._paths)

    @contextlib.contextmanager
    def followed(self) -> Generator[LiveSettings]:
        """Look twice a second while the block runs."""
        thread = threading.Thread(target=self._follow, name="settings", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._end.set()
            thread.join()

    def _follow(self) -> None:
        while not self._end.wait(_LOOK_SECONDS):
            self.look()

    def _read_stamp(self) -> tuple[int, int, int] | None:
        """Return what tells one file from the next, which takes its place by a rename; None without one."""
        try:
            found = self._paths.settings.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
