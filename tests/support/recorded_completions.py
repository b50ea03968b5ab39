"""Completions over a scripted engine, drawn from a seed, and everything that came of each: for comparing with a record.

``python -P tests/support/recorded_completions.py`` (with the project's root on the path) writes the record anew. That
is right only where what comes of a cursor is meant to change.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import random
from pathlib import Path

from assistant.completion.complete import Options, complete
from assistant.engine.fake import Answer, FakeEngine, flat_prompt
from assistant.engine.protocol import CancelToken, EngineInfo
from assistant.prompts.fim import SourceFile
from assistant.retrieval.search.retrieve import Retrieved
from assistant.types import CompleteRequest, ContextPiece, Delta, Failed, Finished

RECORD = Path(__file__).parents[1] / "assistant" / "completion" / "recorded.json"
CASES = 240

TEXTS = (
    "x = 0\n|\ntotal = 1\n",
    "value = com|\n",
    "def add(a, b):|\n",
    "def f(a):\n    for b in a:\n        if b:\n            c(b)\n|\n            d(b)\n    return a\n",
    "def f(a):\n    for b in a:\n        if b:\n            c(b)\n        |\n            d(b)\n    return a\n",
    "class A:\n    def f(a):\n|\n    def g(a):\n        pass\n",
    "if a:\n    b()\n|\n    c()\n",
    "print(add(|))\n",
    "for i in range(3):\n    |\n",
    "try:\n    a()\n|\n    b()\nfinally:\n    c()\n",
)
ANSWERS = (
    "total = 1\n",
    " other_total = 2\n",
    "compute(a)",
    "\n    return a + b\nprint()",
    "    return a\n",
    "        elif b.c:\n            e(b)\n",
    "        else:\n            d(b)\n",
    "else:\n    d(b)\n",
    "",
    "(\n",
    ";",
    "1, 2))",
    "print(i)\nprint(i)\nprint(i)\n",
    "except B:\n    d()\n",
    "a<|fim_middle|>b",
)


class Library:
    """Another file, or none; remembers what it learned."""

    def __init__(self, found):
        self.found = found
        self.learned = []

    def retrieve(self, request, window, room, count):
        if not self.found:
            return Retrieved()
        piece = ContextPiece("lib.py", (1, 1), 5, "defined there")
        return Retrieved((SourceFile("lib.py", "def add(a, b):\n"),), (piece,))

    def learn(self, finished):
        self.learned.append((finished.prompt_tokens, finished.generated_tokens))


def draw(number):
    """Return the request, the engine, the options, the cancel token's turn, and the retriever of one case."""
    chance = random.Random(number)
    text = chance.choice(TEXTS)
    answers = [_answer(chance) for _ in range(4)]
    asked = iter(answers)
    engine = FakeEngine(
        lambda _request: next(asked, answers[-1]),
        EngineInfo(
            "fake",
            chance.choice(("qwen2.5-coder",) * 4 + ("codestral", "none")),
            "cpu",
            "float32",
            4096,
            token_healing=chance.random() < 0.85,
        ),
    )
    without = frozenset(name for name in ("second-choice", "missing-head", "surer-alone") if chance.random() < 0.1)
    options = Options(without, token_healing=chance.random() < 0.9, confidence=chance.choice((0.0, 0.0, 0.6)))
    request = CompleteRequest(
        "r",
        text.replace("|", ""),
        text.index("|"),
        path=chance.choice(("m.py", "m.py", "m.py", "notes.txt", None)),
        workspace=chance.choice((None, "/home/me/shop")),
        trigger=chance.choice(("auto", "auto", "auto", "manual", "ahead")),
        n=chance.choice((1, 1, 1, 1, 3)),
        max_tokens=chance.choice((None, None, 3)),
        explain=chance.random() < 0.3,
    )
    retriever = chance.choice((None, Library(found=True), Library(found=True), Library(found=False)))
    return request, engine, options, chance.choice((None,) * 9 + (0, 2, 5)), retriever


def _answer(chance):
    texts = tuple(chance.choice(ANSWERS) for _ in range(3))
    likely = {token: chance.choice((0.99, 0.9, 0.3)) for text in texts for token in (text[:1], *text.split(), " other")}
    sure = chance.random() < 0.5
    if sure:
        likely = dict.fromkeys(likely, 0.97) | {"\n": 0.97, " ": 0.97}
    failure = "No room." if chance.random() < 0.06 else ""
    return Answer(texts, likely, failure=failure, failure_code="out_of_memory" if failure else "internal_error")


def outcome(number):
    """Return what came of one case, without times, as JSON can hold it."""
    request, engine, options, cancel_at, retriever = draw(number)
    cancel, said = CancelToken(), []
    for place, event in enumerate(complete(engine, request, cancel, None, options, retriever)):
        if cancel_at is not None and place >= cancel_at:
            cancel.cancel()
        said.append(_plain(event))
    asked = [
        [
            _digest(flat_prompt(each.prompt)),
            each.begin,
            list(each.first_words),
            each.params.n,
            each.params.max_tokens,
            each.params.logprobs,
        ]
        for each in engine.requests
    ]
    learned = [list(each) for each in retriever.learned] if retriever else []
    return {"asked": asked, "events": said, "learned": learned}


def _plain(event):
    match event:
        case Delta(index=index, text=text):
            return ["delta", index, text]
        case Failed(message=message, code=code):
            return ["failed", message, code]
        case Finished():
            whole = dataclasses.asdict(dataclasses.replace(event, timings=None))
            texts = [[choice.text, choice.replaces, choice.reason] for choice in event.choices]
            return ["finished", texts, list(event.filters), _digest(json.dumps(_rounded(whole), sort_keys=True))]
        case _:
            return [type(event).__name__.lower()]


def _rounded(value):
    """Return the same with numbers as they are on every version of Python: since 3.12, sum() loses less of floats."""
    match value:
        case dict():
            return {key: _rounded(each) for key, each in value.items()}
        case list() | tuple():
            return [_rounded(each) for each in value]
        case float():
            return round(value, 9)
        case _:
            return value


def _digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def write():
    """Write the record: a case in a line."""
    rows = [json.dumps(outcome(number), ensure_ascii=False) for number in range(CASES)]
    RECORD.write_text("[\n" + ",\n".join(rows) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    write()
