"""A prompt put to the model, and its answer as the filters leave it: whether there is one, and how sure it is."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass, replace

from assistant.completion.alternative_start import Beginning, second_choice
from assistant.completion.block_headers import Head, head_instead
from assistant.completion.filters import FILTERS, MISSING_HEAD, SECOND_CHOICE
from assistant.completion.filters.draft import Hole
from assistant.completion.indentation import Place
from assistant.completion.prompt import Laid
from assistant.completion.suggest import Suggestions
from assistant.engine.protocol import CancelToken, Engine
from assistant.types import Choice, Delta, Event, Failed, Finished, GenerateRequest, Prompt, Text

SURE = math.log(0.8)
"""With less than this, as a mean log-probability of a token, an answer is unsure.

Chosen on new code of two projects (docs/evaluation.md): lower gives away right answers, higher costs time for few more.
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a prompt.

    ``event`` is the engine's last one, with the time and the tokens of every try; ``whole`` is what the filters left of
    it. ``given`` was shown of the first alternative while it was written. ``cut_away``: the model wrote something, and
    nothing is left of it.
    """

    event: Finished
    whole: Finished
    given: str = ""
    cut_away: bool = False

    @property
    def text(self) -> str:
        """The first alternative."""
        return self.whole.choices[0].text

    @property
    def is_unsure(self) -> bool:
        """Whether another prompt may well have a better answer: there is nothing to show, or it is a guess.

        Not so where some of it was shown while it was written: nothing on the screen is replaced.
        """
        mean = self.whole.choices[0].mean_logprob
        return not self.given and (not self.text or (mean is not None and mean < SURE))

    def is_surer_than(self, first: Answer) -> bool:
        """Return whether this is to be shown instead of ``first``."""
        own, other = self.whole.choices[0], first.whole.choices[0]
        if not own.text or own.reason == "cancelled":
            return False
        if not other.text:
            return True
        return own.mean_logprob is not None and (other.mean_logprob is None or own.mean_logprob > other.mean_logprob)

    def named(self, name: str, *, explain: bool) -> Answer:
        """Return the same with one more of FILTERS among those that made it what it is."""
        sentences = (*self.whole.filter_sentences, FILTERS[name]) if explain else ()
        names = (*self.whole.filters, name)
        return replace(self, whole=replace(self.whole, filters=names, filter_sentences=sentences))

    def with_cost_of(self, other: Answer) -> Answer:
        """Return the same, with the time and the tokens of another prompt."""
        return replace(self, event=_with_cost(self.event, other.event), whole=_with_cost(self.whole, other.event))


@dataclass(frozen=True, slots=True)
class Asking:
    """What all prompts for one cursor share.

    ``control``: spellings that are never shown; ``without``: names of FILTERS that are left out; ``beginning``: how the
    answer begins for sure, and ``head`` the words that have to follow, where those are known; ``place``: the lines
    around, None where a head is never asked for. ``tries``: whether the model is asked again where nothing is left of
    what it wrote.
    """

    engine: Engine
    hole: Hole
    cancel: CancelToken
    control: tuple[str, ...]
    without: frozenset[str]
    beginning: Beginning
    place: Place | None
    head: Head | None
    tries: bool
    explain: bool

    def ask(
        self, generate: GenerateRequest, laid: Laid, *, hold_below: float = -math.inf, silent: bool = False
    ) -> Generator[Event, None, Answer | None]:
        """Yield what happens, without a last event unless it is Failed, and return the answer; None where that failed.

        ``laid`` is the prompt for ``generate``; ``hold_below`` is SuggestionStream's. ``silent``: it is not the first
        time for this cursor, so that its start is not told again, nor text, which would seem to go on with what was
        shown before, nor that it failed: there is an answer already.
        """
        held = _held(generate, laid, self.beginning, self.head)
        suggestions = self._suggestions(held.params.n, hold_below)
        event = yield from self._write(held, suggestions, self.beginning, silent=silent, tell_failure=not silent)
        if event is None:
            return None
        answer = self._finish(event, suggestions, (MISSING_HEAD,) if self.head else ())
        again = self._again(generate, laid, event.choices[0]) if self.tries and answer.cut_away else None
        if again is None or self.cancel.cancelled:
            return answer
        name, other, going_on = again
        suggestions = self._suggestions(1)
        event = yield from self._write(going_on, suggestions, other, silent=True, tell_failure=not silent)
        if event is None:
            return None
        second = self._finish(_added(answer.event, event), suggestions, (*answer.whole.filters, name))
        return replace(second, given=answer.given)

    def _again(
        self, generate: GenerateRequest, laid: Laid, first: Choice
    ) -> tuple[str, Beginning, GenerateRequest] | None:
        """Return what to ask after an answer that came to nothing, how that begins, and its name among FILTERS."""
        line = first.text.lstrip("\n").split("\n", 1)[0]
        head = None if self.head else head_instead(self.place, self.hole.syntax.after, line)
        if head is not None:
            single = replace(generate, params=replace(generate.params, n=1))
            beginning = Beginning(head.blanks)
            return MISSING_HEAD, beginning, _held(single, laid, beginning, head)
        other = second_choice(first, self.control)
        return None if other is None else (SECOND_CHOICE, other, _going_on(generate, laid, other))

    def _suggestions(self, n: int, hold_below: float = -math.inf) -> Suggestions:
        return Suggestions(self.hole, n, self.control, self.without, hold_below)

    def _finish(self, event: Finished, suggestions: Suggestions, fired: tuple[str, ...] = ()) -> Answer:
        whole = suggestions.finish(event, explain=self.explain, fired=fired)
        return Answer(event, whole, suggestions.given, suggestions.cut_away)

    def _write(
        self,
        generate: GenerateRequest,
        suggestions: Suggestions,
        beginning: Beginning,
        *,
        silent: bool,
        tell_failure: bool,
    ) -> Generator[Event, None, Finished | None]:
        """Have the model go on from ``beginning`` into ``suggestions``, and yield what happens; return the last event.

        None where that was Failed.
        """
        ours = CancelToken(parent=self.cancel)
        for index in range(generate.params.n):
            suggestions.feed(index, beginning.text, beginning.tokens)
        for event in self.engine.generate(generate, ours):
            match event:
                case Delta(index=index, text=text):
                    tokens = [beginning.moved(token) for token in event.logprobs]
                    shown = suggestions.feed(index, text, tokens)
                    if suggestions.done:
                        ours.cancel()
                    # Without text too: whoever advances this may want to pause it, or to end it, after each token. The
                    # tokens come once, with the last event: only then it is certain what of them is shown.
                    yield Delta(generate.id, index, "" if silent else shown)
                case Finished():
                    return replace(event, choices=tuple(map(beginning.with_rest, event.choices)))
                case Failed():
                    if tell_failure:
                        yield event
                    return None
                case _:
                    if not silent:
                        yield event
        return None


def _held(generate: GenerateRequest, laid: Laid, beginning: Beginning, head: Head | None) -> GenerateRequest:
    """Return the request for an answer that begins like this."""
    words = head.words if head else ()
    return replace(generate, prompt=laid.fim.prompt, begin=laid.begin + beginning.text, first_words=words)


def _going_on(generate: GenerateRequest, laid: Laid, beginning: Beginning) -> GenerateRequest:
    """Return the same request for one answer, as if the model had written ``beginning`` already."""
    params = replace(generate.params, n=1, max_tokens=max(generate.params.max_tokens - len(beginning.tokens), 1))
    prompt = Prompt((*laid.fim.prompt.parts, Text(laid.begin + beginning.text)))
    return replace(generate, prompt=prompt, params=params)


def _added(first: Finished, second: Finished) -> Finished:
    """Return the second of two answers to one prompt, with the time and the tokens of both; it was read once."""
    both = _with_cost(second, first)
    return replace(both, prompt_tokens=first.prompt_tokens, cached_tokens=first.cached_tokens)


def _with_cost(one: Finished, other: Finished) -> Finished:
    """Return an answer with the time and the tokens of both, and what was said with either."""
    own, more = one.timings, other.timings
    timings = replace(own, prefill_ms=own.prefill_ms + more.prefill_ms, decode_ms=own.decode_ms + more.decode_ms)
    return replace(
        one,
        prompt_tokens=one.prompt_tokens + other.prompt_tokens,
        cached_tokens=one.cached_tokens + other.cached_tokens,
        generated_tokens=one.generated_tokens + other.generated_tokens,
        guessed_tokens=one.guessed_tokens + other.guessed_tokens,
        accepted_tokens=one.accepted_tokens + other.accepted_tokens,
        timings=timings,
        note=one.note or other.note,
    )
