"""The person's settings as one observable value, saved at each change."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QCoreApplication, QObject, Signal

from assistant.config import Paths, Settings, load_settings, save_settings
from assistant.errors import InputError


class SettingsStore(QObject):
    """Holds the settings in force. A bad file is left as it is until the person changes something."""

    changed = Signal(object)
    problem = Signal(str)

    def __init__(self, paths: Paths, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._paths = paths
        self.load_error = ""
        """Why the file could not be used at the start; empty when it could."""
        try:
            self._settings = load_settings(paths)
        except InputError as error:
            self._settings = Settings()
            self.load_error = str(error)

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._settings

    def update(self, **changes: Any) -> None:
        """Change some fields, tell everybody and save. A disk that refuses is told by ``problem``."""
        new = self._settings.replace(**changes)
        if new == self._settings:
            return
        self._settings = new
        self.changed.emit(new)
        self._save()

    def remember(self, folder: str) -> None:
        """Put a folder first among the recent ones, without touching a file that could not be read."""
        recent = (folder, *(item for item in self._settings.recent if item != folder))[:10]
        if recent == self._settings.recent:
            return
        self._settings = self._settings.replace(recent=recent)
        self.changed.emit(self._settings)
        if not self.load_error:
            self._save()

    def _save(self) -> None:
        try:
            save_settings(self._paths, self._settings)
        except OSError as error:
            text = QCoreApplication.translate("SettingsStore", "The settings could not be saved: {error}.")
            self.problem.emit(text.format(error=error.strerror or error))
            return
        self.load_error = ""
