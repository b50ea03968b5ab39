"""What a request says of where one was lately: the places that were edited or viewed, and the tabs that are open."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from PySide6.QtCore import QObject

from app.workspace.central import Central
from app.workspace.editor_page import EditorPage
from app.workspace.recent_places import RecentPlaces
from assistant.types import Place

_MOST_TABS = 64


class EditHistory(QObject):
    """Follows the pages of one window. Only files inside the folder that is open are told of."""

    def __init__(self, central: Central, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._central = central
        self._folder: Path | None = None
        self._recent = RecentPlaces()
        central.current_changed.connect(self._on_current)

    def set_folder(self, folder: Path) -> None:
        """Begin anew in another folder."""
        self._folder = folder
        self._recent.forget()

    def follow(self, page: EditorPage) -> None:
        """Note where the cursor of ``page`` is from now on."""
        page.editor.cursor_info_changed.connect(lambda line, _: self._note(page, line, "viewed"))
        page.editor.textChanged.connect(lambda: self._on_text(page))

    def around(self) -> tuple[tuple[Place, ...], tuple[str, ...]]:
        """Return the places, the newest first, and the other open files, as paths from the folder."""
        others = [page for page in self._central.editors if page is not self._central.current]
        paths = [path for page in others if (path := page.path_in(self._folder))]
        return self._recent.places, tuple(paths[:_MOST_TABS])

    def _note(self, page: EditorPage, line: int, kind: Literal["edited", "viewed"]) -> None:
        path = page.path_in(self._folder)
        if path is not None and page is self._central.current:
            self._recent.note(path, line, kind)

    def _on_text(self, page: EditorPage) -> None:
        if page.editor.plain_text() != page.file.text:  # else it was read from the disk
            self._note(page, page.editor.textCursor().blockNumber() + 1, "edited")

    def _on_current(self) -> None:
        page = self._central.current
        if isinstance(page, EditorPage):
            self._note(page, page.editor.textCursor().blockNumber() + 1, "viewed")
