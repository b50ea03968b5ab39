"""llama.cpp's ``/infill``, in the fields that llama.vim and llama.vscode send and read.

Both are satisfied by the URL of this service and its token as their key. ``n_predict`` 0 is their warm-up: it is
answered at once. ``response_fields`` picks fields by paths such as ``timings/prompt_n``, which become flat keys.
"""

from __future__ import annotations

import functools
import secrets
from collections.abc import Iterator
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assistant.server.body import read_body
from assistant.server.errors import from_failed
from assistant.server.routes.infill_job import infill
from assistant.server.schemas import InfillBody
from assistant.server.sse import SseResponse, data_line
from assistant.server.streams import Dispatcher
from assistant.types import Choice, Delta, Event, Failed, Finished, Timings

Json = dict[str, Any]

_DEFAULT_TOKENS = 256


class LlamaCppRoutes:
    """The handlers; everything they need is the dispatcher."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route("/infill", self.infill, methods=["POST"])]

    async def infill(self, request: Request) -> Response:
        """Fill the hole; with ``n_cmpl`` above 1 the answer is an array, as there. Any model name is taken."""
        body = await read_body(request, InfillBody)
        if body.n_predict == 0:
            return JSONResponse(_pick(_result(_nothing(self._dispatcher.worker.health().model or ""), 0), body))
        self._dispatcher.check_model()
        request_id = f"infill-{secrets.token_hex(12)}"
        params = body.params(_DEFAULT_TOKENS if body.n_predict < 0 else body.n_predict)
        job = functools.partial(infill, request_id, body, params)
        open_stream = functools.partial(self._dispatcher.open, job, request_id)
        if body.stream:
            return SseResponse(open_stream, functools.partial(_encode, body), hold_status=True)
        async with open_stream(request.receive) as stream:
            finished = await self._dispatcher.last(stream)
        if finished is None:
            return Response(status_code=499)
        results = [_pick(_result(finished, index), body) for index in range(len(finished.choices))]
        return JSONResponse(results if body.n_cmpl > 1 else results[0])


def _encode(body: InfillBody, event: Event) -> Iterator[bytes]:
    """Yield the lines of one event of a stream; the last ones have ``stop`` true and no more text."""
    match event:
        case Delta(index=index, text=text):
            yield data_line({"index": index, "content": text, "tokens": [], "stop": False})
        case Finished():
            for index in range(len(event.choices)):
                yield data_line(_pick({**_result(event, index), "content": ""}, body))
        case Failed():
            yield data_line(from_failed(event).body())
        case _:
            pass


def _result(finished: Finished, index: int) -> Json:
    choice = finished.choices[index]
    return {
        "index": index,
        "content": choice.text,
        "tokens": [],
        "stop": True,
        "model": finished.model,
        "tokens_predicted": choice.generated_tokens,
        "tokens_evaluated": finished.prompt_tokens,
        "has_new_line": "\n" in choice.text,
        "truncated": False,
        "stop_type": "eos" if choice.reason == "stop" else "limit",
        "stopping_word": "",
        "tokens_cached": finished.prompt_tokens + choice.generated_tokens,
        "timings": _timings(finished),
    }


def _timings(finished: Finished) -> Json:
    read = finished.prompt_tokens - finished.cached_tokens
    return {
        "cache_n": finished.cached_tokens,
        **_rates("prompt", read, finished.timings.prefill_ms),
        **_rates("predicted", finished.generated_tokens, finished.timings.decode_ms),
    }


def _rates(name: str, tokens: int, milliseconds: float) -> Json:
    return {
        f"{name}_n": tokens,
        f"{name}_ms": milliseconds,
        f"{name}_per_token_ms": milliseconds / tokens if tokens else 0.0,
        f"{name}_per_second": 1000 * tokens / milliseconds if milliseconds else 0.0,
    }


def _pick(result: Json, body: InfillBody) -> Json:
    """Return the fields asked for, under their paths, or all where nothing was asked. Unknown ones are left out."""
    if not body.response_fields:
        return result
    picked: Json = {}
    for path in body.response_fields:
        value: Any = result
        for key in path.split("/"):
            value = cast("Json", value).get(key) if isinstance(value, dict) else None
        if value is not None:
            picked[path] = value
    return picked


def _nothing(model: str) -> Finished:
    return Finished("", model, (Choice(0, "", "stop", 0),), 0, 0, 0, Timings())
