"""Adding a model that is already on this machine: a GGUF file, or a folder of safetensors."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import InputError
from assistant.models import conversion
from assistant.models.catalogue import check_family, check_id
from assistant.models.pull import Tools
from assistant.models.sources import Report
from assistant.models.store import InstalledModel, Origin, Store, hash_folder
from assistant.models.vocabulary import missing_tokens, read_vocabulary
from assistant.prompts.fim import guess_family
from assistant.system.disk import check_space
from assistant.system.files import disk_errors

# Formats that are pickles, or usually hold one: reading them can run any code.
_PICKLES = frozenset({".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"})
_SAFETENSORS = ".safetensors"


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model on the disk that may be added. ``expansion`` is how many times larger it may get as bfloat16."""

    path: Path
    id: str
    name: str
    bytes: int
    expansion: float


def inspect(path: Path, name: str | None = None) -> LocalModel:
    """Look at what a person wants to add, without reading weights.

    ``name`` becomes the title, and the id in lower case. Raises InputError with what is missing or refused.
    """
    try:
        path = path.expanduser().absolute()
        if not path.exists():
            raise InputError(f"There is no file or folder {path}.")
        size, expansion = _folder_bytes(path) if path.is_dir() else _file_bytes(path)
    except (OSError, RuntimeError) as error:  # RuntimeError: ~name of nobody
        raise InputError(f"{path} cannot be read ({getattr(error, 'strerror', None) or error}).") from None
    title = name or (path.stem if path.is_file() else path.name)
    model_id = re.sub(r"[^a-z0-9._-]+", "-", title.lower()).strip("-._")
    if not model_id:
        raise InputError(f"No id can be made of the name '{title}': give one with letters or digits by --name.")
    return LocalModel(path, check_id(model_id), title, size, expansion)


def add(
    local: LocalModel, store: Store, family: str | None, report: Report, tools: Tools | None = None
) -> InstalledModel:
    """Convert and install a local model; its files stay where they are.

    The family is told by the tokenizer unless given. Raises InputError when the id is taken or the tokenizer lacks
    the tokens of the given family, ModelError or DiskError when the conversion fails.
    """
    tools = tools or Tools()
    if family is not None:
        check_family(family)
    with disk_errors(f"{local.name} could not be added"), store.lock(local.id):
        if store.path(local.id).exists():
            raise InputError(
                f"There is a model '{local.id}' already: choose another name with --name, "
                f"or run 'grafter models remove {local.id}' first."
            )
        check_space([(store.folder, int(local.bytes * local.expansion))], local.name)
        staged = store.staging(local.id)
        try:
            converted = conversion.convert(local.path, staged, report, tools.converter)
            model = InstalledModel(
                id=local.id,
                name=local.name,
                licence="unknown",
                family=_family(family, read_vocabulary(staged)),
                source=Origin("local", str(local.path)),
                files=hash_folder(staged),
                parameters=converted.parameters,
                context_length=converted.context_length,
            )
            store.install(staged, model)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    return model


def _family(wanted: str | None, vocabulary: frozenset[str]) -> str:
    if wanted is None:
        return guess_family(vocabulary)
    missing = missing_tokens(wanted, vocabulary)
    if vocabulary and missing:
        raise InputError(
            f"This model cannot be of the family '{wanted}': its tokenizer lacks {', '.join(missing)}. "
            "Leave --family out to have the family told by the tokenizer."
        )
    return wanted


def _file_bytes(path: Path) -> tuple[int, float]:
    if path.suffix.lower() in _PICKLES:
        raise InputError(
            f"{path.name} is a pickle, and reading one can run any code: Grafter does not. Use a GGUF file or a folder "
            "of safetensors of the same model."
        )
    if path.suffix.lower() == _SAFETENSORS:
        raise InputError(f"Give the folder of {path.name}, with its config.json and tokenizer, not the file alone.")
    if not path.is_file():  # reading a pipe would wait for ever
        raise InputError(f"{path.name} is neither a file nor a folder.")
    with path.open("rb") as stream:
        if stream.read(4) != b"GGUF":
            raise InputError(f"{path.name} is not a GGUF file.")
    return path.stat().st_size, 5.0  # from somewhat over 3 bits a weight to 16


def _folder_bytes(path: Path) -> tuple[int, float]:
    files = [file for file in path.iterdir() if file.is_file()]
    weights = [file for file in files if file.suffix == _SAFETENSORS]
    ggufs = [file.name for file in files if file.suffix == ".gguf"]
    if not weights and len(ggufs) >= 1:
        raise InputError(f"The folder {path} holds GGUF files: give one of them, for example {path / ggufs[0]}.")
    if not (path / "config.json").is_file():
        raise InputError(f"The folder {path} has no config.json, so it is not a model that can be loaded.")
    if not weights and any(file.suffix in _PICKLES for file in files):
        raise InputError(
            f"The folder {path} holds its weights as pickles, and reading one can run any code: Grafter does not. "
            "Use the safetensors of the same model."
        )
    if not weights:
        raise InputError(f"The folder {path} holds no .safetensors files.")
    return sum(file.stat().st_size for file in weights), 1.1
