"""What the window remembers between starts: geometry, sizes, the open tabs of each folder (``state.ini``)."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QSettings

from assistant.config import Paths
from assistant.system.modes import make_folder, private_file


class WindowState:
    """A small store; a damaged or unwritable file costs the memory, never the start."""

    def __init__(self, paths: Paths) -> None:
        file = paths.config / "state.ini"
        with contextlib.suppress(OSError):  # Qt gives a new file to everybody, and leaves one that is there as it is
            make_folder(paths.config)
            private_file(file)
        self._file = QSettings(str(file), QSettings.Format.IniFormat)

    def set_bytes(self, key: str, value: QByteArray) -> None:
        """Keep what ``saveGeometry`` and ``saveState`` return."""
        self._file.setValue(key, value)

    def get_bytes(self, key: str) -> QByteArray | None:
        """Return what ``set_bytes`` kept."""
        value: Any = self._file.value(key)
        return value if isinstance(value, QByteArray) and not value.isEmpty() else None

    def set_flag(self, key: str, value: bool) -> None:
        """Keep a yes or no."""
        self._file.setValue(key, value)

    def get_flag(self, key: str, default: bool) -> bool:
        """Return what ``set_flag`` kept, or ``default``."""
        value: Any = self._file.value(key, default)
        return value if isinstance(value, bool) else str(value).lower() == "true"

    def set_number(self, key: str, value: int) -> None:
        """Keep a whole number."""
        self._file.setValue(key, value)

    def get_number(self, key: str, default: int) -> int:
        """Return what ``set_number`` kept, or ``default``, also in place of what is no number."""
        try:
            return int(str(self._file.value(key, default)))
        except ValueError:
            return default

    def set_tabs(self, folder: Path, paths: list[Path], current: int) -> None:
        """Keep the files open in ``folder``."""
        group = f"tabs/{_key(folder)}"
        self._file.setValue(f"{group}/paths", [str(path) for path in paths])
        self._file.setValue(f"{group}/current", current)

    def get_tabs(self, folder: Path) -> tuple[list[Path], int]:
        """Return the files that were open in ``folder`` and which one was in front."""
        group = f"tabs/{_key(folder)}"
        stored: Any = self._file.value(f"{group}/paths") or []
        paths = [stored] if isinstance(stored, str) else [str(item) for item in stored]
        return [Path(path) for path in paths], self.get_number(f"{group}/current", 0)

    def save(self) -> None:
        """Write the file now."""
        self._file.sync()


def _key(folder: Path) -> str:
    return hashlib.sha256(str(folder).encode("utf-8", "surrogatepass")).hexdigest()[:16]
