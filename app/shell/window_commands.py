"""The commands of the window itself: files, editing, tabs and themes. What features can do, they add."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication

from app.shell.commands import Commands
from app.shell.workbench import Workbench
from app.widgets.picker import Picker, PickItem


def show_palette(picker: Picker, commands: Commands, placeholder: str) -> None:
    """Offer the commands; the one that is chosen runs after the overlay is gone."""
    items = [
        PickItem(f"{command.group}: {command.title.rstrip('…')}", "", command.keys, command)
        for command in commands
        if command.action.isEnabled()
    ]
    picker.show_items(items, placeholder, lambda item: item.data.action.trigger())


def _tr(text: str) -> str:
    return QCoreApplication.translate("Commands", text)


def add_commands(bench: Workbench, quit_window: Callable[[], object]) -> None:
    """Add the commands that every window has."""
    _add_file(bench, quit_window)
    _add_edit(bench)
    _add_view(bench)


def _add_file(bench: Workbench, quit_window: Callable[[], object]) -> None:
    group, commands, navigation, documents = _tr("File"), bench.commands, bench.navigation, bench.documents

    def close_tab() -> None:
        page = bench.central.current
        if page is not None:
            bench.close_page(page)

    def save_all() -> None:
        documents.save_all([page for page in bench.central.editors if page.modified])

    commands.add("file.new", group, _tr("New file"), lambda: documents.new(None), "Ctrl+N")
    commands.add("file.open", group, _tr("Open file…"), navigation.choose_files, "Ctrl+O")
    commands.add("file.folder", group, _tr("Open folder…"), navigation.choose_folder, "Ctrl+Shift+O")
    commands.add("file.recent", group, _tr("Open recent folder…"), navigation.recent_folders, "Ctrl+R")
    commands.add("file.quick", group, _tr("Go to file…"), navigation.quick_open, "Ctrl+P")
    commands.add("file.save", group, _tr("Save"), bench.on_editor(documents.save), "Ctrl+S", need="file")
    commands.add(
        "file.save_as", group, _tr("Save as…"), bench.on_editor(documents.save_as), "Ctrl+Shift+S", need="file"
    )
    commands.add("file.save_all", group, _tr("Save all"), save_all, "Ctrl+Alt+S")
    commands.add("file.close", group, _tr("Close tab"), close_tab, ("Ctrl+W", "Ctrl+F4"), need="tab")
    commands.add("file.quit", group, _tr("Quit"), quit_window, "Ctrl+Q")


def _add_edit(bench: Workbench) -> None:
    group, commands = _tr("Edit"), bench.commands
    for name, title, keys, run in (
        ("undo", _tr("Undo"), "Ctrl+Z", lambda page: page.editor.undo()),
        ("redo", _tr("Redo"), "Ctrl+Shift+Z", lambda page: page.editor.redo()),
        ("cut", _tr("Cut"), "Ctrl+X", lambda page: page.editor.cut()),
        ("copy", _tr("Copy"), "Ctrl+C", lambda page: page.editor.copy()),
        ("paste", _tr("Paste"), "Ctrl+V", lambda page: page.editor.paste()),
        ("all", _tr("Select all"), "Ctrl+A", lambda page: page.editor.selectAll()),
    ):
        commands.add(f"edit.{name}", group, title, bench.on_editor(run), keys, handled_by_editor=True, need="file")
    commands.add(
        "edit.find",
        group,
        _tr("Find in the file"),
        bench.on_editor(lambda p: p.find_bar.open_bar()),
        "Ctrl+F",
        need="file",
    )
    commands.add(
        "edit.next", group, _tr("Next match"), bench.on_editor(lambda p: p.find_bar.find_next()), "F3", need="file"
    )
    previous = bench.on_editor(lambda p: p.find_bar.find_next(backward=True))
    commands.add("edit.previous", group, _tr("Previous match"), previous, "Shift+F3", need="file")
    commands.add("edit.line", group, _tr("Go to line…"), bench.navigation.go_to_line, "Ctrl+G", need="file")


def _add_view(bench: Workbench) -> None:
    group, commands, store = _tr("View"), bench.commands, bench.services.store

    def palette() -> None:
        show_palette(bench.picker, commands, _tr("Type a command"))

    def zoom(by: int) -> None:
        store.update(font_size=min(48, max(6, store.settings.font_size + by)))

    commands.add(
        "view.palette",
        group,
        _tr("All commands…"),
        palette,
        ("Ctrl+Shift+P", "F1"),
    )
    commands.add(
        "view.next_tab", group, _tr("Next tab"), lambda: bench.central.step(1), ("Ctrl+Tab", "Ctrl+PgDown"), need="tab"
    )
    previous = ("Ctrl+Shift+Tab", "Ctrl+PgUp")
    commands.add("view.previous_tab", group, _tr("Previous tab"), lambda: bench.central.step(-1), previous, need="tab")
    commands.add("view.larger", group, _tr("Larger text"), lambda: zoom(1), ("Ctrl++", "Ctrl+="))
    commands.add("view.smaller", group, _tr("Smaller text"), lambda: zoom(-1), "Ctrl+-")
    for name, title in (
        ("system", _tr("Theme: like the system")),
        ("light", _tr("Theme: light")),
        ("dark", _tr("Theme: dark")),
        ("high-contrast", _tr("Theme: high contrast")),
    ):
        commands.add(f"view.theme.{name}", group, title, lambda name=name: store.update(theme=name))
    navigation = bench.navigation
    for name, title, run in (
        ("language", _tr("Language of the file…"), navigation.choose_language),
        ("encoding", _tr("Encoding of the file…"), navigation.choose_encoding),
        ("reopen", _tr("Reopen in another encoding…"), navigation.reopen_in_encoding),
        ("convert", _tr("Convert to another encoding…"), navigation.convert_encoding),
        ("line_ends", _tr("Line ends of the file…"), navigation.choose_line_ends),
    ):
        commands.add(f"view.{name}", group, title, run, need="file")
