"""Whatever is typed, accepted, moved, answered and cut off, in any order: what is shown fits, and no text is lost."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from assistant.editing.suggestions.actions import Action, Arrived, Cancel, Clear, Ended, Send, SetTimer, Show
from assistant.editing.suggestions.requests import Requests
from assistant.editing.suggestions.session import CompletionSession, Options
from assistant.types import Choice, CompleteRequest, Delta, Failed, Finished, Timings

# Few characters, so that what is typed, suggested and remembered often agrees.
TEXT = st.text("ab)\n", max_size=4)
SOME = st.text("ab)\n", min_size=1, max_size=4)


def near(text: str) -> str:
    """Return the lines by which a place is known again."""
    return "\n".join(text.rsplit("\n", 12)[-12:])


class Editing(RuleBasedStateMachine):
    """An editor, a session and a service: the editor's text is what the person has made of it, and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.prefix, self.suffix, self.selection = "", ")\nb", False
        self.numbers = iter(range(10**6))
        self.session = CompletionSession(
            self.prefix, self.suffix, requests=Requests(new_id=lambda: str(next(self.numbers))), ready=True
        )
        self.now = 0.0
        self.timer: int | None = None
        self.shown: Show | None = None
        self.begun = self.ended = 0
        """Times that ghost text came where there was none, and suggestions that were told to be gone."""
        self.running: dict[str, CompleteRequest] = {}
        self.streams: dict[str, str] = {}
        self.answers: set[tuple[str, str]] = set()
        """Each answer so far, also in parts: the text that it makes left of the cursor, and what is right of that."""

    def tell(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case SetTimer(ms):
                    assert ms is None or ms >= 0
                    self.timer = ms
                case Send(request):
                    assert request.id not in self.running
                    self.running[request.id] = request
                    self.streams[request.id] = ""
                    self.check_running()
                case Cancel(request_id):
                    del self.running[request_id]
                case Show():
                    assert action.text
                    assert action != self.shown
                    self.begun += self.shown is None
                    self.shown = action
                case Clear():
                    assert self.shown is not None
                    self.shown = None
                case Arrived(first_ms, total_ms, _):
                    assert first_ms is None or first_ms >= 0
                    assert total_ms is None or first_ms is not None
                    assert total_ms is None or total_ms >= first_ms
                case Ended(outcome):
                    assert outcome.shown_ms >= 0
                    assert 0 <= outcome.taken + outcome.typed <= outcome.characters
                    assert (outcome.taken > 0) == (outcome.presses > 0) == (outcome.how is not None)
                    assert outcome.fate != "taken" or outcome.how is not None
                    self.ended += 1
                case _:
                    pass

    def check_running(self) -> None:
        ahead = [each for each in self.running.values() if each.trigger == "ahead"]
        assert len(self.running) - len(ahead) <= 1
        assert len(ahead) <= 1

    def note(self, request: CompleteRequest, text: str) -> None:
        self.answers.add((near(request.text[: request.cursor] + text), request.text[request.cursor :]))

    def change(self, prefix: str, suffix: str) -> None:
        self.prefix, self.suffix, self.selection = prefix, suffix, False
        self.now += 40
        self.tell(self.session.text_changed(prefix, suffix, self.now))

    # --- the person -------------------------------------------------------------------------

    @rule(text=SOME)
    def types(self, text: str) -> None:
        for character in text:
            self.change(self.prefix + character, self.suffix)

    @rule(text=SOME)
    def pastes(self, text: str) -> None:
        self.change(self.prefix + text, self.suffix)

    @rule(count=st.integers(1, 4))
    def deletes(self, count: int) -> None:
        self.change(self.prefix[:-count], self.suffix)

    @rule(prefix=TEXT, suffix=TEXT)
    def replaces_everything(self, prefix: str, suffix: str) -> None:
        self.change(prefix, suffix)

    @precondition(lambda self: self.shown is not None)
    @rule(count=st.integers(1, 3))
    def types_along(self, count: int) -> None:
        assert self.shown is not None
        self.change(self.prefix + self.shown.text[:count], self.suffix)

    @precondition(lambda self: self.shown is not None)
    @rule(part=st.integers(1, 3) | st.none())
    def accepts(self, part: int | None) -> None:
        """What Tab brings is what was shown, once, in place of what it replaces and nothing else."""
        shown = self.shown
        assert shown is not None
        before, after = self.prefix, self.suffix
        whole = part is None or part >= len(shown.text)
        self.change(before + shown.text[:part], after[shown.replaces :] if whole else after)
        self.tell(self.session.accepted("all" if whole else "word", self.now))
        if not whole and self.shown is not None:
            assert before + shown.text[:part] + self.shown.text == before + shown.text

    @rule(by=st.integers(-3, 3), selection=st.booleans())
    def moves(self, by: int, selection: bool) -> None:
        whole = self.prefix + self.suffix
        at = min(max(len(self.prefix) + by, 0), len(whole))
        self.prefix, self.suffix, self.selection = whole[:at], whole[at:], selection
        self.tell(self.session.cursor_moved(self.prefix, self.suffix, self.now, selection))

    @rule()
    def dismisses(self) -> None:
        self.tell(self.session.dismissed(self.now))
        assert self.shown is None
        assert self.ended >= self.begun
        assert not self.running
        assert self.timer is None

    @rule(step=st.sampled_from([-1, 1]))
    def cycles(self, step: int) -> None:
        self.tell(self.session.cycle(step, self.now))

    @rule()
    def asks(self) -> None:
        self.tell(self.session.ask(self.now))

    @rule(text=TEXT)
    def composes(self, text: str) -> None:
        self.tell(self.session.composing(True, self.now))
        assert self.shown is None
        assert not self.running
        if text:
            self.change(self.prefix + text, self.suffix)
            assert self.shown is None
            assert self.timer is None
        self.tell(self.session.composing(False, self.now))

    @rule(enabled=st.booleans(), ahead=st.booleans())
    def chooses(self, enabled: bool, ahead: bool) -> None:
        self.tell(self.session.set_options(Options(enabled=enabled, ahead=ahead), self.now))

    # --- time and the service -----------------------------------------------------------------

    @precondition(lambda self: self.timer is not None)
    @rule()
    def rests(self) -> None:
        assert self.timer is not None
        self.now += self.timer
        self.timer = None
        self.tell(self.session.timer_fired(self.now))

    def one(self, data: Any) -> str:
        return data.draw(st.sampled_from(sorted(self.running)))

    @precondition(lambda self: self.running)
    @rule(data=st.data(), text=SOME)
    def streams_in(self, data: Any, text: str) -> None:
        request = self.one(data)
        self.now += 20
        before = self.shown
        self.streams[request] += text
        self.note(self.running[request], self.streams[request])
        self.tell(self.session.event(Delta(request, 0, text), self.now))
        # No flicker: what streams in only ever makes longer what is shown.
        assert before is None or (self.shown is not None and self.shown.text.startswith(before.text))

    @precondition(lambda self: self.running)
    @rule(data=st.data(), others=st.lists(TEXT, max_size=2), replaces=st.integers(0, 1), more=TEXT)
    def finishes(self, data: Any, others: list[str], replaces: int, more: str) -> None:
        request = self.running.pop(self.one(data))
        self.now += 20
        behind = request.text[request.cursor :].split("\n")[0]
        texts = [self.streams[request.id] + more, *others[: request.n - 1]]
        choices = tuple(
            Choice(index, text, "stop", 1, replaces=min(replaces, len(behind))) for index, text in enumerate(texts)
        )
        for text in texts:
            self.note(request, text)
        before = self.shown
        self.tell(self.session.event(Finished(request.id, "m", choices, 1, 0, 1, Timings()), self.now))
        if request.trigger == "ahead" and before is not None:
            assert self.shown is not None

    @precondition(lambda self: self.running)
    @rule(data=st.data(), kind=st.sampled_from(["fails", "cut off"]))
    def breaks_off(self, data: Any, kind: str) -> None:
        request = self.running.pop(self.one(data))
        if kind == "fails":
            self.tell(self.session.event(Failed(request.id, "It broke."), self.now))
        else:
            choice = Choice(0, self.streams[request.id], "cancelled", 1)
            self.tell(self.session.event(Finished(request.id, "m", (choice,), 1, 0, 1, Timings()), self.now))

    @rule(ready=st.booleans())
    def service_comes_and_goes(self, ready: bool) -> None:
        self.tell(self.session.set_ready(ready, self.now))

    # --- what always holds ----------------------------------------------------------------------

    @invariant()
    def the_right_requests_run(self) -> None:
        self.check_running()

    @invariant()
    def what_is_shown_fits(self) -> None:
        if self.shown is None:
            return
        assert not self.selection
        replaced = self.suffix[: self.shown.replaces]
        assert len(replaced) == self.shown.replaces
        assert "\n" not in replaced
        assert self.shown.text != replaced
        assert (near(self.prefix + self.shown.text), self.suffix) in self.answers

    @invariant()
    def with_text_that_streams_in_or_is_whole_nothing_else_is_about_to_be_asked(self) -> None:
        assert self.shown is None or self.timer is None


Editing.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
TestEditing = Editing.TestCase
