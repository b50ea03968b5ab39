"""The findings of ``grafter doctor``: each is a name, a value, whether it will do, and what to do if not."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import psutil

from assistant.config import DEFAULT_MODEL, Paths, load_settings
from assistant.errors import GrafterError, InputError, ModelError
from assistant.models.machine import find_machine
from assistant.models.processor import find_processor
from assistant.models.store import Store
from assistant.prompts.fim import NO_FAMILY
from assistant.system.disk import free_bytes, human_bytes
from assistant.types import Health

State = Literal["ok", "note", "missing"]

_DISTRIBUTION = "grafter-assistant"
_OLDEST_PYTHON = (3, 11)
_LITTLE_MEMORY = 4_000_000_000
_LITTLE_DISK = 3_000_000_000
_QT_S = 60.0

# Run in a process of its own, since Qt aborts the whole process where something is missing, and since only the window
# may import it. One table of libraries and packages serves the window and this.
_QT_PROBE = """
import json, os, sys
from app import preflight
def answer(**found):
    print(json.dumps(found), flush=True)
linux = sys.platform.startswith("linux")
missing = preflight.missing_libraries({**os.environ, "QT_QPA_PLATFORM": "xcb"}) if linux else []
answer(screen=preflight.find_problem(os.environ, sys.platform, loads=lambda name: True))
if missing:
    problem = preflight.find_problem({"QT_QPA_PLATFORM": "xcb"}, sys.platform)
    answer(libraries=missing, problem=problem)
os.environ["QT_QPA_PLATFORM"] = "offscreen"
try:
    from PySide6 import QtCore, QtWidgets
except ImportError as error:
    answer(problem=preflight.import_message(error))
else:
    QtWidgets.QApplication([])
    answer(version=QtCore.qVersion())
"""


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. ``missing``: Grafter cannot be used without; ``note``: it can. ``advice`` may be several lines."""

    name: str
    state: State
    value: str
    advice: str = ""


def python() -> Check:
    """Look at the Python that runs this."""
    version = platform.python_version()
    if sys.version_info >= _OLDEST_PYTHON:
        return Check("Python", "ok", f"{version} ({sys.executable})")
    return Check("Python", "missing", version, "Install Python 3.11 or newer and set Grafter up with it.")


def platform_name() -> Check:
    """Name the operating system."""
    return Check("System", "ok", platform.platform())


def processor() -> Check:
    """Look at the processor and the instructions that decide its speed."""
    found = find_processor()
    features = ", ".join(found.features) or "features unknown"
    value = f"{found.name}, {found.cores} cores, {features}"
    if found.bfloat16 or sys.platform == "darwin" or not found.features:
        return Check("Processor", "ok", value)
    note = "It is slow at bfloat16, so without a graphics card models run in float32 and take twice the memory."
    return Check("Processor", "note", value, note)


def memory() -> Check:
    """Look at the memory."""
    found = psutil.virtual_memory()
    value = f"{human_bytes(found.total)}, {human_bytes(found.available)} of it available"
    if found.available >= _LITTLE_MEMORY:
        return Check("Memory", "ok", value)
    return Check("Memory", "note", value, "Close other programs before loading a model, or choose the smallest.")


def stores(paths: Paths) -> Iterator[Check]:
    """Say where everything lies and how much room there is."""
    free = free_bytes(paths.models)
    value = f"{paths.models} ({human_bytes(free)} free)"
    if free >= _LITTLE_DISK:
        yield Check("Models lie in", "ok", value)
    else:
        advice = "A model takes 1 GB and more: free some space, or set GRAFTER_HOME to a folder on a larger disk."
        yield Check("Models lie in", "note", value, advice)
    yield Check("Settings lie in", "ok", str(paths.settings))
    yield Check("Downloads lie in", "ok", str(paths.downloads))


def models(store: Store) -> Check:
    """List the installed models."""
    try:
        broken = [f"{name} (damaged)" for name in store.broken()]
        names = [model.id for model in store.installed()]
    except ModelError as error:
        return Check("Models", "missing", "unknown", str(error))
    value = ", ".join(names + broken) or "none"
    if broken:
        return Check(
            "Models", "note", value, "Remove a damaged one with 'grafter models remove ID' and fetch it again."
        )
    if not names:
        return Check("Models", "note", value, f"Get the default one: grafter models pull {DEFAULT_MODEL}")
    return Check("Models", "ok", value)


def server(paths: Paths) -> Iterator[Check]:
    """Ask the server that the settings name, if they name one, what it is and whether it fills in."""
    try:
        settings = load_settings(paths)
    except InputError:
        return  # said already
    if not settings.server:
        return
    from assistant.client.address import parse_address
    from assistant.engine.factory import EngineSpec, open_engine
    from assistant.engine.protocol import Describes
    from assistant.engine.remote.address import RemoteConfig

    try:
        config = RemoteConfig(parse_address(settings.server), model=settings.server_model or None)
        engine = open_engine(EngineSpec("remote", server=config))
    except GrafterError as error:
        yield Check("Server", "note", settings.server, str(error))
        return
    try:
        with engine.begin() as lease:
            info = lease.info
        health = Health("ready", info.model)
        health = engine.describe(health) if isinstance(engine, Describes) else health
    finally:
        engine.close()
    if health.state != "ready":
        yield Check("Server", "note", settings.server, health.message)
        return
    fills = "fills in" if info.family != NO_FAMILY else "cannot fill in: it sees only what stands before the cursor"
    advice = config.address.warning
    value = f"{info.software} at {config.address.host}, {info.model}, {info.context_length} tokens, {fills}"
    yield Check("Server", "note" if advice else "ok", value, advice)


def libraries() -> Iterator[Check]:
    """Compare the installed libraries with the oldest versions that Grafter works with."""
    try:
        wanted = importlib.metadata.requires(_DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        advice = "Install it into this environment: python -m pip install ."
        yield Check("Grafter", "missing", f"{_DISTRIBUTION} is not installed in this environment", advice)
        return
    found: list[str] = []
    for requirement in sorted(wanted, key=str.lower):
        parts = re.match(r"([A-Za-z0-9._-]+)\s*(?:>=\s*([0-9.]+))?", requirement)
        if parts is None or ";" in requirement:
            continue
        name, oldest = parts[1], parts[2] or "0"
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            advice = f"Run: {sys.executable} -m pip install '{requirement}'"
            yield Check(name, "missing", f"not installed (needs {oldest} or newer)", advice)
            continue
        if _numbers(version) < _numbers(oldest):
            advice = f"Run: {sys.executable} -m pip install --upgrade '{requirement}'"
            yield Check(name, "missing", f"{version} (needs {oldest} or newer)", advice)
        else:
            found.append(f"{name} {version} (needs {oldest})")
    yield Check("Libraries", "ok", ", ".join(found))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version.partition("+")[0])[:3])


def devices() -> Iterator[Check]:
    """Say what PyTorch can compute on, with which number type, and whether it overlooks a graphics card."""
    try:
        from assistant.engine.device import DEVICES, LIBRARY, choose_device, choose_dtype, name_of
        from assistant.errors import InputError
    except (ImportError, OSError) as error:
        advice = f"Run: {sys.executable} -m pip install --force-reinstall torch"
        yield Check("PyTorch", "missing", f"cannot be imported ({error})", advice)
        return
    best = choose_device()
    for kind in DEVICES:
        try:
            device = choose_device(kind)
        except InputError:
            continue
        chosen = ", used" if device == best else ""
        dtype = str(choose_dtype(device)).removeprefix("torch.")
        yield Check(f"Device {kind}", "ok", f"{name_of(device)}, {dtype}{chosen}")
    machine = find_machine()
    if machine.gpu_memory and best.type == "cpu":
        yield Check(
            "Graphics card",
            "note",
            f"{machine.gpu_name} ({human_bytes(machine.gpu_memory)}): {LIBRARY} cannot use it",
            "Install the PyTorch build for its driver (pytorch.org, 'Get started', tells which), then run this again.",
        )


def window() -> Iterator[Check]:
    """Try whether Qt starts, with which of its system libraries, and whether there is a screen."""
    environment = {**os.environ, "PYTHONUTF8": "1"}
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", _QT_PROBE],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_QT_S,
            env=environment,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        yield Check("Window", "missing", f"Qt could not be tried ({error})")
        return
    found: dict[str, Any] = {}
    for line in done.stdout.splitlines():
        try:
            found.update(json.loads(line))
        except ValueError:
            continue
    if "version" in found:
        yield Check("Window", "ok", f"Qt {found['version']} starts")
    else:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        what, advice = _split(found.get("problem") or f"Qt does not start: {last}")
        yield Check("Window", "missing", what, advice)
    if "version" in found and found.get("libraries"):
        what, advice = _split(found["problem"])
        yield Check("Window on X11", "note", what, advice)
    if found.get("screen"):
        yield Check("Screen", "note", *_split(found["screen"]))
    elif "screen" in found:
        yield Check("Screen", "ok", os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY") or "present")


def _split(message: str) -> tuple[str, str]:
    what, _, advice = message.partition("\n")
    return what, advice
