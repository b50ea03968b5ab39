"""The table of the window's commands, and the menu made from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QMenu

from app.features.train.feature import COMPARE_KEYS
from app.shell.commands import Commands
from app.workspace.editor_page import EditorPage

if TYPE_CHECKING:
    from app.shell.main_window import MainWindow


def _tr(text: str) -> str:
    return QCoreApplication.translate("Commands", text)


def add_commands(window: MainWindow) -> Commands:
    """Make every command of ``window``."""
    commands = Commands(window)
    _add_file(window, commands)
    _add_edit(window, commands)
    _add_view(window, commands)
    _add_assistant(window, commands)
    return commands


def _on_editor(window: MainWindow, run: Callable[[EditorPage], object]) -> Callable[[], None]:
    """Return what runs ``run`` with the file in front, or does nothing where there is none."""

    def act() -> None:
        page = window.central.current
        if isinstance(page, EditorPage):
            run(page)

    return act


def _add_file(window: MainWindow, commands: Commands) -> None:
    group, navigation, documents = _tr("File"), window.navigation, window.documents

    def close_tab() -> None:
        page = window.central.current
        if page is not None:
            window.close_page(page)

    def save_all() -> None:
        documents.save_all([page for page in window.central.editors if page.modified])

    commands.add("file.new", group, _tr("New file"), lambda: documents.new(None), "Ctrl+N")
    commands.add("file.open", group, _tr("Open file…"), navigation.choose_files, "Ctrl+O")
    commands.add("file.folder", group, _tr("Open folder…"), navigation.choose_folder, "Ctrl+Shift+O")
    commands.add("file.recent", group, _tr("Open recent folder…"), navigation.recent_folders, "Ctrl+R")
    commands.add("file.quick", group, _tr("Go to file…"), navigation.quick_open, "Ctrl+P")
    commands.add("file.save", group, _tr("Save"), _on_editor(window, documents.save), "Ctrl+S", need="file")
    commands.add(
        "file.save_as", group, _tr("Save as…"), _on_editor(window, documents.save_as), "Ctrl+Shift+S", need="file"
    )
    commands.add("file.save_all", group, _tr("Save all"), save_all, "Ctrl+Alt+S")
    commands.add("file.close", group, _tr("Close tab"), close_tab, ("Ctrl+W", "Ctrl+F4"), need="tab")
    commands.add(
        "file.rename",
        group,
        _tr("Rename the selected file…"),
        window.files.rename,
        "F2",
        handled_by_editor=True,
        need="folder",
    )
    commands.add("file.trash", group, _tr("Move the selected file to the trash…"), window.files.delete, need="folder")
    commands.add("file.quit", group, _tr("Quit"), window.close, "Ctrl+Q")


def _add_edit(window: MainWindow, commands: Commands) -> None:
    group = _tr("Edit")
    for name, title, keys, run in (
        ("undo", _tr("Undo"), "Ctrl+Z", lambda page: page.editor.undo()),
        ("redo", _tr("Redo"), "Ctrl+Shift+Z", lambda page: page.editor.redo()),
        ("cut", _tr("Cut"), "Ctrl+X", lambda page: page.editor.cut()),
        ("copy", _tr("Copy"), "Ctrl+C", lambda page: page.editor.copy()),
        ("paste", _tr("Paste"), "Ctrl+V", lambda page: page.editor.paste()),
        ("all", _tr("Select all"), "Ctrl+A", lambda page: page.editor.selectAll()),
    ):
        commands.add(f"edit.{name}", group, title, _on_editor(window, run), keys, handled_by_editor=True, need="file")
    commands.add(
        "edit.find",
        group,
        _tr("Find in the file"),
        _on_editor(window, lambda p: p.find_bar.open_bar()),
        "Ctrl+F",
        need="file",
    )
    commands.add(
        "edit.next", group, _tr("Next match"), _on_editor(window, lambda p: p.find_bar.find_next()), "F3", need="file"
    )
    previous = _on_editor(window, lambda p: p.find_bar.find_next(backward=True))
    commands.add("edit.previous", group, _tr("Previous match"), previous, "Shift+F3", need="file")
    commands.add("edit.line", group, _tr("Go to line…"), window.navigation.go_to_line, "Ctrl+G", need="file")


def _add_view(window: MainWindow, commands: Commands) -> None:
    group, store = _tr("View"), window.services.store

    def zoom(by: int) -> None:
        store.update(font_size=min(48, max(6, store.settings.font_size + by)))

    commands.add("view.palette", group, _tr("All commands…"), window.navigation.palette, ("Ctrl+Shift+P", "F1"))
    commands.add(
        "view.files", group, _tr("Show or hide files"), lambda: window.show_files(window.files.isHidden()), "Ctrl+B"
    )
    commands.add("view.focus_files", group, _tr("Go to the files"), lambda: _focus_files(window), "Ctrl+Shift+E")
    output = lambda: window.show_output(window.output.isHidden())  # noqa: E731
    commands.add("view.output", group, _tr("Show or hide output"), output, "Ctrl+J")
    commands.add(
        "view.next_tab", group, _tr("Next tab"), lambda: window.central.step(1), ("Ctrl+Tab", "Ctrl+PgDown"), need="tab"
    )
    previous = ("Ctrl+Shift+Tab", "Ctrl+PgUp")
    commands.add("view.previous_tab", group, _tr("Previous tab"), lambda: window.central.step(-1), previous, need="tab")
    commands.add("view.larger", group, _tr("Larger text"), lambda: zoom(1), ("Ctrl++", "Ctrl+="))
    commands.add("view.smaller", group, _tr("Smaller text"), lambda: zoom(-1), "Ctrl+-")
    for name, title in (
        ("system", _tr("Theme: like the system")),
        ("light", _tr("Theme: light")),
        ("dark", _tr("Theme: dark")),
        ("high-contrast", _tr("Theme: high contrast")),
    ):
        commands.add(f"view.theme.{name}", group, title, lambda name=name: store.update(theme=name))
    commands.add("view.language", group, _tr("Language of the file…"), window.navigation.choose_language, need="file")
    commands.add("view.encoding", group, _tr("Encoding of the file…"), window.navigation.choose_encoding, need="file")
    commands.add(
        "view.line_ends", group, _tr("Line ends of the file…"), window.navigation.choose_line_ends, need="file"
    )
    commands.add("view.settings", group, _tr("Settings"), window.show_settings, "Ctrl+,")


def _add_assistant(window: MainWindow, commands: Commands) -> None:
    group, services = _tr("Assistant"), window.services
    completion = services.completion
    toggle = commands.add(
        "assistant.toggle", group, _tr("Suggest while I type"), window.toggle_suggestions, checkable=True
    )
    toggle.setChecked(services.store.settings.suggestions)
    for name, title, keys, run in (
        ("ask", _tr("Ask for a suggestion"), "Alt+\\", completion.ask),
        ("next", _tr("Next alternative"), "Alt+]", lambda: completion.cycle(1)),
        ("previous", _tr("Previous alternative"), "Alt+[", lambda: completion.cycle(-1)),
    ):
        commands.add(f"assistant.{name}", group, title, run, keys, handled_by_editor=True, need="file")
    for name, title, keys, part in (
        ("take", _tr("Take the suggestion"), "Tab", "all"),
        ("take_word", _tr("Take one word of it"), "Ctrl+Right", "word"),
        ("take_line", _tr("Take one line of it"), "Ctrl+Down", "line"),
    ):
        accept = _on_editor(window, lambda page, part=part: page.editor.accept_suggestion(part))
        commands.add(f"assistant.{name}", group, title, accept, keys, handled_by_editor=True, need="file")
    dismiss = _on_editor(window, lambda page: page.editor.dismiss_suggestion())
    commands.add(
        "assistant.dismiss", group, _tr("Wave the suggestion away"), dismiss, "Esc", handled_by_editor=True, need="file"
    )
    commands.add("assistant.why", group, _tr("Show or hide why this suggestion"), window.why.toggle, "Ctrl+Shift+Y")
    commands.add("assistant.focus_why", group, _tr("Go to why this suggestion"), window.why.go, "Alt+Shift+Y")
    commands.add("assistant.acceptance", group, _tr("Acceptance of suggestions"), window.acceptance.show)
    commands.add("assistant.train", group, _tr("Train: learn my code"), lambda: window.train.show("code"))
    commands.add("assistant.run", group, _tr("Train: the run and how it goes"), lambda: window.train.show("run"))
    commands.add("assistant.runs", group, _tr("Train: all runs"), lambda: window.train.show("runs"))
    commands.add(
        "assistant.adapters", group, _tr("Adapters: strength, on and off"), lambda: window.train.show("adapters")
    )
    compare = commands.add(
        "assistant.compare",
        group,
        _tr("Compare base and adapter at the cursor"),
        window.train.toggle_compare,
        COMPARE_KEYS,
        need="file",
    )
    compare.setAutoRepeat(False)  # the key may be held
    commands.add("assistant.models", group, _tr("Models"), window.show_models)
    commands.add("assistant.restart", group, _tr("Restart the service"), services.connection.restart)


def _focus_files(window: MainWindow) -> None:
    window.show_files(True)
    window.files.tree.setFocus()


def make_menu(window: MainWindow, commands: Commands) -> QMenu:
    """Return the menu of the rail: a submenu for each group."""
    menu = QMenu(window)
    groups: dict[str, QMenu] = {}
    for command in commands:
        if command.group not in groups:
            groups[command.group] = menu.addMenu(command.group)
        groups[command.group].addAction(command.action)
    return menu
