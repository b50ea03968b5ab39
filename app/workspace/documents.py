"""Opening, saving and closing files: what happens to the tabs, and what is said where it cannot be done."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.editor.editor_config import write_style
from app.editor.files.file_names import path_of_shown
from app.editor.files.save import save_text_file
from app.editor.files.text_file import CannotEncode, FileChanged, TextFile, read_text_file, stamp_of
from app.editor.text_port import Change
from app.widgets.dialogs import Dialogs
from app.widgets.icons import IconSet
from app.widgets.message_bar import Choice
from app.workspace.central import Central
from app.workspace.editor_page import EditorPage
from app.workspace.watcher import FileWatcher
from assistant.editing.encodings.escapes import count_escapes
from assistant.editing.encodings.find import name_for_people
from assistant.errors import GrafterError


class Documents(QObject):
    """The files of one window. ``opened`` carries each new page, ``changed`` says that paths or texts on disk did."""

    opened = Signal(object)
    changed = Signal()
    encoding_wanted = Signal(object)
    """Carries the page whose file is to be read in an encoding that the person chooses."""

    def __init__(self, central: Central, icons: IconSet, dialogs: Dialogs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._central, self._icons, self._dialogs = central, icons, dialogs
        self._untitled = 0
        self.workspace: Path | None = None
        self._watcher = FileWatcher(self)
        self._watcher.changed.connect(self._on_disk)

    # --- opening -----------------------------------------------------------------------

    def open(self, path: Path, line: int = 0) -> EditorPage | None:
        """Bring the file to the front, reading it if it is not open. A file that cannot be read is said in a bar."""
        path = path_of_shown(Path(os.path.abspath(path)))  # noqa: PTH100 - without ``..``, so that one file is one tab
        page = self.find(path)
        if page is None:
            try:
                file = read_text_file(path)
            except GrafterError as error:
                self._central.bars.show_message("open", str(error))
                return None
            self._central.bars.clear("open")
            page = self._add(EditorPage(self._icons, file))
            self._say_encoding(page)
        else:
            self._central.bring_to_front(page)
        if line > 0:
            page.editor.go_to(line, 0)
        return page

    def new(self, path: Path | None = None) -> EditorPage:
        """Open an empty text; ``path`` is where it will be saved."""
        if path is not None:
            return self._add(EditorPage(self._icons, TextFile(path).shaped()))
        return self._add(EditorPage(self._icons, TextFile(self._next_name()), untitled=True))

    def _next_name(self) -> Path:
        self._untitled += 1
        return Path(self.tr("Untitled {number}").format(number=self._untitled))

    def find(self, path: Path) -> EditorPage | None:
        """Return the page of a file that is open."""
        return next((page for page in self._central.editors if page.path == path), None)

    def _add(self, page: EditorPage) -> EditorPage:
        page.set_workspace(self.workspace)
        self.opened.emit(page)
        self._central.add(page)
        self._paths_changed()
        return page

    def set_workspace(self, folder: Path | None) -> None:
        """Another folder is open: paths are shown from there."""
        self.workspace = folder
        for page in self._central.editors:
            page.set_workspace(folder)

    def moved(self, before: Path, after: Path) -> None:
        """Let open files follow a file or folder that was renamed."""
        for page in self._central.editors:
            if page.path is not None and page.path.is_relative_to(before):
                modified = page.modified
                page.saved(dataclasses.replace(page.file, path=after / page.path.relative_to(before)))
                page.editor.document().setModified(modified)
        self._paths_changed()

    # --- encodings ---------------------------------------------------------------------

    def reopen(self, page: EditorPage, encoding: str) -> bool:
        """Read the page's file anew in ``encoding``; returns whether it was read.

        Unsaved changes are not lost: they are saved first or kept in a tab of their own, as the person says.
        """
        if page.path is None:
            return False
        if _is_unsaved(page):
            answer = self._dialogs.reopen(page, page.name)
            if answer == "cancel" or (answer == "save" and not self.save(page)):
                return False
        try:
            file = read_text_file(page.path, encoding)
        except GrafterError as error:
            page.bars.show_message("encoding", str(error))
            return False
        self._show(page, file)
        for topic in ("disk", "save"):
            page.bars.clear(topic)
        self._say_encoding(page)
        return True

    def _show(self, page: EditorPage, file: TextFile) -> None:
        """Show what a file says on the disk. Where undo does not bring unsaved changes back, a new tab keeps them."""
        if page.would_undo(file) or not _is_unsaved(page):
            page.show_file(file)
            return
        kept = EditorPage(
            self._icons, dataclasses.replace(page.file, path=self._next_name(), stamp=None), untitled=True
        )
        kept.editor.apply([Change(0, len(kept.editor.plain_text()), page.editor.plain_text())])
        kept.editor.document().setModified(True)
        kept.set_language(page.file.path.name)
        page.show_file(file)
        self._add(kept)
        self._central.bring_to_front(page)
        text = self.tr("{name} was read again. Your text with the unsaved changes is in {other}.")
        choices: list[Choice] = [(self.tr("Show it"), lambda: self._bring(kept))]
        page.bars.show_message("kept", text.format(name=page.name, other=kept.name), "accent", choices)

    def _bring(self, page: EditorPage) -> None:
        if page in self._central.editors:  # it may be closed meanwhile
            self._central.bring_to_front(page)

    def convert(self, page: EditorPage, encoding: str) -> bool:
        """Write the page's text in ``encoding`` from the next saving on; returns whether that can be done."""
        kept = count_escapes(page.editor.plain_text())
        if kept:
            text = self.tr(
                "{name} cannot be converted: {count} of its bytes have no character in {encoding}. "
                "Reopen it in its true encoding first."
            )
            text = text.format(name=page.name, count=kept, encoding=page.file.encoding_name)
            page.bars.show_message("encoding", text, "warn", self._reopening(page))
            return False
        page.change_file(page.file.converted(encoding))
        page.bars.clear("encoding")
        return True

    def _say_encoding(self, page: EditorPage) -> None:
        """Say where the encoding is a guess, or has no character for some bytes."""
        file, kept = page.file, page.file.kept_bytes
        name, encoding = page.name, name_for_people(file.encoding)
        if file.is_guess and kept:
            text = self.tr(
                "{name} is read as {encoding}, which is a guess and has no character for {count} of its bytes. "
                "They are shown as boxes and stay as they are."
            )
        elif file.is_guess:
            text = self.tr(
                "{name} does not say its encoding: {encoding} is a guess. Lines that you do not edit stay as they are."
            )
        elif kept and file.evidence == "chosen":
            text = self.tr(
                "{encoding} has no character for {count} bytes of {name}. They are shown as boxes and stay as they are."
            )
        else:
            page.bars.clear("encoding")
            return
        choices = self._reopening(page)
        if file.is_guess:
            choices.append((self.tr("Keep {encoding}").format(encoding=encoding), page.keep_encoding))
        text = text.format(name=name, encoding=encoding, count=kept)
        page.bars.show_message("encoding", text, "accent", choices)

    def _reopening(self, page: EditorPage) -> list[Choice]:
        return [(self.tr("Reopen as…"), lambda: self.encoding_wanted.emit(page))]

    # --- saving ------------------------------------------------------------------------

    def save(self, page: EditorPage) -> bool:
        """Write the page to its file; asks where when it has none. Returns whether it is on disk."""
        return self._write(page, page.file) if page.path else self.save_as(page)

    def save_as(self, page: EditorPage) -> bool:
        """Ask where, and write the page there."""
        start = page.path or (self.workspace or Path.home()) / ""
        chosen = self._dialogs.save_file(page, str(start))
        if not chosen:
            return False
        path = Path(chosen).absolute()
        other = self.find(path)
        if other is not None and other is not page:
            text = self.tr("{name} is open in another tab. Choose another name, or close that tab first.")
            page.bars.show_message("save", text.format(name=path.name))
            return False
        # The dialog has asked already whether to replace a file that is there.
        return self._write(page, dataclasses.replace(page.file, path=path).shaped(), overwrite=True)

    def save_all(self, pages: Sequence[EditorPage]) -> bool:
        """Save each page; stops at the first that cannot be saved, bringing it to the front."""
        for page in pages:
            if not self.save(page):
                self._central.bring_to_front(page)
                return False
        return True

    def _write(self, page: EditorPage, file: TextFile, *, overwrite: bool = False) -> bool:
        page.tidy(write_style(file.path))
        try:
            saved = save_text_file(file, page.editor.plain_text(), overwrite=overwrite)
        except GrafterError as error:
            page.bars.show_message("save", str(error), "error", self._remedies(page, file, error, overwrite))
            return False
        page.saved(saved)
        self._paths_changed()
        return True

    def _remedies(self, page: EditorPage, file: TextFile, error: GrafterError, overwrite: bool) -> list[Choice]:
        choices: list[Choice] = [(self.tr("Save as…"), lambda: self.save_as(page))]
        if isinstance(error, CannotEncode):
            if file.is_guess and page.path is not None:
                choices = self._reopening(page) + choices
                page.bars.clear("encoding")  # which would offer the same
            choices.append((self.tr("Convert to UTF-8"), lambda: self._convert_and_save(page, file, overwrite)))
        elif isinstance(error, FileChanged):
            choices.insert(0, (self.tr("Overwrite"), lambda: self._write(page, file, overwrite=True)))
            choices.insert(0, (self.tr("Reload"), lambda: self._reload(page, file.path)))
        else:
            choices.insert(0, (self.tr("Try again"), lambda: self._write(page, file, overwrite=overwrite)))
        return choices

    def _convert_and_save(self, page: EditorPage, file: TextFile, overwrite: bool) -> None:
        if self.convert(page, "utf-8"):
            self._write(page, file.converted("utf-8"), overwrite=overwrite)

    def _reload(self, page: EditorPage, path: Path) -> None:
        try:
            self._show(page, read_text_file(path, page.chosen_encoding))
        except GrafterError as error:
            page.bars.show_message("disk", str(error), "warn")

    # --- closing -----------------------------------------------------------------------

    def close(self, page: EditorPage) -> bool:
        """Close a tab; asks about unsaved changes. Returns whether it was closed."""
        if not self.may_close([page]):
            return False
        self._central.remove(page)
        self._paths_changed()
        return True

    def may_close(self, pages: Sequence[EditorPage]) -> bool:
        """Ask about the unsaved changes of ``pages`` and save them if wanted."""
        unsaved = [page for page in pages if page.modified and (page.path or page.editor.plain_text())]
        if not unsaved:
            return True
        answer = self._dialogs.unsaved(self._central, [page.name for page in unsaved])
        if answer == "save":
            return self.save_all(unsaved)
        return answer == "discard"

    # --- the disk ----------------------------------------------------------------------

    def _paths_changed(self) -> None:
        self._watcher.watch([page.path for page in self._central.editors if page.path])
        self.changed.emit()

    def _on_disk(self, path: Path) -> None:
        page = self.find(path)
        if page is None:
            return
        stamp = stamp_of(path)
        if stamp == page.file.stamp:
            return  # our own saving
        if stamp is None:
            self._on_gone(page)
            return
        try:
            file = read_text_file(path, page.chosen_encoding)
        except GrafterError as error:
            text = self.tr("{name} was changed by another program and cannot be read any more: {error}")
            page.bars.show_message("disk", text.format(name=page.name, error=error), "warn")
            return
        if not page.modified or file.text == page.editor.plain_text():
            page.show_file(file)  # also where only line ends or the encoding are new
            page.bars.clear("disk")
        elif file.text == page.file.text:
            page.file = dataclasses.replace(page.file, stamp=stamp)
            page.bars.clear("disk")
        else:
            self._on_conflict(page, file)

    def _on_gone(self, page: EditorPage) -> None:
        page.editor.document().setModified(True)
        text = self.tr("{name} was deleted or moved by another program. Its text is still here.")
        choices: list[Choice] = [
            (self.tr("Save it again"), lambda: self._write(page, page.file, overwrite=True)),
            (self.tr("Save as…"), lambda: self.save_as(page)),
        ]
        page.bars.show_message("disk", text.format(name=page.name), "warn", choices)

    def _on_conflict(self, page: EditorPage, file: TextFile) -> None:
        def keep() -> None:
            page.file = dataclasses.replace(page.file, stamp=file.stamp)  # the next saving replaces what is there

        text = self.tr("{name} was changed by another program, and you have changes here too.")
        choices: list[Choice] = [(self.tr("Reload"), lambda: self._show(page, file)), (self.tr("Keep mine"), keep)]
        page.bars.show_message("disk", text.format(name=page.name), "warn", choices)


def _is_unsaved(page: EditorPage) -> bool:
    """Return whether the page's text is nowhere on the disk; another encoding for the next saving is no text."""
    if not page.modified:
        return False
    return page.editor.plain_text() != page.file.text or page.path is None or stamp_of(page.path) != page.file.stamp
