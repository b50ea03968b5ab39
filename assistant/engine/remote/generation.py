"""One request on its way to a server, and its answers as they come.

While the server is silent the iterator yields Progress every few hundredths of a second, so that its owner may pause it
for something more urgent, and so that a cancel is seen at once. A cancelled request closes its connection, at which
servers stop computing.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from typing import Protocol

from assistant.engine.context_length import check_characters, least_answer
from assistant.engine.decoding.stream import TextStream
from assistant.engine.protocol import CancelToken, EngineInfo
from assistant.engine.remote.asking import Asking, Prepared
from assistant.engine.remote.chunks import Chunk
from assistant.engine.remote.connection import Connection
from assistant.engine.remote.counts import TokenCounts
from assistant.engine.remote.errors import Rejected, RemoteError, Unreachable
from assistant.engine.remote.loop import Mailbox
from assistant.engine.remote.rows import Row, other_firsts
from assistant.engine.remote.server import Server, with_adapter
from assistant.types import (
    Chat,
    Choice,
    Delta,
    Event,
    Finished,
    FinishReason,
    GenerateRequest,
    Params,
    Progress,
    Started,
    Timings,
)

_BEAT_S = 0.05
# What an answer cost comes after its text, and is worth a short wait.
_USAGE_S = 0.25
# How alternatives differ where a server does not tell which other tokens were likely.
_VARIED_TEMPERATURE = 0.8
_VARIED_TOP_P = 0.95
_MOST_LOGPROBS = 20
_LAYOUT_TOKENS = 32  # that a chat template adds to each message, and once more to the whole


class Owner(Protocol):
    """The engine that a request belongs to."""

    @property
    def info(self) -> EngineInfo:
        """Facts about the model."""
        ...

    def warn_once(self) -> str:
        """Return what the person should know of the connection, the first time."""
        ...


class Generation:
    """One request on its way."""

    def __init__(
        self,
        owner: Owner,
        connection: Connection,
        asking: Asking,
        counts: TokenCounts,
        request: GenerateRequest,
        cancel: CancelToken,
    ) -> None:
        self._owner = owner
        self._connection = connection
        self._asking = asking
        self._counts = counts
        self._request = request
        self._params = request.params
        self._cancel = cancel
        self._begin = time.perf_counter()
        self._first_at: float | None = None
        self._written_at: float | None = None
        self._rows: list[Row] = []
        self._notes: list[str] = []
        self._prompt_tokens = 0
        self._cached_tokens = 0
        self._read = (0, 0)
        self._adapter: str | None = None

    def run(self) -> Iterator[Event]:
        """Yield the events. Raises RemoteError where the server fails."""
        request = self._request
        server = with_adapter(self._connection.need(self._cancel), request.adapter)
        self._adapter = server.adapter if server is not None else self._owner.info.adapter
        prepared = None
        if server is not None:
            check_characters(request, server.context_length)
            with self._noticing():
                prepared = self._connection.wait(self._asking.prepare(server, request), self._cancel)
        if server is None or prepared is None:
            yield Started(request.id, self._owner.info.model, 0)
            yield self._finished()
            return
        self._counts.remember(prepared.lengths or {})
        self._prompt_tokens = prepared.tokens
        self._fit_answer(server)
        yield Started(request.id, self._owner.info.model, prepared.tokens, adapter=self._adapter)
        try:
            yield from self._write(server, prepared)
        except Rejected as error:
            if not self._asking.refused_ids(error, prepared):
                raise
            # Nothing was written yet: the same prompt as a string.
            again = self._connection.wait(self._asking.prepare(server, request), self._cancel)
            if again is not None:
                yield from self._write(server, again)
        yield self._finished()

    def _fit_answer(self, server: Server) -> None:
        """Let the answer to a conversation be as long as that leaves room for, by an estimate, where it may shrink."""
        chat = self._request.prompt
        if self._request.least_answer is None or not isinstance(chat, Chat):
            return
        read = sum(self._counts.count([message.content for message in chat.messages], self._connection, self._asking))
        left = server.context_length - read - _LAYOUT_TOKENS * (len(chat.messages) + 1)
        most = min(max(left, least_answer(self._request)), self._params.max_tokens)
        self._params = dataclasses.replace(self._params, max_tokens=most)

    # --- writing -------------------------------------------------------------------------

    def _write(self, server: Server, prepared: Prepared) -> Iterator[Event]:
        self._rows = []
        self._note_breaks(prepared)
        mailbox: Mailbox[Chunk] = Mailbox(self._connection.loop)
        try:
            with self._noticing():
                yield from self._ask(mailbox, server, prepared, self._first_params())
                while not self._cancel.cancelled and self._waits():
                    found = mailbox.next(_BEAT_S)
                    if found is None:
                        yield self._beat()
                        continue
                    number, item = found
                    if isinstance(item, Chunk):
                        yield from self._take(mailbox, server, prepared, number, item)
                    else:
                        yield from self._end(number, item)
        finally:
            mailbox.close()
        for row in self._rows:
            if row.reason is None:
                yield from self._close(row, "cancelled")

    def _waits(self) -> bool:
        """Whether more may come that counts: text, or for a moment after the text what it cost."""
        if any(row.reason is None for row in self._rows):
            return True
        self._written_at = self._written_at or time.perf_counter()
        return any(row.open for row in self._rows) and time.perf_counter() - self._written_at < _USAGE_S

    def _take(
        self, mailbox: Mailbox[Chunk], server: Server, prepared: Prepared, number: int, chunk: Chunk
    ) -> Iterator[Event]:
        row = self._rows[number]
        self._note_usage(row, chunk)
        if row.reason is not None:
            return
        if chunk.error is not None:
            http, host = self._connection.http, self._connection.config.address.host
            raise RemoteError(f"The server {host} failed: {http.clean(chunk.error)}")
        if not (chunk.text or chunk.tokens or chunk.count or chunk.finish):
            if chunk.read is not None:
                self._read = chunk.read
                yield self._beat()
            return
        self._first_at = self._first_at or time.perf_counter()
        yield row.take(self._request.id, chunk)
        if row.reason is not None and chunk.finish is None:
            # Ended here, by a stop string or the limit: the server need not go on.
            mailbox.cancel(number)
            row.open = False
        if len(self._rows) < self._params.n:
            yield from self._branch(mailbox, server, prepared, chunk)

    def _end(self, number: int, error: Exception | None) -> Iterator[Event]:
        """Note the end of one alternative's stream."""
        row = self._rows[number]
        row.open = False
        if row.reason is not None:  # what comes after the end does not count, not even its breaking off
            return
        if error is not None:
            raise error
        yield from self._close(row, "stop")

    def _close(self, row: Row, reason: FinishReason) -> Iterator[Delta]:
        rest = row.end(reason)
        row.text += rest
        if rest:
            yield Delta(self._request.id, row.index, rest)

    def _ask(
        self,
        mailbox: Mailbox[Chunk],
        server: Server,
        prepared: Prepared,
        params: Params,
        first: tuple[str, float] | None = None,
    ) -> Iterator[Delta]:
        """Ask for the next alternative; ``first``: the text that it begins with, and its logarithmic probability."""
        number, request = len(self._rows), self._request
        by_ids = bool(server.dialect.stops_at_ids and server.tokenizer and server.tokenizer.ids_of(request.stop_tokens))
        stops = request.params.stop if by_ids else (*request.params.stop, *request.stop_tokens)
        stream = TextStream(stops, decoded_elsewhere=True)
        row = Row(number, stream, self._params.max_tokens, self._params.logprobs)
        self._rows.append(row)
        if first is not None:
            yield row.begin(request.id, *first)

        async def work(put: Callable[[Chunk], None]) -> None:
            whole = prepared
            if first is not None:
                whole = prepared.followed_by(await self._asking.first_ids(server, first[0]), first[0])
            await self._asking.ask(self._asking.body(server, request, whole, params), put)

        if row.reason is None:
            mailbox.start(number, work)

    def _first_params(self) -> Params:
        """Return how the first alternative is asked for: so that it tells what the others may begin with."""
        params = dataclasses.replace(self._params, max_tokens=max(self._params.max_tokens, 1))
        if params.n > 1 and params.temperature <= 0:
            return dataclasses.replace(params, logprobs=min(max(params.logprobs or 0, params.n + 2), _MOST_LOGPROBS))
        return params

    def _branch(self, mailbox: Mailbox[Chunk], server: Server, prepared: Prepared, chunk: Chunk) -> Iterator[Event]:
        """Start the other alternatives, now that the server has read the prompt once."""
        params = dataclasses.replace(self._first_params(), logprobs=self._params.logprobs)
        seeds = [None if params.seed is None else params.seed + index for index in range(params.n)]
        if params.temperature > 0:
            for seed in seeds[1:]:
                yield from self._ask(mailbox, server, prepared, dataclasses.replace(params, seed=seed))
            return
        firsts: list[tuple[str, float]] = []
        if chunk.tokens and not isinstance(prepared.prompt, tuple):
            control = server.tokenizer.vocabulary if server.tokenizer else frozenset(self._request.stop_tokens)
            firsts = other_firsts(chunk.tokens[0], control)[: params.n - 1]
        for first in firsts:
            rest = dataclasses.replace(params, max_tokens=max(params.max_tokens - 1, 1))
            yield from self._ask(mailbox, server, prepared, rest, first)
        if len(firsts) < params.n - 1:
            self._notes.append("The server does not tell what else was likely, so other alternatives were drawn.")
        for index in range(len(firsts) + 1, params.n):
            drawn = dataclasses.replace(
                params, temperature=_VARIED_TEMPERATURE, top_p=_VARIED_TOP_P, seed=seeds[index] or index
            )
            yield from self._ask(mailbox, server, prepared, drawn)

    # --- numbers and words -----------------------------------------------------------------

    def _noticing(self) -> _Noticing:
        return _Noticing(self._connection)

    def _beat(self) -> Progress:
        """Return a sign of life while nothing comes."""
        if self._first_at is not None:
            done = sum(row.generated for row in self._rows)
            return Progress(self._request.id, "decode", done, self._params.max_tokens * self._params.n)
        done, total = self._read
        total = total or max(self._prompt_tokens, 1)
        return Progress(self._request.id, "prefill", min(done, total - 1), total)

    def _note_usage(self, row: Row, chunk: Chunk) -> None:
        if chunk.generated is not None:
            row.generated = row.before + chunk.generated
        if row.index == 0:
            self._prompt_tokens = chunk.prompt_tokens or self._prompt_tokens
            self._cached_tokens = chunk.cached_tokens or self._cached_tokens

    def _note_breaks(self, prepared: Prepared) -> None:
        if prepared.broken:
            self._notes.append(
                f"{prepared.broken} spellings of control tokens in the text were sent with a blank inside, because the "
                "server would have obeyed them."
            )

    def _finished(self) -> Finished:
        end = time.perf_counter()
        first_at = self._first_at or end
        choices = tuple(row.choice() for row in self._rows)
        missing = range(len(choices), self._params.n)
        choices += tuple(Choice(index, "", "cancelled", 0) for index in missing)
        info = self._owner.info
        if warning := self._owner.warn_once():
            self._notes.append(warning)
        return Finished(
            request_id=self._request.id,
            model=info.model,
            choices=choices,
            prompt_tokens=self._prompt_tokens,
            cached_tokens=self._cached_tokens,
            generated_tokens=sum(choice.generated_tokens for choice in choices),
            timings=Timings(
                prefill_ms=1000 * (first_at - self._begin),
                decode_ms=1000 * (end - first_at),
                total_ms=1000 * (end - self._begin),
            ),
            adapter=self._adapter,
            note=" ".join(self._notes),
        )


class _Noticing:
    """Tells the connection when the server goes away, or no longer has the model."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        gone = isinstance(error, Rejected) and error.status == 404
        if isinstance(error, Unreachable) or (isinstance(error, Rejected) and gone):
            self._connection.lost(error)
