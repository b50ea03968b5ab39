"""OpenAI's routes: the list of models, completions (with a suffix: fill in the middle), and chat.

What cannot be done and would change the answer is refused with a sentence (echo, best_of, token ids, tools, JSON mode,
pictures, and what assistant.server.wishes lists); what is only a hint (user, metadata) is ignored. Each route is there
without ``/v1`` too: clients differ in whether that belongs to their base address.
"""

from __future__ import annotations

import asyncio
import functools
import secrets
from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assistant.engine.protocol import CancelToken, Lease
from assistant.engine.scheduler.job import Work
from assistant.models.adapters import ModelAdapters
from assistant.server.body import read_body
from assistant.server.errors import ApiError
from assistant.server.routes.infill_job import Asked, Gap, fill, fill_laid, fill_raw, one_after_another
from assistant.server.routes.openai_shapes import ChatShape, ChunkEncoder, CompletionShape, Shape
from assistant.server.routes.prompt_job import ANSWER_TOKENS, continue_prompt, read_prompts
from assistant.server.schemas import ChatBody, ChatMessage, CompletionBody, Sampling
from assistant.server.sse import SseResponse
from assistant.server.streams import Dispatcher
from assistant.server.suggesting import Suggesting
from assistant.server.wishes import check_wishes
from assistant.types import Chat, Event, GenerateRequest, Message, Priority, Role

# Names that mean "whatever is loaded"; editors that must send some name can be given one of these.
_ANY_MODEL = ("", "default", "grafter")
# How long an answer may be where the client names no limit, as far as the conversation leaves room for it.
_CHAT_TOKENS = 2048
_LEAST_CHAT_TOKENS = 256
# OpenAI's own default, for a continuation; of a hole the place decides how long its answer may be.
_COMPLETION_TOKENS = 16
_HOLE_TOKENS = 256
_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}


class OpenAIRoutes:
    """The handlers; they need the dispatcher, how suggestions are made, and the model's adapters where it has any."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        suggesting: Suggesting,
        started: int,
        model_adapters: ModelAdapters | None = None,
    ) -> None:
        self._dispatcher = dispatcher
        self._suggesting = suggesting
        self._started = started
        self._model_adapters = model_adapters

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            route
            for base in ("/v1", "")
            for route in (
                Route(f"{base}/models", self.models, methods=["GET"]),
                Route(f"{base}/models/{{model:path}}", self.model, methods=["GET"]),
                Route(f"{base}/completions", self.completions, methods=["POST"]),
                Route(f"{base}/chat/completions", self.chat, methods=["POST"]),
            )
        ]

    async def models(self, _request: Request) -> Response:
        """Name the model that is loaded or being loaded, alone and with each adapter; none: an empty list."""
        return JSONResponse({"object": "list", "data": await self._rows()})

    async def model(self, request: Request) -> Response:
        """Describe one model of the list; the names that mean whatever is loaded mean the first."""
        name = str(request.path_params["model"])
        rows = await self._rows()
        found = [row for row in rows if row["id"] == name] or (rows if name in _ANY_MODEL else [])
        if not found:
            message = f"The model '{name}' is not loaded; /v1/models lists what is."
            raise ApiError(404, message, code="model_not_found", param="model")
        return JSONResponse(found[0])

    async def _rows(self) -> list[dict[str, object]]:
        models, length = self._dispatcher.worker.models, self._dispatcher.worker.health().context_length
        row: dict[str, object] = {"object": "model", "created": self._started, "owned_by": "grafter"}
        rows: list[dict[str, object]] = [{"id": model, **row} for model in models]
        if not models:
            return rows
        if length:  # by the names of vLLM, llama.cpp and others
            meta = {"n_ctx": length, "n_ctx_train": length}
            rows[0] |= {"context_length": length, "max_model_len": length, "meta": meta}
        main = models[0]
        rows[1:1] = [{**rows[0], "id": f"{main}+{name}", "parent": main} for name in await self._adapters()]
        return rows

    async def completions(self, request: Request) -> Response:
        """Continue a prompt, or fill the hole between ``prompt`` and ``suffix``; of several prompts each in turn."""
        body = await read_body(request, CompletionBody)
        check_wishes(body.model_extra or {})
        prompts = _completion_prompts(body)
        adapter = await self._read_model(body)
        request_id = f"cmpl-{secrets.token_hex(12)}"
        jobs = [self._completion_job(request_id, prompt, body, adapter) for prompt in prompts]
        offsets = [len(prompt) for prompt in prompts for _ in range(body.n)]
        shape = CompletionShape(request_id, logprobs=body.logprobs is not None, offsets=offsets)
        return await self._answer(request, body, shape, one_after_another(jobs, body.n), Priority.INTERACTIVE)

    def _completion_job(self, request_id: str, prompt: str, body: CompletionBody, adapter: str | None) -> Work:
        limit, unlimited = body.max_tokens, body.max_tokens == -1
        if body.suffix is None:
            most = ANSWER_TOKENS if unlimited else _COMPLETION_TOKENS if limit is None else limit
            params = body.params(most, body.logprobs)
            job = functools.partial(continue_prompt, request_id, prompt, params, adapter, unlimited)
            if body.raw or body.logprobs is not None:
                return job
            asked = Asked(request_id, params, most, body.trigger, adapter)
            return functools.partial(fill_laid, self._suggesting, self._suggesting.options(), prompt, asked, job)
        most = limit if limit is not None and not unlimited else None
        params = body.params(_HOLE_TOKENS if most is None else most, body.logprobs)
        # An empty suffix is a hole too: an editor at the end of a file sends that.
        gap = Gap(prompt, body.suffix, body.filename or body.path, body.workspace)
        asked = Asked(request_id, params, most, body.trigger, adapter)
        if body.raw:
            return functools.partial(fill_raw, gap, asked, True)
        return functools.partial(fill, self._suggesting, self._suggesting.options(), gap, asked)

    async def chat(self, request: Request) -> Response:
        """Answer a conversation, laid out by the model's own chat template."""
        body = await read_body(request, ChatBody)
        _check_chat(body)
        adapter = await self._read_model(body, "chat")
        request_id = f"chatcmpl-{secrets.token_hex(12)}"
        limit = body.limit
        params = body.params(_CHAT_TOKENS if limit is None else limit, body.top_logprobs if body.logprobs else None)
        chat = Chat(tuple(_message(message) for message in body.messages))
        shape = ChatShape(request_id, logprobs=body.logprobs)

        least = _LEAST_CHAT_TOKENS if limit is None else None
        wanted = GenerateRequest(request_id, chat, params, adapter=adapter, least_answer=least)

        def job(model: Lease, cancel: CancelToken) -> Iterator[Event]:
            return model.generate(wanted, cancel)

        return await self._answer(request, body, shape, job, Priority.CHAT, "chat")

    async def _answer(
        self,
        request: Request,
        body: Sampling,
        shape: Shape,
        job: Work,
        priority: Priority,
        role: Role = "complete",
    ) -> Response:
        open_stream = functools.partial(self._dispatcher.open, job, shape.id, priority=priority, role=role)
        if body.stream:
            encoder = ChunkEncoder(shape, include_usage=body.stream_options.include_usage)
            return SseResponse(open_stream, encoder, hold_status=True)
        async with open_stream(request.receive) as stream:
            finished = await self._dispatcher.last(stream)
        return JSONResponse(shape.answer(finished)) if finished else Response(status_code=499)

    async def _read_model(self, body: Sampling, role: Role = "complete") -> str | None:
        """Return which adapter the model's name asks for; see GenerateRequest.

        Refuses when there is no model, or another is asked for: an answer of the wrong one would mislead.
        """
        self._dispatcher.check_model()
        worker = self._dispatcher.worker
        loaded = worker.model_for(role)
        if loaded is None or body.model in _ANY_MODEL:
            return None
        base, plus, adapter = body.model.partition("+")
        if body.model == loaded:
            # As on other servers that list a model with its adapters, the name alone is the model alone.
            return "" if self._model_adapters and loaded == worker.health().model else None
        if plus and base == loaded == worker.health().model and adapter in await self._adapters():
            return adapter
        message = f"The model '{body.model}' is not loaded; this service runs '{loaded}' (or say 'default')."
        raise ApiError(404, message, code="model_not_found", param="model")

    async def _adapters(self) -> list[str]:
        return await asyncio.to_thread(self._model_adapters.names) if self._model_adapters else []


def _completion_prompts(body: CompletionBody) -> list[str]:
    """Return the prompts. Raises ApiError for what cannot be done."""
    if body.echo:
        raise ApiError(400, "'echo' is not supported: the answer holds only new text.", param="echo")
    if body.best_of not in (None, body.n):
        raise ApiError(400, "'best_of' is not supported; ask for 'n' alternatives.", param="best_of")
    if body.logprobs is not None and body.suffix is not None and not body.raw:
        message = "'logprobs' of a hole are those of the bare model: send 'raw': true with them, or leave them out."
        raise ApiError(400, message, param="logprobs")
    return read_prompts(body.prompt)


def _check_chat(body: ChatBody) -> None:
    if body.tool_choice not in ("auto", "none"):
        raise ApiError(400, "This model cannot be made to call tools; leave 'tool_choice' out.", param="tool_choice")
    check_wishes({**(body.model_extra or {}), "tool_choice": body.tool_choice})
    if body.response_format.type != "text":
        message = "The answer's format cannot be forced; ask for it in the messages instead."
        raise ApiError(400, message, param="response_format")


def _message(message: ChatMessage) -> Message:
    role = _ROLES.get(message.role)
    if message.role in ("tool", "function"):
        sentence = "Answers of tools cannot be read yet; write what a tool said into a message of the role 'user'."
        raise ApiError(400, sentence, code="unsupported", param="messages")
    if role is None:
        known = ", ".join(_ROLES)
        raise ApiError(400, f"A message cannot have the role '{message.role}'; known are {known}.", param="messages")
    if isinstance(message.content, str):
        return Message(role, message.content)  # type: ignore[arg-type]
    if any(part.type != "text" for part in message.content):
        raise ApiError(400, "Only text can be read in messages; send parts of the type 'text'.", param="messages")
    return Message(role, "".join(part.text for part in message.content))  # type: ignore[arg-type]
