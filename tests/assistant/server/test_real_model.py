"""The real model behind the real program, through OpenAI's own client and the requests of other editors."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import openai
import pytest

from assistant.client.http import ServiceClient, parse_ready_line
from assistant.config import DEFAULT_MODEL
from tests.support.patience import PATIENCE_S

pytestmark = [pytest.mark.model, pytest.mark.e2e]

QUESTION = "写一个Python函数来计算两个数的最大公约数"


@pytest.fixture(scope="module")
def ready(real_model, tmp_path_factory):
    """Start the service once for all tests here; return its URL and token."""
    home = tmp_path_factory.mktemp("real-home")
    (home / "models").mkdir()
    (home / "models" / DEFAULT_MODEL).symlink_to(real_model, target_is_directory=True)
    command = [sys.executable, "-P", "-m", "assistant.cli.main", "serve", "--model", DEFAULT_MODEL]
    environment = {**os.environ, "GRAFTER_HOME": str(home)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        line = parse_ready_line(process.stdout.readline())
        yield line.url, Path(line.token_file).read_text()
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)


@pytest.fixture
def client(ready):
    url, token = ready
    with openai.OpenAI(base_url=f"{url}/v1", api_key=token, max_retries=0, timeout=240) as made:
        yield made


@pytest.fixture
def http(ready):
    with ServiceClient(*ready) as made:
        yield made


def run_gcd(answer):
    """Run the first code block of an answer in a process of its own; return gcd(48, 18) by its first function."""
    code = re.search(r"```(?:python)?\n(.*?)```", answer, re.DOTALL)
    assert code, answer
    name = re.search(r"^def (\w+)\(", code[1], re.MULTILINE)
    assert name, answer
    script = f"{code[1]}\nprint('result:', {name[1]}(48, 18))\n"
    done = subprocess.run(
        [sys.executable, "-I", "-c", script], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.rpartition("result: ")[2].strip()


def test_completion_streamed_and_whole(client):
    # Read once, so that both find the prompt in the cache: in bfloat16 a prompt read whole rounds differently.
    client.completions.create(model=DEFAULT_MODEL, prompt=QUESTION, max_tokens=1)
    answer = client.completions.create(model=DEFAULT_MODEL, prompt=QUESTION, max_tokens=100)
    assert answer.choices[0].text.strip()
    assert 0 < answer.usage.completion_tokens <= 100
    assert answer.usage.prompt_tokens > 5
    chunks = client.completions.create(model=DEFAULT_MODEL, prompt=QUESTION, max_tokens=100, stream=True)
    text = "".join(chunk.choices[0].text for chunk in chunks)
    assert text == answer.choices[0].text
    assert "\ufffd" not in text


def test_the_function_in_the_chat_answer_works(client):
    messages = [{"role": "user", "content": QUESTION}]
    chunks = client.chat.completions.create(model=DEFAULT_MODEL, messages=messages, max_tokens=100, stream=True)
    begun = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert "def " in begun
    answer = client.chat.completions.create(model=DEFAULT_MODEL, messages=messages, max_tokens=500).choices[0]
    assert answer.finish_reason == "stop"
    assert answer.message.content.startswith(begun)
    assert run_gcd(answer.message.content) == "6"


def test_the_hole_between_prompt_and_suffix_is_filled(client):
    answer = client.completions.create(
        model=DEFAULT_MODEL,
        prompt="import math\n\n\ndef area(radius):\n    return ",
        suffix="\n\n\nprint(area(2))\n",
        max_tokens=16,
        logprobs=2,
        stop="\n",
        extra_body={"raw": True},
    )
    choice = answer.choices[0]
    assert choice.text.strip().startswith("math.pi * radius")
    assert len(choice.logprobs.tokens) == len(choice.logprobs.token_logprobs)
    assert all(-20 < value <= 0 for value in choice.logprobs.token_logprobs)


def test_a_seed_makes_sampling_repeatable(client):
    def sample(seed):
        options = {"model": DEFAULT_MODEL, "prompt": "# A poem about", "max_tokens": 20, "temperature": 1.0}
        return client.completions.create(**options, seed=seed).choices[0].text

    assert sample(7) == sample(7)


def test_a_prompt_beyond_the_context_is_refused(client):
    with pytest.raises(openai.BadRequestError) as caught:
        client.completions.create(model=DEFAULT_MODEL, prompt="word " * 60_000, max_tokens=5)
    assert caught.value.code == "context_length_exceeded"


def test_llama_vim_gets_a_suggestion(ready):
    url, token = ready
    body = {
        "input_prefix": "def gcd(a, b):\n    while b:\n",
        "input_suffix": "\n    return a\n",
        "input_extra": [],
        "prompt": "        a, b = ",
        "n_predict": 32,
        "samplers": ["top_k", "top_p", "infill"],
        "t_max_predict_ms": 5000,
        "response_fields": ["content", "timings/predicted_n"],
    }
    headers = {"Authorization": f"Bearer {token}"}
    answer = httpx.post(f"{url}/infill", json=body, headers=headers, trust_env=False, timeout=60)
    assert answer.json()["content"].strip() == "b, a % b"
    assert answer.json()["timings/predicted_n"] > 0


WORDS = ("getcwd", "listdir", "sorted", "endswith", "append", "splitext", "counts", "items", "return", "values")
SOURCE = """import os


def count_endings(folder=None):
    folder = folder or os.getcwd()
    names = []
    for name in sorted(os.listdir(folder)):
        if not name.endswith("~"):
            names.append(name)
    counts = {}
    for name in names:
        ending = os.path.splitext(name)[1]
        counts[ending] = counts.get(ending, 0) + 1
    for ending, count in counts.items():
        print(ending, count)
    return sum(counts.values())
"""


def test_in_a_word_every_door_answers_what_the_window_gets(ready):
    url, token = ready
    with httpx.Client(
        base_url=url, headers={"Authorization": f"Bearer {token}"}, trust_env=False, timeout=PATIENCE_S
    ) as http:
        seen = [_ask_all_doors(http, word, number) for number, word in enumerate(WORDS)]
    assert [infill for _, infill, _ in seen] == [window for window, _, _ in seen]
    assert [v1 for _, _, v1 in seen] == [window for window, _, _ in seen]
    assert sum(word[2:] == window[: len(word) - 2] for word, (window, _, _) in zip(WORDS, seen, strict=True)) >= 5


def _ask_all_doors(http, word, number):
    """Return what the window's route, /infill and /v1/completions say two letters into a word, the line's end gone."""
    cursor = SOURCE.index(word) + 2
    before, after = SOURCE[:cursor], SOURCE[SOURCE.index("\n", cursor) :]
    window = {"id": f"w{number}", "text": before + after, "cursor": cursor, "path": "endings.py"}
    hole = {"input_prefix": before, "input_suffix": after, "filename": "endings.py"}
    # Once before all, so that each finds the prompt in the cache: read whole it rounds differently.
    http.post("/grafter/complete", json=window)
    lines = http.post("/grafter/complete", json=window).text.splitlines()
    last = json.loads(lines[-2].removeprefix("data: "))
    assert last["event"] == "finished"
    infill = http.post("/infill", json=hole).json()["content"]
    v1 = http.post("/v1/completions", json={"prompt": before, "suffix": after, "filename": "endings.py"}).json()
    return last["choices"][0]["text"], infill, v1["choices"][0]["text"]


def test_health_names_model_and_device(http):
    health = http.health()
    assert (health.state, health.model) == ("ready", DEFAULT_MODEL)
    assert health.device in ("cpu", "cuda", "mps", "xpu")
