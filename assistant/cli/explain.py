"""Why a suggestion is as it is, for people at a terminal: its tokens, where its context came from, and its filters."""

from __future__ import annotations

import math

from rich.console import Console
from rich.text import Text

from assistant.types import Choice, Finished

_SURE, _FAIR = 0.9, 0.5
_RETURN = "↵"


def show_explanation(console: Console, finished: Finished) -> None:
    """Print what ``finished`` tells of its first alternative."""
    choice = finished.choices[0]
    if choice.spans and choice.logprobs:
        console.print(_tokens(choice))
    if choice.mean_logprob is not None:
        console.print(f"confidence {math.exp(choice.mean_logprob):.0%}")
    elif choice.generated_tokens:
        console.print("The server does not tell how likely its tokens are.")
    for piece in finished.context:
        first, last = piece.lines
        console.print(Text(f"{piece.tokens:>6} tokens  {piece.path or 'no file'}:{first}-{last}  {piece.why}"))
    cached, read = finished.cached_tokens, max(finished.prompt_tokens - finished.cached_tokens, 0)
    console.print(f"{cached} tokens from the cache, {read} read, {finished.generated_tokens} written")
    for name, sentence in zip(finished.filters, finished.filter_sentences, strict=True):
        console.print(Text(f"{name}: {sentence}"))
    times = finished.timings
    console.print(
        f"context {times.context_ms:.0f} ms, waiting {times.queue_ms:.0f} ms, reading {times.prefill_ms:.0f} ms, "
        f"writing {times.decode_ms:.0f} ms"
    )


def _tokens(choice: Choice) -> Text:
    """Return the text with each token in the colour of its probability, what was cut struck through."""
    whole = Text()
    for span in choice.spans:
        logprob = None if span.token is None else choice.logprobs[span.token].logprob
        style = "dim" if logprob is None else _style(math.exp(logprob))
        whole.append(span.text.replace("\n", f"{_RETURN}\n"), style if span.kept else f"{style} strike")
    return whole


def _style(probability: float) -> str:
    if probability >= _SURE:
        return "green"
    return "yellow" if probability >= _FAIR else "red"
