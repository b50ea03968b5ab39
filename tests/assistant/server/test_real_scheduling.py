"""What scheduling is worth with the real model: completions in the middle of a chat, and memory while nobody asks."""

import itertools
import os
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from assistant.client.http import ServiceClient, parse_ready_line
from assistant.config import DEFAULT_MODEL
from assistant.types import CompleteRequest, Delta, Finished, Message
from tests.support.patience import PATIENCE_S, wait_until

pytestmark = [pytest.mark.model, pytest.mark.e2e]

BEFORE = '''\
"""A stack of numbers, and what can be done with it."""


class Stack:
    def __init__(self):
        self.items = []

    def push(self, item):
        self.items.append(item)

    def pop(self):
        return self.items.pop()

    def add(self):
        right = self.pop()
        left = self.pop()
        self.push(left + right)

    def {name}(self):
        '''
AFTER = "\n\n\nstack = Stack()\nstack.push(1)\nstack.push(2)\n"
NAMES = ("subtract", "multiply", "divide", "swap")
IDLE_SECONDS = 3.0


class Serving:
    """A real service with the real model, the clients of its tests, and what it needs of memory."""

    def __init__(self, home, *options):
        command = [sys.executable, "-P", "-m", "assistant.cli.main", "serve", "--model", DEFAULT_MODEL, *options]
        environment = {**os.environ, "GRAFTER_HOME": str(home)}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        self.ready = parse_ready_line(self.process.stdout.readline())
        self.watched = psutil.Process(self.process.pid)

    def client(self):
        return ServiceClient(self.ready.url, Path(self.ready.token_file).read_text())

    def megabytes(self):
        return self.watched.memory_info().rss / 1e6


@pytest.fixture
def serve(home_with_real_model):
    started = []

    def start(*options):
        started.append(Serving(home_with_real_model, *options))
        return started[-1]

    yield start
    for serving in started:
        serving.process.terminate()
        serving.process.communicate(timeout=PATIENCE_S)


def complete(client, name):
    """Return the seconds from the request to its whole answer, and the answer."""
    before = BEFORE.format(name=name)
    begun = time.perf_counter()
    last = list(client.complete(CompleteRequest(name, before + AFTER, len(before), session="page", max_tokens=32)))[-1]
    assert isinstance(last, Finished), last
    assert last.choices[0].reason != "cancelled"
    return time.perf_counter() - begun, last


class Chat:
    """A long answer that is read in a thread of its own."""

    def __init__(self, client):
        self._client = client
        self._leave = threading.Event()
        self.arrivals = []
        self.reading = threading.Event()
        self._thread = threading.Thread(target=self._read)

    def _read(self):
        question = "Explain in great detail, in many long paragraphs, how garbage collectors work."
        events = self._client.chat((Message("user", question),), 3000)
        for event in events:
            if isinstance(event, Delta):
                self.arrivals.append(time.perf_counter())
                self.reading.set()
            if self._leave.is_set():
                break
        events.close()

    def __enter__(self):
        self._thread.start()
        assert self.reading.wait(PATIENCE_S)
        return self

    def __exit__(self, *_):
        assert self._thread.is_alive(), "the chat ended before the measurement"
        self._leave.set()
        self._thread.join(PATIENCE_S)


def test_a_chat_hardly_delays_completions(serve, capsys):
    serving = serve("--idle-minutes", "0")
    with serving.client() as client, serving.client() as other:
        alone, beside, waited, gaps, between = [], [], [], [], []
        for name in NAMES:
            complete(client, name)  # what is read once is in the cache for both
        for name in NAMES:
            alone.append(complete(client, name)[0])
            with Chat(other) as chat:
                for _ in range(2):
                    before = len(chat.arrivals)
                    seconds, finished = complete(client, name)
                    between.append(len(chat.arrivals) - before)
                    beside.append(seconds)
                    waited.append(finished.timings.queue_ms / 1000)
                after = len(chat.arrivals) + 1
                wait_until(lambda chat=chat, least=after + 8: len(chat.arrivals) >= least, "the chat's going on")
                undisturbed = chat.arrivals[after:]
                gaps += [b - a for a, b in itertools.pairwise(undisturbed)]
            alone.append(complete(client, name)[0])
    one, two, token = statistics.median(alone), statistics.median(beside), statistics.median(gaps)
    with capsys.disabled():
        print(
            f"\ncompletion alone {1000 * one:.0f} ms, beside a chat {1000 * two:.0f} ms, of which it waited "
            f"{1000 * statistics.median(waited):.0f} ms (at most {1000 * max(waited):.0f}); "
            f"a chat's token {1000 * token:.0f} ms"
        )
    # The chat writes the token that it is at, and then stands still: side by side it would write as many as the completion.
    assert statistics.median(between) <= 3


def test_a_model_that_nobody_asks_gives_its_memory_back(serve, capsys):
    serving = serve("--idle-minutes", str(IDLE_SECONDS / 60))

    def wait_for(*states):
        wait_until(lambda: client.health().state in states, client.health)

    with serving.client() as client:
        rows, answered = [], []
        for _ in range(3):
            begun = time.perf_counter()
            complete(client, "subtract")
            answered.append(time.perf_counter() - begun)
            awake = serving.megabytes()
            wait_for("idle")
            rows.append((awake, serving.megabytes()))
        begun = time.perf_counter()
        serving_woken = client._http.post("/grafter/wake")
        assert serving_woken.status_code == 200
        wait_for("ready")
        wake = time.perf_counter() - begun
    with capsys.disabled():
        for seconds, (awake, asleep) in zip(answered, rows, strict=True):
            print(f"\nfirst answer after {seconds:.1f} s; awake {awake:.0f} MB, asleep {asleep:.0f} MB", end="")
        print(f"; woken in {wake:.1f} s")
    for awake, asleep in rows:
        assert awake > 900
        assert asleep < 500
    # No slow growth from turn to turn.
    assert rows[-1][1] < rows[0][1] + 100
