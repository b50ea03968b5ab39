"""Suggestions in the file in front: asking, taking, switching them off."""

from __future__ import annotations

from PySide6.QtCore import Slot

from app.features.suggest.controller import CompletionController
from app.shell.commands import Commands
from app.shell.feature import Feature
from app.shell.workbench import Workbench
from app.theme import Theme
from assistant.config import Settings


class SuggestFeature(Feature):
    """Gives the completions the file in front; other features listen to ``completion``."""

    id = "suggest"

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        services = bench.services
        self.completion = CompletionController(services.connection, services.api, services.store.settings, self)
        self.completion.set_around(bench.edit_history.around)
        self._hint = bench.status.add_item(self.tr("State of the suggestions"), order=10, gives_way=1)
        self._hint_text("")
        self.completion.status.connect(self._hint_text)
        self.switch = bench.status.add_item(self.tr("Suggestions: switch on or off"), self._toggle, order=60)
        bench.central.current_changed.connect(self._on_current)
        services.store.changed.connect(self._on_settings)
        services.theme.changed.connect(self._on_theme)

    def add_commands(self, commands: Commands) -> None:
        """Add asking for suggestions and taking them; the editor handles their keys."""
        group, completion, bench = self.tr("Assistant"), self.completion, self.bench
        self._action = commands.add(
            "assistant.toggle", group, self.tr("Suggest while I type"), self._toggle, checkable=True
        )
        for name, title, keys, run in (
            ("ask", self.tr("Ask for a suggestion"), "Alt+\\", completion.ask),
            ("next", self.tr("Next alternative"), "Alt+]", lambda: completion.cycle(1)),
            ("previous", self.tr("Previous alternative"), "Alt+[", lambda: completion.cycle(-1)),
        ):
            commands.add(f"assistant.{name}", group, title, run, keys, handled_by_editor=True, need="file")
        for name, title, keys, part in (
            ("take", self.tr("Take the suggestion"), "Tab", "all"),
            ("take_word", self.tr("Take one word of it"), "Ctrl+Right", "word"),
            ("take_line", self.tr("Take one line of it"), "Ctrl+Down", "line"),
        ):
            accept = bench.on_editor(lambda page, part=part: page.editor.accept_suggestion(part))
            commands.add(f"assistant.{name}", group, title, accept, keys, handled_by_editor=True, need="file")
        dismiss = bench.on_editor(lambda page: page.editor.dismiss_suggestion())
        title = self.tr("Dismiss the suggestion")
        commands.add("assistant.dismiss", group, title, dismiss, "Esc", handled_by_editor=True, need="file")
        restart = bench.services.connection.restart
        commands.add("assistant.restart", group, self.tr("Restart the service"), restart)
        self._on_settings(bench.services.store.settings)

    def close(self) -> None:
        """Ask for nothing more."""
        self.completion.detach()

    def _toggle(self) -> None:
        store = self.bench.services.store
        store.update(suggestions=not store.settings.suggestions)

    @Slot(str)
    def _hint_text(self, text: str) -> None:
        self._hint.show_text(text)

    @Slot()
    def _on_current(self) -> None:
        page, folder = self.bench.editor_page, self.bench.folder.path
        if page is None:
            self.completion.detach()
        else:
            self.completion.attach(page.editor, page.relative_path(), str(folder) if folder else None)

    @Slot(object)
    def _on_settings(self, settings: Settings) -> None:
        self.completion.set_settings(settings)
        self._action.setChecked(settings.suggestions)
        on = settings.suggestions
        icons = self.bench.icons
        self.switch.setIcon(icons.icon("lightning" if on else "lightning-slash", "ok" if on else "muted"))
        self.switch.show_text("", tip=self.tr("Suggestions are on") if on else self.tr("Suggestions are off"))

    @Slot(object)
    def _on_theme(self, _theme: Theme) -> None:
        self._on_settings(self.bench.services.store.settings)
