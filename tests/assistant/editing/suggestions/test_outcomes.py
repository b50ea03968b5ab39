"""Key sequences against the completion session: what became of each suggestion that was shown."""

import itertools
from typing import Any

import pytest

from assistant.editing.suggestions.actions import Action, Clear, Ended, Send, Show
from assistant.editing.suggestions.outcomes import Outcome
from assistant.editing.suggestions.requests import Requests
from assistant.editing.suggestions.session import CompletionSession, Options
from assistant.types import Choice, Delta, Failed, Finished, Timings


class Play:
    """An editor and a service around one session; ``outcomes`` is what the session told. Each input comes 10 ms later."""

    def __init__(self, prefix: str = "", suffix: str = "", *, ahead: bool = False) -> None:
        ids = itertools.count(1)
        options = Options(debounce_ms=100, adaptive=False, ahead=ahead)
        requests = Requests(new_id=lambda: f"r{next(ids)}")
        self.session = CompletionSession(prefix, suffix, requests=requests, options=options, ready=True)
        self.prefix, self.suffix, self.now = prefix, suffix, 1000.0
        self.shown: Show | None = None
        self.sent: list[str] = []
        self.outcomes: list[Outcome] = []

    def do(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Send(request):
                    self.sent.append(request.id)
                case Show():
                    self.shown = action
                case Clear():
                    self.shown = None
                case Ended(outcome):
                    self.outcomes.append(outcome)
                case _:
                    pass

    def edit(self, prefix: str, suffix: str | None = None) -> None:
        self.now += 10
        self.prefix, self.suffix = prefix, self.suffix if suffix is None else suffix
        self.do(self.session.text_changed(self.prefix, self.suffix, self.now))

    def type(self, text: str) -> None:
        for character in text:
            self.edit(self.prefix + character)

    def take(self, kind: str, part: str) -> None:
        """Take a part as the editor does: the text changes, the cursor is said to have moved there, the key is told."""
        assert self.shown is not None
        assert self.shown.text.startswith(part)
        whole = part == self.shown.text
        self.edit(self.prefix + part, self.suffix[self.shown.replaces :] if whole else self.suffix)
        self.do(self.session.cursor_moved(self.prefix, self.suffix, self.now))
        self.do(self.session.accepted(kind, self.now))

    def rest(self) -> None:
        self.now += 100
        self.do(self.session.timer_fired(self.now))

    def delta(self, text: str) -> None:
        self.now += 10
        self.do(self.session.event(Delta(self.sent[-1], 0, text), self.now))

    def finish(self, *texts: str, replaces: int = 0) -> None:
        self.now += 10
        choices = tuple(Choice(index, text, "stop", 1, replaces=replaces) for index, text in enumerate(texts))
        finished = Finished(self.sent[-1], "m", choices, 1, 0, 1, Timings(), adapter="mine")
        self.do(self.session.event(finished, self.now))

    def say(self, call: Any, *args: Any) -> None:
        self.now += 10
        self.do(call(*args, self.now))


def suggested(text: str, *, prefix: str = "", suffix: str = "", replaces: int = 0, ahead: bool = False) -> Play:
    """A play in which ``text`` has just become visible after "x"."""
    play = Play(prefix, suffix, ahead=ahead)
    play.type("x")
    play.rest()
    play.finish(text, replaces=replaces)
    assert play.shown is not None
    assert play.outcomes == []
    return play


def outcome(fate: Any, ms: float, characters: int, lines: int = 1, **values: Any) -> Outcome:
    return Outcome(**{"trigger": "auto", "model": "m", "adapter": "mine", **values}, fate=fate, shown_ms=ms,
                   characters=characters, lines=lines)  # fmt: skip


def test_taken_whole() -> None:
    play = suggested(" = 1\n  y")
    play.take("all", " = 1\n  y")
    assert play.outcomes == [outcome("taken", 10, 8, 2, taken=8, presses=1, how="all")]


def test_taken_whole_with_what_it_replaces() -> None:
    play = suggested("a)", suffix=")", replaces=1)
    play.take("all", "a)")
    assert (play.prefix, play.suffix) == ("xa)", "")
    assert play.outcomes == [outcome("taken", 10, 2, taken=2, presses=1, how="all")]


def test_taken_in_parts() -> None:
    play = suggested("one two\nthree four")
    play.take("word", "one")
    play.take("line", " two\n")
    play.take("word", "three")
    assert play.outcomes == []
    play.take("word", " four")
    assert play.outcomes == [outcome("taken", 40, 18, 2, taken=18, presses=4, how="line")]


def test_a_word_taken_and_then_something_else_typed() -> None:
    play = suggested("one two")
    play.take("word", "one")
    play.type(",")
    assert play.outcomes == [outcome("edited", 20, 7, taken=3, presses=1, how="word")]


def test_typed_along_and_then_taken() -> None:
    play = suggested("one two")
    play.type("on")
    play.take("all", "e two")
    assert play.outcomes == [outcome("taken", 30, 7, taken=5, typed=2, presses=1, how="all")]


def test_typed_to_its_end_is_known_with_the_next_input() -> None:
    play = suggested("ab")
    play.type("ab")
    assert play.shown is None
    assert play.outcomes == []
    play.type("c")
    assert play.outcomes == [outcome("typed", 20, 2, typed=2)]


def test_typed_to_its_end_in_front_of_what_it_replaces() -> None:
    play = suggested("a)", suffix=")", replaces=1)
    play.type("a")
    assert play.shown is None
    play.say(play.session.close)
    assert play.outcomes == [outcome("typed", 10, 2, typed=1)]


def test_deleting_what_was_typed_along_is_the_same_suggestion() -> None:
    play = suggested("abc")
    play.type("ab")
    play.edit(play.prefix[:-1])
    play.type("!")
    assert play.outcomes == [outcome("edited", 40, 3, typed=1)]


def test_what_is_deleted_again_was_not_taken() -> None:
    play = suggested("one two")
    play.take("word", "one")
    play.edit(play.prefix[:-2])
    play.take("all", "ne two")
    assert play.outcomes == [outcome("taken", 30, 7, taken=7, presses=2, how="all")]
    play = suggested("one two")
    play.take("word", "one")
    play.edit(play.prefix[:-3])
    play.type("!")
    assert play.outcomes == [outcome("edited", 30, 7)]


def test_a_suggestion_that_comes_back_begins_where_it_is_shown_again() -> None:
    play = suggested("abc")
    play.type("a")
    play.type("!")
    play.edit(play.prefix[:-1])
    assert play.shown == Show("bc")
    play.edit(play.prefix[:-1])
    play.say(play.session.dismissed)
    assert play.outcomes == [outcome("edited", 20, 3, typed=1), outcome("dismissed", 20, 3)]


@pytest.mark.parametrize(
    ("fate", "act"),
    [
        ("dismissed", lambda play: play.session.dismissed(play.now)),
        ("edited", lambda play: play.session.text_changed("x!", "", play.now)),
        ("edited", lambda play: play.session.text_changed("", "", play.now)),
        ("edited", lambda play: play.session.composing(True, play.now)),
        ("moved", lambda play: play.session.cursor_moved("", "x", play.now)),
        ("moved", lambda play: play.session.cursor_moved("x", "", play.now, True)),
        ("moved", lambda play: play.session.set_options(Options(enabled=False), play.now)),
        ("moved", lambda play: play.session.close(play.now)),
    ],
)
def test_why_it_went_away(fate: Any, act: Any) -> None:
    play = suggested("abc")
    play.now += 500
    play.do(act(play))
    assert play.outcomes == [outcome(fate, 500, 3)]
    play.say(play.session.close)
    assert len(play.outcomes) == 1


def test_what_streams_in_is_one_suggestion() -> None:
    play = Play()
    play.type("x")
    play.rest()
    play.delta("a")
    play.delta("bc")
    play.finish("abcd")
    play.say(play.session.dismissed)
    assert play.outcomes == [outcome("dismissed", 30, 4)]


def test_before_it_is_whole_nobody_knows_which_adapter_wrote_it() -> None:
    play = Play()
    play.type("x")
    play.rest()
    play.delta("abc")
    play.take("all", "abc")
    assert play.outcomes == [
        outcome("taken", 10, 3, taken=3, presses=1, how="all", model=None, adapter=None)
    ]  # fmt: skip


def test_one_whose_end_never_came_was_withdrawn() -> None:
    play = Play()
    play.type("x")
    play.rest()
    play.delta("abc")
    play.now += 10
    play.do(play.session.event(Failed("r1", "It broke."), play.now))
    assert play.outcomes == [outcome("withdrawn", 10, 3, model=None, adapter=None)]


def test_another_asked_for_by_hand_replaces_it() -> None:
    play = suggested("abc")
    play.say(play.session.ask)
    assert play.outcomes == []
    play.finish("other")
    assert play.outcomes == [outcome("replaced", 20, 3)]
    play.take("all", "other")
    assert play.outcomes[1:] == [outcome("taken", 10, 5, taken=5, presses=1, how="all", trigger="manual")]


def test_alternatives_looked_through_are_one_suggestion() -> None:
    play = suggested("abc")
    play.say(play.session.cycle, 1)
    play.finish("abc", "defg")
    assert play.outcomes == [outcome("replaced", 20, 3)]
    assert play.shown == Show("defg")
    play.say(play.session.cycle, 1)
    play.say(play.session.cycle, 1)
    play.take("all", "defg")
    assert play.outcomes[1:] == [outcome("taken", 30, 4, taken=4, presses=1, how="all", trigger="manual")]


@pytest.mark.parametrize("kind", ["all", "word"])
def test_what_was_asked_ahead_is_another_suggestion(kind: str) -> None:
    play = suggested("abc", ahead=True)
    play.finish("\nnext")
    play.take(kind, "abc")
    assert play.shown == Show("\nnext")
    assert play.outcomes == [outcome("taken", 20, 3, taken=3, presses=1, how=kind)]
    play.type("!")
    assert play.outcomes[1:] == [outcome("edited", 10, 5, 2, trigger="ahead")]


def test_typed_to_its_end_where_the_next_one_waits() -> None:
    play = suggested("ab", ahead=True)
    play.finish(" + c")
    play.type("ab")
    assert play.shown == Show(" + c")
    play.take("word", " +")
    assert play.outcomes == [outcome("typed", 30, 2, typed=2)]
    play.type("!")
    assert play.outcomes[1:] == [outcome("edited", 20, 4, taken=2, presses=1, how="word", trigger="ahead")]


def test_a_key_that_took_nothing_counts_for_nothing() -> None:
    play = suggested("abc")
    play.say(play.session.accepted, "word")
    play.say(play.session.dismissed)
    play.say(play.session.accepted, "all")
    assert play.outcomes == [outcome("dismissed", 20, 3)]
