"""The folder that is open: opening another one, and the tabs that each had."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.services.settings_store import SettingsStore
from app.services.window_state import WindowState
from app.workspace.central import Central
from app.workspace.documents import Documents
from app.workspace.editor_page import EditorPage


class Folder(QObject):
    """``path`` is None until a folder is opened; ``changed`` carries the Path of each that is."""

    changed = Signal(object)

    def __init__(
        self,
        central: Central,
        documents: Documents,
        store: SettingsStore,
        state: WindowState,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._central, self._documents, self._store, self._state = central, documents, store, state
        self.path: Path | None = None

    def open(self, path: Path, *, restore: bool = True) -> bool:
        """Make ``path`` the workspace; the tabs of the one before are remembered, unsaved ones stay.

        With ``restore`` the tabs that this folder had come back. Returns whether it could be opened; why not is said
        in a bar.
        """
        path = Path(os.path.abspath(path))  # noqa: PTH100 - ``..`` has no name to show
        try:
            next(path.iterdir(), None)
        except OSError as error:
            text = self.tr("The folder {path} cannot be opened: {error}.")
            self._central.bars.show_message("open", text.format(path=path, error=error.strerror or error))
            return False
        self._central.bars.clear("open")
        self.keep_tabs()
        if self.path is not None:
            for page in self._central.editors:
                if not page.modified and page.path and page.path.is_relative_to(self.path):
                    self._documents.close(page)
        self.path = path
        self._documents.set_workspace(path)
        self._store.remember(str(path))
        self.changed.emit(path)
        if restore:
            self._restore_tabs(path)
        self._central.current_changed.emit()
        return True

    def keep_tabs(self) -> None:
        """Remember which files of the folder are open."""
        if self.path is not None:
            pages = [page for page in self._central.editors if page.path]
            current = self._central.current
            index = pages.index(current) if isinstance(current, EditorPage) and current in pages else 0
            self._state.set_tabs(self.path, [page.path for page in pages if page.path], index)

    def _restore_tabs(self, folder: Path) -> None:
        paths, current = self._state.get_tabs(folder)
        pages = [self._documents.open(path) for path in paths if path.is_file()]
        if current < len(pages) and (page := pages[current]) is not None:
            self._central.bring_to_front(page)

    def open_paths(self, paths: list[Path]) -> None:
        """Open what the command line named: a folder, files, or files that are not there yet."""
        folders = [path for path in paths if path.is_dir()]
        files = [path for path in paths if not path.is_dir()]
        if folders:
            self.open(folders[0], restore=not files)
        for path in files:
            if path.exists():
                self._documents.open(path)
            elif path.absolute().parent.is_dir():
                self._documents.new(path.absolute())
            else:
                text = self.tr("There is no folder {path}, so {name} cannot be opened there.")
                message = text.format(path=path.absolute().parent, name=path.name)
                self._central.bars.show_message("open", message)
