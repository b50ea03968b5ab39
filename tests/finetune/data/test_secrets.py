import random
import sysconfig
from collections import Counter
from pathlib import Path

import pytest

from finetune.data.secrets import find_secrets, first_secret, is_secret_file
from tests.support.planted_secrets import Planter, kinds, plant


def test_planted_secrets_are_found():
    planted = plant(100, seed=20)
    missed = Counter(kind for kind, name, text in planted if first_secret(name, text) is None)
    print(
        f"{100 - missed.total()} of 100 planted secrets of {len(kinds(Planter(0)))} kinds found; missed: {dict(missed)}"
    )
    assert len({kind for kind, _, _ in planted}) >= 15
    assert missed.total() <= 5


def test_clean_files_are_let_pass():
    roots = {Path(sysconfig.get_path("stdlib")), Path(sysconfig.get_path("purelib"))}
    files = sorted({file for root in roots for file in root.rglob("*.py")})
    chosen = random.Random(1).sample(files, min(1500, len(files)))
    texts = [(file.name, file.read_text(encoding="utf-8", errors="replace")) for file in chosen]
    dropped = sum(first_secret(name, text) is not None for name, text in texts)
    print(f"{dropped} of {len(texts)} files of the standard library and of installed packages dropped")
    assert dropped / len(texts) <= 0.02


def test_the_line_and_the_kind_are_said_and_never_the_secret():
    (_, name, text) = next(each for each in plant(20, 3) if each[0] == "stripe")
    found = first_secret(name, "\n\n" + text)
    assert found.kind == "a Stripe key"
    assert (("\n\n" + text).split("\n")[found.line - 1]).startswith("Stripe.api_key")
    assert "_live_" not in repr(found)


@pytest.mark.parametrize(
    "line",
    [
        'password = "changeme"',
        'password = os.environ["PASSWORD"]',
        'password: "${DB_PASSWORD}"',
        "api_key: {{ api_key }}",
        'token = "your-token-here"',
        'url = "https://user:password@example.org/"',
        'url = f"postgresql://{user}:{password}@{host}/db"',
        'KEY = "-----BEGIN RSA PRIVATE KEY-----"',
        'tokenizer = load_tokenizer("Qwen/Qwen2.5-Coder-0.5B")',
        'checksum = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"',
        'commit = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"',
        'secret_name = "projects/shop/secrets/database"',
        'ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"',
        'password_field = "password_confirmation"',
        'HEADER = "X-Auth-Token"',
    ],
)
def test_a_stand_in_is_no_secret(line):
    assert list(find_secrets("config.yaml", line + "\n")) == []


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        (".env", True),
        ("deploy/.env.production", True),
        ("prod.env", True),
        (".env.example", False),
        ("environment.py", False),
        ("keys/id_rsa", True),
        ("keys/id_rsa.pub", False),
        ("server.pem", True),
        (".npmrc", True),
        ("key.py", False),
    ],
)
def test_files_that_hold_secrets_by_their_names(path, is_one):
    assert bool(is_secret_file(path)) is is_one
