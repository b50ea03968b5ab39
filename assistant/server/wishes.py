"""Wishes of a request that this service cannot fulfil and that would change the answer: refused, each in one sentence.

Clients send many fields with the value that means "off"; those pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assistant.server.errors import ApiError

_FORM = "The answer's form cannot be forced here ('{name}'); ask for it in the prompt, and check the answer."
_PENALTY = "'{name}' is not supported; 'repetition_penalty' (llama.cpp: 'repeat_penalty') is."
_SAMPLER = "'{name}' is not supported; 'temperature', 'top_k', 'top_p' and 'min_p' are."
_TOOLS = "This service's models do not call tools yet; leave '{name}' out, or send 'tool_choice': 'none'."

# The sentence for each field, and the values besides null, false, 0 and what is empty with which it means nothing.
_REFUSED: dict[str, tuple[str, tuple[object, ...]]] = {
    **dict.fromkeys(
        ("guided_json", "guided_regex", "guided_choice", "guided_grammar", "structured_outputs"), (_FORM, ())
    ),
    **dict.fromkeys(("grammar", "json_schema", "structural_tag"), (_FORM, ())),
    "frequency_penalty": (_PENALTY, ()),
    "presence_penalty": (_PENALTY, ()),
    "dry_multiplier": (_PENALTY, ()),
    "mirostat": (_SAMPLER, ()),
    "typical_p": (_SAMPLER, (1, 1.0)),
    "xtc_probability": (_SAMPLER, ()),
    "dynatemp_range": (_SAMPLER, ()),
    "functions": (_TOOLS, ()),
    "stop_token_ids": ("Token ids are not supported ('{name}'); send the texts as 'stop'.", ()),
    "ignore_eos": ("'{name}' is not supported: an answer ends where the model ends it.", ()),
    "logit_bias": ("'{name}' is not supported.", ()),
    "lora": ("Adapters are chosen by name here, as the model 'ID+NAME'; leave '{name}' out.", ()),
    "n_probs": ("'{name}' is not supported here; /v1/completions has 'logprobs'.", ()),
}
_TEXT = {"type": "text"}


def check_wishes(fields: Mapping[str, Any]) -> None:
    """Raise ApiError 400 for the first wish that would be ignored."""
    for name, (sentence, neutral) in _REFUSED.items():
        value = fields.get(name)
        if value and value not in neutral:
            raise _refusal(sentence, name)
    if fields.get("tools") and fields.get("tool_choice", "auto") == "auto":
        raise _refusal(_TOOLS, "tools")
    if fields.get("response_format") not in (None, _TEXT):
        raise _refusal(_FORM, "response_format")


def _refusal(sentence: str, name: str) -> ApiError:
    return ApiError(400, sentence.format(name=name), code="unsupported", param=name)
