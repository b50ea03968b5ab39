"""What stands in the middle while no file is open: how to begin, the folders of last time, the keys."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLayout, QVBoxLayout, QWidget

from app.widgets.elided import ElidedLabel
from app.widgets.icons import IconSet
from app.widgets.key_table import KeyTable
from app.widgets.page import Page
from app.widgets.style import button, label

_RECENT_SHOWN = 5


class WelcomePage(Page):
    """Empty states teach: the page changes with whether a folder is open."""

    open_folder = Signal()
    open_file = Signal()
    new_file = Signal()
    quick_open = Signal()
    recent_chosen = Signal(str)
    train_wanted = Signal()

    def __init__(self, icons: IconSet, parent: QWidget | None = None) -> None:
        super().__init__(icons, self.tr("Welcome"), "leaf", parent)
        self._title = label("", scale=1.9, bold=True)
        self._lead = label("", "muted", wrap=True)
        self.column.addStretch(1)
        self.column.addWidget(self._title)
        self.column.addWidget(self._lead)
        self.column.addSpacing(12)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.folder_button = button(self.tr("Open folder…"), "primary")
        self.folder_button.clicked.connect(self.open_folder)
        self.find_button = button(self.tr("Go to file…"), "primary")
        self.find_button.clicked.connect(self.quick_open)
        opener = button(self.tr("Open file…"))
        opener.clicked.connect(self.open_file)
        new = button(self.tr("New file"))
        new.clicked.connect(self.new_file)
        for push in (self.folder_button, self.find_button, opener, new):
            row.addWidget(push)
        row.addStretch(1)
        self.column.addLayout(row)
        self.train = button(self.tr("Teach the model this project…"), "link")
        self.train.setIcon(icons.icon("graduation-cap", "accent"))
        self.train.setToolTip(self.tr("It is tuned on the project, and evaluated on held-out code."))
        self.train.clicked.connect(self.train_wanted)
        self.column.addWidget(self.train)
        self.column.addSpacing(20)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(0)
        self.column.addLayout(self._recent)
        self.column.addSpacing(8)
        self.column.addWidget(label(self.tr("Keys"), bold=True))
        self.column.addWidget(self._make_keys())
        self.column.addStretch(2)
        self.show_folder(None, ())

    def show_folder(self, folder: Path | None, recent: Sequence[str], server: str = "") -> None:
        """Show what can be done with ``folder`` open, or without one; ``server``: where the model runs, if not here."""
        self.folder_button.setVisible(folder is None)
        self.find_button.setVisible(folder is not None)
        self.train.setVisible(folder is not None)
        if folder is None:
            self._title.setText("Grafter")
            here = self.tr("A quiet editor with a code model that runs on this machine. Nothing you write leaves it.")
            there = self.tr("A quiet editor with a code model that runs on {server}, to which code is sent.")
            self._lead.setText(there.format(server=server) if server else here)
        else:
            self._title.setText(folder.name or str(folder))
            self._lead.setText(self.tr("Choose a file on the left, or go to one by its name."))
        _clear(self._recent)
        others = [path for path in recent if folder is None or path != str(folder)][:_RECENT_SHOWN]
        if not others:
            return
        self._recent.addWidget(label(self.tr("Recent folders"), bold=True))
        self._recent.addSpacing(6)
        for path in others:
            self._recent.addLayout(self._recent_row(path))

    def _recent_row(self, path: str) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(4)
        push = button(Path(path).name or path, "link")
        push.setIcon(self._icons.icon("folder-simple", "accent"))
        push.setToolTip(path)
        push.clicked.connect(lambda: self.recent_chosen.emit(path))
        row.addWidget(push)
        where = ElidedLabel(_short(Path(path).parent))
        row.addWidget(where, 1)
        return row

    def _make_keys(self) -> KeyTable:
        return KeyTable(
            (
                ("Tab", self.tr("take the suggestion")),
                ("Ctrl+Right", self.tr("take one word of it")),
                ("Ctrl+Down", self.tr("take one line of it")),
                ("Esc", self.tr("dismiss it")),
                ("Alt+\\", self.tr("ask for a suggestion now")),
                ("Alt+]", self.tr("the next alternative")),
                ("Ctrl+Shift+P", self.tr("every command")),
                ("Ctrl+P", self.tr("go to a file")),
                ("Ctrl+F", self.tr("find in the file")),
                ("Ctrl+G", self.tr("go to a line")),
                ("Ctrl+B", self.tr("show or hide the files")),
                ("Ctrl+S", self.tr("save")),
            )
        )


def _short(path: Path) -> str:
    home = Path.home()
    return f"~/{path.relative_to(home).as_posix()}".rstrip("/.") if path.is_relative_to(home) else str(path)


def _clear(layout: QLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        inner, widget = item.layout(), item.widget()
        if inner is not None:
            _clear(inner)
        if widget is not None:
            widget.hide()
            widget.deleteLater()
