"""The only place where an engine is chosen and opened; a row of KINDS is a kind of engine, and all that is to be added.

A front says what it wants by an EngineSpec and calls ``open_engine``. Nothing heavy is imported before that. How the
weights of a model folder are decoded (our own path on a processor, captured steps on a card, or transformers) is chosen
by ``assistant.engine.local.load.PATHS`` when such a folder is opened.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.config import BitsChoice, Device
from assistant.engine.protocol import Engine, FindAdapter
from assistant.engine.remote.address import RemoteConfig
from assistant.errors import InputError

Tell = Callable[[float], None]
"""Told how far loading is, 0 to 1."""

_CACHES = 256 << 20


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """Which engine is wanted: ``kind`` is a key of KINDS, the rest is for the kinds that know it.

    ``name`` is for people. ``folder`` is a model folder, ``device``, ``bits``, ``lean`` and ``find_adapter`` are
    load_engine's, ``threads`` how many compute (0: as many as there are fast cores).
    ``server`` is where a model runs elsewhere, ``instead`` what answers while that is away (None: nothing can).
    ``script`` is what a ``fake`` says.
    """

    kind: str
    name: str = ""
    folder: Path | None = None
    device: Device = "auto"
    bits: BitsChoice = "auto"
    threads: int = 0
    lean: bool = False
    find_adapter: FindAdapter | None = None
    server: RemoteConfig | None = None
    instead: EngineSpec | None = None
    script: Any = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of engine. ``open`` makes one and may take minutes; ``needs`` estimates its bytes on this computer.

    ``aside`` says whether it may be opened on another thread than the one that will ask it; that may take seconds, too.
    ``settle`` is then called on the thread that will ask it, after the opening.
    """

    open: Callable[[EngineSpec, Tell], Engine]
    needs: Callable[[EngineSpec], int] = lambda _spec: 0
    aside: Callable[[EngineSpec], bool] = lambda _spec: True
    settle: Callable[[EngineSpec], None] = lambda _spec: None


def open_engine(spec: EngineSpec, progress: Tell | None = None) -> Engine:
    """Return the engine, ready to be asked, on the thread that will ask it. Raises GrafterError."""
    return _kind(spec).open(spec, progress or _tell_nobody)


def open_aside(spec: EngineSpec) -> Engine | None:
    """Return the engine, opened on a thread that will not ask it; None where that cannot be. Raises GrafterError."""
    kind = _kind(spec)
    return kind.open(spec, _tell_nobody) if kind.aside(spec) else None


def settle_engine(spec: EngineSpec) -> None:
    """Make the calling thread ready to ask an engine that was opened aside."""
    _kind(spec).settle(spec)


def needed_bytes(spec: EngineSpec) -> int:
    """Return about how much memory the engine takes on this computer."""
    return _kind(spec).needs(spec)


def _kind(spec: EngineSpec) -> Kind:
    kind = KINDS.get(spec.kind)
    if kind is None:
        raise InputError(f"There is no engine of the kind '{spec.kind}'; known are {', '.join(KINDS)}.")
    return kind


def _tell_nobody(_share: float) -> None:
    """Ignore progress that nobody asked for."""


# --- the kinds -------------------------------------------------------------------------------


def _open_local(spec: EngineSpec, progress: Tell) -> Engine:
    from assistant.engine import threads  # noqa: PLC0415

    # Before torch is imported, and on the thread that will decode: a service loads on its worker's.
    threads.apply(spec.threads)
    from assistant.engine.local.load import load_engine  # noqa: PLC0415

    folder = _folder(spec)
    return load_engine(folder, spec.device, progress, spec.bits, lean=spec.lean, find_adapter=spec.find_adapter)


def _local_needs(spec: EngineSpec) -> int:
    """Return what the weights take as they are and packed, of which ``lean`` keeps the second, and the KV caches."""
    files = sum(file.stat().st_size for file in _folder(spec).glob("*.safetensors"))
    packed = files * (8 if spec.bits == "auto" else spec.bits) // 16
    return _CACHES + (packed if spec.lean else files + packed)


def _local_aside(spec: EngineSpec) -> bool:
    """Return False for a card: recording its steps does not bear what another thread asks of it meanwhile."""
    from assistant.engine.device import choose_device  # noqa: PLC0415  (imports torch)

    return choose_device(spec.device).type == "cpu"


def _settle_local(spec: EngineSpec) -> None:
    from assistant.engine import threads  # noqa: PLC0415

    threads.apply(spec.threads)


def _open_fake(spec: EngineSpec, progress: Tell) -> Engine:
    from assistant.engine.fake import FakeEngine  # noqa: PLC0415

    progress(1.0)
    return FakeEngine(spec.script)


def _open_remote(spec: EngineSpec, _progress: Tell) -> Engine:
    from assistant.engine.remote.engine import RemoteEngine  # noqa: PLC0415

    return RemoteEngine(_server(spec)).open()


def _open_fallback(spec: EngineSpec, _progress: Tell) -> Engine:
    from assistant.engine.remote.engine import RemoteEngine  # noqa: PLC0415
    from assistant.engine.remote.fallback import FallbackEngine  # noqa: PLC0415

    instead = spec.instead
    load = None if instead is None else lambda: open_engine(instead)
    return FallbackEngine(RemoteEngine(_server(spec)), load).open()


def _fallback_needs(spec: EngineSpec) -> int:
    return 0 if spec.instead is None else needed_bytes(spec.instead)


def _fallback_aside(spec: EngineSpec) -> bool:
    return spec.instead is None or _kind(spec.instead).aside(spec.instead)


def _settle_fallback(spec: EngineSpec) -> None:
    if spec.instead is not None:
        settle_engine(spec.instead)


def _folder(spec: EngineSpec) -> Path:
    if spec.folder is None:
        raise InputError(f"An engine of the kind '{spec.kind}' needs a model folder.")
    return spec.folder


def _server(spec: EngineSpec) -> RemoteConfig:
    if spec.server is None:
        raise InputError(f"An engine of the kind '{spec.kind}' needs a server.")
    return spec.server


KINDS: dict[str, Kind] = {
    "local": Kind(_open_local, _local_needs, _local_aside, _settle_local),
    "remote": Kind(_open_remote),
    "remote-or-local": Kind(_open_fallback, _fallback_needs, _fallback_aside, _settle_fallback),
    # For tests and measurements of everything in front of a model.
    "fake": Kind(_open_fake),
}
