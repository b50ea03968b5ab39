"""Making an installed model smaller: its weights rounded to 8 or 4 bits, as a model of its own."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace

from assistant.errors import InputError
from assistant.models import conversion
from assistant.models.catalogue import check_id
from assistant.models.sources import Report
from assistant.models.store import MANIFEST, InstalledModel, Origin, Quantisation, Store, hash_folder
from assistant.system.disk import check_space
from assistant.system.files import disk_errors

QUANTISER = (sys.executable, "-P", "-m", "assistant.weights.quantise")

_WEIGHTS = re.compile(r"\.safetensors(\.index\.json)?$")
# Of a model's bfloat16 bytes, scales and the embedding's 8 bits included.
_SHARES = {8: 0.7, 4: 0.5}


def target_id(base: str, bits: int, group: int, method: str) -> str:
    """Return what a quantised model is called unless the person says otherwise."""
    return f"{base}-8bit" if bits == 8 else f"{base}-4bit-g{group}{'' if method == 'rtn' else '-' + method}"


def quantise(
    store: Store,
    base_id: str,
    quantisation: Quantisation,
    report: Report,
    name: str | None = None,
    command: Sequence[str] = QUANTISER,
) -> InstalledModel:
    """Install ``base_id`` once more with its weights in fewer bits, whole or not at all.

    ``name`` becomes the id. Raises InputError for an id that is taken and a model that is quantised already, ModelError
    or DiskError when it fails.
    """
    base = store.get(base_id)
    if base.quantisation is not None:
        raise InputError(
            f"'{base_id}' is quantised already; quantise the model that it was made of, '{base.quantisation.base}'."
        )
    way = (quantisation.bits, quantisation.group, quantisation.method)
    model_id = check_id(name or target_id(base_id, *way))
    with disk_errors(f"'{model_id}' could not be made"), store.lock(model_id):
        if store.path(model_id).exists():
            raise InputError(
                f"There is a model '{model_id}' already: choose another name with --name, "
                f"or run 'grafter models remove {model_id}' first."
            )
        weights = sum(file.bytes for file_name, file in base.files.items() if _WEIGHTS.search(file_name))
        check_space([(store.folder, int(weights * _SHARES[quantisation.bits]))], model_id)
        staged = store.staging(model_id)
        try:
            options = [f"--{option}={value}" for option, value in zip(("bits", "group", "method"), way, strict=True)]
            conversion.convert(store.path(base_id), staged, report, [*command, *options])
            for file_name in base.files:
                if not _WEIGHTS.search(file_name) and file_name != MANIFEST:
                    shutil.copyfile(store.path(base_id) / file_name, staged / file_name)
            model = replace(
                base,
                id=model_id,
                name=f"{base.name}, {quantisation.bits} bits",
                source=Origin("quantised", base_id),
                files=hash_folder(staged),
                quantisation=quantisation,
            )
            store.install(staged, model)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    return model
