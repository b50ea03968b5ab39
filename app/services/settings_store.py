"""The person's settings as one observable value, saved at each change."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QCoreApplication, QObject, Signal

from assistant.config import Paths, Settings, change_settings, load_settings
from assistant.errors import DiskError, InputError


class SettingsStore(QObject):
    """Holds the settings in force. A bad file is left as it is until the person changes something."""

    changed = Signal(object)
    problem = Signal(str)

    def __init__(self, paths: Paths, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._paths = paths
        self._unsaved: list[Callable[[Settings], Settings]] = []
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
        self._unsaved.append(lambda settings: settings.replace(**changes))
        self._adopt(new)
        self._save()

    def remember(self, folder: str) -> None:
        """Put a folder first among the recent ones, without touching a file that could not be read."""

        def first(settings: Settings) -> Settings:
            return settings.replace(recent=(folder, *(item for item in settings.recent if item != folder))[:10])

        if first(self._settings) == self._settings:
            return
        self._unsaved.append(first)
        self._adopt(first(self._settings))
        if not self.load_error:
            self._save()

    def _adopt(self, settings: Settings) -> None:
        if settings != self._settings:
            self._settings = settings
            self.changed.emit(settings)

    def _save(self) -> None:
        """Put what was changed here into the file, and adopt what other windows changed there."""

        def all_of_it(settings: Settings) -> Settings:
            return functools.reduce(lambda one, change: change(one), self._unsaved, settings)

        try:
            saved = change_settings(self._paths, self._settings, all_of_it)
        except (OSError, DiskError) as error:
            text = QCoreApplication.translate("SettingsStore", "The settings could not be saved: {error}.")
            reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
            self.problem.emit(text.format(error=reason.rstrip(".")))
            return
        self._unsaved.clear()
        self.load_error = ""
        self._adopt(saved)
