"""All of a run's data: files judged, holes held out, samples made, kept in data/ of the run, whole or not at all."""

from __future__ import annotations

import contextlib
import importlib.metadata
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from assistant import __version__
from assistant.errors import InputError, StoppedError
from assistant.repository.history import History
from assistant.repository.holes import Hole
from assistant.retrieval.index.base_index import BaseIndex, base_index, index_of
from assistant.system.disk import hash_file
from assistant.system.files import disk_errors, staged
from finetune.config import RunConfig
from finetune.data import manifest as kept
from finetune.data.files import Judged
from finetune.data.fill import HELD_OUT, SERVED, Encoder, Filler
from finetune.data.manifest import Manifest, SetInfo
from finetune.data.recipe import One, Source, make_samples
from finetune.data.samples import Sample, SampleSet
from finetune.data.split import Split, Tell, split
from finetune.data.tree import FolderTree
from finetune.events import DataReady, RunEvent, StageProgress

DATA = "data"
_EVERY_SECONDS = 0.25
_LEAST_SAMPLES = 20
_LIBRARIES = ("numpy", "safetensors", "tokenizers", "tree-sitter", "detect-secrets", "datasketch")


def prepare(
    run: Path,
    config: RunConfig,
    tokenizer: Encoder,
    events: Callable[[RunEvent], None],
    *,
    wanted_tokens: int,
    is_stopped: Callable[[], bool] = lambda: False,
) -> Manifest:
    """Make data/ of a run, or take what is there already, and return what is in it.

    ``wanted_tokens``: about so many are made for training, fewer where the repository has not so much; 0: as many as
    it has. Raises InputError for a repository that cannot be learned, DiskError for a full disk, StoppedError when
    ``is_stopped`` says so; nothing is left behind then, and it begins anew when it is asked for again.
    """
    folder = run / DATA
    if (folder / kept.MANIFEST).is_file():
        manifest = kept.read_manifest(folder)
    else:
        manifest = _make(folder, config, tokenizer, _Progress(events, is_stopped), wanted_tokens)
    events(data_ready(manifest))
    return manifest


def data_ready(manifest: Manifest) -> DataReady:
    """Return what is told of the data when it is there."""
    train = manifest.sets["train"]
    return DataReady(
        files=manifest.files,
        kept=len(manifest.learned),
        samples=train.samples,
        tokens=train.tokens,
        validation_holes=manifest.validation_holes,
        test_holes=manifest.test_holes,
        split=manifest.kind,
        note=manifest.note,
    )


def files_table(config: RunConfig, tell: Tell = lambda _what, _done, _total: None) -> dict[str, Any]:
    """Return each file with whether it is learned and why not, and what is held out: what --files prints."""
    found = split(Path(config.repository), config.data, config.seed, tell)
    rows = found.judged.rows
    return {
        "split": _about(found),
        "files": [row.to_json() for row in rows],
        "kept": sum(row.kept for row in rows),
        "dropped": sum(not row.kept for row in rows),
    }


def preview(
    config: RunConfig, tokenizer: Encoder, count: int, tell: Tell = lambda _what, _done, _total: None
) -> list[dict[str, Any]]:
    """Return the first ``count`` samples with a hole that a run would learn from: what --preview prints."""
    found = split(Path(config.repository), config.data, config.seed, tell)
    with (
        _learned_index(found.judged, tell) as index,
        contextlib.closing(_samples(found, config, tokenizer, index, 0, tell)) as samples,
    ):
        return list(islice((_show(one) for one in samples if one.made is not None), count))


@contextmanager
def evaluation_index(
    config: RunConfig, manifest: Manifest, tell: Callable[[str, int, int], None] = lambda _what, _done, _total: None
) -> Generator[BaseIndex]:
    """Yield the index that the held-out holes are asked with: the repository as an editor sees it, without them."""
    root = Path(config.repository)
    if manifest.kind == "commits":
        with base_index(History(root, uncommitted=True), manifest.base, tell) as index:
            yield index
        return
    tree = FolderTree(root)
    held = frozenset(manifest.held)
    paths = [entry.path for entry in tree.entries() if not entry.reason and entry.path not in held]
    files = ((path, data or b"") for path, data in zip(paths, tree.read(paths), strict=True))
    with index_of(files, len(paths), tell) as index:
        yield index


# --- making ---------------------------------------------------------------------------------


class _Progress:
    """Tells how far the work is, not too often, and ends it when it is asked to."""

    def __init__(self, events: Callable[[RunEvent], None], is_stopped: Callable[[], bool]) -> None:
        self._events = events
        self._is_stopped = is_stopped
        self._last = ("", 0.0)

    def __call__(self, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        if what == self._last[0] and now - self._last[1] < _EVERY_SECONDS:
            return
        self._last = (what, now)
        if self._is_stopped():
            raise StoppedError
        self._events(StageProgress("data", what, done, total))


def _make(folder: Path, config: RunConfig, tokenizer: Encoder, tell: Tell, wanted_tokens: int) -> Manifest:
    found = split(Path(config.repository), config.data, config.seed, tell)
    with disk_errors("The samples cannot be written"), staged(folder, alone=True) as part:
        return _write(part, found, config, tokenizer, tell, wanted_tokens)


def _write(part: Path, found: Split, config: RunConfig, tokenizer: Encoder, tell: Tell, wanted_tokens: int) -> Manifest:
    filler = Filler(tokenizer, found.tree.name, config.train.max_seq_length)
    held = {"validation": found.validation, "test": found.test}
    sets = {name: SampleSet.of(_held_out(filler, holes)) for name, holes in held.items()}
    with (
        _learned_index(found.judged, tell) as index,
        contextlib.closing(_samples(found, config, tokenizer, index, wanted_tokens, tell)) as samples,
    ):
        sets["train"] = SampleSet.of(one.sample for one in samples)
    if len(sets["train"]) < _LEAST_SAMPLES and not 0 < wanted_tokens <= sets["train"].tokens:
        raise InputError(
            f"Only {len(sets['train'])} samples could be made of {config.repository}, too few to learn from; choose a "
            "repository with more code, or a larger length."
        )
    infos: dict[str, SetInfo] = {}
    for name in kept.SETS:
        file = part / f"{name}.safetensors"
        sets[name].save(file)
        infos[name] = SetInfo(len(sets[name]), sets[name].tokens, hash_file(file))
    for name, holes in held.items():
        kept.write_holes(part / f"{name}.jsonl", holes)
    kept.write_files(part / kept.FILES, found.judged)
    about = _about(found)
    manifest = Manifest(
        repository=str(Path(config.repository)),
        name=found.tree.name,
        kind=found.kind,
        base=about["base"],
        base_date=about["base_date"],
        head=about["head"],
        head_date=about["head_date"],
        commits=found.commits,
        note=found.note,
        seed=config.seed,
        family=tokenizer.family,
        length=config.train.max_seq_length,
        wanted_tokens=wanted_tokens,
        files=len(found.judged.rows),
        learned=tuple(found.judged.texts),
        held=tuple(row.path for row in found.judged.rows if row.reason == "held out"),
        reasons=kept.count_reasons(found.judged.rows),
        sets=infos,
        validation_holes=len(found.validation),
        test_holes=len(found.test),
        hashes={name: hash_file(part / name) for name in (kept.FILES, "validation.jsonl", "test.jsonl")},
        versions={"grafter": __version__} | {name: importlib.metadata.version(name) for name in _LIBRARIES},
    )
    kept.write_manifest(part, manifest)
    return manifest


def _samples(
    found: Split, config: RunConfig, tokenizer: Encoder, index: BaseIndex, wanted_tokens: int, tell: Tell
) -> Generator[One]:
    filler = Filler(tokenizer, found.tree.name, config.train.max_seq_length)
    yield from make_samples(
        filler,
        tokenizer.family,
        Source(found.judged.texts, found.tree.recency(), index),
        config.data,
        length=config.train.max_seq_length,
        seed=config.seed,
        wanted_tokens=wanted_tokens,
        tell=lambda done, total: tell("Making samples", done, total),
    )


def _held_out(filler: Filler, holes: tuple[Hole, ...]) -> Iterator[Sample]:
    """Yield the sample of each hole, as the editor asks for it without retrieval."""
    for hole in holes:
        made = filler.fill(hole, SERVED, HELD_OUT)
        if made is not None:
            yield made.sample(-1)


@contextmanager
def _learned_index(judged: Judged, tell: Tell) -> Generator[BaseIndex]:
    """Yield an index of what is learned, with the documents and settings beside it; no held-out line is in it."""
    texts = {**judged.texts, **judged.others}
    files = ((path, text.encode("utf-8", "replace")) for path, text in sorted(texts.items()))
    with index_of(
        files, len(texts), lambda _stage, done, total: tell("Indexing what is learned", done, total)
    ) as index:
        yield index


def _about(found: Split) -> dict[str, Any]:
    base, head = found.base, found.head
    return {
        "kind": found.kind,
        "base": base.id if base else "",
        "base_date": base.date if base else "",
        "head": head.id if head else "",
        "head_date": head.date if head else "",
        "commits": found.commits,
        "note": found.note,
    }


def _show(one: One) -> dict[str, Any]:
    made = one.made
    if made is None:
        raise ValueError("a sample without a hole has nothing to show")
    hole, laid = made.hole, made.laid
    return {
        "path": hole.path,
        "line": hole.line,
        "kind": hole.kind,
        "context": [file.path for file in laid.others.files],
        "prefix": laid.prefix,
        "middle": made.middle,
        "suffix": laid.suffix,
        "tokens": len(made.ids),
    }
