"""The installed models: one folder each, that counts if and only if its model.json is there."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from assistant.config import Paths
from assistant.errors import InputError, ModelError
from assistant.models.catalogue import check_id, is_plain_name, memory_needed
from assistant.prompts.fim import NO_FAMILY
from assistant.system.disk import hash_file
from assistant.system.files import disk_errors, put_folder, write_file
from assistant.system.locks import exclusive
from assistant.system.modes import PUBLIC, make_folder, share

FORMAT = 1
MANIFEST = "model.json"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """Size and SHA-256 of an installed file."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a model came from; ``detail`` names the repository and commit, the packages, or the path."""

    kind: Literal["hub", "index", "local", "quantised"]
    detail: str


@dataclass(frozen=True, slots=True)
class Quantisation:
    """How the weights were rounded, and the id of the model that they were made of."""

    bits: int
    group: int
    method: str
    base: str


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """What model.json says. ``family`` is the fill-in-the-middle family, ``none`` without."""

    id: str
    name: str
    licence: str
    family: str
    source: Origin
    files: dict[str, StoredFile]
    parameters: int
    context_length: int
    quantisation: Quantisation | None = None

    @property
    def disk_bytes(self) -> int:
        """Bytes of all files together."""
        return sum(file.bytes for file in self.files.values())

    @property
    def memory_bytes(self) -> int:
        """Memory that the running service needs."""
        return memory_needed(self.parameters)

    @property
    def fim(self) -> bool:
        """Whether the model sees what follows the cursor."""
        return self.family != NO_FAMILY


@dataclass(frozen=True, slots=True)
class Damage:
    """A file of an installed model that is not as it was installed."""

    file: str
    problem: Literal["missing", "changed"]


class Store:
    """The folder of installed models."""

    def __init__(self, paths: Paths) -> None:
        self.folder = paths.models
        self.downloads = paths.downloads

    def path(self, model_id: str) -> Path:
        """Return the model's folder, which need not exist. Raises InputError for an id that is not one."""
        return self.folder / check_id(model_id)

    def find(self, model_id: str) -> InstalledModel | None:
        """Return the installed model, or None. Raises ModelError when its model.json cannot be read."""
        try:
            text = (self.path(model_id) / MANIFEST).read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, UnicodeDecodeError):
            raise self._broken(model_id) from None
        try:
            return _from_json(json.loads(text))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise self._broken(model_id) from None

    def get(self, model_id: str) -> InstalledModel:
        """Return the installed model. Raises InputError when there is none of that id."""
        model = self.find(model_id)
        if model is None:
            raise InputError(f"The model '{model_id}' is not installed; 'grafter models list' shows those that are.")
        return model

    def installed(self) -> list[InstalledModel]:
        """Return the readable models in the order of their ids; folders without a sound model.json are left out.

        Raises ModelError where the folder of all models cannot be read.
        """
        found: list[InstalledModel] = []
        for folder in self._folders():
            try:
                model = self.find(folder.name)
            except (ModelError, InputError):
                continue
            if model:
                found.append(model)
        return found

    def broken(self) -> list[str]:
        """Return the ids whose model.json is there but cannot be read."""
        names: list[str] = []
        for folder in self._folders():
            try:
                self.find(folder.name)
            except ModelError:
                names.append(folder.name)
            except InputError:
                continue
        return names

    def _folders(self) -> list[Path]:
        try:
            return sorted(self.folder.iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise ModelError(
                f"The folder of models {self.folder} cannot be read ({error.strerror or error}); make it readable, or "
                "set GRAFTER_HOME to another."
            ) from None

    def lock(self, model_id: str) -> AbstractContextManager[None]:
        """Return the lock that keeps two programs from installing or removing one model at once."""
        return exclusive(
            self.downloads / f"{check_id(model_id)}.lock",
            ModelError(f"Another Grafter is fetching '{model_id}' at this moment: wait for it to end."),
        )

    def staging(self, model_id: str) -> Path:
        """Return a fresh empty folder on the store's disk, in which a model can be put together."""
        folder = self.folder / f".{check_id(model_id)}.part"
        with disk_errors(f"The model '{model_id}' could not be installed"):
            if folder.exists():
                shutil.rmtree(folder)
            make_folder(folder)
        return folder

    def install(self, staged: Path, model: InstalledModel) -> Path:
        """Write model.json into the staged folder and move it into place by one rename. Returns its place."""
        target = self.path(model.id)
        with disk_errors(f"The model '{model.id}' could not be installed"):
            table = {"format": FORMAT, **asdict(model)}
            write_file(staged / MANIFEST, json.dumps(table, indent=1, ensure_ascii=False), PUBLIC)
            if target.exists():
                self._drop(target)
            put_folder(
                staged, target, PUBLIC
            )  # whoever wrote the weights: some libraries write them for the owner alone
        return target

    def remove(self, model_id: str) -> int:
        """Delete an installed model, or what is left of a broken one, and its downloads. Returns the bytes freed.

        Raises InputError when there is nothing of that id, ModelError while it is being fetched.
        """
        folder = self.path(model_id)
        leftovers = [self.downloads / model_id, *(self.folder / f".{model_id}.{end}" for end in ("part", "gone"))]
        if not any(os.path.lexists(path) for path in (folder, *leftovers)):
            raise InputError(f"The model '{model_id}' is not installed; 'grafter models list' shows those that are.")
        freed = 0
        with disk_errors(f"The model '{model_id}' could not be removed"), self.lock(model_id):
            for path in (folder, *leftovers):
                if path.is_dir() and not path.is_symlink():
                    freed += sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
            if os.path.lexists(folder):
                self._drop(folder)
            for path in leftovers:
                _delete(path)
        return freed

    def verify(self, model_id: str, progress: Callable[[int, int], None] | None = None) -> list[Damage]:
        """Hash every file of a model again; ``progress`` is told the bytes done and in all.

        Files that an older version kept from other users are opened to them, as those of a new model are.
        """
        model, folder, done = self.get(model_id), self.path(model_id), 0
        share(folder)
        damage: list[Damage] = []

        def advance(count: int) -> None:
            nonlocal done
            done += count
            if progress:
                progress(done, model.disk_bytes)

        for name, wanted in model.files.items():
            path = folder / name
            if not is_plain_name(name) or not path.is_file():
                damage.append(Damage(name, "missing"))
            elif path.stat().st_size != wanted.bytes or hash_file(path, advance) != wanted.sha256:
                damage.append(Damage(name, "changed"))
        return damage

    @staticmethod
    def _drop(folder: Path) -> None:
        # Renamed first: a half-deleted folder must not count as installed.
        aside = folder.with_name(f".{folder.name}.gone")
        _delete(aside)
        folder.rename(aside)
        _delete(aside)

    def _broken(self, model_id: str) -> ModelError:
        return ModelError(
            f"The model '{model_id}' is damaged: its {MANIFEST} cannot be read. "
            f"Run 'grafter models remove {model_id}' and fetch it again."
        )


def _delete(path: Path) -> None:
    """Delete a folder with all in it, or a file, or a link but not what it leads to; nothing where there is nothing."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def hash_folder(folder: Path, progress: Callable[[int, int], None] | None = None) -> dict[str, StoredFile]:
    """Return size and SHA-256 of every file of a model's folder (there are no folders in it)."""
    paths = sorted(path for path in folder.iterdir() if path.is_file() and path.name != MANIFEST)
    total, done = sum(path.stat().st_size for path in paths), 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        if progress:
            progress(done, total)

    return {path.name: StoredFile(path.stat().st_size, hash_file(path, advance)) for path in paths}


def _from_json(data: dict[str, Any]) -> InstalledModel:
    if data["format"] != FORMAT:
        raise ValueError(f"format {data['format']}")
    return InstalledModel(
        id=check_id(data["id"]),
        name=str(data["name"]),
        licence=str(data["licence"]),
        family=str(data["family"]),
        source=Origin(data["source"]["kind"], str(data["source"]["detail"])),
        files={str(name): StoredFile(int(f["bytes"]), str(f["sha256"])) for name, f in data["files"].items()},
        parameters=int(data["parameters"]),
        context_length=int(data["context_length"]),
        quantisation=_quantisation(data.get("quantisation")),
    )


def _quantisation(data: dict[str, Any] | None) -> Quantisation | None:
    if data is None:
        return None
    return Quantisation(int(data["bits"]), int(data["group"]), str(data["method"]), str(data["base"]))
