"""How a window was left, for the next start: where it is, how its parts share it, which panels are open."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.shell.main_window import MainWindow


def remember(window: MainWindow) -> None:
    """Keep how the window is now."""
    state = window.state
    state.set_bytes("window/geometry", window.saveGeometry())
    state.set_bytes("window/across", window.across.saveState())
    state.set_bytes("window/upright", window.upright.saveState())
    state.set_flag("window/files", not window.files.isHidden())
    state.set_flag("window/why", not window.why.panel.isHidden())
    state.save()


def restore(window: MainWindow) -> None:
    """Make the window as it was left; the output stays closed."""
    state = window.state
    geometry = state.get_bytes("window/geometry")
    if geometry is None or not window.restoreGeometry(geometry):
        window.resize(1280, 800)
    for key, splitter in (("window/across", window.across), ("window/upright", window.upright)):
        kept = state.get_bytes(key)
        if kept is not None:
            splitter.restoreState(kept)
    window.output.hide()
    window.show_files(state.get_flag("window/files", True))
    window.why.show(state.get_flag("window/why", False))
    window.setWindowTitle("Grafter")
