"""What one object of a streamed answer says, whichever kind of server sent it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Token:
    """A token that the server tells the probability of (natural log). ``top``: the likeliest there, best first."""

    text: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Chunk:
    """One step of an answer; None is what the server did not say.

    ``count``: tokens in this step. ``generated``, ``prompt_tokens`` and ``cached_tokens`` count from the beginning of
    the answer. ``read``: tokens of the prompt read so far, and all of them. ``error``: the sentence of a failure.
    """

    text: str = ""
    tokens: tuple[Token, ...] = ()
    count: int | None = None
    finish: str | None = None
    generated: int | None = None
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    read: tuple[int, int] | None = None
    error: str | None = None


def read_chunk(data: Json) -> Chunk:
    """Read an object of OpenAI's two routes, of llama.cpp's additions to them, or of Ollama's own route."""
    if (error := data.get("error")) is not None:
        said = cast("Json", error).get("message") if isinstance(error, dict) else error
        return Chunk(error=str(said or "no reason given"))
    if "choices" in data:
        return _openai(data)
    return _ollama(data)


def _openai(data: Json) -> Chunk:
    choice = _object(next(iter(_list(data["choices"])), None))
    usage, timings, progress = (_object(data.get(name)) for name in ("usage", "timings", "prompt_progress"))
    delta = _object(choice.get("delta") or choice.get("message"))
    text = choice.get("text") if "text" in choice else delta.get("content")
    ids = choice.get("token_ids")
    prompt_tokens, cached = _int(usage.get("prompt_tokens")), None
    if "prompt_tokens_details" in usage:
        cached = _int(_object(usage.get("prompt_tokens_details")).get("cached_tokens"))
    if cached is None and "cache_n" in timings:
        cached = _int(timings["cache_n"])
    if prompt_tokens is None and "prompt_n" in timings and cached is not None:
        prompt_tokens = cached + (_int(timings["prompt_n"]) or 0)
    generated = _int(usage.get("completion_tokens"))
    return Chunk(
        text=text if isinstance(text, str) else "",
        tokens=_logprobs(choice.get("logprobs")),
        count=len(cast("list[Any]", ids)) if isinstance(ids, list) else None,
        finish=_finish(choice.get("finish_reason")),
        generated=_int(timings.get("predicted_n")) if generated is None else generated,
        prompt_tokens=prompt_tokens,
        cached_tokens=cached,
        read=(_int(progress.get("processed")) or 0, _int(progress.get("total")) or 0) if progress else None,
    )


def _ollama(data: Json) -> Chunk:
    text = data.get("response")
    return Chunk(
        text=text if isinstance(text, str) else "",
        tokens=tuple(_described(each) for each in _list(data.get("logprobs"))),
        finish=_finish(data.get("done_reason") or "stop") if data.get("done") else None,
        generated=_int(data.get("eval_count")),
        prompt_tokens=_int(data.get("prompt_eval_count")),
    )


def _logprobs(found: Any) -> tuple[Token, ...]:
    """Read the probabilities in the form of the chat route, or in that of the older completions route."""
    if not isinstance(found, dict):
        return ()
    table = cast("Json", found)
    if isinstance(table.get("content"), list):
        return tuple(_described(each) for each in _list(table["content"]))
    texts, logprobs, tops = (_list(table.get(name)) for name in ("tokens", "token_logprobs", "top_logprobs"))
    tokens: list[Token] = []
    for place, text in enumerate(texts):
        logprob = logprobs[place] if place < len(logprobs) else None
        top = _object(tops[place]) if place < len(tops) else {}
        pairs = sorted(((str(t), float(p)) for t, p in top.items()), key=lambda pair: -pair[1])
        tokens.append(Token(str(text), float(logprob or 0.0), tuple(pairs)))
    return tuple(tokens)


def _described(each: Any) -> Token:
    row = _object(each)
    top = [
        (str(_object(t).get("token", "")), _float(_object(t).get("logprob"))) for t in _list(row.get("top_logprobs"))
    ]
    return Token(str(row.get("token", "")), _float(row.get("logprob")), tuple(top))


def _finish(reason: Any) -> str | None:
    return reason if isinstance(reason, str) and reason else None


def _object(value: Any) -> Json:
    return cast("Json", value) if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def _int(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _float(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
