"""What fits into a model's context: a bound on characters before anything is tokenised, and what is left to answer."""

from __future__ import annotations

from dataclasses import replace

from assistant.errors import InputError
from assistant.types import Chat, Control, GenerateRequest

MOST_CHARS_PER_TOKEN = 16
"""No text that people write or read has more characters in each of its tokens, on average; code has three or four."""

MAXIMUM = "maximum context length is"
"""The words by which clients of OpenAI's interface know this error, followed by the number."""


class ContextLengthError(InputError):
    """The prompt and the answer asked for do not fit into what the model can read."""

    code = "context_length_exceeded"


def least_answer(request: GenerateRequest) -> int:
    """Return for how many tokens of an answer there has to be room."""
    most = request.params.max_tokens
    return most if request.least_answer is None else min(request.least_answer, most)


def count_characters(request: GenerateRequest) -> int:
    """Return the length of a prompt, without what a chat template adds."""
    prompt = request.prompt
    if isinstance(prompt, Chat):
        return sum(len(message.content) for message in prompt.messages)
    return sum(len(part.token if isinstance(part, Control) else part.text) for part in prompt.parts)


def check_characters(request: GenerateRequest, context_length: int) -> int:
    """Return the length of a prompt. Raises ContextLengthError for one that cannot fit, whatever its tokens are.

    Tokenising takes a second and a hundred megabytes for each million characters, so that comes only after this.
    """
    length, room = count_characters(request), context_length - least_answer(request)
    if room > 0 and length > room * MOST_CHARS_PER_TOKEN:
        raise ContextLengthError(
            f"This model's {MAXIMUM} {context_length} tokens, prompt and answer together; the prompt has {length} "
            f"characters, which cannot fit beside an answer of {least_answer(request)}: shorten the prompt."
        )
    return length


def fit_answer(request: GenerateRequest, prompt_tokens: int, context_length: int) -> GenerateRequest:
    """Return the request with as long an answer as a prompt of so many tokens leaves room for, where it may shrink.

    Raises ContextLengthError where even the least does not fit.
    """
    least = least_answer(request)
    left = context_length - prompt_tokens
    if left < least:
        raise ContextLengthError(
            f"This model's {MAXIMUM} {context_length} tokens; the prompt has {prompt_tokens} tokens and the answer may "
            f"have {least}: shorten the prompt or ask for fewer."
        )
    return replace(request, params=replace(request.params, max_tokens=min(request.params.max_tokens, left)))
