"""Why a suggestion is as it is: what fills the panel, and where a click in it leads."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from PySide6.QtCore import Slot

from app.features.explain.panel import WhyPanel
from app.features.suggest.feature import SuggestFeature
from app.shell.commands import Commands
from app.shell.feature import PanelFeature
from app.shell.panels import Side
from app.shell.workbench import Workbench
from app.theme import Theme, editor_font
from app.workspace.editor_page import EditorPage
from assistant.config import Settings
from assistant.types import ContextPiece, Finished


class ExplainFeature(PanelFeature[WhyPanel]):
    """Follows the completions of a window; while the panel is hidden it only remembers the last answer."""

    id = "why"
    icon = "question"
    opener = "assistant.why"
    side: ClassVar[Side] = "right"
    width = 320

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._answer: tuple[Finished, int] | None = None
        self._page: EditorPage | None = None
        self._place: tuple[Path | None, str | None, Path | None] = (None, None, None)
        self.panel.close_wanted.connect(lambda: self.show(False))
        self.panel.left.connect(bench.central.give_focus)
        self.panel.piece_chosen.connect(self._open_piece)
        services, completion = bench.services, bench.feature(SuggestFeature).completion
        completion.explained.connect(self._on_explained)
        completion.failed.connect(self.panel.show_failure)
        services.theme.changed.connect(self._on_theme)
        services.store.changed.connect(self._on_settings)
        self._on_settings(services.store.settings)

    def make_panel(self) -> WhyPanel:
        """Make the panel."""
        return WhyPanel(self.bench.icons)

    @property
    def title(self) -> str:
        """What it is called."""
        return self.tr("Why this suggestion")

    def add_commands(self, commands: Commands) -> None:
        """Add showing the panel, and going there."""
        group = self.tr("Assistant")
        shown = self.tr("Show or hide why this suggestion")
        commands.add("assistant.why", group, shown, self.toggle, "Ctrl+Shift+Y")
        commands.add("assistant.focus_why", group, self.tr("Go to why this suggestion"), self.open, "Alt+Shift+Y")

    def open(self, part: str = "") -> None:  # noqa: ARG002 - it has no parts
        """Show the panel and put the focus into it."""
        self.show(True)
        self.panel.give_focus()

    def show(self, shown: bool) -> None:
        """Show or hide the panel; the focus stays in the editor."""
        super().show(shown)
        if shown:
            self._fill()

    # --- what is shown -------------------------------------------------------------------

    @Slot(object, int)
    def _on_explained(self, finished: Finished, choice: int) -> None:
        self._answer = (finished, choice)
        page = self.bench.editor_page
        if page is not None:
            self._page = page
            self._place = (page.path, page.relative_path(), self.bench.folder.path)
        if not self.panel.isHidden():
            self._fill()

    def _fill(self) -> None:
        if self._answer is not None:
            self.panel.show_answer(*self._answer)

    @Slot(object)
    def _on_theme(self, theme: Theme) -> None:
        self.panel.set_theme(theme)

    @Slot(object)
    def _on_settings(self, settings: Settings) -> None:
        self.panel.set_code_font(editor_font(settings))

    # --- where it leads ------------------------------------------------------------------

    @Slot(object)
    def _open_piece(self, piece: ContextPiece) -> None:
        """Go to a piece of context; the file that the suggestion was for may have no name, or lie anywhere."""
        bench, line = self.bench, piece.lines[0]
        own_path, told, folder = self._place
        page: EditorPage | None = None
        if piece.path == (told or ""):
            page = self._page if self._page in bench.central.editors else None
            if page is not None:
                bench.central.bring_to_front(page)
                page.editor.go_to(line)
            elif own_path is not None:
                page = bench.documents.open(own_path, line)
        elif folder is not None:
            page = bench.documents.open(folder / piece.path, line)
        if page is not None:
            page.editor.setFocus()
