"""Keys and passwords in source files: whether a file holds any, on which line, and of which kind; never which.

The patterns are detect-secrets' own, as far as they name one service's format, and some that it lacks. They are matched
here, without that library's scanner, which may ask the services whether a key is valid: nothing leaves this machine.
What has no format of its own (a password, a random string) is judged by the name that it is given and by how random it
looks, and what is plainly a stand-in for a secret is let pass.
"""

from __future__ import annotations

import functools
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from detect_secrets.plugins.aws import AWSKeyDetector
from detect_secrets.plugins.azure_storage_key import AzureStorageKeyDetector
from detect_secrets.plugins.base import RegexBasedDetector
from detect_secrets.plugins.discord import DiscordBotTokenDetector
from detect_secrets.plugins.github_token import GitHubTokenDetector
from detect_secrets.plugins.gitlab_token import GitLabTokenDetector
from detect_secrets.plugins.jwt import JwtTokenDetector
from detect_secrets.plugins.mailchimp import MailchimpDetector
from detect_secrets.plugins.openai import OpenAIDetector
from detect_secrets.plugins.pypi_token import PypiTokenDetector
from detect_secrets.plugins.sendgrid import SendGridDetector
from detect_secrets.plugins.slack import SlackDetector
from detect_secrets.plugins.square_oauth import SquareOAuthDetector
from detect_secrets.plugins.stripe import StripeDetector
from detect_secrets.plugins.telegram_token import TelegramBotTokenDetector
from detect_secrets.plugins.twilio import TwilioKeyDetector


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret stands (line from 1) and what it is, in words for a person."""

    line: int
    kind: str


_DETECTORS: tuple[tuple[str, type[RegexBasedDetector]], ...] = (
    ("an AWS key", AWSKeyDetector),
    ("an Azure storage key", AzureStorageKeyDetector),
    ("a Discord bot token", DiscordBotTokenDetector),
    ("a GitHub token", GitHubTokenDetector),
    ("a GitLab token", GitLabTokenDetector),
    ("a JSON web token", JwtTokenDetector),
    ("a Mailchimp key", MailchimpDetector),
    ("an OpenAI key", OpenAIDetector),
    ("a PyPI token", PypiTokenDetector),
    ("a SendGrid key", SendGridDetector),
    ("a Slack token", SlackDetector),
    ("a Square secret", SquareOAuthDetector),
    ("a Stripe key", StripeDetector),
    ("a Telegram bot token", TelegramBotTokenDetector),
    ("a Twilio key", TwilioKeyDetector),
)
# What the library lacks, or knows in an older form only.
_FORMATS: tuple[tuple[str, str], ...] = (
    ("a GitHub token", r"github_pat_[0-9A-Za-z_]{40,}"),
    ("a Slack token", r"xapp-\d-[0-9A-Z]+-\d+-[0-9a-f]{32,}|xoxe(?:\.xox[bp])?-\d-[0-9A-Za-z]{100,}"),
    ("a Stripe key", r"[rs]k_(?:test|live)_[0-9A-Za-z]{16,}|whsec_[0-9A-Za-z+/=]{32,}"),
    ("a Google API key", r"AIza[0-9A-Za-z_-]{35}"),
    ("a Google OAuth secret", r"GOCSPX-[0-9A-Za-z_-]{28}|ya29\.[0-9A-Za-z_-]{40,}"),
    ("an OpenAI key", r"sk-(?:proj|svcacct|admin)-[0-9A-Za-z_-]{20,}|sk-[0-9A-Za-z]{48}"),
    ("an Anthropic key", r"sk-ant-[0-9A-Za-z_-]{32,}"),
    ("a Hugging Face token", r"hf_[0-9A-Za-z]{34,}"),
    ("an npm token", r"npm_[0-9A-Za-z]{36}"),
    ("an npm token", r"_auth(?:Token)?\s*=\s*[\"']?[0-9A-Za-z+/=-]{32,}"),
    ("a DigitalOcean token", r"do[opr]_v1_[0-9a-f]{64}"),
    ("a Shopify token", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    ("a Databricks token", r"dapi[0-9a-f]{32}"),
    ("an Azure client secret", r"8Q~[0-9A-Za-z_~.-]{31,34}"),
    ("an Azure key", r"(?:SharedAccess|Account)Key=[0-9A-Za-z+/]{42,86}={1,2}|[?&]sig=[0-9A-Za-z%]{43,63}%3[dD]"),
    ("a Twilio key", r"(?<![0-9A-Za-z])(?:AC|SK)[0-9a-f]{32}(?![0-9A-Za-z])"),
    ("an age key", r"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    ("a Sentry address with its key", r"https://[0-9a-f]{32}(?::[0-9a-f]{32})?@[\w.-]+/\d+"),
    (
        "a private key",
        # With a body: many a program names only the line that such a key begins with.
        (
            r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?:[\s\"'+,\\]|\\[nr])*"
            r"(?:[\w-]+: [^\n]*(?:\n|\\n)[\s\"'+,\\]*)*[0-9A-Za-z+/=]{32}"
        ),
    ),
)
_WEB_TOKEN = "a JSON web token"  # noqa: S105 - a name of one

# --- secrets without a format ---------------------------------------------------------------

_NAMES = (
    r"pass(?:word|wd|phrase|code)?|passw|pwd|secret(?:s|[_-]?key)?|api[_-]?key|apikey|auth[_-]?(?:key|token)|token(?!i[zs])"
    r"|(?:access|account|client|encryption|hmac|master|private|service|shared|signing|session|storage|db|jwt|cookie"
    r"|webhook|license|deploy|consumer|subscription)[_-]?(?:key|secret|token|pass)|credentials?|salt|bearer"
)
# A name, in lower case, and then = or : or ( or a default, and a text in quotes. In two steps, since a search that is
# blind to capitals takes several times as long.
_NAMED = re.compile(r"(?:" + _NAMES + r")[\w-]{0,24}")
_VALUE = re.compile(
    r"[\"'`\])]*\s*(?::\s*[\w.\[\], |?]{1,30}\s*)?(?::=|=>|={1,3}|:|,|\()\s*(?:[\w.]{1,30}\()?[brfuBRFU@$]{0,2}"
    r"(?P<quote>[\"'`])(?P<value>[^\"'`\n\s]{8,200})(?P=quote)"
)
# The same in files whose values need no quotes.
_BARE = re.compile(
    r"(?im)^[ \t]*(?:export[ \t]+|-[ \t]+|ENV[ \t]+)?(?P<name>[\w.-]*(?:" + _NAMES + r")[\w-]{0,12})[ \t]*[:=][ \t]*"
    r"(?P<value>[^\s\"'`#{}<>()\[\],;]{8,200})[ \t]*(?:#.*)?$"
)
_BARE_FILES = re.compile(r"(?i)(?:\.(?:ya?ml|ini|cfg|conf|config|properties|env|toml|sh|bash|tf|tfvars)|dockerfile)$")
_QUOTED = re.compile(r"(?P<quote>[\"'`])(?P<value>[0-9A-Za-z+/_=-]{32,200})(?P=quote)")
_HEX = re.compile(r"[0-9a-f]{32,128}|[0-9A-F]{32,128}")
_HASH_LENGTHS = frozenset({32, 40, 56, 64, 96, 128})
# What is as random as a secret, and none: sums of files, ids of commits, names of things.
_HARMLESS = re.compile(
    r"(?i)sha|md5|digest|hash|checksum|crc|etag|fingerprint|commit|revision|version|boundary|\brev\b|integrity|uuid|guid|blake|thumb"
    r"|public|\bpub|cert|_id\b|\bid\b|alphabet|chars|encod|decod|test|expect|assert|example|sample|vector|nonce"
)
_URL = re.compile(r"://(?P<user>[^\s/:@\"'`<>{}$]{1,64}):(?P<value>[^\s/@\"'`]{3,100})@[\w.-]+")
_HEADER = re.compile(
    r"(?i)\bauthorization[\"']?\s*[:,=]\s*[\"']?\s*(?:basic|bearer|token)\s+(?P<value>[\w+/=.~-]{16,300})"
)
_STAND_IN = re.compile(
    r"(?i)pass(?:word|wd|phrase)?\d{0,4}|pwd|\bpw\b|secret|example|sample|dummy|fake|changeme|change[_-]?me|placeholder"
    r"|your|insert|replace|todo|xxx|\*\*\*|\.\.\.|none|null|redacted|hidden|default|foo|bar|test|user|name|key|token"
    r"|abc|1234|qwerty|lorem|mock|invalid|wrong|correct|hunter2|letmein|hello|world"
)
_CODE = re.compile(r"[%$]\(|[{}<>]|%[sdr]|\$\w|^[/.]|\\[nrtx]|[()\[\];]|^\w+://|^--?\w|^@")
_WORDS = re.compile(r"[a-z]+|[A-Z][a-z]+|[A-Z]+")


def find_secrets(path: str, text: str) -> Iterator[Secret]:
    """Yield the secrets that a file of this path with this text holds, in no order; one may come twice."""
    for place, kind in _places(path, text):
        yield Secret(text.count("\n", 0, place) + 1, kind)


def first_secret(path: str, text: str) -> Secret | None:
    """Return the secret that stands first in the file, or None."""
    place = min(_places(path, text), default=None)
    return None if place is None else Secret(text.count("\n", 0, place[0]) + 1, place[1])


def is_secret_file(path: str) -> str | None:
    """Return what a file is that holds secrets by its name (``.env``, a private key), else None."""
    name = path.rpartition("/")[2].lower()
    if name == ".env" or (name.startswith(".env.") or name.endswith(".env")):
        return None if name.endswith(_TEMPLATES) else "a file of settings that are kept secret"
    if name in _KEY_FILES or (name.endswith(_KEY_ENDINGS) and not name.endswith(".pub")):
        return "a file for keys or passwords"
    return None


_TEMPLATES = (".example", ".sample", ".template", ".dist", ".defaults")
_KEY_FILES = frozenset(
    {"id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", ".netrc", "_netrc", ".pgpass", ".npmrc", ".pypirc", ".htpasswd",
     ".git-credentials", ".dockercfg", "credentials", "secrets.yml", "secrets.yaml", "secrets.json", "secrets.toml"}
)  # fmt: skip
_KEY_ENDINGS = (".pem", ".key", ".p12", ".pfx", ".jks", ".keystore", ".kdbx", ".ppk", ".asc", ".tfvars")


def _places(path: str, text: str) -> Iterator[tuple[int, str]]:
    """Yield where each secret begins, with its kind."""
    yield from _with_format(text)
    yield from _named(path, text)
    for found in _QUOTED.finditer(text):
        if _is_random(found["value"]) and _is_alone(text, found.start(), found["value"]):
            yield found.start(), "a random text such as a key is"


def _with_format(text: str) -> Iterator[tuple[int, str]]:
    """Yield what is written as one service's secrets are."""
    for kind, pattern in _patterns():
        for found in pattern.finditer(text):
            plain = kind != _WEB_TOKEN or JwtTokenDetector.is_formally_valid(found[0])
            if plain and not _is_repetition(found[0][-16:]):
                yield found.start(), kind


def _named(path: str, text: str) -> Iterator[tuple[int, str]]:
    """Yield what its name, or its place in an address or a header, says to be secret."""
    for found in _URL.finditer(text):
        if not _is_stand_in(found["value"]) and not _is_stand_in_user(found["user"], found["value"]):
            yield found.start(), "an address with a password"
    for found in _HEADER.finditer(text):
        if _is_random(found["value"]):
            yield found.start(), "a password or token of a header"
    bare = _BARE.finditer(text) if _BARE_FILES.search(path) else iter(())
    for name, found in (*_assigned(text), *((each["name"], each) for each in bare)):
        if _is_password(name, found["value"]):
            yield found.start("value"), "a password or key"


def _assigned(text: str) -> Iterator[tuple[str, re.Match[str]]]:
    """Yield each text in quotes that is given to a name of something secret, with the name."""
    lower = text.lower()
    if len(lower) != len(text):  # some capitals are longer in lower case, and then no place would fit
        lower = text
    for name in _NAMED.finditer(lower):
        if found := _VALUE.match(text, name.end()):
            yield text[name.start() : name.end()], found


@functools.cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    made: list[tuple[str, Any]] = [(kind, detector()) for kind, detector in _DETECTORS]
    library: list[tuple[str, re.Pattern[str]]] = [(kind, each) for kind, detector in made for each in detector.denylist]
    return (*library, *((kind, re.compile(pattern)) for kind, pattern in _FORMATS))


def _is_password(name: str, value: str) -> bool:
    """Return whether a value is a secret, given that its name says so."""
    if _is_stand_in(value) or _CODE.search(value) or value.lower() in name.lower() or name.lower() in value.lower():
        return False
    if "/" in value and re.fullmatch(r"[\w./-]+", value) and not _is_random(value):
        return False  # a path
    kinds = sum(bool(re.search(each, value)) for each in ("[a-z]", "[A-Z]", r"\d", r"[^\w]"))
    if _is_random(value):
        return True
    # What somebody made up as a password: letters, digits and signs in one. Names of things have no digits.
    return (
        kinds >= 3
        and bool(re.search(r"\d", value))
        and _entropy(value) > 2.8
        and not re.search(r"[\w]+\.[a-z]+", value)
    )


def _is_alone(text: str, place: int, value: str) -> bool:
    """Return whether a random text has no harmless explanation on its line, and is not one of many."""
    begin, end = text.rfind("\n", 0, place) + 1, text.find("\n", place)
    line = text[begin : end if end >= 0 else len(text)]
    if _HARMLESS.search(line.replace(value, "")) or len(line) > 400:
        return False
    if _HEX.fullmatch(value):
        return "=" in line or ":" in line
    return len(value) >= 40


def _is_random(value: str) -> bool:
    """Return whether a text was drawn by a machine: hex, or letters and digits that spell nothing."""
    if _is_repetition(value) or _STAND_IN.search(value):
        return False
    if _HEX.fullmatch(value):
        return _entropy(value) > 3.0 and bool(re.search("[a-fA-F]", value)) and bool(re.search(r"\d", value))
    if not re.fullmatch(r"[\w+/=.~-]{16,}", value):
        return False
    words = sum(len(word) for word in _WORDS.findall(value) if len(word) >= 4 and word[1:].islower())
    mixed = bool(re.search("[a-z]", value)) + bool(re.search("[A-Z]", value)) + bool(re.search(r"\d", value)) >= 2
    has_digit = len(re.findall(r"\d", value)) >= 2
    return mixed and has_digit and words < len(value) * 0.4 and _entropy(value) > min(3.6, math.log2(len(value)) * 0.82)


def _is_stand_in(value: str) -> bool:
    return bool(_STAND_IN.search(value) or _CODE.search(value)) or _is_repetition(value) or value.isdigit()


def _is_stand_in_user(user: str, value: str) -> bool:
    return user.lower() == value.lower() or not (re.search(r"\d", value) or len(value) >= 8)


def _is_repetition(value: str) -> bool:
    return len(set(value)) <= max(3, len(value) // 8)


def _entropy(value: str) -> float:
    """Return the bits of each character, by how often each of them comes."""
    counts = Counter(value)
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())
