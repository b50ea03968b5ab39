"""A tab with one file: the editor, its breadcrumbs, its find bar, and the messages that concern it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.editor import indent_style
from app.editor.code_editor import CodeEditor
from app.editor.editor_config import WriteStyle, tidied
from app.editor.files.file_names import shown
from app.editor.files.text_file import TextFile
from app.editor.text_port import Change
from app.widgets.elided import ElidedLabel
from app.widgets.icons import IconSet
from app.widgets.message_bar import MessageBars
from app.workspace.find_bar import FindBar


class EditorPage(QWidget):
    """Holds a TextFile and the text as it is now. Saving and closing are decided elsewhere."""

    title_changed = Signal()
    info_changed = Signal()

    def __init__(
        self, icons: IconSet, file: TextFile, *, untitled: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.icon_name = "file-text"
        self.file = file
        self._untitled = untitled
        self._workspace: Path | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.crumbs = ElidedLabel("")
        row = QHBoxLayout()
        row.setContentsMargins(16, 0, 16, 0)
        row.addWidget(self.crumbs)
        holder = QWidget()
        holder.setObjectName("crumbs")
        holder.setFixedHeight(28)
        holder.setLayout(row)
        column.addWidget(holder)
        self.bars = MessageBars(icons)
        column.addWidget(self.bars)
        self.editor = CodeEditor()
        self.find_bar = FindBar(icons, self.editor)
        column.addWidget(self.find_bar)
        column.addWidget(self.editor, 1)
        self.setFocusProxy(self.editor)
        self.show_file(file)
        self.set_language("" if untitled else file.path.name)
        self._decide_indent()
        self.editor.indent_changed.connect(self.info_changed)
        self.editor.document().modificationChanged.connect(lambda _: self.title_changed.emit())

    @property
    def path(self) -> Path | None:
        """Where the file lies, or will lie; None while it has no name of its own."""
        return None if self._untitled else self.file.path

    @property
    def name(self) -> str:
        """The file's name, or the untitled one."""
        return shown(self.file.path.name)

    @property
    def chosen_encoding(self) -> str:
        """The encoding that the person chose for this file; empty where it is found out from the bytes."""
        return self.file.encoding if self.file.evidence == "chosen" else ""

    @property
    def title(self) -> str:
        """What the tab says."""
        return self.name

    @property
    def modified(self) -> bool:
        """Whether there are changes that are not on disk."""
        return self.editor.document().isModified()

    def show_file(self, file: TextFile) -> None:
        """Put the text of ``file`` into the editor, as it is on disk, keeping the cursor's place.

        What was there before can be had back by undo, but not where it was read in another encoding: saved in the
        new one it would be other bytes.
        """
        undo, self.file = self.would_undo(file), file
        if self.editor.plain_text() != file.text:
            place = self.editor.cursor_offset()
            bar = self.editor.verticalScrollBar()
            top = bar.value()
            self._replace_text(file.text, undo=undo)
            self.editor.set_cursor_offset(min(place, len(file.text)))
            bar.setValue(top)
            self._decide_indent()
        self.editor.document().setModified(False)
        self.title_changed.emit()
        self.info_changed.emit()

    def would_undo(self, file: TextFile) -> bool:
        """Return whether undo brings the text of now back after ``show_file``."""
        return (file.encoding, file.bom) == (self.file.encoding, self.file.bom)

    def _replace_text(self, text: str, *, undo: bool) -> None:
        if not undo or self.editor.document().isEmpty():
            self.editor.setPlainText(text)
            return
        self.editor.apply([Change(0, len(self.editor.plain_text()), text)])

    def tidy(self, style: WriteStyle) -> None:
        """Change in the text what .editorconfig wants of it when it is saved, as one step that can be undone."""
        changes = tidied(self.editor.plain_text(), style)
        if changes:
            self.editor.apply([Change(*change) for change in changes])

    def saved(self, file: TextFile) -> None:
        """Note that the text is on disk as ``file``; the undo history stays."""
        renamed = self._untitled or self.file.path != file.path
        self.file, self._untitled = file, False
        self.editor.document().setModified(False)
        for topic in ("disk", "save", "open"):
            self.bars.clear(topic)
        if renamed:
            self.set_language(file.path.name)
            self._decide_indent()
        self.set_workspace(self._workspace)
        self.title_changed.emit()
        self.info_changed.emit()

    def _decide_indent(self) -> None:
        editor = self.editor
        editor.set_indent_style(indent_style.decide(editor.plain_text(), editor.language(), self.path))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc that the editor has no use for closes the find bar."""
        if event.key() == Qt.Key.Key_Escape and not self.find_bar.isHidden():
            self.find_bar.close_bar()
        else:
            super().keyPressEvent(event)

    def change_file(self, file: TextFile) -> None:
        """Another encoding or line end from the next saving on."""
        if file != self.file:
            self.file = file
            self.editor.document().setModified(True)
            self.title_changed.emit()
            self.info_changed.emit()

    def keep_encoding(self) -> None:
        """Take the guess for right, as the person says."""
        self.file = dataclasses.replace(self.file, evidence="chosen")
        self.info_changed.emit()

    def set_language(self, language: str) -> None:
        """Colour the text as ``language`` (an alias or a file name)."""
        with QSignalBlocker(self.editor):  # colours are no change of the text
            self.editor.set_language(language)
        if not self.editor.indent_style().sure:
            self._decide_indent()
        self.info_changed.emit()

    def set_workspace(self, workspace: Path | None) -> None:
        """Show the path from the folder that is open."""
        self._workspace = workspace
        path = self.path
        if path is None:
            self.crumbs.set_text(self.name)
        elif workspace and path.is_relative_to(workspace):
            self.crumbs.set_text("  ›  ".join(map(shown, path.relative_to(workspace).parts)))
        else:
            self.crumbs.set_text("  ›  ".join(shown(part) for part in path.parts if part != path.anchor))

    def path_in(self, folder: Path | None) -> str | None:
        """Return the path from ``folder``; None for a file outside of it, or without a name."""
        path = self.path
        return path.relative_to(folder).as_posix() if folder and path and path.is_relative_to(folder) else None

    def relative_path(self) -> str | None:
        """Return the path that the model is told: from the folder where there is one."""
        path = self.path
        if path is None:
            return None
        if self._workspace and path.is_relative_to(self._workspace):
            return shown(path.relative_to(self._workspace).as_posix())
        return shown(path.name)

    def set_font(self, font: QFont) -> None:
        """Use another font for the text."""
        self.editor.set_editor_font(font)

    def info(self) -> tuple[str, str, str, str]:
        """Return encoding, line ends, indentation and language as the status line shows them."""
        unit = self.editor.indent_unit()
        indent = self.tr("Tabs") if unit == "\t" else self.tr("{count} spaces").format(count=len(unit))
        language = self.editor.language() or self.tr("Plain text")
        encoding = self.file.encoding_name
        if self.file.is_guess:
            encoding = self.tr("{encoding} (a guess)").format(encoding=encoding)
        return encoding, self.file.newline_name, indent, language
