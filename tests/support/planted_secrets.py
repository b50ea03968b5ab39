"""Secrets that were never anyone's, drawn from a seed, in lines such as real files have."""

import base64
import json
import random
import string
from collections.abc import Callable

_LETTERS = string.ascii_letters + string.digits
_HEX = "0123456789abcdef"


class Planter:
    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)

    def text(self, count: int, alphabet: str = _LETTERS) -> str:
        return "".join(self._draw.choice(alphabet) for _ in range(count))

    def one(self, *choices: str) -> str:
        return self._draw.choice(choices)

    def web_token(self) -> str:
        def part(table: dict) -> str:
            return base64.urlsafe_b64encode(json.dumps(table).encode()).decode().rstrip("=")

        return f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part({'sub': self.text(8), 'iat': 17})}.{self.text(43)}"

    def private_key(self) -> str:
        kind = self.one("RSA ", "EC ", "OPENSSH ", "")
        body = "\n".join(self.text(64, _LETTERS + "+/") for _ in range(6))
        return f"-----BEGIN {kind}PRIVATE KEY-----\n{body}\n-----END {kind}PRIVATE KEY-----"

    def password(self) -> str:
        word = self.one("Tiger", "Winter", "Maple", "Copper", "Saturn")
        return f"{word}{self._draw.randint(10, 99)}{self.one('!', '#', '%', '*')}{self.text(4)}"


def _python(name: str, value: str) -> str:
    return f'{name} = "{value}"\n'


def kinds(p: Planter) -> dict[str, Callable[[], tuple[str, str]]]:
    """Return for each kind what makes the name and the text of a file around a new one."""
    t = p.text
    return {
        "aws": lambda: p.one(
            *[
                ("config.py", _python("AWS_ACCESS_KEY_ID", "AKIA" + t(16, string.ascii_uppercase + string.digits))),
                ("deploy.yaml", f"env:\n  aws_secret_access_key: '{t(40, _LETTERS + '/+')}'\n"),
            ]
        ),
        "github": lambda: p.one(
            *[
                ("release.py", f'headers = {{"Authorization": "token ghp_{t(36)}"}}\n'),
                ("ci.yaml", f"  GITHUB_TOKEN: github_pat_{t(22)}_{t(59)}\n"),
            ]
        ),
        "slack": lambda: p.one(
            *[
                (
                    "notify.js",
                    f"const client = new WebClient('xoxb-{t(12, '0123456789')}-{t(12, '0123456789')}-{t(24)}')\n",
                ),
                ("alert.go", f'url := "https://hooks.slack.com/services/T{t(8)}/B{t(10)}/{t(24)}"\n'),
            ]
        ),
        "stripe": lambda: ("billing.rb", f'Stripe.api_key = "{p.one("sk_live_", "rk_live_", "sk_test_")}{t(24)}"\n'),
        "google": lambda: ("maps.js", f"loader.init({{ key: 'AIza{t(35, _LETTERS + '-_')}' }})\n"),
        "openai": lambda: p.one(
            *[
                ("llm.py", f'client = OpenAI(api_key="sk-proj-{t(48)}")\n'),
                ("llm.py", f'openai.api_key = "sk-{t(20)}T3BlbkFJ{t(20)}"\n'),
            ]
        ),
        "pem": lambda: ("signing.py", f'KEY = """{p.private_key()}"""\n'),
        "jwt": lambda: ("client.go", f'req.Header.Set("Authorization", "Bearer {p.web_token()}")\n'),
        "url": lambda: (
            "settings.py",
            f'DATABASE_URL = "postgresql://app:{p.password().replace("#", "!")}@db.internal:5432/shop"\n',
        ),
        "basic auth": lambda: (
            "fetch.js",
            f"headers: {{ 'Authorization': 'Basic {base64.b64encode(f'admin:{t(14)}'.encode()).decode()}' }}\n",
        ),
        "generic": lambda: p.one(
            *[
                ("config.py", _python(p.one("api_key", "API_SECRET", "client_secret"), t(32))),
                ("app.yaml", f"  password: {p.password().replace('#', '!')}\n"),
                ("db.go", f'\tdbPassword := "{p.password()}"\n'),
                ("login.js", f"const credentials = {{ user: 'root', password: '{p.password()}' }}\n"),
            ]
        ),
        "npm": lambda: ("publish.sh", f'echo "//registry.example.org/:_authToken=npm_{t(36)}" > rc\n'),
        "azure": lambda: p.one(
            *[
                (
                    "blob.py",
                    f'CONNECTION = "DefaultEndpointsProtocol=https;AccountName=x;AccountKey={t(86, _LETTERS + "+/")}=="\n',
                ),
                ("auth.ts", f"clientSecret: '{t(3)}8Q~{t(34)}',\n"),
            ]
        ),
        "twilio": lambda: ("sms.py", f'client = Client("AC{t(32, _HEX)}", "{t(32, _HEX)}")\n'),
        "sendgrid": lambda: ("mail.py", f"sg = SendGridAPIClient('SG.{t(22)}.{t(43)}')\n"),
        "entropy": lambda: p.one(
            *[
                ("settings.py", _python(p.one("SECRET_KEY", "SIGNING", "MASTER"), t(p.one(*[32, 64]), _HEX))),
                ("keys.ts", f"export const master = '{t(44, _LETTERS + '+/')}';\n"),
                ("session.yaml", f"cookie_secret: {t(43, _LETTERS)}\n"),
            ]
        ),
    }


ORDINARY = "def total(prices):\n    return sum(price for price in prices if price > 0)\n\n\n"


def plant(count: int, seed: int) -> list[tuple[str, str, str]]:
    """Return kind, name and text of so many files, each with one secret among other lines; all kinds in turn."""
    makers = kinds(Planter(seed))
    found = []
    for number in range(count):
        kind = list(makers)[number % len(makers)]
        name, text = makers[kind]()
        before = ORDINARY if name.endswith(".py") else "\n"
        found.append((kind, name, before + text))
    return found
