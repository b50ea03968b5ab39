"""``grafter complete`` on a real file with the real model."""

import ast
import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.model

FIELDS = {
    "text", "alternatives", "model", "adapter", "prompt_tokens", "cached_tokens", "generated_tokens",
    "timings", "mean_logprob", "context", "filters",
}  # fmt: skip


def complete(path, line, column, *options):
    command = [sys.executable, "-P", "-m", "assistant.cli.main", "complete", str(path), "--line", str(line)]
    done = subprocess.run(
        [*command, "--column", str(column), "--json", *options],
        capture_output=True, text=True, timeout=150, env={**os.environ}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_real_file_gets_a_sensible_continuation(home_with_real_model, tmp_path):
    source = (
        "def mean(values):\n"
        '    """Return the arithmetic mean of a non-empty list."""\n'
        "    return sum(values) / len(values)\n"
        "\n"
        "\n"
        "def gcd(a, b):\n"
        '    """Return the greatest common divisor."""\n'
        "    while b:\n"
        "        \n"
        "    return a\n"
    )
    path = tmp_path / "numbers.py"
    path.write_text(source)
    answer = complete(path, 9, 8, "--explain")
    assert set(answer) >= FIELDS
    assert set(answer["timings"]) >= {"context_ms", "prefill_ms", "decode_ms", "total_ms"}
    assert answer["prompt_tokens"] > 40
    assert answer["generated_tokens"] > 3
    assert answer["mean_logprob"] < 0
    assert answer["context"][0]["lines"] == [1, 11]
    tokens = answer["explanation"]["tokens"]
    assert "".join(token["text"] for token in tokens if token["kept"]) == answer["text"]
    assert all(0 < token["probability"] <= 1 for token in tokens if token["token"])
    assert all(len(token["alternatives"]) == 5 for token in tokens[1:] if token["token"])
    assert {each["name"] for each in answer["explanation"]["filters"]} == set(answer["filters"])
    before, after = source.split("        \n", 1)
    whole = before + "        " + answer["text"] + "\n" + after
    scope: dict = {}
    exec(compile(ast.parse(whole), "numbers.py", "exec"), scope)
    assert scope["gcd"](48, 18) == 6


def test_alternatives_differ(home_with_real_model, tmp_path):
    path = tmp_path / "shop.py"
    path.write_text("def total(prices):\n    \n")
    answer = complete(path, 2, 4, "--n", "3")
    texts = [answer["text"], *answer["alternatives"]]
    assert len(texts) >= 2
    assert len(set(texts)) == len(texts)
