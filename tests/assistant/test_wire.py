"""Requests and events survive the way through JSON."""

import dataclasses
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import types, wire
from assistant.errors import ServiceError
from assistant.server.schemas import CompleteBody

TEXT = st.text(max_size=20)
COUNT = st.integers(0, 10**9)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
LOGPROB = st.builds(
    types.TokenLogprob,
    text=TEXT,
    logprob=NUMBER,
    top=st.lists(st.tuples(TEXT, NUMBER), max_size=3).map(tuple),
    start=COUNT,
)
LOGPROBS = st.lists(LOGPROB, max_size=3).map(tuple)
CHOICE = st.builds(
    types.Choice,
    index=COUNT,
    text=TEXT,
    reason=st.sampled_from(["stop", "length", "cancelled"]),
    generated_tokens=COUNT,
    mean_logprob=st.none() | NUMBER,
    logprobs=LOGPROBS,
    spans=st.lists(st.builds(types.Span, TEXT, st.none() | COUNT, st.booleans()), max_size=3).map(tuple),
)
PIECE = st.builds(types.ContextPiece, path=TEXT, lines=st.tuples(COUNT, COUNT), tokens=COUNT, why=TEXT)
TIMINGS = st.builds(types.Timings, *[NUMBER] * 5)
EVENT = st.one_of(
    st.builds(types.Started, request_id=TEXT, model=TEXT, prompt_tokens=COUNT, cached_tokens=COUNT),
    st.builds(types.Progress, request_id=TEXT, stage=TEXT, done=COUNT, total=COUNT, message=TEXT),
    st.builds(types.Delta, request_id=TEXT, index=COUNT, text=TEXT, logprobs=LOGPROBS),
    st.builds(
        types.Finished,
        request_id=TEXT,
        model=TEXT,
        choices=st.lists(CHOICE, min_size=1, max_size=3).map(tuple),
        prompt_tokens=COUNT,
        cached_tokens=COUNT,
        generated_tokens=COUNT,
        timings=TIMINGS,
        adapter=st.none() | TEXT,
        context=st.lists(PIECE, max_size=2).map(tuple),
        filters=st.lists(TEXT, max_size=3).map(tuple),
        note=TEXT,
        draft_tokens=COUNT,
        accepted_tokens=COUNT,
        device=TEXT,
        dtype=TEXT,
        filter_sentences=st.lists(TEXT, max_size=3).map(tuple),
    ),
    st.builds(types.Failed, request_id=TEXT, message=TEXT, code=TEXT),
)


@given(EVENT)
def test_every_event_comes_back_as_it_was(event):
    assert wire.event_from_json(json.loads(json.dumps(wire.event_to_json(event)))) == event


def test_each_kind_of_event_has_its_name():
    names = {
        wire.event_to_json(event)["event"]
        for event in (
            types.Started("r", "m", 1),
            types.Progress("r", "prefill", 1, 2),
            types.Delta("r", 0, "x"),
            types.Finished("r", "m", (), 0, 0, 0, types.Timings()),
            types.Failed("r", "no"),
        )
    }
    assert names == {"started", "progress", "delta", "finished", "failed"}


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"event": "unknown"},
        {"event": "started"},
        {"event": "started", "request_id": "r", "model": "m", "prompt_tokens": 1, "more": 2},
        {"event": "finished", "request_id": "r", "choices": 3},
        {"event": "finished", "request_id": "r", "choices": [{"index": 0}], "timings": {}},
        {"event": "delta", "request_id": "r", "index": 0, "text": "x", "logprobs": [{"text": "x"}]},
        {"event": ["delta"]},
        [],
        None,
        "delta",
    ],
)
def test_what_is_no_event_is_refused_with_a_sentence(data):
    with pytest.raises(ServiceError, match="cannot be read"):
        wire.event_from_json(data)


def test_health_comes_back_as_it_was():
    health = types.Health("loading", "m", "cpu", "bfloat16", 0.5, "", None, "0.1.0")
    assert wire.health_from_json(json.loads(json.dumps(wire.health_to_json(health)))) == health
    assert wire.health_to_json(health)["status"] == "loading model"
    assert {wire.health_to_json(types.Health(state))["status"] for state in ("ready", "idle")} == {"ok"}
    assert {wire.health_to_json(types.Health(state))["status"] for state in ("none", "failed")} == {"error"}
    with pytest.raises(ServiceError):
        wire.health_from_json({"state": "ready", "surprise": 1})


def test_complete_has_every_field_of_the_request():
    place = types.Place("b.py", 3, "edited")
    request = types.CompleteRequest(
        "r", "text", 2, path="a.py", trigger="manual", n=3, recent=(place,), tabs=("c.py",), explain=True
    )
    body = CompleteBody.model_validate_json(json.dumps(wire.complete_to_json(request)))
    assert body.request() == request


def test_a_finished_completion_prints_the_agreed_fields():
    finished = types.Finished(
        "r",
        "m",
        (types.Choice(0, "first", "stop", 3, -0.5), types.Choice(1, "second", "length", 4)),
        10,
        2,
        7,
        types.Timings(1, 2, 3, 4, 10),
        context=(types.ContextPiece("a.py", (1, 9), 10, "this file"),),
        filters=("blank-lines",),
        note="so",
    )
    assert json.loads(json.dumps(wire.finished_to_json(finished))) == {
        "text": "first",
        "alternatives": ["second"],
        "model": "m",
        "adapter": None,
        "prompt_tokens": 10,
        "cached_tokens": 2,
        "generated_tokens": 7,
        "timings": dataclasses.asdict(types.Timings(1, 2, 3, 4, 10)),
        "mean_logprob": -0.5,
        "replaces": 0,
        "context": [{"path": "a.py", "lines": [1, 9], "tokens": 10, "why": "this file"}],
        "filters": ["blank-lines"],
        "note": "so",
    }


def test_an_explanation_names_each_token_with_its_chances():
    tokens = (
        types.TokenLogprob(" compute", math.log(0.5), ((" compute", math.log(0.5)), (" comp", math.log(0.25)))),
        types.TokenLogprob("(", math.log(0.25), start=3),
    )
    spans = (types.Span("ute", 0), types.Span(")", None), types.Span("(", 1, kept=False))
    choice = types.Choice(0, "ute)", "stop", 3, math.log(0.5), tokens, spans=spans)
    finished = types.Finished(
        "r",
        "m",
        (choice,),
        10,
        2,
        7,
        types.Timings(),
        filters=("too-short",),
        filter_sentences=("Shows no lone sign unasked.",),
        draft_tokens=4,
        accepted_tokens=3,
        device="cpu",
        dtype="float32, 4-bit weights",
    )
    others = [{"token": " compute", "probability": 0.5}, {"token": " comp", "probability": 0.25}]
    assert json.loads(json.dumps(wire.explanation_to_json(finished))) == {
        "confidence": 0.5,
        "tokens": [
            {"text": "ute", "kept": True, "token": " compute", "probability": 0.5, "alternatives": others},
            {"text": ")", "kept": True, "token": None, "probability": None, "alternatives": []},
            {"text": "(", "kept": False, "token": "(", "probability": 0.25, "alternatives": []},
        ],
        "filters": [{"name": "too-short", "sentence": "Shows no lone sign unasked."}],
        "computed_tokens": 8,
        "draft_tokens": 4,
        "accepted_tokens": 3,
        "device": "cpu",
        "dtype": "float32, 4-bit weights",
    }


def test_an_explanation_of_a_server_that_does_not_tell():
    finished = types.Finished("r", "m", (types.Choice(0, "a", "stop", 3),), 10, 2, 7, types.Timings())
    explained = wire.explanation_to_json(finished)
    assert (explained["confidence"], explained["tokens"]) == (None, [])
