"""A conversation to a prompt, by the model's chat template, so that nothing in a message can become a control token."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from assistant.engine.templates.renderer import ChatTemplateError, RefusedByTemplateError, Renderer
from assistant.types import Markup, Message, Part, Prompt, Text

_ROLES = {"system": "System", "user": "User", "assistant": "Assistant"}


class ChatLayout:
    """Lays conversations out with one template."""

    def __init__(self, template: object, special_tokens: Mapping[str, Any], renderer: Renderer) -> None:
        """``template`` is what the tokenizer's files hold: a text, several by name, or None.

        The template sees ``special_tokens`` by their names (``bos_token``). ``renderer`` is used, not owned.
        """
        self._template = template
        self._special_tokens = dict(special_tokens)
        self._renderer = renderer

    def lay_out(self, messages: Sequence[Message], abandoned: Callable[[], bool]) -> Prompt:
        """Return the prompt for the assistant's next turn.

        The template sees stand-ins for the contents, which come back as Text. A model without a template gets
        ``User: …`` and ``Assistant:`` lines. A template that does not know system turns gets that text in the first
        turn of the user. Waits for the renderer's process: not for the thread of a model. Raises what Renderer.render
        does.
        """
        template = self._chosen()
        if not template:
            return _plain_chat(messages)
        try:
            return self._render(template, messages, abandoned)
        except RefusedByTemplateError:
            merged = _system_in_first_turn(messages)
            if merged is None:
                raise
        return self._render(template, merged, abandoned)

    def _chosen(self) -> str | None:
        template = self._template
        if isinstance(template, dict):
            template = cast("dict[str, object]", template).get("default")
            if template is None:
                raise ChatTemplateError(
                    "The model has several chat templates and none is its default; choose another model."
                )
        if template is not None and not isinstance(template, str):
            raise ChatTemplateError("The model's chat template is not a text; choose another model.")
        return template

    def _render(self, template: str, messages: Sequence[Message], abandoned: Callable[[], bool]) -> Prompt:
        nonce = secrets.token_hex(12)
        contents = {f"x{nonce}{index:08x}x": message.content for index, message in enumerate(messages)}
        rows = [
            {"role": message.role, "content": stand_in if message.content else ""}
            for stand_in, message in zip(contents, messages, strict=True)
        ]
        variables = {**self._special_tokens, "messages": rows, "tools": None, "documents": None}
        whole = self._renderer.render(template, {**variables, "add_generation_prompt": True}, abandoned)
        # One pattern for all of them: an alternative for each would be tried at each character.
        pieces = re.split(f"(x{nonce}[0-9a-f]{{8}}x)", whole)
        parts: list[Part] = [Text(contents[p]) if p in contents else Markup(p) for p in pieces if p]
        return Prompt(tuple(parts))


def _plain_chat(messages: Sequence[Message]) -> Prompt:
    parts: list[Part] = []
    for message in messages:
        parts += [Text(f"{_ROLES[message.role]}: "), Text(message.content), Text("\n\n")]
    return Prompt((*parts, Text("Assistant:")))


def _system_in_first_turn(messages: Sequence[Message]) -> list[Message] | None:
    """Return the conversation with its system text in front of the first user's, None where that changes nothing."""
    if len(messages) < 2 or messages[0].role != "system" or messages[1].role != "user":
        return None
    return [Message("user", f"{messages[0].content}\n\n{messages[1].content}"), *messages[2:]]
