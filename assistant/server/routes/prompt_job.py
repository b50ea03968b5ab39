"""The job behind a prompt that a client has laid out itself: the model goes on with it, nothing is cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assistant.engine.protocol import CancelToken, Lease
from assistant.prompts.fim import FAMILIES
from assistant.server.errors import ApiError
from assistant.types import Event, GenerateRequest, Markup, Params, Prompt

ANSWER_TOKENS = 2048
"""How long an answer may be where the client sets no limit, as far as the prompt leaves room for it."""
LEAST_ANSWER_TOKENS = 256


def read_prompts(prompt: str | Sequence[object]) -> list[str]:
    """Return the prompts of a request, one or several. Raises ApiError for token ids, and where there is none."""
    prompts = [prompt] if isinstance(prompt, str) else list(prompt)
    texts = [each for each in prompts if isinstance(each, str)]
    if len(texts) != len(prompts):
        raise ApiError(400, "Token ids are not supported as 'prompt'; send the text.", param="prompt")
    if not texts:
        raise ApiError(400, "Send a prompt, or several.", param="prompt")
    return texts


def continue_prompt(
    request_id: str,
    prompt: str,
    params: Params,
    adapter: str | None,
    fits: bool,
    model: Lease,
    cancel: CancelToken,
) -> Iterator[Event]:
    """Yield the events of the model's continuation. ``fits``: the answer may be as short as the prompt leaves room."""
    family = model.info.family
    # Other editors lay out fill-in-the-middle prompts of their own, so the stop tokens hold here too.
    stop = FAMILIES[family].stop if family in FAMILIES else ()
    least = LEAST_ANSWER_TOKENS if fits else None
    laid = Prompt((Markup(prompt),))
    return model.generate(GenerateRequest(request_id, laid, params, stop, adapter=adapter, least_answer=least), cancel)
