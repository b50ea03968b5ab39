"""The alternatives of one request on their way from the model to a person: filters as they come, order at the end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from assistant.completion.filters import FILTERS
from assistant.completion.filters.draft import Hole
from assistant.completion.filters.stream import SuggestionStream
from assistant.completion.spans import cut_spans
from assistant.completion.syntax import errors_with
from assistant.types import Choice, Finished, TokenLogprob

_ENOUGH = frozenset({"too-short", "low-confidence"})
"""Filters that leave nothing where nothing is better: the model would only guess once more."""


class Suggestions:
    """One stream of filters for each alternative."""

    def __init__(
        self,
        hole: Hole,
        n: int,
        control: tuple[str, ...] = (),
        without: frozenset[str] = frozenset(),
        hold_below: float = -math.inf,
    ) -> None:
        """``control``: spellings that are never shown; ``without``: names of filters that are left out.

        ``hold_below`` is SuggestionStream's.
        """
        self._hole = hole
        self._streams = [SuggestionStream(hole, control, without, hold_below) for _ in range(n)]
        self._cut_away = False

    @property
    def done(self) -> bool:
        """Whether nothing that is still written would be shown."""
        return all(stream.done for stream in self._streams)

    @property
    def cut_away(self) -> bool:
        """Whether the model wrote something and nothing is left of it, as could be told once all was finished."""
        return self._cut_away

    @property
    def given(self) -> str:
        """What was given out of the first alternative while it was written."""
        return self._streams[0].given

    def feed(self, index: int, text: str, tokens: Sequence[TokenLogprob] = ()) -> str:
        """Take the next characters of an alternative and the tokens they are of; return what may now be shown."""
        return self._streams[index].feed(text, tokens)

    def finish(self, event: Finished, *, explain: bool = False, fired: Sequence[str] = ()) -> Finished:
        """Return the engine's last event with the filters applied; ``explain`` is CompleteRequest's.

        ``fired`` are names of filters that changed something before. Alternatives after which the file has fewer errors
        come first; those without text or said twice are dropped.
        """
        choices: list[Choice] = []
        names = list(dict.fromkeys(fired))
        for choice in event.choices:
            stream = self._streams[choice.index]
            draft = stream.finish(cut_short=choice.reason == "length", tokens=choice.logprobs)
            names += [name for name in stream.fired if name not in names]
            reason = "stop" if stream.done else choice.reason
            mean = choice.mean_logprob if stream.mean_logprob is None else stream.mean_logprob
            spans = cut_spans(choice.text, draft.text, choice.logprobs) if explain else ()
            tokens = choice.logprobs if explain else tuple(replace(token, top=()) for token in choice.logprobs)
            left = replace(choice, text=draft.text, replaces=draft.replaces, reason=reason, logprobs=tokens)
            choices.append(replace(left, mean_logprob=mean, spans=spans))
        different = {(choice.text, choice.replaces): choice for choice in reversed(choices) if choice.text}
        kept = list(different.values())[::-1] or choices[:1]
        if len(kept) > 1:
            kept.sort(key=lambda choice: errors_with(self._hole.syntax, choice.text, choice.replaces) or 0)
        numbered = tuple(replace(choice, index=index) for index, choice in enumerate(kept))
        wrote = any(choice.text for choice in event.choices)
        self._cut_away = wrote and not any(choice.text for choice in kept) and not _ENOUGH.intersection(names)
        sentences = tuple(FILTERS[name] for name in names) if explain else ()
        return replace(event, choices=numbered, filters=tuple(names), filter_sentences=sentences)
