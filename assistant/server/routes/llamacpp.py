"""llama.cpp's ``/infill`` and ``/completion``, in the fields that its plugins, Twinny and Continue send and read.

All are satisfied by the URL of this service and its token as their key. ``n_predict`` 0 is a warm-up: it is answered at
once, and the model reads in the background what the next request is likely to begin with. ``response_fields`` picks
fields by paths such as ``timings/prompt_n``, which become flat keys.
"""

from __future__ import annotations

import functools
import secrets
from collections.abc import Iterator
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assistant.engine.scheduler.job import Work
from assistant.prompts.fim import SourceFile
from assistant.server.body import read_body
from assistant.server.errors import from_failed
from assistant.server.routes.infill_job import Asked, Gap, fill, fill_laid, fill_raw, one_after_another, read_ahead
from assistant.server.routes.prompt_job import ANSWER_TOKENS, continue_prompt, read_prompts
from assistant.server.schemas import InfillBody, LlamaCppBody, PromptBody, stop_strings
from assistant.server.sse import SseResponse, data_line
from assistant.server.streams import Dispatcher
from assistant.server.suggesting import Suggesting
from assistant.server.wishes import check_wishes
from assistant.types import Choice, Delta, Event, Failed, Finished, Priority, Timings

Json = dict[str, Any]

_RAW_TOKENS = 256
_WARM_UP = "infill warm-up"


class LlamaCppRoutes:
    """The handlers; they need the dispatcher, and how suggestions are made."""

    def __init__(self, dispatcher: Dispatcher, suggesting: Suggesting) -> None:
        self._dispatcher = dispatcher
        self._suggesting = suggesting
        self._last = Gap("", "")
        """The hole that was asked for last: a warm-up that only sends other files is for one near it."""

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/infill", self.infill, methods=["POST"]),
            Route("/completion", self.completion, methods=["POST"]),
        ]

    async def infill(self, request: Request) -> Response:
        """Fill the hole; with ``n_cmpl`` above 1 the answer is an array, as there. Any model name is taken."""
        body = await read_body(request, InfillBody)
        check_wishes(body.model_extra or {})
        gap = _gap(body)
        request_id = f"infill-{secrets.token_hex(12)}"
        asked = Asked(
            request_id,
            body.params(_RAW_TOKENS if body.limit is None else body.limit),
            body.limit,
            body.trigger,
            line_seconds=body.t_max_predict_ms / 1000,
        )
        if body.limit == 0:
            return self._warm_up(body, gap, asked)
        self._dispatcher.check_model()
        self._last = gap
        if body.raw:
            return await self._answer(request, body, request_id, functools.partial(fill_raw, gap, asked, False))
        job = functools.partial(fill, self._suggesting, self._suggesting.options(), gap, asked)
        return await self._answer(request, body, request_id, job)

    async def completion(self, request: Request) -> Response:
        """Go on with a prompt, in which the spellings of control tokens are control tokens."""
        body = await read_body(request, PromptBody)
        check_wishes(body.model_extra or {})
        prompts = read_prompts(body.prompt)
        self._dispatcher.check_model()
        request_id = f"cmpl-{secrets.token_hex(12)}"
        params = body.params(ANSWER_TOKENS if body.limit is None else body.limit)
        asked = Asked(request_id, params, body.limit, body.trigger, line_seconds=body.t_max_predict_ms / 1000)
        options = self._suggesting.options()

        def job(prompt: str) -> Work:
            bare = functools.partial(continue_prompt, request_id, prompt, params, None, body.limit is None)
            return bare if body.raw else functools.partial(fill_laid, self._suggesting, options, prompt, asked, bare)

        return await self._answer(request, body, request_id, one_after_another([*map(job, prompts)], params.n))

    async def _answer(self, request: Request, body: LlamaCppBody, request_id: str, job: Work) -> Response:
        open_stream = functools.partial(self._dispatcher.open, job, request_id)
        if body.stream:
            return SseResponse(open_stream, functools.partial(_encode, body), hold_status=True)
        async with open_stream(request.receive) as stream:
            finished = await self._dispatcher.last(stream)
        if finished is None:
            return Response(status_code=499)
        results = [_pick(_result(finished, index, body), body) for index in range(len(finished.choices))]
        return JSONResponse(results[0] if len(results) == 1 and body.n_cmpl == 1 else results)

    def _warm_up(self, body: InfillBody, gap: Gap, asked: Asked) -> Response:
        health = self._dispatcher.worker.health()
        if gap.is_empty:
            gap = Gap(self._last.before, self._last.after, self._last.path, self._last.workspace, gap.files)
        if health.state == "ready" and (gap.files or not gap.is_empty):
            alone = Asked(asked.id, asked.params, None)
            job = functools.partial(read_ahead, self._suggesting, self._suggesting.options(), gap, alone)
            worker = self._dispatcher.worker
            # Asked ahead: whatever else is asked goes first, and finds in the cache what was read until then.
            worker.submit(job, _ignore, asked.id, Priority.BACKGROUND, session=_WARM_UP, ahead=True)
        return JSONResponse(_pick(_result(_nothing(health.model or ""), 0, body), body))


def _gap(body: InfillBody) -> Gap:
    files = tuple(SourceFile(extra.filename, extra.text) for extra in body.input_extra)
    before, path = body.input_prefix + body.prompt, body.filename or body.path
    return Gap(before, body.input_suffix, path, body.workspace, files, body.n_indent)


def _ignore(_event: Event) -> None:
    """Take an event of a warm-up, which nobody waits for."""


def _encode(body: LlamaCppBody, event: Event) -> Iterator[bytes]:
    """Yield the lines of one event of a stream; the last ones have ``stop`` true and no more text."""
    match event:
        case Delta(index=index, text=text):
            yield data_line({"index": index, "content": text, "tokens": [], "stop": False})
        case Finished():
            for index in range(len(event.choices)):
                yield data_line(_pick({**_result(event, index, body), "content": ""}, body))
        case Failed():
            yield data_line(from_failed(event).body())
        case _:
            pass


def _result(finished: Finished, index: int, body: LlamaCppBody) -> Json:
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
        "stop_type": _stop_type(choice),
        "stopping_word": choice.stop_string,
        "generation_settings": _settings(body),
        "tokens_cached": finished.prompt_tokens + choice.generated_tokens,
        "timings": _timings(finished),
    }


def _stop_type(choice: Choice) -> str:
    if choice.reason != "stop":
        return "limit"
    return "word" if choice.stop_string else "eos"


def _settings(body: LlamaCppBody) -> Json:
    """Return the settings with which the answer was written, by llama.cpp's names."""
    limit = body.limit
    return {
        "n_predict": -1 if limit is None else limit,
        "temperature": body.temperature,
        "top_k": body.top_k,
        "top_p": body.top_p,
        "min_p": body.min_p,
        "repeat_penalty": body.repeat_penalty,
        "seed": body.seed,
        "stop": list(stop_strings(body.stop)),
        "stream": body.stream,
        "t_max_predict_ms": body.t_max_predict_ms,
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


def _pick(result: Json, body: LlamaCppBody) -> Json:
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
