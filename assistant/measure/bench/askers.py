"""How a suggestion is asked for: of our service, of llama.cpp's ``/infill``, of an OpenAI server. All stream."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

import httpx

from assistant.client.sse import SseParser
from assistant.errors import ServiceError
from assistant.measure.bench.peers import (
    Json,
    Kind,
    cached_tokens,
    check_chunk,
    check_url,
    readable_errors,
    status_error,
)
from assistant.prompts.fim import infill_prompt
from assistant.types import Choice, CompleteRequest, Control, Delta, Failed, Finished, Progress, Started
from assistant.wire import complete_to_json, event_from_json

OnText = Callable[[str], None]

# What llama.cpp's own plugins for editors send unless told otherwise: the lines around the cursor, the line of the
# cursor as what the answer begins with, their samplers, and their limits. A seed, so that a run can be repeated.
LINES_BEFORE = 256
LINES_AFTER = 64
MOST_TOKENS = 128
MOST_WRITING_MS = 500

_SILENCE_SECONDS = 120.0


@dataclass(slots=True)
class Use:
    """What a request cost so far, in tokens; also of one that was given up."""

    prompt: int = 0
    reused: int = 0
    read: int = 0
    written: int = 0


class Asker(Protocol):
    """Somebody who can be asked for suggestions."""

    @property
    def name(self) -> str:
        """What to call it in tables."""
        ...

    async def ask(self, request: CompleteRequest, use: Use, on_text: OnText) -> Choice:
        """Return the whole suggestion; ``on_text`` gets its characters as they come, ``use`` what it costs.

        Cancelling the task closes the connection, by which servers notice. Raises ServiceError.
        """
        ...

    async def close(self) -> None:
        """Drop the connections."""
        ...


class _Streaming:
    """A connection that answers in server-sent events."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        self._url = check_url(url)
        # The environment's proxies must not see loopback.
        self._http = httpx.AsyncClient(timeout=_SILENCE_SECONDS, headers=headers, trust_env=False)

    async def close(self) -> None:
        """Drop the connections."""
        await self._http.aclose()

    async def _stream(self, path: str, body: Mapping[str, Any]) -> AsyncIterator[Json]:
        parser = SseParser()
        with readable_errors(self._url):
            async with self._http.stream("POST", self._url + path, json=body) as response:
                if response.status_code != 200:
                    await response.aread()
                    raise status_error(self._url, response)
                async for piece in response.aiter_bytes():
                    for data in parser.feed(piece):
                        if data == "[DONE]":
                            return
                        yield check_chunk(json.loads(data), self._url)


class Grafter(_Streaming):
    """Our service, asked as the window asks. ``name``: what to call it in tables."""

    def __init__(self, url: str, token: str, name: str = "ours") -> None:
        super().__init__(url, {"Authorization": f"Bearer {token}"})
        self._name = name

    @property
    def name(self) -> str:
        """What to call it in tables."""
        return self._name

    async def ask(self, request: CompleteRequest, use: Use, on_text: OnText) -> Choice:
        """Return the whole suggestion."""
        async for chunk in self._stream("/grafter/complete", complete_to_json(request)):
            match event_from_json(chunk):
                case Started(prompt_tokens=prompt, cached_tokens=cached):
                    use.prompt, use.reused = prompt, cached
                case Progress(stage="prefill", done=done):
                    use.read = done - use.reused
                case Delta(text=text):
                    # The service says nothing of tokens without text, so of one that is given up this is the least.
                    use.written += 1
                    on_text(text)
                case Finished() as finished:
                    use.reused, use.written = finished.cached_tokens, finished.generated_tokens
                    use.read = finished.prompt_tokens - finished.cached_tokens
                    return finished.choices[0]
                case Failed(message=message):
                    raise ServiceError(message)
                case _:
                    pass
        raise ServiceError("The service ended an answer before it was whole.")


class LlamaCpp(_Streaming):
    """llama.cpp's ``/infill``, asked as its own plugins for editors ask, with its cache on."""

    @property
    def name(self) -> str:
        """What to call it in tables."""
        return "llama.cpp"

    async def ask(self, request: CompleteRequest, use: Use, on_text: OnText) -> Choice:
        """Return the whole suggestion."""
        before, line, after = _lines_around(request)
        body = {
            "input_prefix": before,
            "input_suffix": after,
            "prompt": line,
            "n_predict": MOST_TOKENS,
            "t_max_predict_ms": MOST_WRITING_MS,
            "cache_prompt": True,
            "top_k": 40,
            "top_p": 0.99,
            "samplers": ["top_k", "top_p", "infill"],
            "seed": 0,
            "stream": True,
            "return_progress": True,  # how much was read, also where the request is given up
        }
        whole = ""
        async for chunk in self._stream("/infill", body):
            if (progress := chunk.get("prompt_progress")) is not None:
                use.prompt, use.reused = int(progress["total"]), int(progress["cache"])
                use.read = int(progress["processed"]) - use.reused
            if text := str(chunk.get("content", "")):
                use.written += 1
                whole += text
                on_text(text)
            if (timings := chunk.get("timings")) is not None and chunk.get("stop"):
                use.read, use.written = int(timings["prompt_n"]), int(timings["predicted_n"])
                use.reused = int(timings.get("cache_n", use.reused))
                use.prompt = use.read + use.reused
        return Choice(0, whole, "stop", use.written)


class OpenAi(_Streaming):
    """A server with OpenAI's ``/v1/completions``: the family's fill-in prompt as raw text, lines as for llama.cpp."""

    def __init__(self, url: str, model: str, family: str) -> None:
        super().__init__(url)
        self._model, self._family = model, family

    @property
    def name(self) -> str:
        """What to call it in tables."""
        return "peer"

    async def ask(self, request: CompleteRequest, use: Use, on_text: OnText) -> Choice:
        """Return the whole suggestion."""
        before, line, after = _lines_around(request)
        fim = infill_prompt(self._family, before + line, after)
        body = {
            "model": self._model,
            "prompt": "".join(part.token if isinstance(part, Control) else part.text for part in fim.prompt.parts),
            "max_tokens": MOST_TOKENS,
            "temperature": 0,
            "stop": list(fim.stop_tokens[:4]),  # OpenAI's limit
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        whole = ""
        async for chunk in self._stream("/v1/completions", body):
            for choice in chunk.get("choices") or ():
                if text := str(choice.get("text") or ""):
                    use.written += 1
                    whole += text
                    on_text(text)
            if (usage := cast("Json | None", chunk.get("usage"))) is not None:
                use.prompt, use.reused = int(usage["prompt_tokens"]), cached_tokens(usage)
                use.read, use.written = use.prompt - use.reused, int(usage["completion_tokens"])
        return Choice(0, whole, "stop", use.written)


def peer_asker(url: str, kind: Kind, model: str, family: str) -> Asker:
    """Return who asks a peer. ``model`` and ``family`` matter to OpenAI servers alone."""
    return LlamaCpp(url) if kind == "llamacpp" else OpenAi(url, model, family)


def _lines_around(request: CompleteRequest) -> tuple[str, str, str]:
    """Return the lines before the cursor's, that line up to the cursor, and what follows with the lines after."""
    prefix, suffix = request.text[: request.cursor], request.text[request.cursor :]
    lines = prefix.split("\n")
    before = "".join(line + "\n" for line in lines[-1 - LINES_BEFORE : -1])
    after = "\n".join(suffix.split("\n")[: LINES_AFTER + 1])
    return before, lines[-1], after
