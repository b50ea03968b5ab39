"""The side panel with the folder's files: open, make, rename, move to the trash."""

from __future__ import annotations

import re
from pathlib import Path

from PySide6.QtCore import (
    QDir,
    QFile,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRegularExpression,
    QSize,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QFileSystemModel,
    QFrame,
    QHBoxLayout,
    QMenu,
    QStackedWidget,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from app.widgets.dialogs import Dialogs
from app.widgets.icons import IconSet
from app.widgets.message_bar import MessageBars
from app.widgets.picker import Picker
from app.widgets.style import button, label, tool_button

_HIDDEN = frozenset({".git", "__pycache__", ".DS_Store"})
_Index = QModelIndex | QPersistentModelIndex


class _Painter(QStyledItemDelegate):
    """Adds our own icons, for the rows that are seen.

    Not as the model's icon provider: that one is asked for each file of a folder, in a thread of the model.
    """

    def __init__(self, icons: IconSet, parent: QObject) -> None:
        super().__init__(parent)
        self._folder, self._file = icons.icon("folder-simple"), icons.icon("file-text")

    def initStyleOption(self, option: QStyleOptionViewItem, index: _Index) -> None:  # noqa: N802
        super().initStyleOption(option, index)
        folder = index.data(QFileSystemModel.Roles.FileInfoRole).isDir()
        option.icon = self._folder if folder else self._file  # type: ignore[attr-defined]
        option.features |= QStyleOptionViewItem.ViewItemFeature.HasDecoration  # type: ignore[attr-defined]


class _Shown(QSortFilterProxyModel):
    """Leaves out what nobody edits, in the order of the model below: folders first, but on macOS, as Finder has it.

    By a pattern and not by a method: called back for each of 50 000 files, Python holds the window up for seconds.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        names = "|".join(re.escape(name) for name in sorted(_HIDDEN))
        self.setFilterRegularExpression(QRegularExpression(rf"^(?!(?:{names})$)"))


class _Tree(QTreeView):
    """Turns keys into signals of its own.

    Qt's ``activated`` comes with the first click on some desktops and with the second on others, where it would
    fold up what the first has unfolded.
    """

    enter_pressed = Signal(QModelIndex)
    escape_pressed = Signal()
    delete_pressed = Signal()
    rename_pressed = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.enter_pressed.emit(self.currentIndex())
        elif event.key() == Qt.Key.Key_Escape:
            self.escape_pressed.emit()
        elif event.matches(QKeySequence.StandardKey.Delete):
            self.delete_pressed.emit()
        elif event.key() == Qt.Key.Key_F2:
            self.rename_pressed.emit()
        else:
            super().keyPressEvent(event)


class FileTree(QFrame):
    """Shows one folder; ``file_chosen`` carries the path of a file to open."""

    file_chosen = Signal(str)
    file_renamed = Signal(str, str)
    folder_wanted = Signal()
    left = Signal()
    """The person wants back to the text."""

    def __init__(self, icons: IconSet, picker: Picker, dialogs: Dialogs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("side")
        self.setMinimumWidth(160)
        self._picker, self._dialogs = picker, dialogs
        self.folder: Path | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(16, 0, 8, 0)
        self.title = label(self.tr("Files"), bold=True)
        self._new = tool_button(icons, "file-plus", self.tr("New file"))
        self._new.clicked.connect(self.new_file)
        self._collapse = tool_button(icons, "arrows-in-line-vertical", self.tr("Collapse all folders"))
        head.addWidget(self.title, 1)
        head.addWidget(self._new)
        head.addWidget(self._collapse)
        holder = QWidget()
        holder.setLayout(head)
        holder.setFixedHeight(36)
        column.addWidget(holder)
        self.bars = MessageBars(icons)
        column.addWidget(self.bars)
        self._stack = QStackedWidget()
        column.addWidget(self._stack, 1)
        self._stack.addWidget(self._make_empty())
        self.model = self._make_model()
        self._shown = _Shown(self)
        self._shown.setSourceModel(self.model)
        self.tree = self._make_tree(icons)
        self._collapse.clicked.connect(self.tree.collapseAll)
        self._stack.addWidget(self.tree)
        self._set_tools(False)

    # --- the folder --------------------------------------------------------------------

    def open_folder(self, folder: Path) -> None:
        """Show ``folder``; its entries are read as they are looked at."""
        self.folder = folder
        self.title.setText(folder.name or str(folder))
        self.title.setToolTip(str(folder))
        root = self.model.setRootPath(str(folder))
        self.tree.setRootIndex(self._shown.mapFromSource(root))
        self._stack.setCurrentIndex(1)
        self._set_tools(True)

    def select(self, path: Path) -> None:
        """Mark the file that is in front, if it lies in the folder."""
        if self.folder is None or not path.is_relative_to(self.folder):
            return
        index = self._shown.mapFromSource(self.model.index(str(path)))
        if index.isValid():
            self.tree.setCurrentIndex(index)

    def path_of(self, index: _Index) -> Path:
        """Return the path of a row of the tree."""
        return Path(self.model.filePath(self._shown.mapToSource(index)))

    # --- changing files ----------------------------------------------------------------

    def new_file(self) -> None:
        """Ask for a name beside what is selected, make an empty file, open it."""
        if self.folder is None:
            return
        where = self._target_folder()
        inside = where.relative_to(self.folder).as_posix()
        start = "" if inside == "." else inside + "/"
        hint = self.tr("Enter makes the file. Folders in the name are made too.")
        self._picker.ask(self.tr("Name of the new file"), start, hint, self._make_file, selected=0)
        self._picker.line.end(False)

    def _make_file(self, name: str) -> None:
        if self.folder is None or not name.strip().strip("/"):
            return
        if "\0" in name:
            text = self.tr("A name cannot hold the character NUL. Leave it out.")
            self.bars.show_message("make", text)
            return
        path = self.folder / name.strip()
        if not path.resolve().is_relative_to(self.folder.resolve()):
            self.bars.show_message("make", self.tr("“{name}” lies outside this folder.").format(name=name.strip()))
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(exist_ok=False)
        except (OSError, ValueError) as error:
            if isinstance(error, FileExistsError) and path.exists():
                text = self.tr("“{name}” already exists.")
            else:
                text = self.tr("“{name}” could not be made: {error}.")
            self.bars.show_message("make", text.format(name=name.strip(), error=_reason(error)))
            return
        self.bars.clear("make")
        self.file_chosen.emit(str(path))

    def rename(self) -> None:
        """Ask for a new name of what is selected."""
        path = self._selected()
        if path is None:
            return
        stem = len(path.name) if path.is_dir() else len(path.stem)
        self._picker.ask(
            self.tr("New name"), path.name, self.tr("Enter renames it."), lambda name: self._rename(path, name), stem
        )

    def _rename(self, path: Path, name: str) -> None:
        name = name.strip()
        if not name or name == path.name:
            return
        if "/" in name or "\\" in name or name in (".", ".."):
            self.bars.show_message("rename", self.tr("A name cannot be “{name}”.").format(name=name))
            return
        target = path.with_name(name)
        try:
            if target.exists():
                raise FileExistsError(None, self.tr("that name is already taken"))
            path.rename(target)
        except (OSError, ValueError) as error:
            text = self.tr("“{name}” could not be renamed: {error}.")
            self.bars.show_message("rename", text.format(name=path.name, error=_reason(error)))
            return
        self.bars.clear("rename")
        self.file_renamed.emit(str(path), str(target))

    def delete(self) -> None:
        """Move what is selected to the trash, after asking."""
        path = self._selected()
        if path is None:
            return
        question = self.tr("Move “{name}” to the trash?").format(name=path.name)
        detail = self.tr("It can be brought back from the system's trash.")
        if not self._dialogs.confirm(self, question, detail, self.tr("Move to trash")):
            return
        if QFile(str(path)).moveToTrash():
            self.bars.clear("delete")
        else:
            text = self.tr("“{name}” could not be moved to the trash, so it was left where it is.")
            self.bars.show_message("delete", text.format(name=path.name))

    # --- inside ------------------------------------------------------------------------

    def _selected(self) -> Path | None:
        index = self.tree.currentIndex()
        return self.path_of(index) if index.isValid() else None

    def _target_folder(self) -> Path:
        path = self._selected()
        if path is None or self.folder is None or not path.is_relative_to(self.folder):
            return self.folder or Path()
        return path if path.is_dir() else path.parent

    def _activate(self, index: QModelIndex) -> None:
        path = self.path_of(index)
        if path.is_dir():
            self.tree.setExpanded(index, not self.tree.isExpanded(index))
        else:
            self.file_chosen.emit(str(path))

    def _menu(self, place: QPoint) -> None:
        menu = QMenu(self)
        rows = [(self.tr("New file…"), self.new_file)]
        if self.tree.indexAt(place).isValid():
            rows += [(self.tr("Rename…"), self.rename), (self.tr("Move to trash…"), self.delete)]
        for text, run in rows:
            action = QAction(text, menu)
            action.triggered.connect(run)
            menu.addAction(action)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.tree.viewport().mapToGlobal(place))

    def _set_tools(self, shown: bool) -> None:
        self._new.setVisible(shown)
        self._collapse.setVisible(shown)

    def _make_model(self) -> QFileSystemModel:
        model = QFileSystemModel(self)
        model.setOption(QFileSystemModel.Option.DontUseCustomDirectoryIcons)
        model.setIconProvider(None)  # type: ignore[arg-type] - see _Painter
        model.setFilter(QDir.Filter.AllEntries | QDir.Filter.NoDotAndDotDot | QDir.Filter.Hidden)
        model.setResolveSymlinks(False)
        return model

    def _make_tree(self, icons: IconSet) -> _Tree:
        tree = _Tree()
        tree.setItemDelegate(_Painter(icons, tree))
        tree.setModel(self._shown)
        tree.setHeaderHidden(True)
        for column in range(1, self.model.columnCount()):
            tree.hideColumn(column)
        tree.setIndentation(14)
        tree.setIconSize(QSize(16, 16))
        tree.setUniformRowHeights(True)
        tree.setAccessibleName(self.tr("Files of the folder"))
        tree.setExpandsOnDoubleClick(False)
        tree.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        tree.customContextMenuRequested.connect(self._menu)
        tree.clicked.connect(self._activate)
        tree.enter_pressed.connect(self._activate)
        tree.escape_pressed.connect(self.left)
        tree.delete_pressed.connect(self.delete)
        tree.rename_pressed.connect(self.rename)
        return tree

    def _make_empty(self) -> QWidget:
        empty = QWidget()
        column = QVBoxLayout(empty)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(12)
        column.addWidget(label(self.tr("No folder is open."), "muted", wrap=True))
        push = button(self.tr("Open folder…"))
        push.clicked.connect(self.folder_wanted)
        column.addWidget(push)
        column.addStretch(1)
        return empty


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
