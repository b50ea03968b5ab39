"""What reads and writes token ids: one small protocol over transformers' models, the GPU and the fast path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from assistant.config import Bits

Stop = Callable[[], bool]
"""Whether nobody wants any more what is being computed."""


def never() -> bool:
    """Go on in any case."""
    return False


class Interrupted(Exception):  # noqa: N818  (not an error: somebody asked for it)
    """Reading ended early because it was asked to; the cache is as it was before."""


class Cache(Protocol):
    """The keys and values of what one or several sequences have read."""

    @property
    def length(self) -> int:
        """How many tokens it holds."""
        ...

    @property
    def nbytes(self) -> int:
        """Memory in bytes."""
        ...

    @property
    def can_crop(self) -> bool:
        """Whether its end can be forgotten; where not, it serves for one request only."""
        ...

    def crop(self, length: int) -> None:
        """Keep only the first ``length`` tokens."""
        ...

    def fork(self, length: int) -> Any:
        """Return a cache of its own, of one row, with the first ``length`` tokens; this one stays as it is."""
        ...

    def repeat(self, rows: int) -> None:
        """Turn one row into ``rows`` alike."""
        ...

    def select(self, rows: Sequence[int]) -> None:
        """Keep only these rows, in this order."""
        ...


class Decoder(Protocol):
    """A model that is ready to run on ``device``."""

    @property
    def device(self) -> torch.device:
        """Where the logits are."""
        ...

    @property
    def piece(self) -> int:
        """How many tokens of a prompt are best read at once, so that others wait about a tenth of a second at most."""
        ...

    @property
    def max_draft_tokens(self) -> int:
        """How many drafted tokens can be checked in one pass; 0 where that gives other tokens than one by one."""
        ...

    @property
    def draft_token_cost(self) -> float:
        """What checking one more drafted token costs, as a share of a pass with none."""
        ...

    def new_cache(self) -> Any:
        """Return an empty Cache of one row."""
        ...

    def read(self, ids: Sequence[int], cache: Any, keep: int = 1, stop: Stop = never) -> torch.Tensor:
        """Read more of a prompt into a cache of one row; return the logits after each of the last ``keep`` tokens.

        The result has the shape (keep, vocabulary). ``stop`` is asked now and then; where it says so, Interrupted is
        raised and the cache is as it was.
        """
        ...

    def next(self, tokens: Sequence[int], cache: Any) -> torch.Tensor:
        """Read one more token of each row; return the next logits, shape (rows, vocabulary)."""
        ...


@dataclass(frozen=True, slots=True)
class Loaded:
    """A decoder, the bits that its weights have, how many tokens it reads at most, and transformers' model in it."""

    decoder: Decoder
    bits: Bits
    context: int
    model: Any = None
