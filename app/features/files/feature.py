"""The tree of files, at the left."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from PySide6.QtCore import Slot

from app.shell.commands import Commands
from app.shell.feature import PanelFeature
from app.shell.panels import Side
from app.shell.workbench import Workbench
from app.workspace.file_tree import FileTree


class FilesFeature(PanelFeature[FileTree]):
    """Shows the folder that is open, and opens, renames and deletes its files."""

    id = "files"
    icon = "files"
    opener = "view.files"
    side: ClassVar[Side] = "left"
    width = 240
    open_at_first = True

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        documents = bench.documents
        self.panel.file_chosen.connect(lambda path: documents.open(Path(path)))
        self.panel.file_renamed.connect(lambda before, after: documents.moved(Path(before), Path(after)))
        self.panel.folder_wanted.connect(bench.navigation.choose_folder)
        self.panel.left.connect(bench.central.give_focus)
        bench.folder.changed.connect(self._on_folder)
        bench.central.current_changed.connect(self._on_current)

    def make_panel(self) -> FileTree:
        """Make the tree."""
        return FileTree(self.bench.icons, self.bench.picker, self.bench.services.dialogs)

    @property
    def title(self) -> str:
        """What it is called."""
        return self.tr("Files")

    def add_commands(self, commands: Commands) -> None:
        """Add showing the tree, and what can be done with the file that is selected in it."""
        view, file, tree = self.tr("View"), self.tr("File"), self.panel
        commands.add("view.files", view, self.tr("Show or hide files"), self.toggle, "Ctrl+B")
        commands.add("view.focus_files", view, self.tr("Go to the files"), self._focus, "Ctrl+Shift+E")
        rename = self.tr("Rename the selected file…")
        commands.add("file.rename", file, rename, tree.rename, "F2", handled_by_editor=True, need="folder")
        commands.add("file.trash", file, self.tr("Move the selected file to the trash…"), tree.delete, need="folder")

    def _focus(self) -> None:
        self.show(True)
        self.panel.tree.setFocus()

    @Slot(object)
    def _on_folder(self, folder: Path) -> None:
        self.panel.open_folder(folder)
        self.show(True)

    @Slot()
    def _on_current(self) -> None:
        page = self.bench.editor_page
        if page is not None and page.path is not None:
            self.panel.select(page.path)
