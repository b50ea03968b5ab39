"""The A/B key: what base model and adapter suggest at the cursor, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from app.shell.commands import Commands
from app.shell.feature import Feature
from app.shell.workbench import Workbench

if TYPE_CHECKING:
    from app.features.compare.comparison import Comparison


class CompareFeature(Feature):
    """``comparison`` is None until it is first wanted."""

    id = "compare"

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self.comparison: Comparison | None = None

    def add_commands(self, commands: Commands) -> None:
        """Add comparing; the key may be held."""
        title = self.tr("Compare base and adapter at the cursor")
        action = commands.add("assistant.compare", self.tr("Assistant"), title, self.toggle, "Alt+C", need="file")
        action.setAutoRepeat(False)

    def toggle(self) -> None:
        """Show base and adapter side by side at the cursor, or hide them."""
        if self.comparison is None:
            from app.features.compare.comparison import Comparison  # noqa: PLC0415 - nobody waits for it at the start

            self.comparison = Comparison(self.bench, Qt.Key.Key_C)
        self.comparison.toggle()
