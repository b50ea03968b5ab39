"""The palette: every command that can do something now, chosen by typing."""

from __future__ import annotations

from app.shell.commands import Commands
from app.widgets.picker import Picker, PickItem


def show_palette(picker: Picker, commands: Commands, placeholder: str) -> None:
    """Offer the commands; the one that is chosen runs after the overlay is gone."""
    items = [
        PickItem(f"{command.group}: {command.title.rstrip('…')}", "", command.keys, command)
        for command in commands
        if command.action.isEnabled()
    ]
    picker.show_items(items, placeholder, lambda item: item.data.action.trigger())
