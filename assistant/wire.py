"""Requests and events as JSON objects: the one codec that service, window and command line use."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from assistant.errors import ServiceError
from assistant.types import (
    Choice,
    CompleteRequest,
    ContextPiece,
    Delta,
    Event,
    Failed,
    Finished,
    Health,
    Progress,
    Span,
    Started,
    Timings,
    TokenLogprob,
)

_EVENTS: dict[str, type[Event]] = {
    "started": Started,
    "progress": Progress,
    "delta": Delta,
    "finished": Finished,
    "failed": Failed,
}
_STATUS = {"ready": "ok", "idle": "ok", "loading": "loading model"}
_NAMES = {cls: name for name, cls in _EVENTS.items()}

Json = dict[str, Any]


def event_to_json(event: Event) -> Json:
    """Return the event as a JSON object; its kind stands under ``event``."""
    return {"event": _NAMES[type(event)], **dataclasses.asdict(event)}


def event_from_json(data: Json) -> Event:
    """Rebuild an event. Raises ServiceError when the object is not one."""
    try:
        fields: Json = dict(data)
        cls = _EVENTS[fields.pop("event")]
        if cls is Finished:
            fields["choices"] = tuple(_choice(c) for c in fields["choices"])
            fields["timings"] = Timings(**fields["timings"])
            fields["context"] = tuple(_piece(c) for c in fields.get("context", ()))
            for name in ("filters", "filter_sentences"):
                fields[name] = tuple(fields.get(name, ()))
        elif cls is Delta:
            fields["logprobs"] = _logprobs(fields.get("logprobs", ()))
        return cls(**fields)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ServiceError(f"The service sent an event that cannot be read ({error!r}).") from None


def _logprobs(rows: Any) -> tuple[TokenLogprob, ...]:
    return tuple(
        TokenLogprob(r["text"], r["logprob"], tuple((t, p) for t, p in r["top"]), r.get("start", 0)) for r in rows
    )


def _choice(data: Json) -> Choice:
    spans = tuple(Span(**span) for span in data.get("spans", ()))
    fields: Json = {**data, "logprobs": _logprobs(data.get("logprobs", ())), "spans": spans}
    return Choice(**fields)


def _piece(data: Json) -> ContextPiece:
    fields: Json = {**data, "lines": tuple(data["lines"])}
    return ContextPiece(**fields)


def complete_to_json(request: CompleteRequest) -> Json:
    """Return the body of ``POST /grafter/complete``."""
    return dataclasses.asdict(request)


def health_to_json(health: Health) -> Json:
    """Return the body of ``GET /health``; ``status`` is the word that llama.cpp's plugins look for."""
    return {**dataclasses.asdict(health), "status": _STATUS.get(health.state, "error")}


def health_from_json(data: Json) -> Health:
    """Rebuild the state of the service. Raises ServiceError when the object is not one."""
    try:
        return Health(**{key: value for key, value in data.items() if key != "status"})
    except TypeError as error:
        raise ServiceError(f"The service sent a state that cannot be read ({error}).") from None


def finished_to_json(finished: Finished) -> Json:
    """Return a completion as ``grafter complete --json`` prints it."""
    first, *others = finished.choices
    return {
        "text": first.text,
        "alternatives": [choice.text for choice in others],
        "model": finished.model,
        "adapter": finished.adapter,
        "prompt_tokens": finished.prompt_tokens,
        "cached_tokens": finished.cached_tokens,
        "generated_tokens": finished.generated_tokens,
        "timings": dataclasses.asdict(finished.timings),
        "mean_logprob": first.mean_logprob,
        "replaces": first.replaces,
        "context": [dataclasses.asdict(piece) for piece in finished.context],
        "filters": list(finished.filters),
        "note": finished.note,
    }


def explanation_to_json(finished: Finished) -> Json:
    """Return why a suggestion is as it is, as ``grafter complete --json --explain`` prints it under ``explanation``.

    Probabilities are 0 to 1. ``tokens`` are the pieces of the first alternative in the order of its text; a piece that
    was not ``kept`` is not in it, and one that a filter put there has no probability.
    """
    choice = finished.choices[0]
    return {
        "confidence": None if choice.mean_logprob is None else math.exp(choice.mean_logprob),
        "tokens": [_span_to_json(span, choice) for span in choice.spans],
        "filters": [
            {"name": name, "sentence": sentence}
            for name, sentence in zip(finished.filters, finished.filter_sentences, strict=True)
        ],
        "computed_tokens": max(finished.prompt_tokens - finished.cached_tokens, 0),
        "draft_tokens": finished.draft_tokens,
        "accepted_tokens": finished.accepted_tokens,
        "device": finished.device,
        "dtype": finished.dtype,
    }


def _span_to_json(span: Span, choice: Choice) -> Json:
    token = None if span.token is None else choice.logprobs[span.token]
    return {
        "text": span.text,
        "kept": span.kept,
        "token": token and token.text,
        "probability": token and math.exp(token.logprob),
        "alternatives": [{"token": text, "probability": math.exp(logprob)} for text, logprob in token.top]
        if token
        else [],
    }
