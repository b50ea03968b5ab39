"""Several models behind one engine, by what they are asked for, within a budget of memory.

By default one model has every role and nothing here is in use. Where roles have models of their own, each is loaded
when it is first asked; where it does not fit beside the others, the one that was used longest ago goes, unless a job
has it.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import psutil

from assistant.engine.factory import EngineSpec, Tell, needed_bytes, open_engine
from assistant.engine.memory import give_back
from assistant.engine.protocol import AdapterChoice, Adapts, Describes, Engine, Forgets, Lease
from assistant.errors import GrafterError, InputError, OutOfMemory
from assistant.system.disk import human_bytes
from assistant.types import Health, Role

_SHARE = 0.6

_log = logging.getLogger(__name__)


def usual_budget() -> int:
    """Return how many bytes all models together may take where nobody said: a share that leaves room for the editor."""
    return int(psutil.virtual_memory().total * _SHARE)


@dataclass(slots=True)
class _Loaded:
    """A model in memory. ``leases``: how many jobs have it."""

    engine: Engine
    needs: int
    leases: int = 0


class RoleEngines:
    """The models of all roles; the one of ``complete`` is the main one, and has every role that no other has.

    Not safe for threads: one owns it, and models are loaded on its thread. Adapters are the main model's.
    """

    def __init__(
        self,
        specs: Mapping[Role, EngineSpec],
        budget: int,
        *,
        open_: Callable[[EngineSpec, Tell | None], Engine] = open_engine,
        needs: Callable[[EngineSpec], int] = needed_bytes,
    ) -> None:
        """``budget`` bounds the bytes of all models; the main one alone is loaded however much it needs."""
        self._specs = dict(specs)
        self._main = specs["complete"]
        self._budget = budget
        self._open = open_
        self._needs = needs
        self._loaded: dict[int, _Loaded] = {}  # by the place of the spec; the one that was used last stands last
        self._adapter: AdapterChoice | None = None

    def open(self, progress: Tell | None = None) -> RoleEngines:
        """Load the main model, and return the engine. Raises GrafterError."""
        self._find(self._main, progress)
        return self

    def begin(self, role: Role = "complete") -> Lease:
        """Return the model of a role, loading it where it is not in memory.

        Raises OutOfMemory where it does not fit beside those that jobs have, and what loading raises.
        """
        spec = self._specs.get(role, self._main)
        loaded, note = self._find(spec)
        lease = loaded.engine.begin(role)
        loaded.leases += 1

        def release() -> None:
            loaded.leases -= 1
            lease.release()

        return replace(lease, release=release, note=f"{note} {lease.note}".strip())

    def set_adapter(self, choice: AdapterChoice | None, *, wait: bool = False) -> None:
        """Have an adapter of the main model answer; see Adapts. It is set again where that model is loaded again."""
        main, _ = self._find(self._main)
        if isinstance(main.engine, Adapts):
            main.engine.set_adapter(choice, wait=wait)
        elif choice is not None:
            raise InputError("The model runs on a server; which adapters it has is up to that.")
        self._adapter = choice

    def forget(self) -> None:
        """Forget the prompts that were read."""
        for each in self._loaded.values():
            if isinstance(each.engine, Forgets):
                each.engine.forget()

    @property
    def holds_memory(self) -> bool:
        """Whether any model is loaded on this computer."""
        engines = [each.engine for each in tuple(self._loaded.values())]
        return any(not isinstance(each, Describes) or each.holds_memory for each in engines)

    def describe(self, health: Health) -> Health:
        """Return the state of the main model."""
        main = self._loaded.get(self._place(self._main))
        return main.engine.describe(health) if main and isinstance(main.engine, Describes) else health

    def close(self) -> None:
        """Give all memory back."""
        while self._loaded:
            self._drop(next(iter(self._loaded)))

    # --- what is in memory -----------------------------------------------------------------

    def _find(self, spec: EngineSpec, progress: Tell | None = None) -> tuple[_Loaded, str]:
        """Return the loaded model, and what had to go for it."""
        place, note = self._place(spec), ""
        found = self._loaded.pop(place, None)
        if found is None:
            needs = self._needs(spec)
            note = self._make_room(spec, needs)
            found = _Loaded(self._open(spec, progress), needs)
            if spec == self._main and self._adapter is not None and isinstance(found.engine, Adapts):
                with contextlib.suppress(GrafterError):  # it worked before; without it the model still answers
                    found.engine.set_adapter(self._adapter)
        self._loaded[place] = found
        return found, note

    def _make_room(self, spec: EngineSpec, needs: int) -> str:
        """Unload what was used longest ago until ``needs`` bytes more fit; return a sentence on what went."""
        free = [place for place, each in self._loaded.items() if not each.leases]
        taken = sum(each.needs for each in self._loaded.values() if each.leases)
        if taken + needs > self._budget and (taken or spec != self._main):
            raise OutOfMemory(self._refusal(spec, needs, taken))
        gone: list[str] = []
        while free and sum(each.needs for each in self._loaded.values()) + needs > self._budget:
            place = free.pop(0)
            gone.append(self._name(place))
            self._drop(place)
        if not gone:
            return ""
        said = f"{' and '.join(gone)} was unloaded to make room for {spec.name}."
        _log.warning("%s", said)
        return said

    def _refusal(self, spec: EngineSpec, needs: int, taken: int) -> str:
        beside = f" beside the {human_bytes(taken)} that models in use have" if taken else ""
        return (
            f"{spec.name} needs about {human_bytes(needs)} of memory, and all models together may take "
            f"{human_bytes(self._budget)}: it does not fit{beside}; choose a smaller model or give models more memory."
        )

    def _drop(self, place: int) -> None:
        self._loaded.pop(place).engine.close()
        give_back()

    def _place(self, spec: EngineSpec) -> int:
        """Return the same number for specs that are equal: one model has their roles."""
        return next(index for index, each in enumerate(self._specs.values()) if each == spec)

    def _name(self, place: int) -> str:
        return list(self._specs.values())[place].name


def open_roles(specs: Mapping[Role, EngineSpec], budget: int, progress: Tell | None = None) -> Engine:
    """Return the engine for all roles: one model alone where that has them all."""
    if all(spec == specs["complete"] for spec in specs.values()):
        return open_engine(specs["complete"], progress)
    return RoleEngines(specs, budget).open(progress)
