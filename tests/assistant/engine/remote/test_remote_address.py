"""Addresses, keys, certificates, adapters, and estimates."""

import contextlib
import datetime as dt
import ipaddress
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.client.address import parse_address
from assistant.engine.remote.address import Adapter, RemoteConfig, parse_adapter
from assistant.engine.remote.estimate import estimate_tokens
from assistant.engine.remote.http import Http
from assistant.engine.remote.keys import Key, KeyringError, delete_key, find_key, save_key
from assistant.engine.remote.server import check_family
from assistant.errors import InputError
from assistant.prompts.fim import family_by_name, infill_prompt
from assistant.types import GenerateRequest, Params


@pytest.mark.parametrize(
    ("text", "root", "host"),
    [
        ("http://gpu-box:8000/v1", "http://gpu-box:8000", "gpu-box:8000"),
        ("http://gpu-box:8000/", "http://gpu-box:8000", "gpu-box:8000"),
        ("  https://gpu.example.com/team/a/v1/ ", "https://gpu.example.com/team/a", "gpu.example.com"),
        ("http://[::1]:8000/v1", "http://[::1]:8000", "[::1]:8000"),
    ],
)
def test_addresses(text, root, host):
    address = parse_address(text)
    assert (address.root, address.host) == (root, host)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "gpu-box",
        "gpu-box:8000",
        "ftp://x",
        "http://",
        "http://x:port",
        "http://x/v1?a=b",
        "http://a b/",
        "http://[::1",
        "http://a..b",
        "http://a<b>",
        "http://gpu_box%2f",
        "http://1.2.3.400:8000",
        "http://box:0",
        "http://b\u00f6x",
        "http://box/\x00",
        "http://box/\u200b",
        "http://" + 64 * "a",
        "http://" + 130 * "a." + "b",
    ],
)
def test_what_is_no_address(text):
    with pytest.raises(InputError, match="address of a server"):
        parse_address(text)


@pytest.mark.parametrize(
    "text", ["http://gpu_box:1", "http://10.0.0.2", "http://xn--bx-fka.example.", "http://[fe80::1]"]
)
def test_names_and_numbers_of_hosts(text):
    assert parse_address(text).root == text


@given(st.text(st.sampled_from("ax1-._:/[]%@é \t") | st.characters(), max_size=20))
def test_what_is_taken_for_an_address_can_be_asked(text):
    for address in (text, f"http://{text}", f"http://{text}:80/v1"):
        try:
            found = parse_address(address)
        except InputError:
            continue
        # Letters that are encoded wrongly are seen by the library alone.
        with contextlib.suppress(InputError) if "xn--" in found.host else contextlib.nullcontext():
            Http(RemoteConfig(found), Key())


def test_a_password_in_an_address_is_refused_and_not_repeated():
    with pytest.raises(InputError) as caught:
        parse_address("https://me:sk-secret@gpu-box/v1")
    assert "sk-secret" not in str(caught.value)
    assert "GRAFTER_API_KEY" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "warned"),
    [
        ("http://localhost:1", False),
        ("http://127.0.0.5:1", False),
        ("http://[::1]:1", False),
        ("https://gpu-box", False),
        ("http://gpu-box", True),
        ("http://10.0.0.2", True),
    ],
)
def test_code_in_the_clear_is_warned_of(text, warned):
    assert bool(parse_address(text).warning) == warned


def test_adapters():
    assert parse_adapter("ours") == Adapter("ours")
    assert parse_adapter("ours=/data/a=b") == Adapter("ours", "/data/a=b")
    for text in ("", "=x", "a="):
        with pytest.raises(InputError):
            parse_adapter(text)


def test_families_by_name():
    for name, family in {
        "Qwen/Qwen2.5-Coder-7B": "qwen2.5-coder",
        "qwen3-coder:30b": "qwen2.5-coder",
        "bigcode/starcoder2-3b": "starcoder2",
        "deepseek-coder-v2:16b": "deepseek-coder",
        "codegemma:2b-code": "codegemma",
        "mistralai/Codestral-22B-v0.1": "codestral",
        "granite-code:8b": "granite-code",
        "ibm-granite/granite-4.0-h-tiny": "granite",
        "JetBrains/Mellum-4b-base": "mellum",
        "ByteDance-Seed/Seed-Coder-8B-Base": "seed-coder",
        "llama3:8b": "none",
        "gpt-5": "none",
    }.items():
        assert family_by_name(name) == family, name
    assert check_family("none") == "none"
    with pytest.raises(InputError, match="known are qwen"):
        check_family("nope")


# --- keys ----------------------------------------------------------------------------------------

BOX = parse_address("https://gpu-box:8000/v1")


class Memory:
    """A keyring that forgets at the end."""

    def __init__(self):
        self.kept = {}

    def get_password(self, service, user):
        return self.kept.get((service, user))

    def set_password(self, service, user, password):
        self.kept[service, user] = password

    def delete_password(self, service, user):
        del self.kept[service, user]


@pytest.fixture
def memory(monkeypatch):
    keyring = pytest.importorskip("keyring")
    kept = Memory()
    for name in ("get_password", "set_password", "delete_password"):
        monkeypatch.setattr(keyring, name, getattr(kept, name))
    return kept


def test_the_environment_goes_first(memory, monkeypatch):
    save_key(BOX, "from-keyring")
    assert (find_key(BOX).value, find_key(BOX).source) == ("from-keyring", "keyring")
    monkeypatch.setenv("GRAFTER_API_KEY", " from-env ")
    assert (find_key(BOX).value, find_key(BOX).source) == ("from-env", "environment")


def test_a_key_belongs_to_one_server(memory):
    save_key(BOX, "secret")
    assert find_key(parse_address("https://gpu-box:8000")).value == "secret"
    assert find_key(parse_address("http://gpu-box:8000")).value == ""
    assert find_key(parse_address("https://gpu-box:8001")).value == ""
    assert memory.kept == {("grafter", "https://gpu-box:8000"): "secret"}
    assert delete_key(BOX)
    assert not delete_key(BOX)


def test_openais_key_goes_only_to_its_own_address(memory, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai")
    assert find_key(BOX).value == ""
    monkeypatch.setenv("OPENAI_BASE_URL", "https://api.openai.com/v1")
    assert find_key(BOX).value == ""
    monkeypatch.setenv("OPENAI_BASE_URL", "https://gpu-box:8000/v1")
    assert find_key(BOX).value == "sk-openai"


def test_a_system_without_a_keyring_is_said(monkeypatch):
    keyring = pytest.importorskip("keyring")
    from keyring.backends.fail import Keyring

    monkeypatch.setattr(keyring, "get_keyring", Keyring)
    monkeypatch.setattr("keyring.core.get_keyring", Keyring)
    key = find_key(BOX)
    assert key.source == "none"
    assert "no keyring" in key.problem
    with pytest.raises(KeyringError, match="no keyring to keep a key in; set GRAFTER_API_KEY"):
        save_key(BOX, "x")


def test_a_keyring_that_breaks_does_not_repeat_the_key(memory, monkeypatch):
    def fail(service, user, password):
        raise RuntimeError(f"dbus refused {password}")

    monkeypatch.setattr("keyring.set_password", fail)
    with pytest.raises(KeyringError) as caught:
        save_key(BOX, "sk-secret")
    assert "sk-secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_odd_keys(memory, monkeypatch):
    with pytest.raises(InputError, match="empty"):
        save_key(BOX, "  ")
    for bad in ("sk-12 34", "sk-12\n34", "schlüssel"):
        with pytest.raises(InputError) as caught:
            save_key(BOX, bad)
        assert bad not in str(caught.value)
    assert "value" not in repr(find_key(BOX))


# --- certificates ----------------------------------------------------------------------------------


@pytest.fixture
def certificate(tmp_path):
    """Return the files of a certificate for 127.0.0.1 that it signed itself, and of its key."""
    pytest.importorskip("cryptography")  # keyring brings it on Linux alone
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "stand-in")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = tmp_path / "cert.pem", tmp_path / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


def test_a_certificate_has_to_be_trusted(make_server, connect, run, certificate):
    server = make_server()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server.http.socket = context.wrap_socket(server.http.socket, server_side=True)
    address = f"https://127.0.0.1:{server.port}/v1"
    fim = infill_prompt("qwen2.5-coder", "a", "b")
    request = GenerateRequest("r", fim.prompt, Params(), fim.stop_tokens)
    failed = run(connect(address), request).failed
    assert failed.code == "remote_unreachable"
    assert "cannot be verified" in failed.message
    assert "--ca-file" in failed.message
    assert server.seen == []
    assert run(connect(address, ca_file=certificate[0]), request).text == "return a + b"
    with pytest.raises(InputError, match="holds no certificate"):
        connect(address, ca_file=certificate[1])
    with pytest.raises(InputError, match="cannot be used: No such file"):
        connect(address, ca_file=certificate[0].with_name("none"))


# --- adapters --------------------------------------------------------------------------------------


def test_an_adapter_is_a_model_name(make_server, connect, run):
    server = make_server("vllm", models=[{"id": "base"}, {"id": "ours", "parent": "base"}])
    engine = connect(server, adapter=Adapter("ours"), family="qwen2.5-coder")
    assert (engine.info.model, engine.info.adapter) == ("base", "ours")
    fim = infill_prompt("qwen2.5-coder", "a", "b")
    finished = run(engine, GenerateRequest("r", fim.prompt)).finished
    assert (finished.model, finished.adapter) == ("base", "ours")
    assert server.bodies("/v1/completions")[0]["model"] == "ours"
    assert all(body["model"] == "ours" for body in server.bodies("/tokenize"))


def test_an_adapter_that_is_named_like_a_model(make_server, connect, run):
    rows = [{"id": "Qwen/Qwen2.5-Coder-7B", "max_model_len": 9000}, {"id": "ours", "parent": "Qwen/Qwen2.5-Coder-7B"}]
    server = make_server("vllm", models=rows)
    info = connect(server, model="ours").info
    assert (info.model, info.adapter, info.context_length) == ("Qwen/Qwen2.5-Coder-7B", "ours", 9000)
    assert info.family == "qwen2.5-coder"
    prompt = infill_prompt("qwen2.5-coder", "a", "b").prompt
    finished = run(connect(server, model="ours"), GenerateRequest("r", prompt, Params(4))).finished
    assert server.bodies("/v1/completions")[-1]["model"] == "ours"
    assert (finished.model, finished.adapter) == ("Qwen/Qwen2.5-Coder-7B", "ours")


def test_an_adapter_is_loaded_where_the_server_may(make_server, connect):
    server = make_server("vllm", loads_adapters=True)
    engine = connect(server, adapter=Adapter("ours", "/adapters/ours"))
    assert engine.info.adapter == "ours"
    assert server.bodies("/v1/load_lora_adapter") == [{"lora_name": "ours", "lora_path": "/adapters/ours"}]


def test_sglang_names_an_adapter_in_a_field_of_its_own(make_server, connect, run):
    server = make_server("sglang", models=[{"id": "base"}, {"id": "ours", "parent": "base", "max_model_len": None}])
    fim = infill_prompt("qwen2.5-coder", "a", "b")
    for options in ({"adapter": Adapter("ours")}, {"model": "ours"}):
        engine = connect(server, **options)
        assert (engine.info.model, engine.info.adapter, engine.info.context_length) == ("base", "ours", 8192)
        assert run(engine, GenerateRequest("r", fim.prompt)).finished.adapter == "ours"
        body = server.bodies("/v1/completions")[-1]
        assert (body["model"], body["lora_path"]) == ("base", "ours")
    run(connect(server), GenerateRequest("r", fim.prompt))
    assert "lora_path" not in server.bodies("/v1/completions")[-1]


def test_sglang_loads_an_adapter(make_server, connect):
    server = make_server("sglang", loads_adapters=True)
    assert connect(server, adapter=Adapter("ours", "/adapters/ours")).info.adapter == "ours"
    with pytest.raises(InputError, match="could not load the adapter 'theirs': Loading lora theirs failed"):
        connect(server, adapter=Adapter("theirs", "/x"))
    with pytest.raises(InputError, match=r"loads no adapters while it runs \(SGLang"):
        connect(make_server("sglang"), adapter=Adapter("ours", "/x"))


def test_adapters_that_cannot_be_had(make_server, connect):
    with pytest.raises(InputError, match=r"no adapter 'ours'; it has: Qwen/Qwen2.5-Coder-7B"):
        connect(make_server("vllm"), adapter=Adapter("ours"))
    with pytest.raises(InputError, match=r"loads no adapters while it runs .*VLLM_ALLOW_RUNTIME_LORA_UPDATING"):
        connect(make_server("vllm"), adapter=Adapter("ours", "/x"))
    with pytest.raises(InputError, match="could not load the adapter 'ours': Loading lora ours failed"):
        connect(make_server("vllm", loads_adapters=True), adapter=Adapter("ours", "/x"))


# --- estimates ---------------------------------------------------------------------------------------


def test_estimates_are_rather_high(tmp_path):
    from assistant.engine.tiny import make_tiny_model
    from assistant.engine.tokenizer import Tokenizer
    from assistant.types import Text

    assert estimate_tokens("") == 0
    assert 10 <= estimate_tokens("def add(first_number, second_number):\n") <= 20  # Qwen's tokenizer needs 10
    assert estimate_tokens("12345") == 5
    assert estimate_tokens("日本語") == 6
    assert estimate_tokens("\n\n\n") == 3
    # The tiny vocabulary knows next to no words, so real ones need fewer.
    tokenizer = Tokenizer.load(make_tiny_model(tmp_path / "tiny"))
    text = "        return self.value\n"
    assert estimate_tokens(text) <= tokenizer.count([Text(text)])[0]


def test_a_request_names_an_adapter_that_the_server_lists(make_server, connect, run):
    server = make_server("vllm", models=[{"id": "base"}, {"id": "ours", "parent": "base"}])
    engine = connect(server, family="qwen2.5-coder")
    fim = infill_prompt("qwen2.5-coder", "a", "b")
    for adapter, model in (("ours", "ours"), ("", "base"), (None, "base")):
        finished = run(engine, GenerateRequest("r", fim.prompt, adapter=adapter)).finished
        assert (finished.adapter, server.bodies("/v1/completions")[-1]["model"]) == (adapter or None, model)
    failed = run(engine, GenerateRequest("r", fim.prompt, adapter="theirs")).last
    assert (failed.code, failed.message) == (
        "invalid_request",
        "The server has no adapter 'theirs'; it has: base, ours.",
    )


def test_a_request_goes_past_the_adapter_of_the_connection(make_server, connect, run):
    server = make_server("sglang", models=[{"id": "base"}, {"id": "ours", "parent": "base"}])
    engine = connect(server, adapter=Adapter("ours"), family="qwen2.5-coder")
    fim = infill_prompt("qwen2.5-coder", "a", "b")
    assert run(engine, GenerateRequest("r", fim.prompt)).finished.adapter == "ours"
    assert run(engine, GenerateRequest("r", fim.prompt, adapter="")).finished.adapter is None
    assert "lora_path" not in server.bodies("/v1/completions")[-1]
