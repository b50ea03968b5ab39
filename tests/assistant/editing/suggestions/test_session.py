"""Recorded key sequences against the completion session: what is asked, shown, kept and dropped."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from assistant.editing.suggestions.actions import (
    Action,
    Arrived,
    Cancel,
    Clear,
    Ended,
    Explain,
    Send,
    SetTimer,
    Show,
    Status,
)
from assistant.editing.suggestions.requests import MAX_AFTER, MAX_BEFORE, Requests
from assistant.editing.suggestions.session import ALTERNATIVES, CompletionSession, Options
from assistant.types import Choice, CompleteRequest, Delta, Failed, Finished, Progress, Started, Timings

PLAIN = Options(debounce_ms=100, adaptive=False, ahead=False)


class Play:
    """Plays keys and answers to a session and keeps what a person would see."""

    def __init__(self, text: str = "", *, ready: bool = True, options: Options | None = None) -> None:
        ids = itertools.count(1)
        self.prefix, self.suffix = text, ""
        self.session = CompletionSession(
            text,
            "",
            requests=Requests("a.py", "/w", "page", new_id=lambda: f"r{next(ids)}"),
            options=options or PLAIN,
            ready=ready,
        )
        self.now = 1000.0
        self.shown = ""
        self.replaces = 0
        self.timer: int | None = None
        self.sent: list[CompleteRequest] = []
        self.running: list[str] = []
        self.cancelled: list[str] = []
        self.status = Status("idle")
        self.arrived: list[Arrived] = []
        self.log: list[Action] = []

    def _take(self, actions: list[Action]) -> list[Action]:
        actions = [action for action in actions if not isinstance(action, Ended)]  # test_outcomes.py
        for action in actions:
            match action:
                case SetTimer(ms):
                    self.timer = ms
                case Send(request):
                    assert self.running == []
                    self.running = [request.id]
                    self.sent.append(request)
                case Cancel(request_id):
                    self.running.remove(request_id)
                    self.cancelled.append(request_id)
                case Show(text, replaces):
                    assert text
                    self.replaces = replaces
                    assert text != self.shown
                    self.shown = text
                case Clear():
                    assert self.shown
                    self.shown = ""
                case Status():
                    self.status = action
                case Arrived():
                    self.arrived.append(action)
        self.log += actions
        return actions

    def type(self, text: str, after: float = 10) -> list[Action]:
        self.now += after
        self.prefix += text
        return self._take(self.session.text_changed(self.prefix, self.suffix, self.now))

    def backspace(self, count: int = 1) -> list[Action]:
        self.now += 10
        self.prefix = self.prefix[:-count]
        return self._take(self.session.text_changed(self.prefix, self.suffix, self.now))

    def move(self, by: int, *, selection: bool = False) -> list[Action]:
        self.now += 10
        text = self.prefix + self.suffix
        at = len(self.prefix) + by
        self.prefix, self.suffix = text[:at], text[at:]
        return self._take(self.session.cursor_moved(self.prefix, self.suffix, self.now, selection))

    def wait(self) -> list[Action]:
        """Let the timer fire."""
        assert self.timer is not None
        self.now += self.timer
        self.timer = None
        return self._take(self.session.timer_fired(self.now))

    def delta(self, text: str, index: int = 0, request_id: str | None = None) -> list[Action]:
        self.now += 10
        return self._take(self.session.event(Delta(request_id or self.sent[-1].id, index, text), self.now))

    def finish(self, *texts: str, request_id: str | None = None) -> Finished:
        self.now += 10
        self._ended(request_id)
        choices = tuple(Choice(i, text, "stop", 1) for i, text in enumerate(texts))
        finished = Finished(request_id or self.sent[-1].id, "m", choices[::-1], 1, 0, 1, Timings())
        self._take(self.session.event(finished, self.now))
        return finished

    def _ended(self, request_id: str | None = None) -> None:
        self.running = [running for running in self.running if running != (request_id or self.sent[-1].id)]

    def fail(self, message: str = "It broke.") -> None:
        self._ended()
        self._take(self.session.event(Failed(self.sent[-1].id, message), self.now))

    def cut_off(self) -> None:
        """The service gives the request up for a more urgent one."""
        self.now += 10
        self._ended()
        choice = Choice(0, "cut", "cancelled", 1)
        self._take(self.session.event(Finished(self.sent[-1].id, "m", (choice,), 1, 0, 1, Timings()), self.now))

    def do(self, call: Callable[..., list[Action]], *args: Any) -> list[Action]:
        self.now += 10
        return self._take(call(*args))

    def ask(self) -> list[Action]:
        return self.do(self.session.ask, self.now + 10)

    def cycle(self, step: int) -> list[Action]:
        return self.do(self.session.cycle, step, self.now + 10)


def suggested(text: str, suggestion: str, **options: Any) -> Play:
    """A play in which ``text`` was typed and answered with ``suggestion``."""
    play = Play(**options)
    play.type(text)
    play.wait()
    play.finish(suggestion)
    assert play.shown == suggestion
    return play


# --- asking ---------------------------------------------------------------------------------


def test_a_request_goes_out_when_typing_rests() -> None:
    play = Play("x = ")
    assert play.type("1") == [SetTimer(100)]
    assert play.type("2") == [SetTimer(100)]
    assert play.session.busy
    play.wait()
    assert play.sent == [CompleteRequest("r1", "x = 12", 6, "a.py", "/w", trigger="auto", session="page")]
    assert play.status == Status("thinking")


def test_the_request_carries_both_sides_of_the_cursor() -> None:
    play = Play("ab\ncd")
    play.move(-3)
    play.type(".")
    play.wait()
    assert (play.sent[0].text, play.sent[0].cursor) == ("ab.\ncd", 3)


def test_of_an_enormous_file_only_what_lies_around_the_cursor_is_sent() -> None:
    play = Play("a" * 2_000_000 + "|" + "z" * 1_000_000)
    play.move(-1_000_000)
    play.ask()
    [request] = play.sent
    assert (len(request.text), request.cursor) == (MAX_BEFORE + MAX_AFTER, MAX_BEFORE)
    assert request.text[request.cursor - 1 : request.cursor + 1] == "|z"


def test_asking_by_hand_goes_out_at_once() -> None:
    play = Play("x")
    play.type("y")
    play.ask()
    assert play.timer is None
    assert (play.sent[0].trigger, play.sent[0].n) == ("manual", 1)


def test_an_edit_while_a_request_waits_for_its_first_character_asks_anew() -> None:
    play = Play()
    play.type("a")
    play.wait()
    assert play.type("b") == [SetTimer(100)]
    assert play.wait()[:1] == [Cancel("r1")]
    assert [request.text for request in play.sent] == ["a", "ab"]


def test_a_timer_that_fires_though_it_was_stopped_asks_nothing() -> None:
    play = Play()
    play.type("a")
    play.move(0, selection=True)
    assert play.do(play.session.timer_fired, play.now) == []


def test_the_same_place_told_twice_changes_nothing() -> None:
    play = Play("a")
    assert play.type("") == []
    assert play.move(0) == []


def test_a_cursor_that_moved_with_an_edit_is_an_edit() -> None:
    play = Play("a")
    play.prefix += "("
    assert play.move(0) == [SetTimer(100)]


def test_stepping_back_between_brackets_keeps_the_question() -> None:
    play = Play("f")
    play.type("()")
    assert play.move(-1)[-1] == SetTimer(90)
    play.wait()
    assert play.sent[0].cursor == 2


def test_moving_the_cursor_asks_nothing() -> None:
    play = Play("one two")
    assert play.move(-3) == []


@pytest.mark.parametrize("after", ["b", "_", "1", "ä"])
def test_inside_an_identifier_nothing_is_asked_unless_by_hand(after: str) -> None:
    play = Play("a" + after)
    play.move(-1)
    assert play.type("x") == []
    play.ask()
    assert play.sent[0].cursor == 2


def test_an_edit_inside_an_identifier_stops_the_timer() -> None:
    play = Play("a b")
    play.move(-2)
    play.type("x")
    play.suffix = play.suffix[1:]
    assert play.type("") == [SetTimer(None)]


def test_nothing_is_asked_in_a_file_that_cannot_be_edited() -> None:
    play = Play(options=Options(read_only=True))
    assert play.type("x") == []
    play.ask()
    play.cycle(1)
    assert play.sent == []
    assert play.status == Status("read_only")


def test_switched_off_only_the_person_asks() -> None:
    play = Play(options=Options(enabled=False))
    assert play.type("x") == []
    play.ask()
    play.finish("yz")
    play.type("y")
    assert (play.shown, play.timer) == ("z", None)
    play.type("z")
    assert play.do(play.session.accepted, "all", play.now) == []
    assert (play.timer, len(play.sent)) == (None, 1)


def test_nothing_is_asked_with_a_selection() -> None:
    play = Play("abc")
    play.move(-1, selection=True)
    play.ask()
    assert play.sent == []
    assert play.status == Status("selection")


def test_a_selection_takes_the_suggestion_and_the_timer_away() -> None:
    play = suggested("a", "b")
    play.move(0, selection=True)
    assert play.shown == ""
    play.move(0)
    play.type("x")
    play.move(-1, selection=True)
    assert play.timer is None


def test_switching_off_takes_everything_away_and_on_again_asks_at_the_next_edit() -> None:
    play = suggested("a", "b")
    play.type("x")
    play.wait()
    play.do(play.session.set_options, Options(enabled=False), play.now)
    assert play.cancelled == ["r2"]
    assert play.do(play.session.set_options, Options(debounce_ms=50, adaptive=False, ahead=False), play.now) == []
    assert play.type("y") == [SetTimer(50)]


# --- the service is not ready ---------------------------------------------------------------


def test_what_was_typed_before_the_model_was_ready_is_asked_then() -> None:
    play = Play(ready=False)
    assert play.type("a") == []
    play.now += 5000
    assert play.do(play.session.set_ready, True, play.now) == [SetTimer(0)]
    play.wait()
    assert play.sent[0].text == "a"
    play.delta("b")
    assert play.arrived == [Arrived(120, None, None)]
    assert play.do(play.session.set_ready, True, play.now) == []


def test_by_hand_says_that_the_model_is_not_ready() -> None:
    play = Play(ready=False)
    play.ask()
    assert play.status == Status("not_ready")
    assert play.do(play.session.set_ready, True, play.now) == []


def test_a_service_that_goes_away_keeps_the_question_for_its_return() -> None:
    play = Play()
    play.type("a")
    assert play.do(play.session.set_ready, False, play.now) == [SetTimer(None)]
    assert play.do(play.session.set_ready, True, play.now + 30) == [SetTimer(60)]


def test_leaving_the_place_withdraws_the_question() -> None:
    play = Play("ab", ready=False)
    play.type("c")
    play.move(-2)
    assert play.do(play.session.set_ready, True, play.now) == []


# --- streaming ------------------------------------------------------------------------------


def test_deltas_are_shown_as_they_come_and_the_finished_text_counts() -> None:
    play = Play()
    play.type("a")
    play.wait()
    for event in (Started("r1", "m", 5), Progress("r1", "prefill", 1, 2)):
        assert play.session.event(event, play.now) == []
    play.delta("foo")
    play.delta("bar")
    assert play.shown == "foobar"
    assert play.arrived == [Arrived(110, None, None)]
    finished = play.finish("foo")
    assert play.shown == "foo"
    assert play.arrived[1:] == [Arrived(110, 130, finished)]
    assert play.status == Status("idle")


def test_without_deltas_the_finished_text_is_shown() -> None:
    play = Play()
    play.type("a")
    play.wait()
    finished = play.finish("foo")
    assert play.shown == "foo"
    assert not play.session.busy
    assert play.arrived == [Arrived(110, 110, finished)]


def test_other_alternatives_and_empty_pieces_show_nothing() -> None:
    play = Play()
    play.type("a")
    play.wait()
    assert play.delta("x", index=1) == []
    assert play.delta("") == []


def test_answers_to_old_requests_are_dropped() -> None:
    play = Play()
    play.type("a")
    play.wait()
    play.type("b")
    play.wait()
    assert play.delta("old", request_id="r1") == []
    play.finish("old", request_id="r1")
    assert play.shown == ""
    play.finish("new")
    assert play.shown == "new"
    play.finish("late")
    assert play.shown == "new"


def test_a_whole_answer_that_agrees_with_what_was_typed_meanwhile_is_enough() -> None:
    play = Play()
    play.type("a")
    play.wait()
    play.type("b")
    play.finish("bc")
    assert (play.shown, play.timer) == ("c", None)


def test_an_empty_answer_is_said() -> None:
    play = Play()
    play.type("a")
    play.wait()
    play.finish("")
    assert (play.shown, play.status, play.timer) == ("", Status("empty"), None)


def test_a_stream_that_the_filters_empty_goes_away() -> None:
    play = Play()
    play.type("a")
    play.wait()
    play.delta("bad")
    play.finish("")
    assert (play.shown, play.status) == ("", Status("empty"))


def test_no_choice_at_all_is_an_empty_answer() -> None:
    play = Play()
    play.type("a")
    play.wait()
    play.finish()
    assert play.status == Status("empty")


def test_a_failure_takes_the_half_suggestion_away_and_says_why() -> None:
    play = Play()
    play.type("a")
    play.wait()
    play.delta("half")
    play.fail("The service ended.")
    assert (play.shown, play.status, play.timer) == ("", Status("failed", "The service ended."), None)
    play.type("b")
    assert play.status == Status("idle")
    play.wait()
    assert play.sent[-1].text == "ab"


def test_a_failure_leaves_a_whole_suggestion() -> None:
    play = suggested("a", "bc")
    play.ask()
    play.fail()
    assert play.shown == "bc"


# --- typing through ---------------------------------------------------------------------------


def test_typing_what_is_suggested_shortens_it_without_a_request() -> None:
    play = suggested("re", "turn x")
    for rest in ("urn x", "rn x", "n x"):
        play.type("turn x"[-len(rest) - 1])
        assert play.shown == rest
    assert play.timer is None
    assert len(play.sent) == 1


def test_typing_to_the_end_asks_what_follows() -> None:
    play = suggested("a", "b")
    play.type("b")
    assert (play.shown, play.timer) == ("", 100)


def test_typing_something_else_clears_and_asks() -> None:
    play = suggested("a", "bc")
    play.type("x")
    assert (play.shown, play.timer) == ("", 100)


def test_typing_behind_a_stream_keeps_it() -> None:
    play = Play()
    play.type("a")
    play.wait()
    play.delta("bcd")
    play.type("b")
    assert (play.shown, play.timer) == ("cd", None)
    play.delta("e")
    assert play.shown == "cde"
    play.finish("bcdef")
    assert play.shown == "cdef"
    assert play.cancelled == []


def test_typing_ahead_of_a_stream_that_agrees_keeps_it() -> None:
    play = Play()
    play.type("a")
    play.wait()
    play.delta("b")
    play.type("bcd")
    assert (play.shown, play.timer) == ("", None)
    play.delta("c")
    assert play.shown == ""
    play.delta("def")
    assert play.shown == "ef"
    assert play.cancelled == []


def test_typing_ahead_before_the_first_character_that_then_agrees() -> None:
    play = Play()
    play.type("a")
    play.wait()
    play.type("b")
    play.delta("bc")
    assert (play.shown, play.timer, play.cancelled) == ("c", None, [])


def test_a_stream_that_turns_out_to_disagree_is_given_up() -> None:
    play = Play()
    play.type("a")
    play.wait()
    play.delta("b")
    play.type("bc", after=30)
    play.delta("x")
    assert play.cancelled == ["r1"]
    assert play.timer == 90
    assert play.status == Status("idle")


def test_a_first_character_that_disagrees_leaves_the_timer_running() -> None:
    play = Play()
    play.type("a")
    play.wait()
    play.type("b")
    assert play.delta("x") == [Cancel("r1"), Status("idle")]
    assert play.timer == 100


def test_typing_against_a_stream_gives_it_up() -> None:
    play = Play()
    play.type("a")
    play.wait()
    play.delta("bc")
    play.type("x")
    assert (play.shown, play.cancelled, play.timer) == ("", ["r1"], 100)


def test_a_stream_that_ends_before_what_was_typed_asks_again() -> None:
    play = Play()
    play.type("a")
    play.wait()
    play.delta("b")
    play.type("bc")
    play.finish("b")
    assert (play.shown, play.timer) == ("", 90)


def test_an_answer_that_no_longer_fits_leaves_the_timer_that_runs() -> None:
    play = Play()
    play.type("a")
    play.wait()
    play.type("b")
    play.finish("x")
    assert (play.shown, play.timer) == ("", 100)


# --- memory -------------------------------------------------------------------------------


def test_backspacing_onto_what_was_shown_shows_it_again() -> None:
    play = suggested("re", "turn x")
    play.type("s")
    assert play.shown == ""
    play.backspace()
    assert (play.shown, play.timer) == ("turn x", None)
    assert play.arrived[-1].first_ms is None
    assert play.arrived[-1].finished is play.arrived[0].finished
    assert len(play.sent) == 1


def test_backspacing_into_a_suggestion_lengthens_it() -> None:
    play = suggested("re", "turn x")
    play.type("tu")
    play.backspace()
    assert play.shown == "urn x"


def test_a_remembered_suggestion_gives_a_running_request_up() -> None:
    play = suggested("re", "turn x")
    play.type("s")
    play.wait()
    play.prefix = "re"
    play.type("")
    assert (play.shown, play.cancelled, play.status) == ("turn x", ["r2"], Status("idle"))


def test_nothing_is_remembered_where_nothing_may_be_shown() -> None:
    play = suggested("re", "turn x")
    play.type("s")
    play.do(play.session.set_options, Options(enabled=False), play.now)
    play.backspace()
    assert play.shown == ""


# --- no flicker ---------------------------------------------------------------------------


def test_asking_by_hand_keeps_what_is_shown_until_something_extends_it() -> None:
    play = suggested("a", "bc")
    play.ask()
    assert (play.shown, play.status) == ("bc", Status("thinking"))
    play.delta("b")
    assert play.shown == "bc"
    play.delta("c")
    assert play.shown == "bc"
    play.delta("d")
    assert play.shown == "bcd"
    play.finish("bcde")
    assert play.shown == "bcde"


def test_asking_by_hand_replaces_by_the_whole_answer_only() -> None:
    play = suggested("a", "bc")
    play.ask()
    play.delta("xy")
    assert play.shown == "bc"
    play.finish("xyz")
    assert play.shown == "xyz"


def test_an_empty_answer_by_hand_leaves_what_is_shown() -> None:
    play = suggested("a", "bc")
    play.ask()
    play.finish("")
    assert (play.shown, play.status) == ("bc", Status("idle"))


def test_a_shown_suggestion_is_never_cleared_and_shown_in_one_step() -> None:
    play = suggested("a", "bcd")
    play.log.clear()
    play.type("b")
    play.type("c")
    assert not any(isinstance(action, Clear) for action in play.log)


# --- accepting and dismissing ----------------------------------------------------------------


def test_accepting_all_asks_what_follows_at_once() -> None:
    play = suggested("a", "bc")
    play.type("bc")
    assert play.do(play.session.accepted, "all", play.now) == [SetTimer(0)]
    play.wait()
    assert play.sent[-1].text == "abc"


def test_accepting_a_word_keeps_the_rest() -> None:
    play = suggested("a", "b cd")
    play.type("b ")
    assert play.do(play.session.accepted, "word", play.now) == []
    assert (play.shown, play.timer) == ("cd", None)


def test_accepting_all_of_a_stream_goes_on_with_it() -> None:
    play = Play()
    play.type("a")
    play.wait()
    play.delta("bc")
    play.type("bc")
    assert play.do(play.session.accepted, "all", play.now) == []
    play.delta("d")
    assert play.shown == "d"


def test_after_escape_nothing_is_asked_here_until_the_next_edit() -> None:
    play = suggested("a b", "cd")
    play.do(play.session.dismissed, play.now)
    assert (play.shown, play.timer) == ("", None)
    play.move(-1)
    play.move(1)
    assert play.timer is None
    play.type("x")
    assert play.timer == 100


def test_escape_while_thinking_gives_the_request_up() -> None:
    play = Play()
    play.type("a")
    play.wait()
    play.do(play.session.dismissed, play.now)
    assert (play.cancelled, play.status) == (["r1"], Status("idle"))


def test_escape_while_streaming_gives_the_request_up() -> None:
    play = Play()
    play.type("a")
    play.wait()
    play.delta("bc")
    play.do(play.session.dismissed, play.now)
    assert (play.shown, play.cancelled) == ("", ["r1"])


def test_what_another_model_wrote_goes_and_does_not_come_back() -> None:
    play = suggested("x = ", "1 + 1")
    play.do(play.session.model_changed, play.now)
    assert play.shown == ""
    play.backspace()
    play.type(" ")
    assert play.shown == ""
    play.wait()
    assert len(play.sent) == 2
    play.delta("2")
    play.do(play.session.model_changed, play.now)
    assert (play.shown, play.cancelled) == ("", ["r2"])


def test_what_was_dismissed_does_not_come_back_by_backspacing() -> None:
    play = suggested("re", "turn x")
    play.type("t")
    play.do(play.session.dismissed, play.now)
    play.backspace()
    assert (play.shown, play.timer) == ("", 100)


def test_after_escape_a_question_by_hand_is_answered() -> None:
    play = suggested("a", "b")
    play.do(play.session.dismissed, play.now)
    play.ask()
    play.finish("b")
    assert play.shown == "b"


def test_escape_and_a_service_that_becomes_ready_ask_nothing() -> None:
    play = Play(ready=False)
    play.type("a")
    play.do(play.session.dismissed, play.now)
    assert play.do(play.session.set_ready, True, play.now) == []


# --- alternatives -----------------------------------------------------------------------------


def test_cycling_asks_once_and_then_rotates() -> None:
    play = suggested("a", "one")
    play.cycle(1)
    assert (play.sent[-1].n, play.sent[-1].trigger, play.shown) == (ALTERNATIVES, "manual", "one")
    play.finish("one", "two", "three")
    assert (play.shown, play.status) == ("two", Status("alternative", index=2, count=3))
    play.cycle(1)
    assert (play.shown, play.status.index) == ("three", 3)
    play.cycle(1)
    assert (play.shown, play.status.index) == ("one", 1)
    play.cycle(-1)
    assert (play.shown, play.status.index) == ("three", 3)
    assert len(play.sent) == 2


def test_cycling_backwards_and_again_before_the_answer() -> None:
    play = suggested("a", "one")
    play.cycle(-1)
    play.cycle(-1)
    assert len(play.sent) == 2
    play.finish("one", "two", "three")
    assert play.shown == "two"


def test_what_was_shown_stays_the_first_alternative() -> None:
    play = suggested("a", "shown")
    play.cycle(1)
    play.finish("one", "two", "one")
    assert (play.shown, play.status) == ("one", Status("alternative", index=2, count=3))


def test_cycling_with_nothing_shown_shows_the_first() -> None:
    play = Play("a")
    play.cycle(1)
    play.delta("on")
    assert play.shown == "on"
    play.finish("one", "two")
    assert (play.shown, play.status) == ("one", Status("alternative", index=1, count=2))


def test_cycling_during_a_stream_replaces_it() -> None:
    play = Play()
    play.type("a")
    play.wait()
    play.delta("on")
    play.cycle(1)
    assert play.cancelled == ["r1"]
    play.finish("one", "two")
    assert (play.shown, play.status.count) == ("two", 2)


def test_no_other_alternative_is_said() -> None:
    play = suggested("a", "one")
    play.cycle(1)
    play.finish("one", "", "one")
    assert (play.shown, play.status) == ("one", Status("alternative", index=1, count=1))


def test_no_alternative_at_all() -> None:
    play = Play("a")
    play.cycle(1)
    play.finish("", "")
    assert play.status == Status("empty")


def test_typing_narrows_the_alternatives() -> None:
    play = Play("a")
    play.cycle(1)
    play.finish("one", "other", "two")
    play.type("o")
    assert (play.shown, play.status) == ("ne", Status("alternative", index=1, count=2))
    play.type("t")
    assert (play.shown, play.status) == ("her", Status("alternative", index=1, count=1))
    play.type("x")
    assert (play.shown, play.status) == ("", Status("idle"))


def test_remembered_alternatives_can_be_cycled() -> None:
    play = Play("a")
    play.cycle(1)
    play.finish("one", "two")
    play.type("x")
    play.backspace()
    play.cycle(1)
    assert (play.shown, len(play.sent)) == ("two", 1)


def test_typing_while_alternatives_are_asked_for() -> None:
    play = suggested("a", "one")
    play.cycle(1)
    play.type("o")
    play.finish("one", "other", "two")
    assert (play.shown, play.status) == ("ther", Status("alternative", index=2, count=2))


# --- explanations ---------------------------------------------------------------------------


def explained(play: Play) -> list[str]:
    """Return the texts that were explained, in order."""
    return [each.finished.choices[each.choice].text for each in play.log if isinstance(each, Explain)]


def test_what_is_shown_is_explained_once_it_is_whole() -> None:
    play = Play()
    play.type("a")
    play.wait()
    play.delta("on")
    assert explained(play) == []
    play.delta("e")
    finished = play.finish("one")
    assert [each for each in play.log if isinstance(each, Explain)] == [Explain(finished, 0)]
    play.type("o")
    play.backspace()
    assert explained(play) == ["one"]


def test_each_alternative_is_explained_by_the_answer_it_came_with() -> None:
    play = suggested("a", "shown")
    play.cycle(1)
    play.finish("one", "two")
    play.cycle(1)
    play.cycle(1)
    assert explained(play) == ["shown", "one", "two", "shown"]


def test_typing_that_leads_to_another_alternative_explains_that_one() -> None:
    play = Play("a")
    play.cycle(1)
    play.finish("one", "other")
    play.type("o")
    play.type("t")
    assert explained(play) == ["one", "other"]


def test_an_answer_of_which_nothing_is_shown_is_explained_too() -> None:
    play = Play()
    play.type("a")
    play.wait()
    play.finish("")
    assert explained(play) == [""]


def test_what_is_found_again_is_explained_again() -> None:
    play = suggested("a", "b")
    play.type("x")
    play.wait()
    play.finish("y")
    play.backspace()
    assert (play.shown, explained(play)) == ("b", ["b", "y", "b"])


# --- leaving ------------------------------------------------------------------------------


def test_closing_gives_everything_up() -> None:
    play = suggested("a", "b")
    play.type("x")
    play.wait()
    play.do(play.session.close, play.now)
    assert (play.shown, play.cancelled, play.status) == ("", ["r2"], Status("idle"))
    play.type("y")
    play.do(play.session.close, play.now)
    assert play.timer is None


def test_moving_away_takes_the_suggestion_away() -> None:
    play = suggested("a b", "c")
    play.move(-1)
    assert play.shown == ""
    play.move(1)
    assert play.shown == ""


def test_ids_are_unique_without_a_maker_of_ids() -> None:
    sent = []
    for _ in range(2):
        session = CompletionSession("a", "", ready=True)
        [send] = [action for action in session.ask(0) if isinstance(action, Send)]
        sent.append(send.request.id)
    assert sent[0] != sent[1]


# --- asking ahead -----------------------------------------------------------------------------

AHEAD = Options(debounce_ms=100, adaptive=False)


def foreseen(*, answer: str | None = None) -> Play:
    """A play in which "bc" is shown after "a", and what follows it was asked ahead, perhaps answered too."""
    play = suggested("a", "bc", options=AHEAD)
    assert (play.sent[-1].trigger, play.sent[-1].text) == ("ahead", "abc")
    assert play.status == Status("idle")
    if answer is not None:
        play.finish(answer)
        assert play.shown == "bc"
    return play


def test_what_follows_an_accepted_suggestion_is_there_at_once() -> None:
    play = foreseen(answer="def")
    play.type("bc")
    assert play.do(play.session.accepted, "all", play.now) == []
    assert (play.shown, play.timer) == ("def", None)
    assert play.arrived[-1].first_ms is None
    assert (play.sent[-1].trigger, play.sent[-1].text) == ("ahead", "abcdef")


def test_typing_through_keeps_what_was_asked_ahead() -> None:
    play = foreseen(answer="def")
    play.type("b")
    assert (play.shown, len(play.sent)) == ("c", 2)
    play.type("c")
    assert play.shown == "def"


def test_typing_through_keeps_the_request_ahead_running() -> None:
    play = foreseen()
    play.type("b")
    assert (play.running, play.cancelled) == (["r2"], [])
    play.type("cd")
    assert (play.timer, play.status) == (None, Status("thinking"))
    play.delta("de")
    assert (play.shown, play.arrived[-1]) == ("e", Arrived(10, None, None))
    finished = play.finish("def")
    assert (play.shown, play.arrived[-1]) == ("ef", Arrived(10, 20, finished))
    assert [request.trigger for request in play.sent] == ["auto", "ahead", "ahead"]


def test_what_has_arrived_of_a_guess_is_shown_when_it_is_wanted() -> None:
    play = foreseen()
    play.delta("de")
    assert play.shown == "bc"
    play.type("bc")
    assert (play.shown, play.arrived[-1]) == ("de", Arrived(0, None, None))


def test_other_text_gives_the_request_ahead_up() -> None:
    play = foreseen()
    play.type("x")
    assert (play.cancelled, play.timer) == (["r2"], 100)


def test_other_text_behind_an_accepted_suggestion_gives_the_guess_up() -> None:
    play = foreseen()
    play.type("bc")
    play.delta("d")
    play.type("x")
    assert (play.cancelled, play.shown, play.timer) == (["r2"], "", 100)


@pytest.mark.parametrize("leave", ["dismissed", "close"])
def test_leaving_gives_the_request_ahead_up(leave: str) -> None:
    play = foreseen()
    play.do(getattr(play.session, leave), play.now)
    assert play.cancelled == ["r2"]


def test_a_question_by_hand_comes_before_the_request_ahead() -> None:
    play = foreseen()
    play.ask()
    assert play.cancelled == ["r2"]
    play.finish("bcd")
    assert [request.text for request in play.sent] == ["a", "abc", "a", "abcd"]


def test_a_guess_that_was_cut_off_is_asked_again_only_when_it_is_wanted() -> None:
    play = foreseen()
    play.cut_off()
    assert len(play.sent) == 2
    play.type("bc")
    assert (play.shown, play.timer) == ("", 100)


def test_a_guess_that_is_cut_off_while_somebody_waits_is_asked_again() -> None:
    play = foreseen()
    play.type("bc")
    play.delta("d")
    play.cut_off()
    assert (play.shown, play.timer, play.status) == ("", 80, Status("idle"))


def test_an_answer_that_is_cut_off_goes_away() -> None:
    play = Play()
    play.type("a")
    play.wait()
    play.delta("b")
    play.cut_off()
    assert (play.shown, play.timer, play.status) == ("", None, Status("idle"))


def test_a_guess_that_fails_says_nothing() -> None:
    play = foreseen()
    play.fail()
    assert (play.shown, play.status) == ("bc", Status("idle"))
    play.type("bc")
    assert play.timer == 100


def test_a_guess_that_is_empty_is_not_asked_twice() -> None:
    play = foreseen(answer="")
    play.type("b")
    play.backspace()
    assert len(play.sent) == 2
    play.type("bc")
    assert play.timer == 100


def test_what_is_told_of_a_guess_besides_its_text_means_nothing() -> None:
    play = foreseen()
    assert play.session.event(Started("r2", "m", 5), play.now) == []


def test_what_is_remembered_is_not_asked_ahead() -> None:
    play = foreseen(answer="def")
    play.type("x")
    play.backspace()
    assert (play.shown, len(play.sent)) == ("bc", 2)


def test_a_guess_that_was_given_up_is_asked_again_with_its_suggestion() -> None:
    play = foreseen()
    play.type("x")
    play.backspace()
    assert (play.shown, play.cancelled, play.sent[-1].text) == ("bc", ["r2"], "abc")


def test_after_an_undone_acceptance_nothing_is_asked_twice() -> None:
    play = foreseen(answer="def")
    play.type("bc")
    play.backspace(2)
    assert (play.shown, play.running) == ("bc", [])
    play.type("bc")
    assert play.shown == "def"


def test_another_alternative_is_thought_ahead_too() -> None:
    play = Play("a", options=AHEAD)
    play.cycle(1)
    play.finish("one", "two")
    assert play.sent[-1].text == "aone"
    play.cycle(1)
    assert (play.cancelled, play.sent[-1].text) == (["r2"], "atwo")


def test_nothing_is_asked_ahead_of_a_service_that_is_away() -> None:
    play = foreseen()
    play.do(play.session.set_ready, False, play.now)
    assert play.cancelled == ["r2"]


# --- replacing what follows ---------------------------------------------------------------------


def replacing(suffix: str, text: str, replaces: int, options: Options = PLAIN) -> Play:
    play = Play("f(" + suffix, options=options)
    play.move(-len(suffix))
    play.ask()
    play.now += 10
    play._ended()
    choice = Choice(0, text, "stop", 1, replaces=replaces)
    play._take(play.session.event(Finished(play.sent[-1].id, "m", (choice,), 1, 0, 1, Timings()), play.now))
    return play


def test_a_suggestion_may_replace_what_follows() -> None:
    play = replacing(")", "a, b)", 1)
    assert (play.shown, play.replaces) == ("a, b)", 1)
    play.type("a, ")
    assert (play.shown, play.replaces) == ("b)", 1)
    play.type("b")
    assert (play.shown, play.timer) == ("", 100)


def test_what_follows_one_that_replaces_is_asked_ahead_of_the_text_without_it() -> None:
    play = replacing(")\nz", "a)", 1, AHEAD)
    assert (play.sent[-1].text, play.sent[-1].cursor) == ("f(a)\nz", 4)
    play.finish(":")
    play.prefix, play.suffix = "f(a)", "\nz"
    play.type("")
    assert play.shown == ":"


# --- input methods --------------------------------------------------------------------------------


def test_while_text_is_composed_nothing_is_shown_or_asked() -> None:
    play = suggested("a", "bc", options=AHEAD)
    play.do(play.session.composing, True, play.now)
    assert (play.shown, play.cancelled, play.timer) == ("", ["r2"], None)
    assert play.do(play.session.composing, True, play.now) == []
    play.ask()
    assert (play.status, len(play.sent)) == (Status("composing"), 2)
    play.type("é")
    assert play.timer is None
    play.do(play.session.composing, False, play.now)
    assert play.timer is not None


def test_composing_that_is_given_up_shows_the_suggestion_again() -> None:
    play = suggested("a", "bc")
    play.do(play.session.composing, True, play.now)
    play.do(play.session.composing, False, play.now)
    assert (play.shown, play.timer) == ("bc", None)


# --- pasting and undoing --------------------------------------------------------------------------


def test_pasting_the_beginning_of_a_suggestion_keeps_the_rest() -> None:
    play = suggested("x = ", "foo(bar)")
    play.type("foo(")
    assert play.shown == "bar)"


def test_redoing_what_a_suggestion_begins_with_brings_the_rest_back() -> None:
    play = suggested("x = ", "foo(bar)")
    play.type("y")
    play.prefix = "x = foo("
    play.type("")
    assert (play.shown, play.timer) == ("bar)", None)


def test_undoing_an_accepted_suggestion_offers_it_again() -> None:
    play = suggested("a", "bc")
    play.type("bc")
    play.do(play.session.accepted, "all", play.now)
    play.backspace(2)
    assert (play.shown, play.timer) == ("bc", None)


# --- the rhythm -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("interval", "wait"), [(60, 86), (100, 116), (150, 148), (500, 300)])
def test_the_wait_follows_the_rhythm_up_to_what_is_set(interval: float, wait: int) -> None:
    play = Play(options=Options(debounce_ms=300, ahead=False))
    for _ in range(5):
        play.type("a", after=interval)
    assert play.timer == wait


def test_a_line_end_with_its_indentation_is_one_key() -> None:
    play = Play(options=Options(debounce_ms=300, ahead=False))
    play.type("a")
    for _ in range(3):
        play.type("\n    ", after=150)
    assert play.timer == 94


def test_pasting_and_deleting_say_nothing_of_the_rhythm() -> None:
    play = Play(options=Options(debounce_ms=300, ahead=False))
    for _ in range(4):
        play.type("a", after=100)
        play.type("pasted text", after=400)
        play.backspace(3)
    play.type("b")
    assert play.timer == 132
