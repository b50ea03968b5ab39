"""Where things lie (platformdirs, or all under GRAFTER_HOME) and what the person has chosen."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import UnionType
from typing import Any, Literal, cast, get_args, get_origin, get_type_hints

import platformdirs

from assistant.errors import DiskError, InputError
from assistant.system.files import write_file
from assistant.system.locks import exclusive
from assistant.system.modes import make_folder, private_folder, tighten

DEFAULT_MODEL = "qwen2.5-coder-0.5b-instruct"
_LOCK_SECONDS = 2.0

Source = Literal["hub", "index"]
Device = Literal["auto", "cuda", "mps", "xpu", "cpu"]
Bits = Literal[16, 8, 4]
BitsChoice = Literal["auto", 16, 8, 4]


@dataclass(frozen=True, slots=True)
class Paths:
    """Folders and files of this user. Nothing is created by asking for them."""

    data: Path
    config: Path
    cache: Path
    runtime: Path

    @property
    def models(self) -> Path:
        """One folder for each installed model."""
        return self.data / "models"

    @property
    def adapters(self) -> Path:
        """One folder for each installed adapter."""
        return self.data / "adapters"

    @property
    def runs(self) -> Path:
        """One folder for each run of fine-tuning."""
        return self.data / "runs"

    @property
    def acceptance(self) -> Path:
        """What became of suggestions: one file for all windows."""
        return self.data / "acceptance.db"

    @property
    def downloads(self) -> Path:
        """Parts of files that are being fetched; kept for resuming."""
        return self.cache / "downloads"

    @property
    def settings(self) -> Path:
        """The settings file."""
        return self.config / "settings.toml"


def find_paths() -> Paths:
    """Return the folders in force: under ``GRAFTER_HOME`` where that is set, else the platform's own.

    Raises InputError where it begins with the home folder (``~name``) of nobody.
    """
    home = os.environ.get("GRAFTER_HOME")
    if home:
        try:
            root = Path(home).expanduser().absolute()
        except RuntimeError:
            raise InputError(f"GRAFTER_HOME is '{home}', but there is no such home folder; name another.") from None
        return Paths(root, root, root / "cache", root / "run")
    name = "grafter"
    cache = Path(platformdirs.user_cache_dir(name, appauthor=False))
    # Without XDG_RUNTIME_DIR (containers, cron) platformdirs warns and falls back to a guessable shared folder.
    shared = sys.platform.startswith("linux") and not os.environ.get("XDG_RUNTIME_DIR")
    return Paths(
        Path(platformdirs.user_data_dir(name, appauthor=False)),
        Path(platformdirs.user_config_dir(name, appauthor=False)),
        cache,
        cache / "run" if shared else Path(platformdirs.user_runtime_dir(name, appauthor=False)),
    )


def close_to_others(paths: Paths) -> None:
    """Take from all but their owner what an older program, or a copy, left readable; models stay as they are.

    Another user's files, and a disk that refuses, are no reason to stop.
    """
    for folder in (paths.data / "index", paths.adapters, paths.runs, paths.runtime):
        with contextlib.suppress(OSError):
            if folder.is_dir():
                private_folder(folder)
    of_suggestions = [
        paths.acceptance.with_name(paths.acceptance.name + end) for end in ("", "-wal", "-shm", ".damaged")
    ]
    for file in (paths.settings, paths.config / "state.ini", *of_suggestions):
        with contextlib.suppress(OSError):
            tighten(file)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the person has chosen; every field has a default that works."""

    model: str | None = None
    sources: tuple[Source, ...] = ("hub", "index")
    device: Device = "auto"
    bits: BitsChoice = "auto"
    """How finely weights are read for each token; auto: what is quickest on a processor, what fits on a CUDA card."""
    lean: bool = False
    threads: int = 0
    """Threads that the model computes with on a processor; 0: as many as there are fast cores."""
    idle_minutes: int = 20
    """Minutes without a request after which the model's memory is given back; 0: never."""
    server: str = ""
    """Address of a server that runs the model (OpenAI's API); empty: the model runs on this computer."""
    server_model: str = ""
    """Which of the server's models; empty: its first."""
    server_fallback: bool = True
    """Whether a model on this computer answers while the server is away."""
    theme: Literal["system", "light", "dark", "high-contrast"] = "system"
    font_family: str = ""
    font_size: int = 11
    suggestions: bool = True
    confidence: float = 0.6
    """How sure the model has to be of a suggestion that nobody asked for, 0 (all are shown) to 1 (none is).

    It is the geometric mean of the probabilities of its tokens; docs/completion.md says how the default was chosen.
    """
    debounce_ms: int = 300
    """Milliseconds that typing rests, at most, before a suggestion is asked for; less where typing is quick."""
    ask_ahead: bool = True
    """Whether the model writes what would follow a suggestion while that is read."""
    keep_acceptance: bool = True
    """Whether what became of suggestions is kept, on this computer only and without any code."""
    recent: tuple[str, ...] = field(default=())

    def replace(self, **changes: Any) -> Settings:
        """Return a copy with some fields changed."""
        return dataclasses.replace(self, **changes)


def load_settings(paths: Paths) -> Settings:
    """Read the settings file.

    Unknown keys are ignored (an older program reads a newer file). Raises InputError that
    names the key when a value has the wrong type or is not one of the choices.
    """
    try:
        table = tomllib.loads(paths.settings.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The settings file {paths.settings} cannot be read: {error}. Mend or delete it.") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"The settings file {paths.settings} is not valid TOML: {error}. Mend or delete it.") from None
    values: dict[str, Any] = {}
    for key, kind in get_type_hints(Settings).items():
        if key in table:
            value = tuple(table[key]) if isinstance(table[key], list) else table[key]
            if not _fits(value, kind):
                what = f"The settings file {paths.settings} has a bad value for '{key}': {table[key]!r}"
                raise InputError(f"{what} is not {_describe(kind)}. Mend it, or delete the line.")
            values[key] = float(table[key]) if kind is float else value
    return Settings(**values)


# A validation library would cost a fifth of the window's start for these few fields.
def _fits(value: object, kind: Any) -> bool:
    """Return whether ``value`` is of a field's declared type."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return value in arguments
    if origin is tuple:
        return isinstance(value, tuple) and all(_fits(item, arguments[0]) for item in cast("tuple[object, ...]", value))
    if origin is UnionType:
        return any(_fits(value, choice) for choice in arguments)
    return type(value) in (int, float) if kind is float else type(value) is kind


def _describe(kind: Any) -> str:
    names: dict[Any, str] = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return "one of " + ", ".join(repr(choice) for choice in arguments)
    if origin is tuple:
        return f"a list, each {_describe(arguments[0])}"
    if origin is UnionType:
        return _describe(arguments[0])
    return names[kind]


def change_settings(paths: Paths, known: Settings, change: Callable[[Settings], Settings]) -> Settings:
    """Change what the settings file says now, so that what another window saved meanwhile stays; return the result.

    ``known`` counts where there is no file, or it cannot be read. Raises OSError, DiskError.
    """
    busy = DiskError("Another window is saving the settings; change them again in a moment.")
    with exclusive(paths.config / "settings.lock", busy, wait_s=_LOCK_SECONDS):
        now = known
        if paths.settings.exists():
            with contextlib.suppress(InputError):
                now = load_settings(paths)
        changed = change(now)
        save_settings(paths, changed)
    return changed


def save_settings(paths: Paths, settings: Settings) -> None:
    """Write the settings file atomically, creating its folder. Raises OSError where the disk refuses."""
    import tomli_w  # noqa: PLC0415

    make_folder(paths.config)
    table = {key: value for key, value in dataclasses.asdict(settings).items() if value is not None}
    # Through a link: some people keep their settings in a repository.
    write_file(Path(os.path.realpath(paths.settings)), tomli_w.dumps(table))
