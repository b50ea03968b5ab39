"""From a request to what a server is asked, and to its answer: what it refuses to know is left out from then on."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import cast

from assistant.engine.context_length import MAXIMUM
from assistant.engine.remote.chunks import Chunk, read_chunk
from assistant.engine.remote.dialects import FEW_STOPS, Body, chat_body, completion_body
from assistant.engine.remote.errors import Rejected, RemoteError, TooLong, Unreachable
from assistant.engine.remote.estimate import estimate_tokens
from assistant.engine.remote.http import Http
from assistant.engine.remote.server import Server
from assistant.engine.remote.spelling import Spellings
from assistant.prompts.fim import known_spellings, opens_prompts
from assistant.types import Chat, Control, GenerateRequest, Markup, Message, Params, Part, Text

_REFUSALS = 12
_TOO_LONG = re.compile(
    r"context (?:length|size|window)|context_length|maximum (?:model|sequence) length|too long", re.IGNORECASE
)
# What a server says that takes only strings as prompts.
_NO_IDS = re.compile(r"\bprompt\b|token ids|\bstring\b|\bstr\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A prompt as it goes to the server: token ids, a string, or messages.

    ``tokens`` is exact for ids and an estimate otherwise. ``broken`` counts spellings that got a blank.
    """

    prompt: list[int] | str | tuple[Message, ...]
    tokens: int
    broken: int = 0
    lengths: dict[str, int] | None = None

    def followed_by(self, ids: Sequence[int], text: str) -> Prepared:
        """Return the prompt with the beginning of an answer behind it."""
        if isinstance(self.prompt, list):
            return replace(self, prompt=[*self.prompt, *ids])
        return replace(self, prompt=cast("str", self.prompt) + text)


class Asking:
    """Asks one server, and remembers what it does not take. All coroutines run on its event loop."""

    def __init__(self, http: Http) -> None:
        self._http = http
        self._breaks = Spellings(known_spellings(), forms=True)
        self._left_out: dict[str, frozenset[str]] = {}
        self._few_stops = False
        self._new_limit = False
        self.takes_ids = True
        """Whether no prompt of token ids was refused so far."""

    async def prepare(self, server: Server, request: GenerateRequest) -> Prepared:
        """Lay the prompt out for the server. Raises RemoteError."""
        prompt = request.prompt
        if isinstance(prompt, Chat):
            return self._prepare_chat(prompt)
        if server.tokenizer is not None and self.takes_ids:
            try:
                encoded = await server.tokenizer.encode(prompt.parts)
            except Unreachable:
                raise
            except Rejected:
                self.takes_ids = False  # it tokenised when it was asked first, and does so no more
            else:
                self._check_room(server, len(encoded.ids), request.params)
                return Prepared(encoded.ids, len(encoded.ids), lengths=encoded.lengths)
        return self._prepare_string(server, prompt.parts)

    async def first_ids(self, server: Server, text: str) -> list[int]:
        """Return the ids of the text that an alternative begins with; none where prompts are strings."""
        if server.tokenizer is None or not self.takes_ids:
            return []
        return (await server.tokenizer.encode([Text(text)])).ids

    def body(self, server: Server, request: GenerateRequest, prepared: Prepared, params: Params) -> Body:
        """Return what is posted for one alternative."""
        dialect = server.dialect
        if isinstance(prepared.prompt, tuple):
            body = chat_body(dialect, server.model, prepared.prompt, params)
        else:
            ids: list[int] = []
            if dialect.stops_at_ids and server.tokenizer is not None:
                ids = server.tokenizer.ids_of(request.stop_tokens)
            body = completion_body(dialect, server.model, prepared.prompt, params, request.stop_tokens, ids)
        if server.adapter and dialect.adapter_field:
            return replace(body, required=body.required | {dialect.adapter_field: server.adapter})
        return body

    async def ask(self, body: Body, put: Callable[[Chunk], None]) -> None:
        """Post the body and deliver each step of the answer. Raises RemoteError."""
        begun = False
        for _ in range(_REFUSALS):
            try:
                async for data in self._http.stream(body.path, self._fitting(body)):
                    begun = True
                    put(read_chunk(data))
            except Rejected as error:
                if begun or not self._learn(body, error):
                    raise _as_too_long(error) or error from None
            else:
                return
        raise RemoteError(f"The server {self._http.host} refuses each form of the request.")

    # --- prompts -------------------------------------------------------------------------

    def _prepare_chat(self, chat: Chat) -> Prepared:
        """Return the messages with spellings broken: the server's template would obey them."""
        broken = 0
        messages: list[Message] = []
        for message in chat.messages:
            content, count = self._breaks.blank(message.content)
            broken += count
            messages.append(replace(message, content=content))
        return Prepared(tuple(messages), sum(estimate_tokens(m.content) for m in messages), broken)

    def _prepare_string(self, server: Server, parts: Sequence[Part]) -> Prepared:
        """Return the prompt as one string with the spellings in its texts broken."""
        whole, plain, broken = "", "", 0
        if server.dialect.adds_bos and parts and isinstance(parts[0], Control) and opens_prompts(parts[0].token):
            parts = parts[1:]
        for part in (*parts, Markup("")):
            if isinstance(part, Text):
                plain += part.text  # text that runs on may spell a control token only together
                continue
            text, count = self._breaks.blank(plain)
            broken += count
            whole += text + (part.token if isinstance(part, Control) else part.text)
            plain = ""
        return Prepared(whole, estimate_tokens(whole), broken)

    @staticmethod
    def _check_room(server: Server, tokens: int, params: Params) -> None:
        if tokens + params.max_tokens > server.context_length:
            raise TooLong(
                f"The server's model's {MAXIMUM} {server.context_length} tokens; the prompt has {tokens} tokens "
                f"and the answer may have {params.max_tokens}: shorten the prompt or ask for fewer."
            )

    # --- what a server does not take -------------------------------------------------------

    def _fitting(self, body: Body) -> dict[str, object]:
        whole = body.merged(self._left_out.get(body.path, frozenset()))
        if self._few_stops and "stop" in whole:
            whole["stop"] = whole["stop"][:FEW_STOPS]
        if self._new_limit and body.path.endswith("/chat/completions"):
            whole["max_completion_tokens"] = whole.pop("max_tokens")
        return whole

    def _learn(self, body: Body, error: Rejected) -> bool:
        """Find in a refusal what to leave out; return whether another try makes sense."""
        said = error.said
        if error.status not in (400, 422, 501) or _TOO_LONG.search(said):
            return False
        if "max_completion_tokens" in said and not self._new_limit and "max_tokens" in body.required:
            self._new_limit = True
            return True
        gone = self._left_out.get(body.path, frozenset())
        named = {name for name in body.optional if name not in gone and re.search(rf"\b{name}\b", said)}
        if "stop" in named and len(body.optional["stop"]) > FEW_STOPS and not self._few_stops:
            self._few_stops = True
            return True
        if not named:
            return False
        self._left_out[body.path] = gone | named
        return True

    def refused_ids(self, error: RemoteError, prepared: Prepared) -> bool:
        """Remember where a prompt of token ids was refused for being that; the request may then go as a string."""
        if not isinstance(error, Rejected) or not isinstance(prepared.prompt, list) or not self.takes_ids:
            return False
        if error.status not in (400, 422, 501) or not _NO_IDS.search(error.said):
            return False
        self.takes_ids = False
        return True


def _as_too_long(error: Rejected) -> TooLong | None:
    return (
        TooLong(f"The prompt is too long for the server's model: {error.said}")
        if _TOO_LONG.search(error.said)
        else None
    )
