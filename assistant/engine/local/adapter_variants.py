"""The models that one engine answers with: the base always, and with it the adapters that were asked for lately.

Each has KV caches of its own, since what one has read says nothing to another. An adapter answers at once, beside the
packed weights; a thread merges it meanwhile, and what is merged takes over with the next request. How many merged ones
stay is bounded by memory; the newest stays in any case.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from dataclasses import dataclass, field

import psutil

from assistant.engine.decoding.decode import CacheStore
from assistant.engine.decoding.decoder import Decoder, Interrupted
from assistant.engine.decoding.prompt_lookup import AcceptanceRates
from assistant.engine.local.adapting import Adapting
from assistant.engine.memory import give_back
from assistant.errors import InputError
from assistant.models.adapters import AdapterChoice

MOST_SHARE = 1 / 8
"""Share of the computer's memory that merged adapters may take, beyond the newest one."""
_MOST_BESIDE = 4
_REST_SECONDS = 0.25  # a scale that is still being moved is not worth merging
_NICENESS = 10

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Variant:
    """A model that answers, and what it has read. ``bytes`` are its own; ``settled``: it will not become quicker."""

    choice: AdapterChoice | None
    decoder: Decoder
    store: CacheStore
    acceptance: AcceptanceRates = field(default_factory=AcceptanceRates)
    bytes: int = 0
    settled: bool = True

    @property
    def name(self) -> str | None:
        """The adapter's name; None for the base."""
        return self.choice.name if self.choice else None


class AdapterVariants:
    """All of them. Belongs to the thread of the engine; only merging goes on in another."""

    def __init__(
        self, base: Decoder, adapting: Adapting | None, cache_bytes: int, most_bytes: int | None = None
    ) -> None:
        """``most_bytes`` bounds the merged ones' memory; None: a share of the computer's."""
        self.base = Variant(None, base, CacheStore(cache_bytes))
        self._adapting = adapting
        self._cache_bytes = cache_bytes
        self._most_bytes = int(psutil.virtual_memory().total * MOST_SHARE) if most_bytes is None else most_bytes
        self._kept: dict[AdapterChoice, Variant] = {}  # the one that was used last stands last
        self._merging: _Merging | None = None
        self._closed = False

    def find(self, choice: AdapterChoice | None, *, wait: bool = False, now: bool = False) -> Variant:
        """Return what answers with an adapter; None, and a scale of 0: the base.

        ``wait``: not before it is merged. ``now``: a merge of another one, which goes on, is given up for this one.
        Raises AdapterError where the adapter cannot be used.
        """
        if choice is None or choice.scale <= 0:
            return self.base
        adapting = self._adapting
        if adapting is None:
            raise InputError("This model cannot be changed by adapters; choose another model.")
        self._take_merged()
        found = self._kept.get(choice)
        if found is None:
            decoder = None if wait else adapting.at_once(choice)
            found = self._merge_now(choice, adapting) if decoder is None else self._new(choice, decoder)
        elif not found.settled and wait:
            found = self._merge_now(choice, adapting)
        self._kept[choice] = self._kept.pop(choice, found)
        self._bound()
        if not found.settled and adapting.in_background:
            self._merge_later(choice, adapting, now=now)
        return found

    def clear(self) -> None:
        """Forget what was read."""
        for variant in (self.base, *self._kept.values()):
            variant.store.clear()

    def close(self) -> None:
        """End the thread and let go of everything."""
        self._closed = True
        self._stop_merging()
        self.clear()
        self._kept.clear()
        self._adapting = None

    # --- merging ---------------------------------------------------------------------------

    def _new(self, choice: AdapterChoice, decoder: Decoder, own: int = 0, *, settled: bool = False) -> Variant:
        variant = Variant(choice, decoder, CacheStore(self._cache_bytes // 2), bytes=own, settled=settled)
        if settled:  # of one adapter a single scale is kept merged: that of the moment
            for other in [each for each in self._kept if each.name == choice.name and self._kept[each].bytes]:
                del self._kept[other]
        self._kept[choice] = variant
        return variant

    def _merge_now(self, choice: AdapterChoice, adapting: Adapting) -> Variant:
        merging = self._merging
        if merging is not None and merging.choice == choice:
            merging.join()
            self._take_merged()
            if (found := self._kept.get(choice)) is not None and found.settled:
                return found
        self._stop_merging()
        decoder, own = adapting.merged(choice)
        return self._new(choice, decoder, own, settled=True)

    def _merge_later(self, choice: AdapterChoice, adapting: Adapting, *, now: bool) -> None:
        if self._merging is not None:
            if self._merging.choice == choice or not now:
                return
            self._stop_merging()
        if psutil.virtual_memory().available < adapting.needed_bytes:
            _log.warning("The adapter '%s' stays beside the weights: there is no memory for merging it.", choice.name)
            self._kept[choice].settled = True
        elif not self._closed:
            self._merging = _Merging(choice, adapting)

    def _take_merged(self) -> None:
        """Have what was merged meanwhile take over."""
        merging = self._merging
        if merging is None or merging.alive:
            return
        self._merging = None
        if merging.result is not None:
            decoder, own = merging.result
            self._new(merging.choice, decoder, own, settled=True)
        elif (found := self._kept.get(merging.choice)) is not None:
            found.settled = True  # it could not be merged; it goes on as it is

    def _stop_merging(self) -> None:
        merging, self._merging = self._merging, None
        if merging is not None:
            merging.stop()

    def _bound(self) -> None:
        """Give up what was used longest ago: of the merged ones beyond the memory, of the others beyond a few."""
        merged = [choice for choice, variant in self._kept.items() if variant.bytes]
        total = sum(self._kept[choice].bytes for choice in merged)
        gone = [choice for choice in self._kept if choice not in merged][:-_MOST_BESIDE]
        while len(merged) > 1 and total > self._most_bytes:
            total -= self._kept[merged[0]].bytes
            gone.append(merged.pop(0))
        for choice in gone:
            del self._kept[choice]
        if gone:
            give_back()


class _Merging:
    """A thread that merges one adapter, out of the way of whoever decodes."""

    def __init__(self, choice: AdapterChoice, adapting: Adapting) -> None:
        self.choice = choice
        self.result: tuple[Decoder, int] | None = None
        self._adapting = adapting
        self._end = threading.Event()
        self._hurry = threading.Event()
        self._thread = threading.Thread(target=self._run, name="merging", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether it is still at work."""
        return self._thread.is_alive()

    def join(self) -> None:
        """Wait for its end."""
        self._hurry.set()
        self._thread.join()

    def stop(self) -> None:
        """End it after the layer that it is at."""
        self._end.set()
        self.join()

    def _run(self) -> None:
        self._hurry.wait(_REST_SECONDS)
        if self._end.is_set():
            return
        if sys.platform == "linux":
            with contextlib.suppress(OSError):  # there each thread has a priority of its own
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
        try:
            self.result = self._adapting.merged(self.choice, self._end.is_set)
        except Interrupted:
            pass
        except Exception as error:  # noqa: BLE001  (the edge of the thread; torch raises anything for want of memory)
            _log.warning("The adapter '%s' stays beside the weights: %s", self.choice.name, error)
