"""The alternatives of one request on their way from the model to a person: filters as they come, order at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from assistant.completion.filters import FILTERS
from assistant.completion.filters.draft import Hole
from assistant.completion.filters.stream import SuggestionStream
from assistant.completion.spans import cut_spans
from assistant.completion.syntax import errors_with
from assistant.types import Choice, Finished, TokenLogprob


class Suggestions:
    """One stream of filters for each alternative."""

    def __init__(
        self, hole: Hole, n: int, control: tuple[str, ...] = (), without: frozenset[str] = frozenset()
    ) -> None:
        """``control``: spellings that are never shown; ``without``: names of filters that are left out."""
        self._hole = hole
        self._streams = [SuggestionStream(hole, control, without) for _ in range(n)]

    @property
    def done(self) -> bool:
        """Whether nothing that is still written would be shown."""
        return all(stream.done for stream in self._streams)

    def feed(self, index: int, text: str, tokens: Sequence[TokenLogprob] = ()) -> str:
        """Take the next characters of an alternative and the tokens they are of; return what may now be shown."""
        return self._streams[index].feed(text, tokens)

    def finish(self, event: Finished, *, explain: bool = False) -> Finished:
        """Return the engine's last event with the filters applied; ``explain`` is CompleteRequest's.

        Alternatives after which the file has fewer errors come first; those without text or said twice are dropped.
        """
        choices: list[Choice] = []
        fired: list[str] = []
        for choice in event.choices:
            stream = self._streams[choice.index]
            draft = stream.finish(cut_short=choice.reason == "length", tokens=choice.logprobs)
            fired += [name for name in stream.fired if name not in fired]
            reason = "stop" if stream.done else choice.reason
            mean = choice.mean_logprob if stream.mean_logprob is None else stream.mean_logprob
            spans = cut_spans(choice.text, draft.text, choice.logprobs) if explain else ()
            left = replace(choice, text=draft.text, replaces=draft.replaces, reason=reason)
            choices.append(replace(left, mean_logprob=mean, spans=spans))
        different = {(choice.text, choice.replaces): choice for choice in reversed(choices) if choice.text}
        kept = list(different.values())[::-1] or choices[:1]
        if len(kept) > 1:
            kept.sort(key=lambda choice: errors_with(self._hole.syntax, choice.text, choice.replaces) or 0)
        numbered = tuple(replace(choice, index=index) for index, choice in enumerate(kept))
        sentences = tuple(FILTERS[name] for name in fired) if explain else ()
        return replace(event, choices=numbered, filters=tuple(fired), filter_sentences=sentences)
