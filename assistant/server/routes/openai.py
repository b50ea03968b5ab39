"""OpenAI's routes: the list of models, completions (with a suffix: fill in the middle), and chat.

What cannot be done and would change the answer is refused with a sentence (echo, best_of, token ids, forced tools, JSON
mode, pictures, logit bias); what is only a hint (penalties, user, tools that need not be called) is ignored.
"""

from __future__ import annotations

import asyncio
import functools
import secrets
from collections.abc import Iterator
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assistant.engine.protocol import CancelToken, Lease
from assistant.engine.scheduler.job import Work
from assistant.models.adapters import ModelAdapters
from assistant.prompts.fim import FAMILIES, FimPrompt, infill_prompt
from assistant.server.body import read_body
from assistant.server.errors import ApiError
from assistant.server.routes.openai_shapes import ChatShape, ChunkEncoder, CompletionShape, Shape
from assistant.server.schemas import ChatBody, ChatMessage, CompletionBody, Sampling
from assistant.server.sse import SseResponse
from assistant.server.streams import Dispatcher
from assistant.types import Chat, Event, Finished, GenerateRequest, Markup, Message, Params, Priority, Prompt, Role

# Names that mean "whatever is loaded"; editors that must send some name can be given one of these.
_ANY_MODEL = ("", "default", "grafter")
# How long an answer may be where the client names no limit, as far as the conversation leaves room for it.
_CHAT_TOKENS = 2048
_LEAST_CHAT_TOKENS = 256
_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}


class OpenAIRoutes:
    """The handlers; they need the dispatcher, and the model's adapters where it has any."""

    def __init__(self, dispatcher: Dispatcher, started: int, model_adapters: ModelAdapters | None = None) -> None:
        self._dispatcher = dispatcher
        self._started = started
        self._model_adapters = model_adapters

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/v1/models", self.models, methods=["GET"]),
            Route("/v1/completions", self.completions, methods=["POST"]),
            Route("/v1/chat/completions", self.chat, methods=["POST"]),
        ]

    async def models(self, _request: Request) -> Response:
        """Name the model that is loaded or being loaded, alone and with each adapter; none: an empty list."""
        models = self._dispatcher.worker.models
        row: dict[str, object] = {"object": "model", "created": self._started, "owned_by": "grafter"}
        rows: list[dict[str, object]] = [{"id": model, **row} for model in models]
        if models:
            main = models[0]
            rows[1:1] = [{"id": f"{main}+{name}", **row, "parent": main} for name in await self._adapters()]
        return JSONResponse({"object": "list", "data": rows})

    async def completions(self, request: Request) -> Response:
        """Continue a prompt, or fill the hole between ``prompt`` and ``suffix``."""
        body = await read_body(request, CompletionBody)
        adapter = await self._read_model(body)
        prompt = _completion_prompt(body)
        request_id = f"cmpl-{secrets.token_hex(12)}"
        params = body.params(body.max_tokens, body.logprobs)
        job = functools.partial(_complete, request_id, prompt, body.suffix, params, adapter)
        shape = CompletionShape(request_id, logprobs=body.logprobs is not None, offset=len(prompt))
        return await self._answer(request, body, shape, job, Priority.INTERACTIVE)

    async def chat(self, request: Request) -> Response:
        """Answer a conversation, laid out by the model's own chat template."""
        body = await read_body(request, ChatBody)
        adapter = await self._read_model(body, "chat")
        _check_chat(body)
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


def _completion_prompt(body: CompletionBody) -> str:
    """Return the prompt as one string. Raises ApiError for what cannot be done."""
    if body.echo:
        raise ApiError(400, "'echo' is not supported: the answer holds only new text.", param="echo")
    if body.best_of not in (None, body.n):
        raise ApiError(400, "'best_of' is not supported; ask for 'n' alternatives.", param="best_of")
    _check_bias(body)
    prompts = [body.prompt] if isinstance(body.prompt, str) else body.prompt
    if any(not isinstance(prompt, str) for prompt in prompts):
        raise ApiError(400, "Token ids are not supported as 'prompt'; send the text.", param="prompt")
    if len(prompts) != 1:
        raise ApiError(400, "Send one prompt in a request.", param="prompt")
    return str(prompts[0])


def _complete(
    request_id: str,
    prompt: str,
    suffix: str | None,
    params: Params,
    adapter: str | None,
    model: Lease,
    cancel: CancelToken,
) -> Iterator[Event]:
    """Yield the events of a completion; a note on what the model cannot see joins the last one."""
    family = model.info.family
    if suffix is not None:  # an empty one too: an editor at the end of a file sends that
        fim = infill_prompt(family, prompt, suffix)
    else:
        # Other editors lay out fill-in-the-middle prompts of their own, so the stop tokens hold here too.
        stop = FAMILIES[family].stop if family in FAMILIES else ()
        fim = FimPrompt(Prompt((Markup(prompt),)), stop)
    request = GenerateRequest(request_id, fim.prompt, params, fim.stop_tokens, adapter=adapter)
    for event in model.generate(request, cancel):
        yield replace(event, note=event.note or fim.note) if isinstance(event, Finished) else event


def _check_bias(body: Sampling) -> None:
    if body.logit_bias:
        raise ApiError(400, "'logit_bias' is not supported.", param="logit_bias")


def _check_chat(body: ChatBody) -> None:
    _check_bias(body)
    if body.tool_choice not in ("auto", "none"):
        raise ApiError(400, "This model cannot be made to call tools; leave 'tool_choice' out.", param="tool_choice")
    if body.response_format.type != "text":
        message = "The answer's format cannot be forced; ask for it in the messages instead."
        raise ApiError(400, message, param="response_format")


def _message(message: ChatMessage) -> Message:
    role = _ROLES.get(message.role)
    if role is None:
        known = ", ".join(_ROLES)
        raise ApiError(400, f"A message cannot have the role '{message.role}'; known are {known}.", param="messages")
    if isinstance(message.content, str):
        return Message(role, message.content)  # type: ignore[arg-type]
    if any(part.type != "text" for part in message.content):
        raise ApiError(400, "Only text can be read in messages; send parts of the type 'text'.", param="messages")
    return Message(role, "".join(part.text for part in message.content))  # type: ignore[arg-type]
