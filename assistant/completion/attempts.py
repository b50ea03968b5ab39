"""Attempts: the ways in which a model is asked for one cursor, and what comes of each.

A cursor may be asked for several times: with the words that have to come first, from an alternative start where
nothing is left of the first answer, without other files where the model is unsure with them. Each is an ``Attempt``;
what follows from its answer, another attempt or none, is decided here, and ``complete`` keeps the surer.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass, replace

from assistant.completion.alternative_start import AnswerStart, alternative_start
from assistant.completion.block_headers import header_instead
from assistant.completion.filters import ALTERNATIVE_START, FILTERS, MISSING_HEADER, SURER_ALONE
from assistant.completion.filters.draft import Hole
from assistant.completion.indentation import Place
from assistant.completion.prompt import Laid
from assistant.completion.suggest import Suggestions
from assistant.engine.protocol import CancelToken, Lease
from assistant.types import Delta, Event, Failed, Finished, GenerateRequest, Prompt, Text

SURE = math.log(0.8)
"""With less than this, as a mean log-probability of a token, an answer is unsure.

Chosen on new code of two projects (docs/evaluation.md): lower gives away right answers, higher costs time for few more.
"""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way of asking.

    ``prompt`` is what the model reads, ``must_begin`` how its answer begins for sure, and ``first_words`` with which of
    them it goes on (none: with anything). ``name`` is the one of FILTERS that is the reason for it, empty for the usual
    way. ``hold_below`` is SuggestionStream's. ``follows``: the answer from the same prompt of which nothing was left;
    where that has no ``first_words`` instead, ``must_begin`` is put behind the prompt, as if the model had written it.
    """

    prompt: Laid
    must_begin: AnswerStart
    first_words: tuple[str, ...] = ()
    name: str = ""
    hold_below: float = -math.inf
    follows: Answer | None = None

    def request(self, usual: GenerateRequest) -> GenerateRequest:
        """Return what the engine is asked, given what is the same for each attempt."""
        asked = usual if self.follows is None else replace(usual, params=replace(usual.params, n=1))
        begin = self.prompt.begin + self.must_begin.text
        if self.follows is None or self.first_words:
            return replace(asked, prompt=self.prompt.fim.prompt, begin=begin, first_words=self.first_words)
        left = max(asked.params.max_tokens - len(self.must_begin.tokens), 1)
        behind = Prompt((*self.prompt.fim.prompt.parts, Text(begin)))
        return replace(asked, prompt=behind, params=replace(asked.params, max_tokens=left))


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an attempt.

    ``event`` is the engine's last one, with the time and the tokens of every try; ``whole`` is what the filters left of
    it. ``given`` was shown of the first alternative while it was written. ``cut_away``: the model wrote something, and
    nothing is left of it.
    """

    attempt: Attempt
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

    def or_surer(self, alone: Answer, *, explain: bool) -> Answer:
        """Return this one or the one without other files, whichever is surer, with the time and the tokens of both."""
        if not alone.is_surer_than(self):
            return self._with_cost_of(alone)
        return alone._with_cost_of(self)._named(SURER_ALONE, explain=explain)  # noqa: SLF001  (its own class)

    def _named(self, name: str, *, explain: bool) -> Answer:
        """Return the same with one more of FILTERS among those that made it what it is."""
        sentences = (*self.whole.filter_sentences, FILTERS[name]) if explain else ()
        names = (*self.whole.filters, name)
        return replace(self, whole=replace(self.whole, filters=names, filter_sentences=sentences))

    def _with_cost_of(self, other: Answer) -> Answer:
        return replace(self, event=_with_cost(self.event, other.event), whole=_with_cost(self.whole, other.event))


@dataclass(frozen=True, slots=True)
class Asking:
    """What all attempts for one cursor share.

    ``usual`` is what the engine is asked but for the prompt. ``control``: spellings that are never shown; ``without``:
    names of FILTERS that are left out; ``place``: the lines around, None where a header is never asked for. ``tries``:
    whether the model is asked again where nothing is left of what it wrote.
    """

    model: Lease
    usual: GenerateRequest
    hole: Hole
    cancel: CancelToken
    control: tuple[str, ...]
    without: frozenset[str]
    place: Place | None
    tries: bool
    explain: bool

    def ask(self, attempt: Attempt, *, tells: bool) -> Generator[Event, None, Answer | None]:
        """Yield what happens, without a last event unless it is Failed, and return the answer; None where that failed.

        ``tells``: there is no answer yet. Else, and where the attempt follows another, its start is not told again, nor
        text, which would seem to go on with what was shown before; nor is a failure where there is an answer already.
        """
        request, start, follows = attempt.request(self.usual), attempt.must_begin, attempt.follows
        hole = replace(self.hole, begun_otherwise=attempt.name == ALTERNATIVE_START)
        suggestions = Suggestions(hole, request.params.n, self.control, self.without, attempt.hold_below)
        silent = follows is not None or not tells
        event = yield from self._write(request, suggestions, start, silent=silent, tell_failure=tells)
        if event is None:
            return None
        fired = (attempt.name,) if attempt.name else ()
        given = suggestions.given
        if follows is not None:
            event, fired, given = _added(follows.event, event), (*follows.whole.filters, *fired), follows.given
        whole = suggestions.finish(event, explain=self.explain, fired=fired)
        return Answer(attempt, event, whole, given, suggestions.cut_away)

    def again(self, answer: Answer) -> Attempt | None:
        """Return the attempt from the same prompt after an answer that came to nothing; None: there is no other."""
        attempt = answer.attempt
        if not (self.tries and answer.cut_away) or attempt.follows is not None:
            return None
        first = answer.event.choices[0]
        line = first.text.lstrip("\n").split("\n", 1)[0]
        header = None if attempt.first_words else header_instead(self.place, self.hole.syntax.after, line)
        if header is not None:
            return Attempt(attempt.prompt, AnswerStart(header.blanks), header.words, MISSING_HEADER, follows=answer)
        other = alternative_start(first, self.control, self.hole.syntax)
        return None if other is None else Attempt(attempt.prompt, other, name=ALTERNATIVE_START, follows=answer)

    def _write(
        self,
        request: GenerateRequest,
        suggestions: Suggestions,
        start: AnswerStart,
        *,
        silent: bool,
        tell_failure: bool,
    ) -> Generator[Event, None, Finished | None]:
        """Have the model go on from ``start`` into ``suggestions``, and yield what happens; return the last event.

        None where that was Failed.
        """
        ours = CancelToken(parent=self.cancel)
        for index in range(request.params.n):
            suggestions.feed(index, start.text, start.tokens)
        for event in self.model.generate(request, ours):
            match event:
                case Delta(index=index, text=text):
                    tokens = [start.moved(token) for token in event.logprobs]
                    shown = suggestions.feed(index, text, tokens)
                    if suggestions.done:
                        ours.cancel()
                    # Without text too: whoever advances this may want to pause it, or to end it, after each token. The
                    # tokens come once, with the last event: only then it is certain what of them is shown.
                    yield Delta(request.id, index, "" if silent else shown)
                case Finished():
                    return replace(event, choices=tuple(map(start.continued_by, event.choices)))
                case Failed():
                    if tell_failure:
                        yield event
                    return None
                case _:
                    if not silent:
                        yield event
        return None


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
        draft_tokens=one.draft_tokens + other.draft_tokens,
        accepted_tokens=one.accepted_tokens + other.accepted_tokens,
        timings=timings,
        note=one.note or other.note,
    )
