"""The window's frame: bars, tabs, commands, pages."""
