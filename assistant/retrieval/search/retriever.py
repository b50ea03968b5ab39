"""Retrieval for many requests: what each session's last prompt held, and how much the model can read."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from assistant.errors import GrafterError
from assistant.retrieval.index.cached_source import CachedSource
from assistant.retrieval.index.source import Source
from assistant.retrieval.search.candidate import Sources
from assistant.retrieval.search.query import read_query
from assistant.retrieval.search.reading_speed import LEAST_TOKENS, ReadingSpeed, share_beside, tokens_for
from assistant.retrieval.search.retrieve import Retrieved, retrieve
from assistant.retrieval.search.window import CountTokens, Window
from assistant.types import CompleteRequest, Finished

_MOST_SESSIONS = 32

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Last:
    """What a session's last request asked, within which budget, and what it got."""

    asked: Hashable
    budget: int
    retrieved: Retrieved


class IndexRetriever:
    """Finds what of the repository helps. Not safe for threads: all calls come from the one that owns the model."""

    def __init__(
        self, open_source: Callable[[str], Source | None], sources: Sources | None = None, tokens: int | None = None
    ) -> None:
        """``open_source`` returns the index of a workspace, or None where there is none (yet).

        ``tokens`` is a budget for each prompt; None lets it follow the speed at which the model reads.
        """
        self._open_source = open_source
        self._sources = sources or Sources()
        self._tokens = tokens
        self._budget = tokens or LEAST_TOKENS
        self._speed = ReadingSpeed()
        self._complaint = ""
        self._known: tuple[Source, CachedSource] | None = None
        self._last: OrderedDict[Hashable, _Last] = OrderedDict()

    def retrieve(self, request: CompleteRequest, window: Window, room: int, count: CountTokens) -> Retrieved:
        """Return what helps at the cursor, in at most ``room`` tokens and the budget; nothing without an index.

        An index that cannot be read is no reason to have no suggestion: it is said in the log.
        """
        try:
            source = self._open_source(request.workspace) if request.workspace else None
            if source is None:
                return Retrieved()
            return self._retrieve(self._remembered(source), request, window, room, count)
        except GrafterError as error:
            if str(error) != self._complaint:  # once, not with every key
                self._complaint = str(error)
                _log.warning("Nothing was taken from the index of %s: %s", request.workspace, error)
            return Retrieved()

    def learn(self, finished: Finished) -> None:
        """Take from a request that ended how fast the model reads."""
        self._speed.learn(finished)

    def _remembered(self, source: Source) -> CachedSource:
        """Return the source with what is known of its answers; that of the workspace in use is kept."""
        if self._known is None or self._known[0] is not source:
            self._known = (source, CachedSource(source))
        return self._known[1]

    def _retrieve(
        self, source: Source, request: CompleteRequest, window: Window, room: int, count: CountTokens
    ) -> Retrieved:
        if self._tokens is None:
            self._budget = tokens_for(self._speed.tokens_per_second, self._budget)
        budget = min(self._budget if self._tokens is not None else share_beside(self._budget, window.outlined), room)
        session = (request.workspace, request.session or request.path)
        last = self._last.get(session)
        query = read_query(window)
        place = (window.first_line, request.path, request.recent, request.tabs)
        asked = (source.version, query.names, query.words, place)
        if last is not None and (last.asked, last.budget) == (asked, budget):
            return last.retrieved
        # A budget that grew is there to be used, and one that shrank to be kept: then everything is chosen anew.
        previous = last.retrieved.packed if last and last.budget == budget else ()
        found = retrieve(source, request, window, budget, count, sources=self._sources, previous=previous)
        self._last[session] = _Last(asked, budget, found)
        self._last.move_to_end(session)
        while len(self._last) > _MOST_SESSIONS:
            self._last.popitem(last=False)
        return found
