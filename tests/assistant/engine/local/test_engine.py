import threading
from dataclasses import replace

import pytest
import torch

from assistant.engine.context_length import ContextLengthError, fit_answer
from assistant.engine.local import engine
from assistant.engine.local.load import load_engine
from assistant.engine.protocol import CancelToken, Forgets
from assistant.engine.templates.layout import ChatLayout
from assistant.types import (
    Chat,
    Control,
    Delta,
    GenerateRequest,
    Markup,
    Message,
    Params,
    Progress,
    Prompt,
    Started,
    Text,
)
from tests.support.patience import PATIENCE_S

FIM = Prompt((Control("<|fim_prefix|>"), Text("def add("), Control("<|fim_suffix|>"), Control("<|fim_middle|>")))


def test_events_come_in_order_and_agree(tiny_engine, ask):
    answer = ask(tiny_engine, FIM, max_tokens=12)
    kinds = [type(event) for event in answer.events]
    assert kinds[0] is Started
    assert kinds[1] is Progress
    assert set(kinds[2:-1]) == {Delta}
    started = answer.events[0]
    prompt_tokens = len(tiny_engine._tokenizer.encode(FIM))
    assert (started.prompt_tokens, started.cached_tokens) == (prompt_tokens, 0)
    assert answer.events[1] == Progress("r1", "prefill", prompt_tokens, prompt_tokens)
    finished = answer.finished
    (choice,) = finished.choices
    assert "".join(delta.text for delta in answer.of(Delta)) == choice.text
    assert finished.prompt_tokens == prompt_tokens
    assert finished.generated_tokens == choice.generated_tokens <= 12
    assert finished.model == "tiny"
    assert choice.mean_logprob < 0
    assert choice.logprobs == ()
    times = finished.timings
    assert times.prefill_ms > 0
    assert times.decode_ms > 0
    assert times.total_ms == pytest.approx(times.prefill_ms + times.decode_ms)


def test_what_was_forgotten_is_read_again(tiny_engine, ask):
    first = ask(tiny_engine, "def add(a, b):", max_tokens=10)
    tiny_engine.forget()
    again = ask(tiny_engine, "def add(a, b):", max_tokens=10)
    assert again.finished.cached_tokens == 0
    assert again.texts == first.texts
    assert isinstance(tiny_engine, Forgets)


def test_a_second_request_reuses_the_cache_and_writes_the_same(tiny_engine, ask):
    first = ask(tiny_engine, "def add(a, b):", max_tokens=10)
    again = ask(tiny_engine, "def add(a, b):", max_tokens=10)
    assert again.texts == first.texts
    assert again.finished.cached_tokens == again.finished.prompt_tokens - 1
    tiny_engine._variants.clear()
    assert ask(tiny_engine, "def add(a, b):", max_tokens=10).finished.cached_tokens == 0


@pytest.mark.parametrize("n", [1, 3])
def test_max_tokens_ends_with_length(tiny_engine, ask, n):
    answer = ask(tiny_engine, "for number in", max_tokens=3, n=n)
    for choice in answer.finished.choices:
        assert choice.generated_tokens <= 3
        assert choice.reason == ("length" if choice.generated_tokens == 3 else "stop")
    assert answer.finished.generated_tokens == sum(c.generated_tokens for c in answer.finished.choices)


def test_no_tokens_asked_for_means_no_text(tiny_engine, ask):
    (choice,) = ask(tiny_engine, "a", max_tokens=0).finished.choices
    assert (choice.text, choice.reason, choice.generated_tokens, choice.mean_logprob) == ("", "length", 0, None)


def test_a_stop_string_ends_a_sequence_and_is_not_in_it(tiny_engine, ask):
    whole = ask(tiny_engine, "class Point:", max_tokens=40).texts[0]
    stop = whole[10:13]
    answer = ask(tiny_engine, "class Point:", max_tokens=40, stop=(stop,), logprobs=0)
    (choice,) = answer.finished.choices
    assert choice.text == whole[: whole.index(stop)]
    assert choice.reason == "stop"
    assert "".join(delta.text for delta in answer.of(Delta)) == choice.text
    assert choice.generated_tokens < 40
    assert len(choice.logprobs) <= choice.generated_tokens


def test_a_stop_token_ends_a_sequence(tiny_engine, ask, monkeypatch):
    tokenizer = tiny_engine._tokenizer
    whole = ask(tiny_engine, "class Point:", max_tokens=20, logprobs=0).finished.choices[0]
    fifth = whole.logprobs[4].text
    # Any vocabulary entry can be the stop token; take the fifth one that came.
    ids = [i for i in range(400) if tokenizer.spell(i) == fifth]
    monkeypatch.setattr(tokenizer, "find_control", lambda spelling: ids[0])
    stopped = ask(tiny_engine, "class Point:", max_tokens=20, logprobs=0, stop_tokens=("any",)).finished.choices[0]
    assert stopped.reason == "stop"
    assert fifth not in [token.text for token in stopped.logprobs]
    assert whole.text.startswith(stopped.text)


def test_a_stop_token_that_the_model_lacks_does_no_harm(tiny_engine, ask):
    assert ask(tiny_engine, "a", max_tokens=2, stop_tokens=("<EOT>",)).finished


def test_control_tokens_are_never_in_the_text(tiny_engine, ask):
    answer = ask(tiny_engine, FIM, max_tokens=200, temperature=3.0, seed=5, n=4)
    assert not any("<|" in text and "|>" in text for text in answer.texts)


def test_logprobs_come_with_deltas_and_choices(tiny_engine, ask):
    answer = ask(tiny_engine, "def add(", max_tokens=15, logprobs=3)
    (choice,) = answer.finished.choices
    assert choice.logprobs
    for token in choice.logprobs:
        assert len(token.top) == 3
        assert token.top[0][1] == pytest.approx(token.logprob)  # greedy: the chosen one is the best
    sent = [token for delta in answer.of(Delta) for token in delta.logprobs]
    assert sent[: len(choice.logprobs)] == list(choice.logprobs)
    if choice.reason == "length":
        mean = sum(token.logprob for token in choice.logprobs) / len(choice.logprobs)
        assert choice.mean_logprob == pytest.approx(mean, abs=1e-5)


def test_alternatives_differ_and_the_first_is_the_greedy_one(tiny_engine, ask):
    alone = ask(tiny_engine, "def add(", max_tokens=6).texts
    three = ask(tiny_engine, "def add(", max_tokens=6, n=3, logprobs=0)
    assert three.texts[0] == alone[0]
    firsts = [choice.logprobs[0].text if choice.logprobs else None for choice in three.finished.choices]
    assert len(set(firsts)) == 3
    for choice in three.finished.choices:
        assert "".join(d.text for d in three.of(Delta) if d.index == choice.index) == choice.text


def test_a_seed_repeats_a_sample(tiny_engine, ask):
    texts = {ask(tiny_engine, "x", max_tokens=12, temperature=1.0, seed=seed).texts[0] for seed in (1, 1, 2)}
    assert len(texts) == 2


def test_chat_is_laid_out_by_the_template(tiny_engine, ask):
    chat = Chat((Message("user", "hi"),))
    answer = ask(tiny_engine, chat, max_tokens=2)
    laid_out = Markup("<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n")
    assert answer.finished.prompt_tokens == len(tiny_engine._tokenizer.encode(Prompt((laid_out,))))


def test_a_prompt_that_cannot_fit_is_refused_before_it_is_tokenised(tiny_engine, monkeypatch, ask):
    """Eight megabytes take thirteen seconds and 700 MB to tokenise."""
    monkeypatch.setattr(tiny_engine._tokenizer, "encode", lambda _prompt: pytest.fail("it was tokenised"))
    most = (2048 - 8) * 16
    for prompt in ("x" * (most + 1), Chat((Message("user", "x"), Message("user", "x" * most)))):
        answer = ask(tiny_engine, prompt, max_tokens=8)
        assert answer.failed.code == "context_length_exceeded"
        assert f"has {most + 1} characters" in answer.failed.message


def test_what_a_template_adds_is_counted_before_it_is_tokenised(tiny_engine, monkeypatch, ask):
    template = "{% for a in range(9999) %}{{ messages[0].content }}{% endfor %}"
    monkeypatch.setattr(tiny_engine, "_layout", ChatLayout(template, {}, tiny_engine._renderer))
    monkeypatch.setattr(tiny_engine._tokenizer, "encode", lambda _prompt: pytest.fail("it was tokenised"))
    answer = ask(tiny_engine, Chat((Message("user", "x" * 1000),)), max_tokens=8)
    assert "has 9999000 characters" in answer.failed.message


def test_a_long_prompt_is_tokenised_in_another_thread(tiny_folder, monkeypatch, ask):
    engine = load_engine(tiny_folder, "cpu", bits=16)
    encode, inside, go_on = engine._tokenizer.encode, threading.Event(), threading.Event()

    def slowly(prompt):
        inside.set()
        assert go_on.wait(PATIENCE_S)
        return encode(prompt)

    monkeypatch.setattr(engine._tokenizer, "encode", slowly)
    request = GenerateRequest("long", Prompt((Text("return " * 3000),)), Params(max_tokens=4))
    long = engine.generate(request, CancelToken())
    assert next(long) == Progress("long", "layout", 0, 1)
    assert inside.is_set()
    monkeypatch.setattr(engine._tokenizer, "encode", encode)
    assert ask(engine, "short", max_tokens=4).finished.generated_tokens == 4  # meanwhile, on this thread
    assert next(long).stage == "layout"
    go_on.set()
    rest = list(long)
    assert rest[-1].code == "context_length_exceeded"
    assert f"the prompt has {len(encode(request.prompt))} tokens" in rest[-1].message
    engine.close()


@pytest.mark.parametrize(("read", "limit"), [(10, 300), (1748, 300), (1800, 248), (1920, 128)])
def test_an_answer_shrinks_to_the_room_that_a_prompt_leaves(read, limit):
    request = GenerateRequest("r", FIM, Params(max_tokens=300), least_answer=128)
    assert fit_answer(request, read, 2048).params.max_tokens == limit
    with pytest.raises(ContextLengthError, match="the answer may have 128"):
        fit_answer(request, 1921, 2048)
    whole = replace(request, least_answer=None)
    with pytest.raises(ContextLengthError, match="the answer may have 300"):
        fit_answer(whole, 1749, 2048)


def test_a_chat_is_answered_in_what_room_there_is(tiny_engine):
    chat = Chat((Message("user", "a" * 1900),))
    request = GenerateRequest("r", chat, Params(max_tokens=2000), least_answer=1)
    finished = list(tiny_engine.generate(request, CancelToken()))[-1]
    assert finished.prompt_tokens + finished.generated_tokens <= 2048


def test_an_empty_prompt_starts_from_the_start_token(tiny_engine, ask):
    assert ask(tiny_engine, "", max_tokens=2).finished.prompt_tokens == 1


def test_an_empty_prompt_without_a_start_token_is_refused(tiny_engine, ask):
    tiny_engine._tokenizer._wrapped.eos_token = None
    assert "empty" in ask(tiny_engine, "", max_tokens=2).failed.message


def test_a_prompt_that_does_not_fit_is_refused(tiny_engine, ask):
    answer = ask(tiny_engine, "a b " * 1200, max_tokens=100)
    assert [type(event) for event in answer.events] == [type(answer.failed)]
    assert answer.failed.code == "context_length_exceeded"
    assert "2048" in answer.failed.message


def test_a_control_token_that_the_model_lacks_is_said(tiny_engine, ask):
    failed = ask(tiny_engine, Prompt((Control("<PRE>"),))).failed
    assert failed.code == "model_error"
    assert "<PRE>" in failed.message


def test_cancelling_between_tokens_ends_with_what_there_is(tiny_engine):
    cancel = CancelToken()
    events = tiny_engine.generate(GenerateRequest("r", FIM, Params(max_tokens=500, temperature=1.0, seed=0)), cancel)
    seen = []
    for event in events:
        seen.append(event)
        if isinstance(event, Delta) and not cancel.cancelled:
            cancel.cancel()
            tokens_before = len(seen)
    finished = seen[-1]
    assert finished.choices[0].reason == "cancelled"
    assert len(seen) - tokens_before <= 2  # what was held back, and Finished
    assert finished.choices[0].text == "".join(event.text for event in seen if isinstance(event, Delta))


def test_cancelling_during_prefill_reads_no_more_and_keeps_what_was_read(tiny_engine, ask, monkeypatch):
    monkeypatch.setattr(tiny_engine._variants.base.decoder, "piece", 16)
    prompt = "number " * 60
    cancel = CancelToken()
    pieces = 0
    for event in tiny_engine.generate(GenerateRequest("r", Prompt((Text(prompt),)), Params()), cancel):
        if isinstance(event, Progress):
            pieces += 1
            if pieces == 2:
                cancel.cancel()
    assert pieces == 2
    assert event.choices[0].reason == "cancelled"
    assert event.choices[0].generated_tokens == 0
    assert event.choices[0].mean_logprob is None
    again = ask(tiny_engine, prompt, max_tokens=5)
    assert again.finished.cached_tokens == 32
    tiny_engine._variants.clear()
    assert ask(tiny_engine, prompt, max_tokens=5).texts == again.texts


def test_cancelled_before_it_begins_it_reads_nothing(tiny_engine, ask):
    before = ask(tiny_engine, "def add(", max_tokens=4)
    cancel = CancelToken()
    cancel.cancel()
    answer = ask(tiny_engine, "def add(a", cancel=cancel)
    assert [type(event) for event in answer.events] == [Started, type(answer.finished)]
    assert answer.finished.choices[0].reason == "cancelled"
    assert ask(tiny_engine, "def add(", max_tokens=4).texts == before.texts


@pytest.mark.parametrize("until", [Started, Progress, Delta])
def test_closing_the_iterator_leaves_the_engine_usable(tiny_engine, ask, until):
    before = ask(tiny_engine, "def add(", max_tokens=8).texts
    tiny_engine._variants.clear()
    events = tiny_engine.generate(
        GenerateRequest("r", Prompt((Text("def add("),)), Params(max_tokens=8)), CancelToken()
    )
    for event in events:
        if isinstance(event, until):
            break
    events.close()
    assert ask(tiny_engine, "def add(", max_tokens=8).texts == before


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: not enough memory: you tried to ..."),
        MemoryError(),
    ],
)
def test_out_of_memory_is_said_and_the_engine_goes_on(tiny_engine, ask, monkeypatch, error):
    before = ask(tiny_engine, "def add(", max_tokens=8).texts
    released = []
    calls = []

    def fail(*_args):
        calls.append(1)
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(tiny_engine._variants.base.decoder, "next", fail)
        patch.setattr(engine, "release_memory", released.append)
        failed = ask(tiny_engine, "def add(", max_tokens=8).failed
    assert failed.code == "out_of_memory"
    assert "smaller model" in failed.message
    assert calls == [1]
    assert len(released) == 1
    after = ask(tiny_engine, "def add(", max_tokens=8)
    assert after.finished.cached_tokens == 0
    assert after.texts == before


def test_a_bug_is_raised_and_the_half_read_cache_is_dropped(tiny_engine, ask, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(tiny_engine._variants.base.decoder, "next", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            ask(tiny_engine, "def add(", max_tokens=8)
    assert ask(tiny_engine, "def add(", max_tokens=8).finished.cached_tokens == 0


def test_counting_tokens(tiny_engine):
    assert tiny_engine.count_tokens([Text("<|im_end|>"), Text("")])[1] == 0
    assert tiny_engine.count_tokens([Text("<|im_end|>")])[0] > 1


def test_text_nearby_is_guessed_from(tiny_engine):
    prompt = Prompt((Text("def add("),))

    def write(*nearby, **params):
        tiny_engine._variants.clear()
        request = GenerateRequest("r1", prompt, Params(max_tokens=24, **params), nearby=nearby)
        return list(tiny_engine.generate(request, CancelToken()))[-1]

    plain = write(speculate=False)
    hint = "def add(" + plain.choices[0].text
    for _ in range(3):
        guided = write(hint)
    assert guided.choices[0].text == plain.choices[0].text
    assert guided.accepted_tokens > write().accepted_tokens
    assert plain.draft_tokens == 0


def test_texts_nearby_are_tokenised_once_and_few_at_a_time(tiny_engine, monkeypatch):
    made = []
    whole = tiny_engine._places
    monkeypatch.setattr(tiny_engine, "_places", lambda text: made.append(text) or whole(text))
    texts = tuple(f"x_{number} = {number}\n" for number in range(5))

    def write(*nearby):
        request = GenerateRequest("r1", Prompt((Text("def add("),)), Params(max_tokens=4), nearby=nearby)
        return list(tiny_engine.generate(request, CancelToken()))[-1]

    write(*texts)
    assert made == list(texts[: engine._NEW_TEXTS])
    write(*texts)
    write(*texts)
    assert made == list(texts)
    write(texts[0])
    write(*texts[:2])
    assert made == [*texts, texts[1]]


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_an_answer_is_held_to_its_beginning(tiny_engine, n, temperature):
    params = Params(max_tokens=12, n=n, temperature=temperature, seed=1, logprobs=2)
    request = GenerateRequest("r1", Prompt((Text("for number in"),)), params, begin=" ran")
    events = list(tiny_engine.generate(request, CancelToken()))
    finished = events[-1]
    assert tiny_engine.info.token_healing
    for choice in finished.choices:
        assert not choice.text.startswith(" ran")
        assert (
            "".join(event.text for event in events if isinstance(event, Delta) and event.index == choice.index)
            == choice.text
        )
        assert choice.mean_logprob <= 0
        assert all(value > -torch.inf for token in choice.logprobs for _, value in token.top)


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
@pytest.mark.parametrize("begin", ["", "    "])
def test_an_answer_begins_with_one_of_some_words(tiny_engine, n, temperature, begin):
    params = Params(max_tokens=12, n=n, temperature=temperature, seed=1)
    prompt, words = Prompt((Text("def add(a, b):\n"),)), ("while ", "try:", "if ")
    request = GenerateRequest("r1", prompt, params, begin=begin, first_words=words)
    for choice in list(tiny_engine.generate(request, CancelToken()))[-1].choices:
        assert choice.text.startswith(words)


def test_a_beginning_that_the_model_would_write_anyway_changes_nothing(tiny_engine):
    prompt = Prompt((Text("def add(a, b):"),))
    params = Params(max_tokens=10, logprobs=0)
    (free,) = list(tiny_engine.generate(GenerateRequest("r1", prompt, params), CancelToken()))[-1].choices
    first = free.logprobs[0].text
    held = list(tiny_engine.generate(GenerateRequest("r2", prompt, params, begin=first), CancelToken()))[-1]
    assert first
    assert first + held.choices[0].text == free.text
    assert len(held.choices[0].logprobs) == len(free.logprobs) - 1


def test_each_token_says_where_its_characters_begin(tiny_engine, ask):
    choice = ask(tiny_engine, "def add(", max_tokens=15, logprobs=0).finished.choices[0]
    starts = [token.start for token in choice.logprobs]
    assert starts == sorted(starts)
    for token, end in zip(choice.logprobs, [*starts[1:], len(choice.text)], strict=True):
        assert "\ufffd" in token.text or choice.text[token.start : end].endswith(token.text)
    request = GenerateRequest("r2", Prompt((Text("for number in"),)), Params(max_tokens=12, logprobs=0), begin=" r")
    held = list(tiny_engine.generate(request, CancelToken()))[-1].choices[0]
    first, second = held.logprobs[:2]
    assert first.start == 0
    assert "\ufffd" in first.text or first.text.endswith(held.text[: second.start])


@pytest.mark.parametrize("word", ["日本語", "€uro", "👍🏽", "größer"])
def test_an_answer_that_the_limit_ends_inside_of_a_character_ends_before_it(tiny_engine, word):
    texts = []
    for most in range(1, len(word.encode()) + 1):
        request = GenerateRequest("r", Prompt((Text("x = "),)), Params(max_tokens=most), first_words=(word,))
        *events, finished = tiny_engine.generate(request, CancelToken())
        (choice,) = finished.choices
        assert "".join(event.text for event in events if isinstance(event, Delta)) == choice.text
        texts.append(choice.text)
    assert not any("\ufffd" in text for text in texts)
    assert all(word.startswith(text) or text.startswith(word) for text in texts)
    assert len(set(texts)) < len(texts)  # some limits did end inside of one
    assert texts[-1].startswith(word)


def test_what_was_held_leaves_the_cache_as_good_as_ever(tiny_engine, ask):
    request = GenerateRequest("r1", Prompt((Text("def add(a, b):"),)), Params(max_tokens=10), begin=" retur")
    tiny_engine._variants.clear()
    list(tiny_engine.generate(request, CancelToken()))
    again = ask(tiny_engine, "def add(a, b):", max_tokens=10)
    assert again.finished.cached_tokens == again.finished.prompt_tokens - 1
    tiny_engine._variants.clear()
    assert ask(tiny_engine, "def add(a, b):", max_tokens=10).texts == again.texts


def test_a_vocabulary_that_cannot_spell_the_beginning_has_no_answer(tiny_engine, monkeypatch):
    monkeypatch.setattr(tiny_engine._tokenizer, "spellings", lambda: iter(()))
    request = GenerateRequest("r1", Prompt((Text("def add(a, b):"),)), Params(max_tokens=10), begin="~~~~")
    (choice,) = list(tiny_engine.generate(request, CancelToken()))[-1].choices
    assert (choice.text, choice.reason) == ("", "stop")
