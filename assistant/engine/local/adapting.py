"""Ways to change a loaded model by an adapter: on the fast path by a second model that shares most, else in place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors import SafetensorError, safe_open

from assistant.engine.decoding.decoder import Cache, Decoder, Stop, never
from assistant.engine.fast import adapt
from assistant.engine.fast.load import weight_files
from assistant.engine.fast.model import FastModel
from assistant.engine.fast.packing import MissingWeightError
from assistant.engine.local.lowrank import Changes, read_changes
from assistant.errors import ModelError
from assistant.models.adapter_format import base_shapes, check_fits, read_adapter_files
from assistant.models.adapters import AdapterChoice

_HALF = AdapterChoice("", Path(), -1.0)
"""Equal to none that there is."""


class Adapting(Protocol):
    """What makes decoders that answer with an adapter."""

    in_background: bool
    """Whether ``merged`` may run beside the decoders that there are."""
    needed_bytes: int
    """Memory that another merged decoder takes at most."""

    def at_once(self, choice: AdapterChoice) -> Decoder | None:
        """Return a decoder within a moment, slower than a merged one; None where there is no such way.

        Raises AdapterError where the adapter cannot be used.
        """
        ...

    def merged(self, choice: AdapterChoice, stop: Stop = never) -> tuple[Decoder, int]:
        """Return a decoder at full speed, and the bytes of memory that are its own.

        Raises Interrupted where ``stop`` says so, ModelError where the adapter cannot be used or the model not be read.
        """
        ...


class FastAdapting:
    """Adapters of a FastModel. Its two methods may run on two threads."""

    in_background = True

    def __init__(self, model: FastModel, folder: Path) -> None:
        """``folder`` is the model's, from which products are read again."""
        self._model = model
        self._folder = folder
        self._read: tuple[AdapterChoice, Changes] | None = None
        self.needed_bytes = model.nbytes - model.embedding.nbytes

    def at_once(self, choice: AdapterChoice) -> Decoder | None:
        """Return the model with the adapter beside its products; None for DoRA."""
        return adapt.beside(self._model, self._changes(choice), choice.scale)

    def merged(self, choice: AdapterChoice, stop: Stop = never) -> tuple[Decoder, int]:
        """Return a model with the adapter in its weights; it takes seconds."""
        with _reading(self._folder):
            return adapt.merged(self._model, self._changes(choice), choice.scale, stop)

    def _changes(self, choice: AdapterChoice) -> Changes:
        """Return the numbers of an adapter; the last one's are kept, for whoever moves its scale."""
        known, wanted = self._read, replace(choice, scale=1.0)
        if known is None or known[0] != wanted:
            known = (wanted, _fitting(choice, self._folder))
            self._read = known
        return known[1]


class InPlace:
    """A decoder over a model of transformers whose weights are changed where they are, for one adapter at a time.

    Whoever decodes with another one than before waits until the products that either touches were read from the
    folder again.
    """

    in_background = False
    needed_bytes = 0

    def __init__(self, decoder: Decoder, model: Any, folder: Path) -> None:
        self._folder = folder
        self._weights = {
            name: weight
            for name, weight in model.named_parameters()
            if weight.is_floating_point() and type(weight.data) is torch.Tensor
        }
        self._places: dict[str, Path] = {}
        self._now: AdapterChoice | None = None
        self._touched: frozenset[str] = frozenset()
        self.decoder = decoder
        self.base = _View(self, None)
        """The decoder without an adapter."""

    def at_once(self, choice: AdapterChoice) -> Decoder | None:  # noqa: ARG002
        """Return None: there is no way beside the weights."""
        return None

    def merged(self, choice: AdapterChoice, stop: Stop = never) -> tuple[Decoder, int]:  # noqa: ARG002
        """Return a decoder that changes the weights before it runs."""
        changes = _fitting(choice, self._folder)
        packed = next((name for name in changes if name not in self._weights), None)
        if packed is not None:
            raise ModelError(
                f"The adapter '{choice.name}' cannot change {packed.removesuffix('.weight')} as it is kept here; start "
                "with --bits 16."
            )
        return _View(self, choice, changes), 0

    @torch.inference_mode()
    def enter(self, key: AdapterChoice | None, changes: Changes) -> None:
        """Have the weights be those of an adapter at a scale, or the base's."""
        if key == self._now:
            return
        self._touched |= changes.keys()
        self._now = _HALF  # until all are written
        with _reading(self._folder):
            for name in self._touched:
                original = self._original(name).to(self._weights[name].device, torch.float32)
                found = changes.get(name)
                full = original if found is None or key is None else found.apply(original, key.scale)
                self._weights[name].data.copy_(full)
        self._now, self._touched = key, frozenset(changes)

    def _original(self, name: str) -> torch.Tensor:
        if not self._places:
            for file in weight_files(self._folder):
                with safe_open(file, framework="pt") as opened:
                    self._places.update(dict.fromkeys(opened.keys(), file))
        if name not in self._places:
            raise MissingWeightError(name)
        with safe_open(self._places[name], framework="pt") as opened:
            return opened.get_tensor(name)


class _View:
    """A decoder that sees to its adapter before each run."""

    def __init__(self, place: InPlace, key: AdapterChoice | None, changes: Changes | None = None) -> None:
        self._place = place
        self._key = key
        self._changes = changes or {}
        inner = place.decoder
        self.device, self.piece = inner.device, inner.piece
        self.max_draft_tokens, self.draft_token_cost = inner.max_draft_tokens, inner.draft_token_cost

    def new_cache(self) -> Cache:
        """Return an empty cache of one row."""
        return self._place.decoder.new_cache()

    def read(self, ids: Sequence[int], cache: Any, keep: int = 1, stop: Stop = never) -> torch.Tensor:
        """Read more of a prompt; see Decoder."""
        self._place.enter(self._key, self._changes)
        return self._place.decoder.read(ids, cache, keep, stop)

    def next(self, tokens: Sequence[int], cache: Any) -> torch.Tensor:
        """Read one more token of each row; see Decoder."""
        self._place.enter(self._key, self._changes)
        return self._place.decoder.next(tokens, cache)


def _fitting(choice: AdapterChoice, folder: Path) -> Changes:
    """Return the numbers of an adapter. Raises AdapterError where it does not fit the model in ``folder``."""
    check_fits(read_adapter_files(choice.folder), base_shapes(folder), "this model")
    return read_changes(choice.folder)


class _reading:  # noqa: N801  (a context manager)
    """Says in a sentence what reading the model's folder again met."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (OSError, SafetensorError, MissingWeightError)):
            raise ModelError(
                f"The model in {self._folder} cannot be read again ({error}); remove it and fetch it again."
            ) from None
