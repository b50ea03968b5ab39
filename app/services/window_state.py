"""What the window remembers between starts: geometry, sizes, the open tabs of each folder (``state.ini``)."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QSettings

from assistant.config import Paths


class WindowState:
    """A small store; a damaged or unwritable file costs the memory, never the start."""

    def __init__(self, paths: Paths) -> None:
        self._file = QSettings(str(paths.config / "state.ini"), QSettings.Format.IniFormat)

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
        try:
            current = int(str(self._file.value(f"{group}/current", 0)))
        except ValueError:
            current = 0
        return [Path(path) for path in paths], current

    def save(self) -> None:
        """Write the file now."""
        self._file.sync()


def _key(folder: Path) -> str:
    return hashlib.sha256(str(folder).encode("utf-8", "surrogatepass")).hexdigest()[:16]
