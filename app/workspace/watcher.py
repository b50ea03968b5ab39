"""Tells when an open file changed on disk, also when another program replaced it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal

from app.editor.files.file_names import is_known_to_qt

_SETTLE_MS = 120


class FileWatcher(QObject):
    """``changed`` carries a path; the file may be gone. Several changes in a row are told once."""

    changed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._watcher = QFileSystemWatcher(self)
        self._watcher.fileChanged.connect(self._note)
        self._watcher.directoryChanged.connect(self._look_at_missing)
        self._wanted: set[str] = set()
        self._noted: set[str] = set()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SETTLE_MS)
        self._timer.timeout.connect(self._tell)

    def watch(self, paths: Iterable[Path]) -> None:
        """Watch these files and no others. Their folders are watched too, to see a deleted file come back.

        Files whose names Qt cannot spell are not watched: it would watch others.
        """
        self._wanted = {str(path) for path in paths if is_known_to_qt(path)}
        wanted = self._wanted | {str(Path(path).parent) for path in self._wanted}
        known = set(self._watcher.files()) | set(self._watcher.directories())
        if gone := known - wanted:
            self._watcher.removePaths(sorted(gone))
        if new := [path for path in sorted(wanted - known) if Path(path).exists()]:
            self._watcher.addPaths(new)

    def _note(self, path: str) -> None:
        self._noted.add(path)
        self._timer.start()

    def _look_at_missing(self, folder: str) -> None:
        watched = set(self._watcher.files())
        for path in self._wanted - watched:
            if str(Path(path).parent) == folder and Path(path).exists():
                self._note(path)

    def _tell(self) -> None:
        noted, self._noted = sorted(self._noted & self._wanted), set()
        self.watch([Path(path) for path in self._wanted])  # a replaced file has to be watched again
        for path in noted:
            self.changed.emit(Path(path))
