"""The adapters of the model in use: which there are, which one answers and how strongly; switched and removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.services.api import ApiClient
from app.services.connection import Connection, ConnectionState
from app.services.json_command import JsonCommand
from app.services.reply import Refusal

_REST_MS = 250
_NO_SUCH_ROUTE = 404


@dataclass(frozen=True, slots=True)
class AdapterRow:
    """An installed adapter. ``fits``: it belongs to the model that is loaded."""

    name: str
    base: str = ""
    repository: str = ""
    made: str = ""
    run: str = ""
    scale: float = 1.0
    verdict: str = ""
    fits: bool = True


class Adapters(QObject):
    """What the service says of its adapters. A slider may move quickly: only where it rests the service hears of it."""

    changed = Signal()
    failed = Signal(str)
    removed = Signal(str)

    def __init__(
        self, connection: Connection, api: ApiClient, command: Sequence[str], parent: QObject | None = None
    ) -> None:
        """``command`` is the command line up to and with ``adapters``."""
        super().__init__(parent)
        self._api, self._command = api, tuple(command)
        self.rows: list[AdapterRow] = []
        self.active: str | None = None
        self.scale = 1.0
        self.switching = False
        """Whether the service is asked to answer by another adapter and has not said yes."""
        self._seen: tuple[bool, str | None, str | None] = (False, None, None)
        self._wanted: tuple[str | None, float | None] | None = None
        self._removing = ""
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._rest.timeout.connect(self._send)
        self._remover = JsonCommand(self.tr("The program that manages adapters"), self, needs_answer=False)
        self._remover.answered.connect(self._on_removed)
        self._remover.failed.connect(self._on_not_removed)
        connection.changed.connect(self._on_state)

    @property
    def last(self) -> str | None:
        """The adapter that is on, or else the first that could be."""
        return self.active or next((row.name for row in self.rows if row.fits), None)

    def refresh(self) -> None:
        """Ask the service."""
        if self._api.has_service:
            reply = self._api.get("/grafter/adapters")
            reply.answered.connect(self._on_received)
            reply.failed.connect(self._on_not_listed)

    def use(self, name: str | None, scale: float | None = None) -> None:
        """Have ``name`` answer from now on (None: the base alone), ``scale`` 0 to 1; None: as it was."""
        self._wanted = (name, scale)
        self._rest.stop()
        self._send()

    def set_scale(self, scale: float) -> None:
        """Change how strongly the adapter that is on counts, once the slider rests."""
        if self.active is not None:
            self._wanted = (self.active, scale)
            self._rest.start()

    def remove(self, name: str) -> None:
        """Delete an adapter from the disk; ``removed`` or ``failed`` follows."""
        if self._removing:
            self.failed.emit(self.tr("Wait until {name} is removed.").format(name=self._removing))
            return
        self._removing = name
        self._remover.start([*self._command, "remove", name, "--json"])

    def close(self) -> None:
        """End what runs; for the end of the application."""
        self._remover.close()

    @Slot()
    def _send(self) -> None:
        if self._wanted is not None and not self.switching:
            (name, scale), self._wanted = self._wanted, None
            self.switching = True
            reply = self._api.post("/grafter/adapter", {"name": name, "scale": scale})
            reply.answered.connect(self._on_changed)
            reply.failed.connect(self._on_failed)
            self.changed.emit()

    @Slot(object)
    def _on_received(self, answer: Mapping[str, Any]) -> None:
        """Take what ``GET /grafter/adapters`` answers: active, scale and adapters."""
        rows = answer.get("adapters")
        self.rows = [_row(row) for row in rows if isinstance(row, dict) and row.get("name")] if rows else []
        self._take(answer)

    @Slot(object)
    def _on_not_listed(self, refusal: Refusal) -> None:
        # A service without that route has no adapters; and one that ended says so by its health.
        if refusal.status not in {0, _NO_SUCH_ROUTE}:
            self._on_failed(refusal)

    @Slot(object)
    def _on_changed(self, answer: Mapping[str, Any]) -> None:
        """Take what ``POST /grafter/adapter`` answers: active and scale."""
        self.switching = False
        self._take(answer)
        if self._wanted is not None and not self._rest.isActive():
            self._send()

    def _take(self, answer: Mapping[str, Any]) -> None:
        active, scale = answer.get("active"), answer.get("scale")
        self.active = str(active) if active else None
        self.scale = float(scale) if isinstance(scale, (int, float)) else 1.0
        self.changed.emit()

    @Slot(object)
    def _on_failed(self, refusal: Refusal) -> None:
        self.switching, self._wanted = False, None
        if refusal.status or not self._api.has_service:  # else it ended, which its health says
            self.failed.emit(refusal.message)
        self.changed.emit()

    @Slot(object)
    def _on_state(self, state: ConnectionState) -> None:
        seen = (state.can_complete, state.model, state.adapter)
        if seen != self._seen:
            self._seen = seen
            if state.can_complete:
                self.refresh()
            elif self.switching:
                self.switching = False
                self.changed.emit()

    @Slot()
    def _on_removed(self) -> None:
        name, self._removing = self._removing, ""
        self.removed.emit(name)
        self.refresh()

    @Slot(str)
    def _on_not_removed(self, sentence: str) -> None:
        self._removing = ""
        self.failed.emit(sentence)
        self.refresh()


def _row(row: Mapping[str, Any]) -> AdapterRow:
    verdict = row.get("verdict")
    scale = row.get("scale")
    return AdapterRow(
        name=str(row["name"]),
        base=str(row.get("base") or ""),
        repository=str(row.get("repository") or ""),
        made=str(row.get("made") or ""),
        run=str(row.get("run") or ""),
        scale=float(scale) if isinstance(scale, (int, float)) else 1.0,
        verdict=str(verdict.get("sentence") or "") if isinstance(verdict, dict) else str(verdict or ""),
        fits=bool(row.get("fits", True)),
    )
