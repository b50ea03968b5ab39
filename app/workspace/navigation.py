"""What is chosen from a list or typed in the overlay: files, lines, languages, encodings."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from pygments.lexers import get_all_lexers
from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from app.editor.files.file_names import shown
from app.services.settings_store import SettingsStore
from app.widgets.dialogs import Dialogs
from app.widgets.picker import Picker, PickItem
from app.workspace.central import Central
from app.workspace.documents import Documents
from app.workspace.editor_page import EditorPage
from app.workspace.file_index import FileIndex
from app.workspace.folder import Folder
from assistant.editing.encodings.find import CHOICES

_LINE_ENDS = (("LF", "\n"), ("CRLF", "\r\n"))
_REFRESH_MS = 120


class Navigation(QObject):
    """Opens ``picker`` for one purpose at a time. Dialogs belong to the window of ``central``."""

    def __init__(
        self,
        central: Central,
        documents: Documents,
        folder: Folder,
        picker: Picker,
        store: SettingsStore,
        dialogs: Dialogs,
    ) -> None:
        super().__init__(central)
        self._central, self._documents, self._folder = central, documents, folder
        self._picker, self._store, self._dialogs = picker, store, dialogs
        self._index = FileIndex(self)
        self._index.changed.connect(self._on_index)
        self._refresh = QTimer(self)
        self._refresh.setSingleShot(True)
        self._refresh.setInterval(_REFRESH_MS)
        self._refresh.timeout.connect(self._show_index)
        self._listing = 0
        documents.encoding_wanted.connect(self.reopen_in_encoding)

    # --- files ---------------------------------------------------------------------------

    @property
    def _window(self) -> QWidget:
        return self._central.window()

    def quick_open(self) -> None:
        """Offer the files of the folder; listing goes on while one types."""
        if self._folder.path is None:
            self.choose_folder()
            return
        self._picker.show_items([], self.tr("Go to file"), self._open, self.tr("Looking for files…"))
        self._listing = self._picker.opened
        self._index.start(self._folder.path)

    def _open(self, item: PickItem) -> None:
        self._index.stop()
        if self._folder.path is not None:
            self._documents.open(self._folder.path / item.data)

    def _on_index(self) -> None:
        if not self._index.running:
            self._show_index()
        elif not self._refresh.isActive():
            self._refresh.start()

    def _show_index(self) -> None:
        if self._picker.isHidden() or self._picker.opened != self._listing:
            self._index.stop()
            return
        items = []
        for path in self._index.files:
            folder, _, name = path.rpartition("/")
            items.append(PickItem(shown(name), shown(folder), data=path, search=shown(path)))
        self._picker.set_items(items)

    def choose_folder(self) -> None:
        """Ask for a folder to open."""
        now = self._folder.path
        start = str(now.parent if now else Path.home())
        chosen = self._dialogs.folder(self._window, self.tr("Open folder"), start)
        if chosen:
            self._folder.open(Path(chosen))

    def recent_folders(self) -> None:
        """Offer the folders of last time."""
        items = [
            PickItem(Path(path).name or path, str(Path(path).parent), data=path, search=path)
            for path in self._store.settings.recent
        ]
        empty = self.tr("No folder was opened yet.")
        placeholder = self.tr("Open a recent folder")
        self._picker.show_items(items, placeholder, lambda item: self._folder.open(Path(item.data)), empty)

    def choose_files(self) -> None:
        """Ask for files to open."""
        for path in self._dialogs.open_files(self._window, str(self._folder.path or Path.home())):
            self._documents.open(Path(path))

    # --- the file in front -----------------------------------------------------------------

    def _page(self) -> EditorPage | None:
        page = self._central.current
        return page if isinstance(page, EditorPage) else None

    def go_to_line(self) -> None:
        """Ask for a line, or line:column."""
        page = self._page()
        if page is None:
            return
        count = page.editor.blockCount()
        hint = self.tr("A line from 1 to {count}, with a column if you like: 12:5").format(count=count)
        self._picker.ask(self.tr("Go to line"), "", hint, lambda text: self._go(page, text))

    def _go(self, page: EditorPage, text: str) -> None:
        line, _, column = text.strip().partition(":")
        if line.strip().isdecimal():
            count = page.editor.blockCount()
            wanted = int(column) - 1 if column.strip().isdecimal() else 0
            page.editor.go_to(min(max(1, int(line)), count), max(0, wanted))
            page.editor.setFocus()

    def choose_language(self) -> None:
        """Offer every language that Pygments knows."""
        page = self._page()
        if page is None:
            return
        items = [PickItem(self.tr("Plain text"), data="text")]
        items += [
            PickItem(name, ", ".join(aliases[:3]), data=aliases[0])
            for name, aliases, _, _ in sorted(get_all_lexers())
            if aliases
        ]
        self._picker.show_items(items, self.tr("Language of this file"), lambda item: page.set_language(item.data))

    def choose_encoding(self) -> None:
        """Offer what can be done about the encoding of the file in front."""
        page = self._page()
        if page is None:
            return
        items = [
            PickItem(
                self.tr("Reopen as…"),
                self.tr("reads the file in another encoding; its bytes stay"),
                data=lambda: self.reopen_in_encoding(page),
            ),
            PickItem(
                self.tr("Convert to…"),
                self.tr("writes the text in another encoding when you save"),
                data=lambda: self.convert_encoding(page),
            ),
        ]
        if page.file.stamp is None:
            del items[0]  # there is nothing on the disk to read
        title = self.tr("Encoding: {encoding}").format(encoding=page.info()[0])
        self._picker.show_items(items, title, lambda item: item.data())

    def reopen_in_encoding(self, page: EditorPage | None = None) -> None:
        """Offer encodings to read the file anew in."""
        page = page or self._page()
        if page is not None:
            title = self.tr("Reopen {name} as").format(name=page.name)
            self._offer_encodings(page, title, lambda item: self._documents.reopen(page, item.data))

    def convert_encoding(self, page: EditorPage | None = None) -> None:
        """Offer encodings to save the file in."""
        page = page or self._page()
        if page is not None:
            title = self.tr("Convert {name} to").format(name=page.name)
            self._offer_encodings(page, title, lambda item: self._documents.convert(page, item.data))

    def _offer_encodings(self, page: EditorPage, title: str, chosen: Callable[[PickItem], object]) -> None:
        items: list[PickItem] = []
        for codec, (name, use) in CHOICES.items():
            keys = self.tr("in use") if codec == page.file.encoding else ""
            items.append(PickItem(name, self.tr(use), keys, codec, search=f"{name} {self.tr(use)} {codec}"))
        self._picker.show_items(items, title, chosen)

    def choose_line_ends(self) -> None:
        """Offer line ends to save the file with."""
        page = self._page()
        if page is None:
            return
        details = {"\n": self.tr("Linux and macOS"), "\r\n": self.tr("Windows")}
        items = [PickItem(name, details[ends], data=ends) for name, ends in _LINE_ENDS]

        def choose(item: PickItem) -> None:
            page.change_file(dataclasses.replace(page.file, breaks=(item.data,)))

        self._picker.show_items(items, self.tr("Line ends of this file"), choose)
