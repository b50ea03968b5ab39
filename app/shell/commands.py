"""Every action of the window: one table that makes the shortcuts, the menu and the palette."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

Need = Literal["", "file", "tab", "folder"]
"""What has to be open, or in front, for a command to do something."""


@dataclass(frozen=True)
class Command:
    """An action with its group. ``keys`` is what people see, also where the editor itself handles the key."""

    id: str
    group: str
    title: str
    action: QAction
    keys: str
    need: Need


class Commands(QObject):
    """The commands of one window, by id, in the order in which they were added."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._commands: dict[str, Command] = {}

    def add(
        self,
        name: str,
        group: str,
        title: str,
        run: Callable[[], object],
        keys: str | tuple[str, ...] = (),
        *,
        handled_by_editor: bool = False,
        checkable: bool = False,
        need: Need = "",
    ) -> QAction:
        """Add a command. With ``handled_by_editor`` the keys are shown but not bound to the window."""
        sequences = [QKeySequence(text) for text in ((keys,) if isinstance(keys, str) else keys)]
        action = QAction(title, self)
        action.setCheckable(checkable)
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        if not handled_by_editor:
            action.setShortcuts(sequences)
        action.triggered.connect(lambda _checked=False: run())
        self._window.addAction(action)
        shown = sequences[0].toString(QKeySequence.SequenceFormat.NativeText) if sequences else ""
        if handled_by_editor and shown:
            action.setText(f"{title}\t{shown}")  # menus show what is behind a tab as the key
        self._commands[name] = Command(name, group, title, action, shown, need)
        return action

    def allow(self, **there: bool) -> None:
        """Enable the commands that can do something now: ``there`` says of each need whether it is met."""
        for command in self:
            command.action.setEnabled(there.get(command.need, True))

    def __iter__(self) -> Iterator[Command]:
        return iter(self._commands.values())

    def __getitem__(self, name: str) -> Command:
        return self._commands[name]

    def keys(self, name: str) -> str:
        """Return the first key of a command as people read it."""
        return self._commands[name].keys


def make_menu(window: QWidget, commands: Commands) -> QMenu:
    """Return the menu of the activity bar: a submenu for each group."""
    menu = QMenu(window)
    groups: dict[str, QMenu] = {}
    for command in commands:
        if command.group not in groups:
            groups[command.group] = menu.addMenu(command.group)
        groups[command.group].addAction(command.action)
    quit_action = commands["file.quit"].action  # the last of its menu, whatever features added
    files = groups[commands["file.quit"].group]
    files.removeAction(quit_action)
    files.addSeparator()
    files.addAction(quit_action)
    return menu
