"""Several models behind one engine, by what they are asked for, within a budget of memory.

By default one model has every role and nothing here is in use. Where roles have models of their own, each is loaded
when it is first asked, in a thread of its own where its kind allows that, while the others answer; where it does not
fit beside them, the one that was used longest ago goes, unless a job has it.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import psutil

from assistant.engine.background_load import BackgroundLoad
from assistant.engine.factory import EngineSpec, Tell, needed_bytes, open_aside, open_engine, settle_engine
from assistant.engine.memory import give_back
from assistant.engine.protocol import AdapterChoice, Adapts, Describes, Engine, Forgets, Lease
from assistant.errors import GrafterError, InputError, OutOfMemory
from assistant.system.disk import human_bytes
from assistant.types import ROLES, Health, ModelState, Role

_SHARE = 0.6

_log = logging.getLogger(__name__)


def usual_budget() -> int:
    """Return how many bytes all models together may take where nobody said: a share that leaves room for the editor."""
    return int(psutil.virtual_memory().total * _SHARE)


@dataclass(slots=True)
class _Loaded:
    """A model in memory. ``leases``: how many jobs have it; ``awaited``: none had it yet of those it was loaded for.

    ``note`` is for the first one: what had to go.
    """

    engine: Engine
    needs: int
    leases: int = 0
    awaited: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Coming:
    """A model that is being loaded in another thread."""

    place: int
    spec: EngineSpec
    needs: int
    note: str
    load: BackgroundLoad


class _Occupied(Exception):  # noqa: N818 - a wait, no error
    """The memory belongs to models that are on their way or go first."""


class RoleEngines:
    """The models of all roles; the one of ``complete`` is the main one, and has every role that no other has.

    Not safe for threads: one owns it, and what ``begin`` has to load is loaded there; ``prepare`` loads elsewhere.
    Adapters are the main model's.
    """

    def __init__(
        self,
        specs: Mapping[Role, EngineSpec],
        budget: int,
        *,
        open_: Callable[[EngineSpec, Tell | None], Engine] = open_engine,
        open_beside: Callable[[EngineSpec], Engine | None] = open_aside,
        needs: Callable[[EngineSpec], int] = needed_bytes,
    ) -> None:
        """``budget`` bounds the bytes of all models; the main one alone is loaded however much it needs.

        ``open_beside`` is ``open_`` on another thread; it returns None for a model that cannot be opened there.
        """
        self._specs = dict(specs)
        self._main = specs["complete"]
        self._budget = budget
        self._open = open_
        self._open_beside = open_beside
        self._needs = needs
        self._loaded: dict[int, _Loaded] = {}  # by the place of the spec; the one that was used last stands last
        self._coming: _Coming | None = None
        self._failed: dict[int, Exception] = {}
        """Why those could not be loaded that somebody still waits for."""
        self._here: set[int] = set()
        """Those that have to be loaded on the owner's thread."""
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
        note, loaded.note, loaded.awaited = f"{loaded.note} {note}".strip(), "", False

        def release() -> None:
            loaded.leases -= 1
            lease.release()

        return replace(lease, release=release, note=f"{note} {lease.note}".strip())

    @property
    def loading(self) -> bool:
        """Whether a model is being loaded in another thread."""
        return self._coming is not None and not self._coming.load.done

    def prepare(self, wanted: Sequence[Role], ended: Callable[[], None]) -> frozenset[Role]:
        """See Prepares. One model is loaded at a time, and what was loaded stays until a job has had it."""
        self._take_in()
        places = [self._place_of(role) for role in wanted]
        self._failed = {place: error for place, error in self._failed.items() if place in places}
        for place, each in self._loaded.items():
            each.awaited = each.awaited and place in places
        ready: set[int] = set()
        for place in dict.fromkeys(places):
            known = place in self._loaded or place in self._failed or place in self._here
            if known or not self._load_aside(place, ready, ended):
                ready.add(place)
        return frozenset(role for role in ROLES if (place := self._place_of(role)) in self._loaded or place in ready)

    def _load_aside(self, place: int, first: set[int], ended: Callable[[], None]) -> bool:
        """Begin to load, where that can be now; return False where asking for the model raises at once.

        ``first`` are the places of those that more urgent jobs wait for.
        """
        if self._coming is not None:
            return True
        spec = self._spec_at(place)
        try:
            needs = self._needs(spec)
            note = self._make_room(spec, needs, first)
        except _Occupied:
            return True
        except (GrafterError, OSError):
            return False
        load = BackgroundLoad(lambda: self._open_beside(spec), ended)
        self._coming = _Coming(place, spec, needs, note, load)
        return True

    def _take_in(self) -> None:
        """Take over what was loaded meanwhile."""
        coming = self._coming
        if coming is None or not coming.load.done:
            return
        self._coming = None
        try:
            engine = coming.load.result()
        except Exception as error:  # noqa: BLE001  (whoever asks for the model gets it)
            self._failed[coming.place] = error
            return
        if engine is None:
            self._here.add(coming.place)
            return
        settle_engine(coming.spec)
        found = _Loaded(engine, coming.needs, awaited=True, note=coming.note)
        self._adapt(coming.spec, found)
        self._loaded[coming.place] = found

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
        """Return the state of the main model, and how those of the roles fare."""
        main = self._loaded.get(self._place(self._main))
        health = main.engine.describe(health) if main and isinstance(main.engine, Describes) else health
        return replace(health, roles={role: self._state(self._place_of(role)) for role in self._specs})

    def _state(self, place: int) -> ModelState:
        coming = self._coming
        if coming is not None and coming.place == place:
            return "loading"
        return "ready" if place in self._loaded else "failed" if place in self._failed else "idle"

    def close(self) -> None:
        """Give all memory back; a model that is being loaded is waited for."""
        coming, self._coming = self._coming, None
        if coming is not None:
            coming.load.close()
        while self._loaded:
            self._drop(next(iter(self._loaded)))

    # --- what is in memory -----------------------------------------------------------------

    def _find(self, spec: EngineSpec, progress: Tell | None = None) -> tuple[_Loaded, str]:
        """Return the loaded model, and what had to go for it."""
        place, note = self._place(spec), ""
        coming = self._coming
        if coming is not None and (coming.place == place or coming.load.done):
            coming.load.wait()
            self._take_in()
        if place in self._failed:
            raise self._failed.pop(place)
        found = self._loaded.pop(place, None)
        if found is None:
            needs = self._needs(spec)
            note = self._make_room(spec, needs)
            found = _Loaded(self._open(spec, progress), needs)
            self._adapt(spec, found)
        self._loaded[place] = found
        return found, note

    def _adapt(self, spec: EngineSpec, found: _Loaded) -> None:
        """Set the main model's adapter anew."""
        if spec == self._main and self._adapter is not None and isinstance(found.engine, Adapts):
            with contextlib.suppress(GrafterError):  # it worked before; without it the model still answers
                found.engine.set_adapter(self._adapter)

    def _make_room(self, spec: EngineSpec, needs: int, first: set[int] | None = None) -> str:
        """Unload what was used longest ago until ``needs`` bytes more fit; return a sentence on what went.

        Raises OutOfMemory where it does not fit beside those that jobs have. With ``first``, the places of models that
        are not to go, raises _Occupied where it does not fit beside those, and what is on its way or awaited.
        """
        coming = self._coming.needs if self._coming is not None else 0
        taken = coming + sum(each.needs for each in self._loaded.values() if each.leases)
        if taken + needs > self._budget and (taken or spec != self._main):
            raise OutOfMemory(self._refusal(spec, needs, taken))
        held = {place for place, each in self._loaded.items() if each.leases}
        if first is not None:
            held |= first | {place for place, each in self._loaded.items() if each.awaited}
            kept = coming + sum(each.needs for place, each in self._loaded.items() if place in held)
            if kept + needs > self._budget and kept > taken:
                raise _Occupied
        free = [place for place in self._loaded if place not in held]
        gone: list[str] = []
        while free and coming + sum(each.needs for each in self._loaded.values()) + needs > self._budget:
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

    def _place_of(self, role: Role) -> int:
        return self._place(self._specs.get(role, self._main))

    def _spec_at(self, place: int) -> EngineSpec:
        return list(self._specs.values())[place]

    def _name(self, place: int) -> str:
        return self._spec_at(place).name


def open_roles(specs: Mapping[Role, EngineSpec], budget: int, progress: Tell | None = None) -> Engine:
    """Return the engine for all roles: one model alone where that has them all."""
    if all(spec == specs["complete"] for spec in specs.values()):
        return open_engine(specs["complete"], progress)
    return RoleEngines(specs, budget).open(progress)
