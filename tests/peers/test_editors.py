"""Other editors' own code against the real service with the real model, one service for all tests.

llama.vim is the plugin itself, in a Vim that keys are typed into. The openai package is what other clients are made
with. Of Continue the completion, the chat and the providers are those of its npm packages; of Twinny, which is not on
npm, completion, templates and requests are its source at a pinned commit. Both run under Node.js with stand-ins for the
editor around them (tests/peers/editors). `tools/peers.py llama.vim editors` fetches them.
"""

import json
import math
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import openai
import pytest

from assistant.config import DEFAULT_MODEL
from tests.support.patience import PATIENCE_S
from tests.support.patience import wait_until as until
from tests.support.vim import Vim

pytestmark = [pytest.mark.peer, pytest.mark.timeout(900)]

SCRIPTS = Path(__file__).parent / "editors"
# ``@`` is the cursor.
COUNTER = """class Counter:
    def __init__(self):
        self.count = 0

    def increment(self):
        @

    def decrement(self):
        self.count -= 1
"""
COUNTED = "self.count += 1"
FACTORIAL = "def factorial(n):\n    @\n\n\nprint(factorial(5))\n"
WORD = "function area(width, height) {\n    return width * hei@;\n}\n"
CART = "from money import *\n\n\ndef total(items):\n    return net_@\n"
MONEY = "def net_price_of_all(items):\n    return sum(item.price for item in items)\n"
ITEMS = "".join(
    f"    def price_of_item_{n}(self, item, rate):\n        return item.price * rate * {n}\n" for n in range(16)
)


def filled(marked: str, text: str) -> str:
    """Return a file with a text where its cursor is."""
    return marked.replace("@", text, 1)


def check_factorial(source: str, *numbers: int) -> None:
    """Check that the file's function is right for some numbers."""
    scope: dict[str, Any] = {}
    exec(source.replace("print(factorial(5))", ""), scope)
    assert [scope["factorial"](number) for number in numbers] == [math.factorial(number) for number in numbers], source


# --- llama.vim --------------------------------------------------------------------------

GHOST = "len(filter(prop_list(line('.')), 'v:val.type ==# \"llama_hl_fim_hint\"'))"
# The plugin's own variables: how many pieces of files it has sent to be read ahead.
SENT = "len(getscriptinfo({'sid': getscriptinfo({'name': 'autoload.llama.vim$'})[0].sid})[0].variables.ring_chunks)"
AT_WORK = "len(filter(job_info(), 'job_status(v:val) ==# \"run\"'))"


@pytest.fixture
def llama_vim(grafter, find_peer, tmp_path) -> Iterator[Callable[..., Vim]]:
    """Return what opens a file in a Vim with the plugin as README says, the cursor at the mark in insert mode."""
    vim = shutil.which("vim")
    said = subprocess.run([vim, "--version"], capture_output=True, text=True, check=True).stdout if vim else ""
    if not all(feature in said for feature in ("+textprop", "+channel", "+job")):
        pytest.skip("There is no Vim with text properties and channels; install vim-nox (Debian) and run this again.")
    config = {"endpoint_fim": f"{grafter.url}/infill", "api_key": grafter.token}
    script = [f"set runtimepath^={find_peer('llama.vim')}", f"let g:llama_config = {json.dumps(config)}"]
    with ExitStack() as stack:

        def start(name: str, marked: str, *, insert: bool = True) -> Vim:
            file = tmp_path / name
            file.write_bytes(filled(marked, "").encode())
            vim = stack.enter_context(Vim(tmp_path, script, file))
            # Not with the other plugins: it warns of Vim 9.0, and Vim would wait for a key.
            vim.run("runtime plugin/llama.vim")
            if insert:
                go_to(vim, marked)
            return vim

        yield start


def go_to(vim: Vim, marked: str) -> None:
    """Put the cursor where the mark is, in insert mode."""
    if vim.ask("&fileformat") == "dos":
        marked = marked.replace("\r\n", "\n")
    before, _, after = marked.partition("@")
    vim.ask(f"cursor({before.count(chr(10)) + 1}, {len(before.rpartition(chr(10))[2].encode()) + 1})")
    vim.type("A" if after[:1] in ("", "\n") else "i")
    vim.wait_for("mode() ==# 'i'", "insert mode")


def accept(vim: Vim, keys: str = "\t") -> str:
    """Wait for the ghost text, which is in no line, take it by a key of the plugin, and return the text."""
    before = vim.lines
    vim.wait_for(GHOST, "ghost text")
    assert vim.lines == before
    vim.type(keys)
    until(lambda: vim.lines != before, "taking the ghost text")
    return "\n".join([*vim.lines, ""])


def test_llama_vim_fills_an_empty_indented_line(llama_vim):
    vim = llama_vim("counter.py", COUNTER)
    assert accept(vim) == filled(COUNTER, COUNTED)
    assert COUNTED.encode() in vim.screen


def test_llama_vim_writes_whole_statements(llama_vim):
    # It gives the model a quarter of a second, which is little here: what it gets may be the first statement alone.
    check_factorial(accept(llama_vim("factorial.py", FACTORIAL)), 0)


def test_llama_vim_finishes_a_word(llama_vim):
    assert accept(llama_vim("area.js", WORD)) == filled(WORD, "ght")


def test_llama_vim_takes_a_word(llama_vim):
    text = accept(llama_vim("counter.py", COUNTER), "\\ll]")
    assert text == filled(COUNTER, COUNTED.split(maxsplit=1)[0])


def test_llama_vim_indents_with_tabs(llama_vim):
    marked = COUNTER.replace("    ", "\t")
    # Whether up or down is the model's affair.
    assert accept(llama_vim("counter.py", marked)).replace("-= 1", "+= 1") == filled(marked, COUNTED).replace("-", "+")


@pytest.mark.parametrize("known", [True, False], ids=["dos", "mixed"])
def test_llama_vim_keeps_crlf(llama_vim, tmp_path, known):
    marked = COUNTER.replace("\n", "\r\n")
    if not known:  # with one line of another end Vim shows the others' as part of them
        marked = "# counts\n" + marked
    vim = llama_vim("counter.py", marked)
    assert vim.ask("&fileformat") == ("dos" if known else "unix")
    accept(vim)
    vim.run("write")
    assert (tmp_path / "counter.py").read_bytes().decode() == filled(marked, COUNTED)


def test_llama_vims_other_files_are_read_before_they_are_needed(llama_vim, grafter, tmp_path):
    vim = llama_vim("items.py", "@class Items:\n" + ITEMS, insert=False)
    vim.run("doautocmd BufEnter")  # as when one goes to a file; the plugin then sends a piece of it
    vim.wait_for(SENT, "the request to read ahead")
    vim.wait_for(f"!{AT_WORK}", "its answer")
    grafter.wait_for_the_background()
    (tmp_path / "counter.py").write_text(filled(COUNTER, ""), encoding="utf-8")
    vim.run("edit counter.py")
    go_to(vim, COUNTER)
    accept(vim)
    first = json.loads(vim.ask("g:cache_data[g:cache_lru_order[0]]"))
    whole = first["tokens_cached"] - first["timings/predicted_n"]
    # The piece of items.py, 33 lines, was in the cache; the file itself is read now.
    assert whole - first["timings/prompt_n"] > 250
    assert first["timings/prompt_n"] < 250


# --- the openai package -----------------------------------------------------------------


@pytest.fixture
def client(grafter) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{grafter.url}/v1", api_key=grafter.token, max_retries=0, timeout=PATIENCE_S) as made:
        yield made


@pytest.mark.parametrize("model", ["default", DEFAULT_MODEL])
def test_openais_client_fills_a_hole_streamed_and_whole(client, model):
    before, after = COUNTER.split("@")
    answer = client.completions.create(model=model, prompt=before, suffix=after)
    assert (answer.choices[0].text, answer.choices[0].finish_reason) == (COUNTED, "stop")
    assert answer.usage.completion_tokens > 3
    chunks = list(client.completions.create(model=model, prompt=before, suffix=after, stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks) == COUNTED
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices[0].finish_reason] == ["stop"]


def test_openais_client_has_a_conversation_streamed_and_whole(client):
    asked = {"model": "default", "messages": [{"role": "user", "content": "What is 2 + 2? Answer with the number."}]}
    assert "4" in client.chat.completions.create(**asked).choices[0].message.content
    options = {"stream": True, "stream_options": {"include_usage": True}}
    chunks = list(client.chat.completions.create(**asked, **options))
    assert "4" in "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert chunks[-1].usage.completion_tokens > 0


def test_openais_client_lists_the_model(client):
    [model] = client.models.list().data
    assert model.id == DEFAULT_MODEL
    assert client.models.retrieve(DEFAULT_MODEL) == client.models.retrieve("default") == model
    assert model.context_length == 32_768


def test_openais_client_knows_each_error(client):
    hole = {"model": "default", "prompt": "a = ", "suffix": "\n"}
    with pytest.raises(openai.AuthenticationError, match="token"):
        client.with_options(api_key="wrong").completions.create(**hole)
    with pytest.raises(openai.NotFoundError, match="default") as raised:
        client.completions.create(**{**hole, "model": "gpt-4"})
    assert raised.value.code == "model_not_found"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-4")
    with pytest.raises(openai.BadRequestError, match="maximum context length is"):
        client.completions.create(model="default", prompt="word " * 40_000, max_tokens=1)
    with pytest.raises(openai.BadRequestError, match="format"):
        client.chat.completions.create(
            model="default",
            messages=[{"role": "user", "content": "hi"}],
            response_format={"type": "json_object"},
        )


# --- Continue and Twinny ----------------------------------------------------------------


@pytest.fixture(scope="session")
def bundle(find_peer) -> Callable[[str], Path]:
    """Return what makes one file of a script here and the editor's own code."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("There is no Node.js; install version 18 or newer and run this again.")
    made = find_peer("editors")

    def make(script: str) -> Path:
        subprocess.run([node, SCRIPTS / "bundle.mjs", script, made], check=True, timeout=PATIENCE_S)
        return made / f"{script}.cjs"

    return make


def ask(program: Path, asked: dict[str, object], **environment: str) -> dict[str, Any]:
    """Return what a bundled program answers to a question. Proxies are for other addresses than this computer's."""
    direct = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(
        ["node", program],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        env={**direct, **environment},
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def position(marked: str) -> dict[str, int]:
    """Return line and character of the cursor, from 0 on."""
    before = marked.partition("@")[0]
    return {"line": before.count("\n"), "character": len(before.rpartition("\n")[2])}


class Continue:
    """Continue with one provider, as README says."""

    def __init__(self, program: Path, folder: Path, provider: str, **config: str) -> None:
        self._program, self._folder = program, folder
        self._asked = {"provider": provider, "config": {"model": DEFAULT_MODEL, **config}}

    def ask(self, what: str, **more: object) -> dict[str, Any]:
        return ask(self._program, {**self._asked, "what": what, **more}, CONTINUE_GLOBAL_DIR=str(self._folder))

    def complete(self, name: str, marked: str, others: dict[str, str] | None = None) -> dict[str, Any]:
        others = {f"file:///shop/{other}": text for other, text in (others or {}).items()}
        text = filled(marked, "")
        return self.ask("complete", file=f"file:///shop/{name}", text=text, position=position(marked), others=others)


@pytest.fixture(scope="session")
def continue_(grafter, bundle, tmp_path_factory) -> Callable[..., Continue]:
    program, folder = bundle("continue"), tmp_path_factory.mktemp("continue")
    bases = {"openai": f"{grafter.url}/v1", "llama.cpp": grafter.url}

    def make(provider: str, **config: str) -> Continue:
        config = {"apiBase": bases[provider], "apiKey": grafter.token, **config}
        return Continue(program, folder, provider, **config)

    return make


@pytest.mark.parametrize("provider", ["openai", "llama.cpp"])
def test_continue_fills_holes(continue_, provider):
    answer = continue_(provider).complete("area.js", WORD)
    assert answer["problems"] == []
    assert answer["text"] == "ght"
    assert answer["prompt"].startswith("<|fim_prefix|>")
    assert continue_(provider).complete("counter.py", COUNTER)["text"] == COUNTED
    check_factorial(filled(FACTORIAL, continue_(provider).complete("factorial.py", FACTORIAL)["text"]), 0, 1, 5)


def test_continue_tells_of_other_files(continue_):
    answer = continue_("openai").complete("cart.py", CART, {"money.py": MONEY})
    assert "# Path: money.py" in answer["prompt"]
    assert answer["text"] == "price_of_all(items)"


def test_continue_talks_and_lists_the_models(continue_):
    messages = [{"role": "user", "content": "What is 2 + 2? Answer with the number."}]
    answer = continue_("openai").ask("chat", messages=messages)
    assert (answer["problems"], "4" in answer["text"]) == ([], True)
    assert continue_("openai").ask("models") == {"models": [DEFAULT_MODEL], "problems": []}


def test_continue_shows_our_errors(continue_):
    answer = continue_("openai", apiKey="wrong").complete("counter.py", COUNTER)
    assert "Send the service's token" in answer["problems"][0]


@pytest.fixture(scope="session")
def twinny(grafter, bundle) -> Callable[..., dict[str, Any]]:
    """Return what asks Twinny for a completion with README's provider; more fields change that."""
    program = bundle("twinny")
    host, port = grafter.url.removeprefix("http://").split(":")
    usual = {
        "provider": "lmstudio",
        "apiProtocol": "http",
        "apiHostname": host,
        "apiPort": int(port),
        "apiPath": "/v1/completions",
        "apiKey": grafter.token,
        "modelName": "default",
        "fimTemplate": "codeqwen",
    }

    def complete(
        name: str, language: str, marked: str, settings: dict[str, object] | None = None, **provider: object
    ) -> dict[str, Any]:
        documents = [
            {"file": f"/shop/{name}", "language": language, "text": filled(marked, "")},
            {"file": "/shop/money.py", "language": "python", "text": MONEY},
        ]
        asked = {"documents": documents, "position": position(marked), "settings": settings or {}}
        return ask(program, {**asked, "provider": {**usual, **provider}})

    return complete


@pytest.mark.parametrize("provider", [{}, {"provider": "llamacpp", "apiPath": "/completion"}], ids=["openai", "llama"])
def test_twinny_fills_holes(twinny, provider):
    assert twinny("area.js", "javascript", WORD, **provider)["text"] == "ght"
    check_factorial(filled(FACTORIAL, twinny("factorial.py", "python", FACTORIAL, **provider)["text"]), 0, 1, 5)


def test_twinny_tells_of_other_files(twinny):
    answer = twinny("cart.py", "python", CART, {"fileContextEnabled": True})
    assert any("net_price_of_all" in words for words in answer["said"])
    assert answer["text"] == "price_of_all(items)"


def test_twinny_reads_answers_that_look_like_a_stream(twinny):
    marked = "const first = { name: 'a', data: x };\nconst second = { name: 'b', @ };\n"
    assert twinny("two.js", "javascript", marked)["text"].startswith("data: ")


def test_twinny_shows_nothing_where_it_may_not_ask(twinny):
    answer = twinny("counter.py", "python", COUNTER, apiKey="wrong")
    assert answer["text"] == ""
    assert any("401" in words for words in answer["said"])
