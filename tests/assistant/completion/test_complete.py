import math

import pytest

from assistant.completion.complete import Options, complete
from assistant.completion.filters import FILTERS
from assistant.engine.fake import Answer, FakeEngine, flat_prompt
from assistant.engine.protocol import CancelToken, EngineInfo
from assistant.prompts.fim import NOTE_PREFIX_ONLY, SourceFile
from assistant.retrieval.search.retrieve import Retrieved
from assistant.retrieval.search.window import Budget
from assistant.types import CompleteRequest, ContextPiece, Control, Delta, Failed, Finished, Started, Text

_USUAL = Options()


def ask(engine, text, cancel=None, budget=None, options=_USUAL, retriever=None, **fields):
    """Complete ``text`` at its bar."""
    cursor = text.index("|")
    request = CompleteRequest("r1", text.replace("|", "", 1), cursor, **fields)
    return list(complete(engine, request, cancel or CancelToken(), budget, options, retriever))


def info(family="qwen2.5-coder", context_length=32768, token_healing=False):
    return EngineInfo("fake", family, "cpu", "float32", context_length, token_healing=token_healing)


def test_events_come_in_order_and_carry_everything():
    engine = FakeEngine("\n    return a + b\nprint()")
    events = ask(engine, "x = 1\ndef add(a, b):|\n", path="m.py", workspace="/home/me/shop")
    assert isinstance(events[0], Started)
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert finished.choices[0].text == "\n    return a + b"
    assert finished.choices[0].reason == "stop"
    assert finished.choices[0].mean_logprob < 0
    assert finished.filters == ("leaves-block",)
    assert "".join(e.text for e in events if isinstance(e, Delta)).startswith("\n    return a + b")
    (piece,) = finished.context
    assert (piece.path, piece.lines, piece.why) == ("m.py", (1, 3), "this file")
    assert piece.tokens > 0
    assert finished.timings.total_ms >= finished.timings.context_ms >= 0


def test_the_prompt_is_the_familys_and_its_tokens_stop_it():
    engine = FakeEngine("1")
    ask(engine, "x = |\ny\n")
    assert flat_prompt(engine.requests[0].prompt) == "<|fim_prefix|>x = <|fim_suffix|>\ny\n<|fim_middle|>"
    assert "<|file_sep|>" in engine.requests[0].stop_tokens


def test_control_tokens_in_the_file_stay_text():
    engine = FakeEngine("1")
    ask(engine, "# <|fim_middle|><|im_end|>\nx = |\n")
    controls = [part.token for part in engine.requests[0].prompt.parts if isinstance(part, Control)]
    assert controls == ["<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"]


def test_generation_ends_when_the_suggestion_does():
    engine = FakeEngine("1\n" + "more text " * 500)
    finished = ask(engine, "x = |\n")[-1]
    assert finished.choices[0].text == "1"
    assert finished.generated_tokens < 10


def test_a_cancelled_request_says_so():
    cancel = CancelToken()
    cancel.cancel()
    finished = ask(FakeEngine("abc def"), "x = |\n", cancel=cancel)[-1]
    assert finished.choices[0].reason == "cancelled"
    assert finished.choices[0].text == ""


def test_alternatives_that_say_the_same_are_one():
    engine = FakeEngine(Answer(("a()", "a()  ", "", "b()")))
    finished = ask(engine, "|\n", n=4)[-1]
    assert [(choice.index, choice.text) for choice in finished.choices] == [(0, "a()"), (1, "b()")]


def test_a_model_without_the_tokens_says_what_it_cannot_see():
    finished = ask(FakeEngine("1", info("none")), "x = |\n")[-1]
    assert finished.note == NOTE_PREFIX_ONLY


def test_a_failure_of_the_engine_passes_through():
    events = ask(FakeEngine(Answer(("ab",), failure="No room.", failure_code="out_of_memory")), "x = |\n")
    assert events[-1] == Failed("r1", "No room.", "out_of_memory")


@pytest.mark.parametrize("cursor", [-1, 3])
def test_a_cursor_outside_of_the_text_fails(cursor):
    (event,) = complete(FakeEngine("1"), CompleteRequest("r1", "ab", cursor), CancelToken())
    assert isinstance(event, Failed)
    assert event.code == "invalid_request"


def test_a_short_context_shrinks_the_window():
    engine = FakeEngine("1", info(context_length=256))
    finished = ask(engine, "a = 1\n" * 500 + "b = |" + "\nc = 2" * 500)[-1]
    assert finished.prompt_tokens < 256 * 0.8
    room = ask(engine, "a = 1\n" * 500 + "b = |" + "\nc = 2" * 500, max_tokens=120)[-1]
    assert room.prompt_tokens < 256 - 120
    small = ask(FakeEngine("1"), "a = 1\n" * 500 + "b = |", budget=Budget(40, 10))[-1]
    assert small.prompt_tokens < 60


def test_what_the_window_leaves_out_is_there_to_guess_from():
    engine = FakeEngine("1")
    text = "".join(f"name_{number} = {number}\n" for number in range(300))
    ask(engine, text + "x = |\n", budget=Budget(60, 20))
    (block, *_) = engine.requests[0].nearby
    assert "name_260 = 260" in block
    assert "name_299" not in block
    ask(engine, "x = |\n")
    assert engine.requests[1].nearby == ()


class Library:
    """A repository that always offers the same file."""

    def __init__(self):
        self.rooms, self.learned = [], []

    def retrieve(self, request, window, room, count):
        self.rooms.append(room)
        piece = ContextPiece("lib.py", (3, 4), 9, "defines add")
        return Retrieved((SourceFile("lib.py", "def add(a, b):\n"),), (piece,))

    def learn(self, finished):
        self.learned.append(finished.prompt_tokens)


def test_what_the_repository_adds_stands_before_the_file_and_is_said():
    engine, library = FakeEngine("1"), Library()
    finished = ask(engine, "x = |\n", path="m.py", workspace="/home/me/shop", retriever=library)[-1]
    assert flat_prompt(engine.requests[0].prompt) == (
        "<|fim_prefix|><|file_sep|>lib.py\ndef add(a, b):\n<|file_sep|>m.py\nx = <|fim_suffix|>\n<|fim_middle|>"
    )
    assert [(piece.path, piece.why) for piece in finished.context] == [("lib.py", "defines add"), ("m.py", "this file")]
    assert library.learned == [finished.prompt_tokens]
    assert library.rooms[0] > 10_000


def test_a_format_without_a_place_for_files_asks_for_none():
    library = Library()
    finished = ask(FakeEngine("1", info("granite")), "x = |\n", path="m.py", retriever=library)[-1]
    assert library.rooms == []
    assert finished.note == ""
    assert len(finished.context) == 1


def test_the_repository_gets_only_the_room_that_is_left():
    library = Library()
    ask(FakeEngine("1", info(context_length=300)), "x = |\n", retriever=library, max_tokens=10)
    assert library.rooms[0] <= 1


def test_an_empty_line_is_the_models_to_end():
    engine = FakeEngine("1")
    ask(engine, "x = 1\n|\ny = 2\n")
    assert flat_prompt(engine.requests[0].prompt) == "<|fim_prefix|>x = 1\n<|fim_suffix|>y = 2\n<|fim_middle|>"


def test_the_piece_at_the_cursor_is_left_to_a_model_that_can_be_held_to_it():
    engine = FakeEngine("compute(a)", info(token_healing=True))
    finished = ask(engine, "x = comp|\n", options=Options(token_healing=True))[-1]
    assert finished.choices[0].text == "compute(a)"
    request = engine.requests[0]
    assert (request.begin, flat_prompt(request.prompt)) == (" comp", "<|fim_prefix|>x =<|fim_suffix|>\n<|fim_middle|>")
    ask(engine, "x = comp|\n", options=Options(token_healing=False))
    assert engine.requests[1].begin == ""
    engine = FakeEngine("ute(a)")
    ask(engine, "x = comp|\n")
    assert engine.requests[0].begin == ""


def test_a_filter_that_is_switched_off_does_nothing():
    finished = ask(FakeEngine("1\ny = 2"), "x = |\n", options=Options(without=frozenset({"single-line"})))[-1]
    assert finished.choices[0].text == "1\ny = 2"


def test_alternatives_that_parse_come_first():
    engine = FakeEngine(Answer(("2 = = 3", "g(1)")))
    finished = ask(engine, "a = = b\nx = 1 +|\n", n=2, path="a.py", trigger="manual")[-1]
    assert [choice.text for choice in finished.choices] == ["g(1)", "2 = = 3"]


def test_what_stands_right_of_the_cursor_is_replaced_where_the_suggestion_closes_it():
    finished = ask(FakeEngine("a).bar()"), "foo(|)\n")[-1]
    assert (finished.choices[0].text, finished.choices[0].replaces) == ("a).bar()", 1)


def test_unasked_only_what_is_likely_is_shown():
    strict = Options(confidence=0.9)
    assert ask(FakeEngine("abc"), "x = |\n", options=strict)[-1].choices[0].text == ""
    assert ask(FakeEngine("abc"), "x = |\n", options=strict, trigger="manual")[-1].choices[0].text == "abc"
    assert ask(FakeEngine("abc"), "x = |\n", options=Options(confidence=0))[-1].choices[0].text == "abc"


def test_an_explanation_tells_of_each_token_and_each_filter():
    engine = FakeEngine("    return a\nprint()")
    finished = ask(engine, "def f(a):\n    |\n", explain=True)[-1]
    (choice,) = finished.choices
    assert choice.text == "return a"
    assert "".join(span.text for span in choice.spans if span.kept) == choice.text
    assert [(span.text, choice.logprobs[span.token].text) for span in choice.spans if span.kept] == [
        ("return", " return"),
        (" a", " a"),
    ]
    assert "".join(span.text for span in choice.spans if not span.kept) == "    \nprint()"
    assert len(choice.logprobs[0].top) == 3
    assert engine.requests[0].params.logprobs == 5
    assert finished.filters == ("indentation", "leaves-block")
    assert finished.filter_sentences == tuple(FILTERS[name] for name in finished.filters)
    assert (finished.device, finished.dtype) == ("cpu", "float32")


def test_without_asking_nothing_is_explained():
    finished = ask(FakeEngine("a = 1\n"), "|\n")[-1]
    assert (finished.choices[0].spans, finished.filter_sentences) == ((), ())
    assert all(token.top == () for token in finished.choices[0].logprobs)


def test_tokens_come_once_with_the_last_event():
    events = ask(FakeEngine("a = 1"), "|\n", explain=True)
    assert all(event.logprobs == () for event in events if isinstance(event, Delta))
    assert events[-1].choices[0].logprobs


def test_what_was_hidden_is_explained_with_the_likelihood_that_hid_it():
    options = Options(confidence=0.9)
    finished = ask(FakeEngine("total"), "x = |\n", options=options, explain=True)[-1]
    (choice,) = finished.choices
    assert (choice.text, finished.filters) == ("", ("low-confidence",))
    assert [(span.text, span.kept) for span in choice.spans] == [("total", False)]
    assert choice.mean_logprob == pytest.approx(-0.693, abs=0.001)


# --- another beginning, and one that is sure --------------------------------------------------


def in_turn(*answers):
    """Return a script that gives one answer after the other, without what the prompt has of it already."""
    left = iter(answers)
    return lambda _request: next(left)


def test_where_nothing_is_left_the_model_begins_otherwise():
    engine = FakeEngine(in_turn("total = 1\n", "_total = 2\n"), info(token_healing=True))
    events = ask(engine, "x = 0\n|\ntotal = 1\n", explain=True)
    finished = events[-1]
    assert [choice.text for choice in finished.choices] == [" other_total = 2"]
    assert flat_prompt(engine.requests[1].prompt) == flat_prompt(engine.requests[0].prompt) + " other"
    assert finished.filters == ("repeats-below", "second-choice")
    assert sum(isinstance(event, Started) for event in events) == 1
    assert "".join(event.text for event in events if isinstance(event, Delta)) == ""
    (choice,) = finished.choices
    assert [token.text for token in choice.logprobs][:2] == [" other", "_total"]
    assert "".join(span.text for span in choice.spans if span.kept) == choice.text
    assert finished.generated_tokens == engine.tokens["r1"]
    assert finished.prompt_tokens < len(flat_prompt(engine.requests[0].prompt))


@pytest.mark.parametrize(
    ("answer", "options"),
    [
        ("total = 1\n", Options(without=frozenset({"second-choice"}))),
        ("", _USUAL),  # the model has nothing to say
        ("abc = 2", Options(confidence=0.9)),  # nothing is better than a guess
        (";", _USUAL),
    ],
)
def test_nothing_stays_nothing(answer, options):
    engine = FakeEngine(answer, info(token_healing=True))
    assert ask(engine, "x = 0\n|\ntotal = 1\n", options=options)[-1].choices[0].text == ""
    assert len(engine.requests) == 1


def test_a_server_is_asked_once():
    engine = FakeEngine("total = 1\n", info(token_healing=False))
    assert ask(engine, "x = 0\n|\ntotal = 1\n")[-1].choices[0].text == ""
    assert [request.params.logprobs for request in engine.requests] == [0]


def test_nothing_twice_stays_nothing():
    engine = FakeEngine(in_turn("total = 1\n", "(\n"), info(token_healing=True))  # " other(" does not parse
    finished = ask(engine, "x = 0\n|\ntotal = 1\n", path="m.py")[-1]
    assert [choice.text for choice in finished.choices] == [""]
    assert len(engine.requests) == 2


BODY = "def f(a):\n    for b in a:\n        if b:\n            c(b)\n|\n            d(b)\n    return a\n"


def test_a_body_without_a_head_has_the_model_begin_a_block():
    engine = FakeEngine("        elif b.c:\n            e(b)\n", info(token_healing=True))
    text = BODY.replace("            c(b)\n|", "            c(b)\n        f(b)\n|")
    finished = ask(engine, text, path="a.py", explain=True)[-1]
    assert [request.first_words[:2] for request in engine.requests] == [("if ", "if(")]
    assert engine.requests[0].begin == "        "
    assert "missing-head" in finished.filters
    left_out = Options(without=frozenset({"missing-head"}))
    ask(engine, text, path="a.py", options=left_out)
    assert engine.requests[1].first_words == ()


def test_a_body_deeper_than_the_cursor_has_the_model_begin_a_block():
    engine = FakeEngine("elif b.c:\n            e(b)\n", info(token_healing=True))
    finished = ask(engine, BODY.replace("|", "        |"), path="a.py")[-1]
    assert [choice.text for choice in finished.choices] == ["elif b.c:"]
    (request,) = engine.requests
    assert (request.begin, "elif " in request.first_words) == ("        ", True)


def test_a_line_that_leaves_the_body_below_without_a_head_gives_way_to_one():
    engine = FakeEngine(in_turn("    return a\n", "        else:\n            d(b)\n"), info(token_healing=True))
    finished = ask(engine, BODY, path="a.py")[-1]
    assert [choice.text for choice in finished.choices] == ["        else:"]
    assert engine.requests[0].first_words == ()
    assert "else:" in engine.requests[1].first_words
    assert engine.requests[1].begin == "        "
    assert engine.requests[1].prompt == engine.requests[0].prompt
    assert "missing-head" in finished.filters
    assert "second-choice" not in finished.filters


RUST = "#[test]\nfn one() {\n    a();\n}\n\n|\n#[test]\nfn two() {\n    b();\n}\n// so\n"


def test_the_second_beginning_never_comments_code_out(monkeypatch):
    monkeypatch.setattr("assistant.engine.fake._OTHERS", (("// ", math.log(0.25)),))
    below = "#[test]\nfn two() {\n    b();\n}\n"
    for again, want in (("fn three() {\n//     c();\n// }\n", ""), ("And a third one.\n", "// And a third one.")):
        engine = FakeEngine(in_turn(below, again), info(token_healing=True))
        finished = ask(engine, RUST, path="a.rs", trigger="manual")[-1]
        assert flat_prompt(engine.requests[1].prompt).endswith("<|fim_middle|>// ")
        assert finished.choices[0].text == want
        assert ("commented-out" in finished.filters) is (want == "")
    # Without comments around there is no such beginning.
    engine = FakeEngine(below, info(token_healing=True))
    assert ask(engine, RUST.replace("// so\n", ""), path="a.rs", trigger="manual")[-1].choices[0].text == ""
    assert not any(flat_prompt(request.prompt).endswith("<|fim_middle|>// ") for request in engine.requests)


def test_a_failure_of_the_second_beginning_passes_through():
    failing = Answer(("ab",), failure="No room.", failure_code="out_of_memory")
    engine = FakeEngine(in_turn("total = 1\n", failing), info(token_healing=True))
    assert ask(engine, "x = 0\n|\ntotal = 1\n")[-1] == Failed("r1", "No room.", "out_of_memory")


def test_an_engine_that_ends_without_a_word_ends_the_completion():
    class Silent(FakeEngine):
        def generate(self, request, cancel):
            yield next(iter(super().generate(request, cancel)))

    assert [type(event) for event in ask(Silent("a"), "x = |\n")] == [Started]


def test_who_cancels_gets_no_second_beginning():
    engine, cancel = FakeEngine("total = 1\n", info(token_healing=True)), CancelToken()
    events = complete(engine, CompleteRequest("r1", "total = 1\n", 0), cancel)
    for event in events:
        if isinstance(event, Delta):
            cancel.cancel()
    assert len(engine.requests) == 1


def test_an_indentation_that_is_sure_is_given_to_the_model():
    engine = FakeEngine("        return a\n", info(token_healing=True))
    events = ask(engine, "class A:\n    def f(a):\n|\n", path="m.py", n=2)
    assert engine.requests[0].begin == "        "
    assert events[-1].choices[0].text == "        return a"
    shown = "".join(e.text for e in events if isinstance(e, Delta) and e.index == 0)
    assert shown.rstrip() == "        return a"
    ask(engine, "class A:\n    def f(a):\n|\n", path="m.py", options=Options(token_healing=False))
    assert engine.requests[1].begin == ""


# --- with other files, and without them -------------------------------------------------------


def with_library(answer, alone, text="x = |\n", **more):
    """Ask with other files, and where it comes to that without them; return the events and the engine."""
    engine = FakeEngine({"lib.py": answer, "": alone}, info(token_healing=True))
    return ask(engine, text, path="m.py", retriever=Library(), **more), engine


def given(events):
    return "".join(event.text for event in events if isinstance(event, Delta))


def test_an_unsure_answer_gives_way_to_a_surer_one_without_other_files():
    events, engine = with_library("one()", Answer(("two()",), {" two": 0.9, "two": 0.9, "(": 0.9}), explain=True)
    finished = events[-1]
    assert finished.choices[0].text == "two()"
    assert given(events) == ""
    assert sum(isinstance(event, Started) for event in events) == 1
    assert [flat_prompt(request.prompt) for request in engine.requests] == [
        "<|fim_prefix|><|file_sep|>lib.py\ndef add(a, b):\n<|file_sep|>m.py\nx =<|fim_suffix|>\n<|fim_middle|>",
        "<|fim_prefix|><|file_sep|>m.py\nx =<|fim_suffix|>\n<|fim_middle|>",
    ]
    assert [piece.path for piece in finished.context] == ["m.py"]
    assert finished.filters[-1] == "surer-alone"
    assert finished.filter_sentences[-1] == FILTERS["surer-alone"]


def test_what_both_answers_cost_is_counted():
    for alone in (Answer(("two()",), {"two": 0.9}), "two()"):
        events, engine = with_library("one()", alone)
        prompts = [engine.count_tokens([Text(flat_prompt(request.prompt))])[0] for request in engine.requests]
        assert events[-1].prompt_tokens == sum(prompts)
        assert events[-1].generated_tokens == engine.tokens["r1"]


SURE = dict.fromkeys(("one", "two", "(", ")", " ", "\n", "pass"), 0.9)


def test_an_answer_that_is_sure_is_the_only_one():
    events, engine = with_library(Answer(("one()",), SURE), "two()")
    assert events[-1].choices[0].text == "one()"
    assert len(engine.requests) == 1
    assert [piece.path for piece in events[-1].context] == ["lib.py", "m.py"]


def test_a_first_line_that_is_whole_and_sure_is_given_and_stays():
    text = "\n    one()\n    a_b(c, d, e, f, g, h)"
    events, engine = with_library(Answer((text,), SURE), Answer(("\n    pass",), SURE), "def f():|\n")
    parts = [event.text for event in events if isinstance(event, Delta) and event.text]
    assert parts[0].startswith("\n    one()\n")
    assert "".join(parts) == events[-1].choices[0].text == text
    assert events[-1].choices[0].mean_logprob < -0.3
    assert len(engine.requests) == 1


def test_a_first_line_that_is_whole_and_unsure_is_held_back():
    events, _ = with_library("\n    one()\n    two()", Answer(("\n    pass",), SURE), "def f():|\n")
    assert (events[-1].choices[0].text, given(events)) == ("\n    pass", "")


def test_who_asks_by_hand_sees_it_written():
    events, engine = with_library("one()", Answer(("two()",), SURE), trigger="manual")
    assert (events[-1].choices[0].text, given(events)) == ("one()", "one()")
    assert len(engine.requests) == 1


def test_of_two_unsure_answers_the_surer_one_is_shown():
    events, engine = with_library(Answer(("one()",), {"one": 0.6}), "two()")
    assert (events[-1].choices[0].text, given(events)) == ("one()", "")
    assert len(engine.requests) == 2
    assert [piece.path for piece in events[-1].context] == ["lib.py", "m.py"]
    assert "surer-alone" not in events[-1].filters


def test_where_nothing_is_left_with_other_files_there_may_be_something_without():
    events, engine = with_library("total = 1\n", "_total = 2\n", "x = 0\n|\ntotal = 1\n")
    assert events[-1].choices[0].text == "_total = 2"
    # With files, begun otherwise, and without files.
    assert ["lib.py" in flat_prompt(request.prompt) for request in engine.requests] == [True, True, False]
    events, _ = with_library("", "two()")
    assert events[-1].choices[0].text == "two()"


def test_a_hidden_answer_gives_way_to_one_that_may_be_shown():
    options = Options(confidence=0.6)
    sure = Answer(("two()",), {"two": 0.9, "(": 0.9, ")": 0.9})
    events, _ = with_library("one()", sure, options=options)
    assert events[-1].choices[0].text == "two()"
    events, _ = with_library("one()", Answer(("two()",), {"two": 0.51}), options=options)
    assert events[-1].choices[0].text == ""
    assert "low-confidence" in events[-1].filters


def test_other_files_are_not_left_out_where_that_is_switched_off_or_several_are_asked_for():
    sure = Answer(("two()",), {"two": 0.9})
    for more in ({"options": Options(without=frozenset({"surer-alone"}))}, {"n": 2}):
        events, engine = with_library("one()", sure, **more)
        assert events[-1].choices[0].text == "one()"
        assert len(engine.requests) == 1


def test_a_failure_without_other_files_loses_nothing():
    failing = Answer(("ab",), failure="No room.", failure_code="out_of_memory")
    events, engine = with_library("one()", failing)
    assert not any(isinstance(event, Failed) for event in events)
    assert events[-1].choices[0].text == "one()"
    assert len(engine.requests) == 2


def test_who_cancels_is_not_asked_for_without_other_files():
    engine, cancel = FakeEngine("one()", info(token_healing=True)), CancelToken()
    for event in complete(engine, CompleteRequest("r1", "x = \n", 4, path="m.py"), cancel, retriever=Library()):
        if isinstance(event, Delta):
            cancel.cancel()
    assert len(engine.requests) == 1


def test_an_answer_that_was_broken_off_does_not_count():
    cancel = CancelToken()

    def script(request):
        if "lib.py" not in flat_prompt(request.prompt):
            cancel.cancel()
            return Answer(("two()",), {"two": 0.9})
        return "one()"

    engine = FakeEngine(script, info(token_healing=True))
    events = ask(engine, "x = |\n", cancel, path="m.py", retriever=Library())
    assert events[-1].choices[0].text == "one()"
    assert len(engine.requests) == 2


_NUMBERS = {size: ", ".join(str(n * n + n) for n in range(size)) for size in (47, 48, 60)}
"""So many numbers, of two tokens each but the last."""


@pytest.mark.parametrize(
    ("text", "limit", "want"),
    [
        # As many tokens as were asked for: in the middle of a line, of a call, before the body of a head.
        ("x = |\n", 5, "f(a, b"),
        ("x = |\n", 7, "f(a, b +"),
        ("def g(a):\n    |\n    return a\n", 4, "f(a,"),
        ("x = [|\n", 95, _NUMBERS[48]),
        ("x = [|\n", 94, f"{_NUMBERS[47]},"),
        # With the place's own limit, or a greater one, what it cut is dropped.
        ("x = [|\n", 96, _NUMBERS[48]),
        ("x = [|\n", None, _NUMBERS[48]),
    ],
)
def test_a_client_gets_the_few_tokens_that_it_asks_for(text, limit, want):
    engine = FakeEngine(_NUMBERS[60] if "[" in text else "f(a, b + c)")
    finished = ask(engine, text, path="m.py", max_tokens=limit)[-1]
    assert (finished.choices[0].text, engine.requests[0].params.max_tokens) == (want, limit or 96)
