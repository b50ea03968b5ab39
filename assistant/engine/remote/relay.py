"""A request that was laid out for one model, laid out for another."""

from __future__ import annotations

import dataclasses

from assistant.engine.protocol import EngineInfo
from assistant.prompts.fim import FAMILIES, NO_FAMILY, PREFIX, SUFFIX, Family, Slot, infill_prompt
from assistant.types import Chat, Control, GenerateRequest, Markup, Prompt, Text


def relay(request: GenerateRequest, was: EngineInfo, now: EngineInfo) -> GenerateRequest | None:
    """Return the request for the model ``now``; None where its prompt cannot be laid out anew.

    A hole keeps the text on both its sides; other files in front of it are left out where the formats differ.
    """
    prompt = request.prompt
    if isinstance(prompt, Chat) or was.family == now.family:
        return request
    if any(isinstance(part, Markup) for part in prompt.parts):
        return None
    if not any(isinstance(part, Control) for part in prompt.parts):
        return dataclasses.replace(request, stop_tokens=())
    found = _read_hole(prompt, FAMILIES[was.family]) if was.family in FAMILIES else None
    if found is None:
        return None
    fim = infill_prompt(now.family, *found)
    stops = () if now.family == NO_FAMILY else fim.stop_tokens
    return dataclasses.replace(request, prompt=fim.prompt, stop_tokens=stops)


def _read_hole(prompt: Prompt, family: Family) -> tuple[str, str] | None:
    """Return prefix and suffix of a prompt of this family; None where it is none."""
    parts = list(prompt.parts)
    texts = {PREFIX: "", SUFFIX: ""}
    first = 1 if family.files_inside else 0  # behind this token other files may stand
    for item in reversed(family.layout[first:]):
        part = parts.pop() if parts else None
        if isinstance(item, Slot) and isinstance(part, Text):
            texts[item] = part.text
        elif part != Control(str(item)):
            return None
    if first and Control(str(family.layout[0])) not in parts:
        return None
    return texts[PREFIX], texts[SUFFIX]
