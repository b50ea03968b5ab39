"""The adapters on this machine: one folder each, bound to the model whose weights they change.

An adapter counts if and only if its adapter.json is there, and appears by one rename. At most one adapter of a base is
enabled; that and its scale are kept in adapter.json, which is replaced whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from assistant.config import Paths
from assistant.errors import InputError, ModelError
from assistant.models.adapter_format import (
    CONFIG,
    WEIGHTS,
    AdapterError,
    AdapterFiles,
    base_shapes,
    check_fits,
    check_numbers,
    read_adapter_files,
)
from assistant.models.store import InstalledModel, Store
from assistant.names import BASE
from assistant.names import check_adapter_name as check_name
from assistant.system.disk import hash_file
from assistant.system.files import disk_errors, remove_folder, staged, write_file
from assistant.system.modes import OWN, private_folder

FORMAT = 1
RECORD = "adapter.json"
_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class AdapterRecord:
    """What adapter.json says.

    ``base`` is the id of the model that it was made for and ``base_sha256`` the identity of that model's weights (see
    ``identity``). ``repository`` and ``commit`` are what was learned, ``made`` when (ISO 8601), ``run`` by which run;
    empty where nobody knows. ``scale`` is its scale, 0 to 1; ``verdict`` what its evaluation said.
    """

    name: str
    base: str
    base_sha256: str
    repository: str = ""
    commit: str = ""
    made: str = ""
    run: str = ""
    scale: float = 1.0
    enabled: bool = False
    verdict: str = ""


@dataclass(frozen=True, slots=True)
class AdapterChoice:
    """An adapter to answer with: its name, its folder, and its scale from 0 (the base) to 1.

    ``version`` tells it from another one that had the name and the folder before.
    """

    name: str
    folder: Path
    scale: float
    version: str = ""


def check_scale(scale: float) -> float:
    """Return a scale. Raises InputError outside of 0 to 1."""
    if not 0.0 <= scale <= 1.0:  # also what is no number
        raise InputError(f"The scale of an adapter is {scale}; it has to lie between 0 and 1.")
    return float(scale)


def parse_choice(text: str) -> tuple[str, float | None]:
    """Read ``NAME`` or ``NAME:SCALE``. Raises InputError."""
    name, colon, scale = text.partition(":")
    try:
        return check_name(name), check_scale(float(scale)) if colon else None
    except ValueError:
        raise InputError(f"'{text[:120]}' is no adapter; write NAME or NAME:SCALE with a scale from 0 to 1.") from None


def identity(model: InstalledModel, folder: Path) -> str:
    """Return what tells a model's weights from all others: the SHA-256 of its safetensors, or of their hashes in order.

    They come from model.json; what that does not know is hashed now.
    """
    hashes = {name: file.sha256 for name, file in model.files.items() if name.endswith(".safetensors")}
    if not hashes:
        with disk_errors(f"The weights of '{model.id}' could not be read"):
            hashes = {file.name: hash_file(file) for file in folder.glob("*.safetensors")}
    ordered = [hashes[name] for name in sorted(hashes)]
    return ordered[0] if len(ordered) == 1 else hashlib.sha256("\n".join(ordered).encode()).hexdigest()


class AdapterStore:
    """The folder of adapters."""

    def __init__(self, paths: Paths) -> None:
        self.folder = paths.adapters
        self.models = Store(paths)

    def path(self, name: str) -> Path:
        """Return the adapter's folder, which need not exist. Raises InputError for a name that is none."""
        return self.folder / check_name(name)

    def get(self, name: str) -> AdapterRecord:
        """Return an adapter's record. Raises InputError where there is none, AdapterError where it is damaged."""
        path = self.path(name) / RECORD
        try:
            table = json.loads(path.read_text(encoding="utf-8"))
            record = _from_json(table)
        except (FileNotFoundError, NotADirectoryError):
            raise InputError(
                f"There is no adapter '{name}'; 'grafter adapters list' shows those that there are."
            ) from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError, InputError):
            raise AdapterError(
                f"The adapter '{name}' is damaged: its {RECORD} cannot be read. "
                f"Run 'grafter adapters remove {name}' and add it again."
            ) from None
        return replace(record, name=name)

    def list(self) -> list[AdapterRecord]:
        """Return the readable adapters in the order of their names."""
        found: list[AdapterRecord] = []
        for name in self._names():
            try:
                found.append(self.get(name))
            except (InputError, ModelError):
                continue
        return found

    def files(self, name: str) -> AdapterFiles:
        """Return what the adapter's own files say. Raises AdapterError where they are damaged."""
        return read_adapter_files(self.path(name))

    def install(self, source: Path, record: AdapterRecord) -> AdapterRecord:
        """Copy peft's two files from ``source`` and make them an adapter. Returns its record.

        Raises InputError where there is one of that name, AdapterError where the files are unsafe, damaged, or do not
        fit the base, DiskError where the disk refuses. Nothing is there afterwards unless all is.
        """
        target = self.path(record.name)
        check_scale(record.scale)
        if os.path.lexists(target):
            raise InputError(
                f"There is an adapter '{record.name}' already; choose another name, or run 'grafter adapters remove "
                f"{record.name}' first."
            )
        if not source.is_dir():
            raise InputError(f"There is no folder {source}; give the one with the adapter's {CONFIG}.")
        read_adapter_files(source)  # before anything is copied
        record = replace(record, enabled=False, made=record.made or datetime.now(UTC).isoformat(timespec="seconds"))
        with disk_errors(f"The adapter '{record.name}' could not be installed"):
            private_folder(self.folder)
            with staged(target) as part:
                for name in (CONFIG, WEIGHTS):
                    shutil.copyfile(source / name, part / name)
                # The copies: nobody can change these meanwhile.
                files = read_adapter_files(part)
                model = self.models.find(record.base)
                if model is not None:
                    check_fits(files, base_shapes(self.models.path(model.id)), f"'{model.id}'")
                check_numbers(part, files)
                _write(part / RECORD, record)
        return record

    def add(self, source: Path, name: str, model: InstalledModel) -> AdapterRecord:
        """Install an adapter from anywhere for ``model``, which then counts as its base. Raises like install."""
        base = identity(model, self.models.path(model.id))
        return self.install(source, AdapterRecord(check_name(name), model.id, base))

    def remove(self, name: str) -> int:
        """Delete an adapter, or what is left of a broken one. Returns the bytes freed. Raises InputError."""
        folder = self.path(name)
        if not os.path.lexists(folder):
            raise InputError(f"There is no adapter '{name}'; 'grafter adapters list' shows those that there are.")
        with disk_errors(f"The adapter '{name}' could not be removed"):
            if folder.is_symlink() or not folder.is_dir():
                folder.unlink()
                return 0
            freed = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
            remove_folder(folder)
        return freed

    def enable(self, name: str, scale: float | None = None) -> AdapterRecord:
        """Make an adapter the one that answers for its base, and say how strongly. Returns its record."""
        record = self.get(name)
        for other in self.list():
            if other.enabled and other.name != name and _same_base(other, record):
                self._put(replace(other, enabled=False))
        return self._put(replace(record, enabled=True, scale=record.scale if scale is None else check_scale(scale)))

    def disable(self, name: str) -> AdapterRecord:
        """Have an adapter answer no more. Returns its record."""
        return self._put(replace(self.get(name), enabled=False))

    def fits(self, record: AdapterRecord, model: InstalledModel) -> bool:
        """Return whether an adapter was made for the weights of ``model``, or for those that it was quantised from."""
        if model.quantisation is not None:
            if record.base == model.id:
                return record.base_sha256 == identity(model, self.models.path(model.id))
            full = self.models.find(model.quantisation.base)
            if full is None:  # there is nothing left to compare with but the name
                return record.base == model.quantisation.base
            model = full
        return record.base_sha256 == identity(model, self.models.path(model.id))

    def choice(self, name: str, model: InstalledModel, scale: float | None = None) -> AdapterChoice:
        """Return an adapter to run ``model`` with. Raises InputError where there is none, or it is another model's."""
        record = self.get(name)
        if not self.fits(record, model):
            here = identity(model, self.models.path(model.id))[:12]
            raise InputError(
                f"The adapter '{name}' was made for the weights of '{record.base}' ({record.base_sha256[:12]}), not "
                f"for those of '{model.id}' ({here}); run it with its own model."
            )
        return self._choice(record, record.scale if scale is None else check_scale(scale))

    def active(self, model: InstalledModel) -> AdapterChoice | None:
        """Return the adapter that is enabled for ``model``; None without one."""
        for record in self.list():
            if record.enabled and self.fits(record, model):
                return self._choice(record, record.scale)
        return None

    def _choice(self, record: AdapterRecord, scale: float) -> AdapterChoice:
        folder = self.path(record.name)
        try:
            status = (folder / WEIGHTS).stat()
        except OSError:
            raise AdapterError(
                f"The adapter '{record.name}' is damaged: its {WEIGHTS} is missing. Remove it and add it again."
            ) from None
        return AdapterChoice(record.name, folder, scale, f"{status.st_ino}-{status.st_mtime_ns}")

    def _names(self) -> list[str]:
        try:
            names = sorted(entry.name for entry in self.folder.iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise ModelError(
                f"The folder of adapters {self.folder} cannot be read ({error.strerror or error}); make it readable."
            ) from None
        return [name for name in names if not name.startswith(".")]

    def _put(self, record: AdapterRecord) -> AdapterRecord:
        with disk_errors(f"The adapter '{record.name}' could not be changed"):
            _write(self.path(record.name) / RECORD, record)
        return record


class ModelAdapters:
    """The adapters as seen from one model: which there are, which fit, which answers at first."""

    def __init__(self, store: AdapterStore, model: InstalledModel, asked: str | None = None) -> None:
        """``asked``: NAME, NAME:SCALE, or ``base`` for none, to begin with instead of the one that is enabled.

        Raises InputError where there is none of that name that fits.
        """
        self.store = store
        self.model = model
        self._asked = asked
        if asked is not None:
            self.first()

    def rows(self) -> list[tuple[AdapterRecord, bool]]:
        """Return all adapters, each with whether it fits."""
        return [(record, self.store.fits(record, self.model)) for record in self.store.list()]

    def names(self) -> list[str]:
        """Return the names of those that fit."""
        return [record.name for record, fits in self.rows() if fits]

    def find(self, name: str) -> AdapterChoice:
        """Return an adapter by its name. Raises InputError where there is none that fits."""
        return self.store.choice(name, self.model)

    def first(self) -> AdapterChoice | None:
        """Return the one to begin with: the one asked for, else the one that is enabled.

        Raises AdapterError where that is damaged.
        """
        if self._asked is None:
            return self.store.active(self.model)
        if self._asked == BASE:
            return None
        name, scale = parse_choice(self._asked)
        return self.store.choice(name, self.model, scale)

    def switch(self, name: str | None, scale: float | None = None) -> AdapterChoice | None:
        """Enable an adapter, or none, and keep that; return it. Raises InputError like ``find``."""
        if name is None:
            for record, fits in self.rows():
                if record.enabled and fits:
                    self.store.disable(record.name)
            return None
        choice = self.store.choice(name, self.model, scale)
        self.store.enable(name, choice.scale)
        return choice


def export(store: AdapterStore, name: str, output: Path) -> None:
    """Copy peft's two files into a new folder. Raises InputError where that exists or the adapter does not."""
    store.get(name)
    if os.path.lexists(output):
        raise InputError(f"{output} is there already; name a folder that is not.")
    with disk_errors(f"The adapter '{name}' could not be exported"), staged(output.absolute(), OWN) as part:
        for file in (CONFIG, WEIGHTS):
            shutil.copyfile(store.path(name) / file, part / file)


def _same_base(one: AdapterRecord, other: AdapterRecord) -> bool:
    return one.base_sha256 == other.base_sha256 or one.base == other.base


def _write(path: Path, record: AdapterRecord) -> None:
    write_file(path, json.dumps({"format": FORMAT, **asdict(record)}, indent=1, ensure_ascii=False))


def _from_json(data: Any) -> AdapterRecord:
    table = cast("dict[str, Any]", data)
    if table["format"] != FORMAT:
        raise ValueError(f"format {table['format']}")
    texts = {
        field.name: str(table.get(field.name, ""))[:_LONGEST]
        for field in fields(AdapterRecord)
        if field.name not in ("scale", "enabled")
    }
    scale, enabled = table["scale"], table["enabled"]
    if type(scale) not in (int, float) or type(enabled) is not bool:
        raise TypeError("scale or enabled")
    return AdapterRecord(**texts, scale=check_scale(scale), enabled=enabled)
