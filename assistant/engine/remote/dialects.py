"""How each kind of server wants to be asked: pure functions from a request to the body of a POST.

The fields that OpenAI's API has not are where servers differ, and where a server's own defaults would change the text:
vLLM takes penalties and cuts from the model's ``generation_config.json``, llama.cpp has cuts of its own. So what is not
asked for is switched off by name wherever the server knows the name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from assistant.types import Message, Params

Json = dict[str, Any]
Kind = Literal["vllm", "sglang", "llamacpp", "ollama", "openai"]

# OpenAI's own limit, for servers that say they have one.
FEW_STOPS = 4


@dataclass(frozen=True, slots=True)
class Dialect:
    """One kind of server. ``label`` is its name for people.

    ``takes_ids``: prompts may be token ids. ``stops_at_ids``: it ends a text at token ids that the request names, so
    that only real control tokens end it. ``adds_bos``: it puts the begin-of-text token before a prompt that is a
    string. ``adapter_field``: what names an adapter in a request; where it is empty an adapter's name stands in the
    model's place. ``load_path``: where an adapter is loaded.
    """

    kind: Kind
    label: str
    takes_ids: bool = False
    stops_at_ids: bool = False
    adds_bos: bool = True
    adapter_field: str = ""
    load_path: str = "/v1/load_lora_adapter"

    @property
    def completion_path(self) -> str:
        """Where raw prompts go. Ollama's OpenAI route puts them into the chat template, its own route does not."""
        return "/api/generate" if self.kind == "ollama" else "/v1/completions"


DIALECTS: dict[Kind, Dialect] = {
    "vllm": Dialect("vllm", "vLLM", takes_ids=True, stops_at_ids=True, adds_bos=False),
    # It takes any model's name for its base model, so an adapter that stood there would be left out without a word.
    "sglang": Dialect(
        "sglang", "SGLang", takes_ids=True, stops_at_ids=True, adapter_field="lora_path", load_path="/load_lora_adapter"
    ),
    "llamacpp": Dialect("llamacpp", "llama.cpp", takes_ids=True),
    "ollama": Dialect("ollama", "Ollama"),
    "openai": Dialect("openai", "OpenAI-compatible server"),
}


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a POST. ``optional`` holds what a server may refuse to know; then it is left out."""

    path: str
    required: Json
    optional: Json

    def merged(self, without: frozenset[str]) -> Json:
        """Return the whole, less the optional fields that this server does not take."""
        return self.required | {key: value for key, value in self.optional.items() if key not in without}


def completion_body(
    dialect: Dialect,
    model: str,
    prompt: str | Sequence[int],
    params: Params,
    stop_spellings: Sequence[str],
    stop_ids: Sequence[int],
) -> Body:
    """Return the request for one continuation of a raw prompt, streamed."""
    if dialect.kind == "ollama":
        return _ollama_body(model, prompt, params, stop_spellings)
    required: Json = {
        "model": model,
        "prompt": prompt if isinstance(prompt, str) else list(prompt),
        "max_tokens": params.max_tokens,
        "temperature": params.temperature,
        "stream": True,
    }
    optional = _sampling(dialect, params)
    stops = [*params.stop, *(() if stop_ids else stop_spellings)]
    if stops:
        optional["stop"] = stops
    if stop_ids:
        optional["stop_token_ids"] = list(stop_ids)
    if params.logprobs is not None:
        optional["logprobs"] = max(params.logprobs, 1) if dialect.kind == "llamacpp" else params.logprobs
    if dialect.kind == "vllm":
        optional |= {"return_token_ids": True, "add_special_tokens": False}
    if dialect.kind == "llamacpp":
        # Control tokens are hidden unless they are preserved, and a hidden one would end nothing.
        optional |= {"return_progress": True, "preserved_tokens": list(stop_spellings)}
    return Body(dialect.completion_path, required, optional)


def chat_body(dialect: Dialect, model: str, messages: Sequence[Message], params: Params) -> Body:
    """Return the request for one answer to a conversation, streamed."""
    required: Json = {
        "model": model,
        "messages": [{"role": message.role, "content": message.content} for message in messages],
        "max_tokens": params.max_tokens,
        "temperature": params.temperature,
        "stream": True,
    }
    optional = _sampling(dialect, params)
    if params.stop:
        optional["stop"] = list(params.stop)
    if params.logprobs is not None:
        optional |= {"logprobs": True, "top_logprobs": params.logprobs}
    if dialect.kind == "vllm":
        optional["return_token_ids"] = True
    if dialect.kind == "llamacpp":
        optional["return_progress"] = True
    return Body("/v1/chat/completions", required, optional)


def _sampling(dialect: Dialect, params: Params) -> Json:
    found: Json = {"stream_options": {"include_usage": True}}
    if params.seed is not None:
        found["seed"] = params.seed
    if dialect.kind in ("openai", "ollama"):  # Ollama's chat route; what it does not know it ignores
        if params.top_p < 1:
            found["top_p"] = params.top_p
        if params.top_k > 0:
            found["top_k"] = params.top_k
        if params.min_p > 0:
            found["min_p"] = params.min_p
        if params.repetition_penalty != 1:
            found["repetition_penalty"] = params.repetition_penalty
        return found
    found |= {"top_p": params.top_p, "min_p": params.min_p}
    if dialect.kind == "llamacpp":
        found |= {"top_k": params.top_k, "timings_per_token": True, "cache_prompt": True}
        found |= {"repeat_penalty": params.repetition_penalty, "repeat_last_n": -1}
        return found
    found |= {"top_k": params.top_k or -1, "repetition_penalty": params.repetition_penalty}
    found["stream_options"] = {"include_usage": True, "continuous_usage_stats": True}
    return found


def _ollama_body(model: str, prompt: str | Sequence[int], params: Params, stop_spellings: Sequence[str]) -> Body:
    options: Json = {
        "num_predict": params.max_tokens,
        "temperature": params.temperature,
        "top_p": params.top_p,
        "top_k": params.top_k,
        "min_p": params.min_p,
        "repeat_penalty": params.repetition_penalty,
        "repeat_last_n": -1,
        "stop": [*params.stop, *stop_spellings],
    }
    if params.seed is not None:
        options["seed"] = params.seed
    required: Json = {"model": model, "prompt": prompt, "raw": True, "stream": True, "options": options}
    optional: Json = {} if params.logprobs is None else {"logprobs": True, "top_logprobs": params.logprobs}
    return Body("/api/generate", required, optional)
