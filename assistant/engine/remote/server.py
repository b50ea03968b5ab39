"""What a server is and has: its kind, its models, how much they read, and whether prompts can go to it as token ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from assistant.engine.remote.address import Adapter, RemoteConfig
from assistant.engine.remote.dialects import DIALECTS, Dialect, Kind
from assistant.engine.remote.errors import Rejected, RemoteError, Unreachable
from assistant.engine.remote.http import Http
from assistant.engine.remote.tokens import ServerTokenizer
from assistant.errors import InputError
from assistant.prompts.fim import FAMILIES, NO_FAMILY, family_by_name, guess_family

# Where nobody says how much the model reads; Ollama's own default as well.
DEFAULT_CONTEXT = 4096
_LOAD_SECONDS = 120.0
_OWNERS: dict[str, Kind] = {"vllm": "vllm", "sglang": "sglang", "llamacpp": "llamacpp"}
_HOW_TO_LOAD: dict[Kind, str] = {
    "vllm": " (vLLM: start it with --enable-lora and VLLM_ALLOW_RUNTIME_LORA_UPDATING=1)",
    "sglang": " (SGLang: start it with --enable-lora)",
}


@dataclass(frozen=True, slots=True)
class Server:
    """A server as it was found. ``model`` is what requests name (with most servers, the adapter where one is used)."""

    dialect: Dialect
    model: str
    base_model: str
    models: tuple[str, ...]
    family: str
    context_length: int
    tokenizer: ServerTokenizer | None
    adapter: str | None = None


async def discover(http: Http, config: RemoteConfig) -> Server:
    """Ask a server what it is. Raises RemoteError, and InputError for a model or adapter that it has not."""
    rows = await _models(http)
    names = tuple(str(row["id"]) for row in rows)
    dialect = await _dialect(http, rows)
    base = _choose(config.model, rows, dialect, http.host)
    adapter = config.adapter
    if adapter is not None and adapter.name not in names:
        await _load_adapter(http, adapter, names, dialect)
    row = _row(rows, base)
    if adapter is None and _row(rows, parent := str(row.get("parent"))):
        # An adapter that was named like a model: how much is read, its base says.
        adapter, base, row = Adapter(base), parent, _row(rows, parent)
    model = adapter.name if adapter and not dialect.adapter_field else base
    tokenizer = await _tokenizer(http, dialect, model)
    context = config.context_length or await _context(http, dialect, base, row)
    family = config.family or _family(tokenizer, base, row)
    return Server(dialect, model, base, names, family, context, tokenizer, adapter.name if adapter else None)


def with_adapter(server: Server | None, adapter: str | None) -> Server | None:
    """Return the server as a request asks for it: with an adapter that it lists, with none (empty), or as it is (None).

    Raises InputError for an adapter that it does not list.
    """
    if server is None or adapter is None or adapter == (server.adapter or ""):
        return server
    if not adapter:
        return replace(server, model=server.base_model, adapter=None)
    if adapter not in server.models:
        have = ", ".join(server.models[:12]) or "none"
        raise InputError(f"The server has no adapter '{adapter}'; it has: {have}.")
    return replace(server, model=server.base_model if server.dialect.adapter_field else adapter, adapter=adapter)


def check_family(name: str | None) -> str | None:
    """Return the family that somebody named. Raises InputError for one that there is not."""
    if name is None or name == NO_FAMILY or name in FAMILIES:
        return name
    raise InputError(
        f"There is no fill-in-the-middle family '{name}'; known are {', '.join(FAMILIES)} and {NO_FAMILY}."
    )


async def _models(http: Http) -> list[dict[str, Any]]:
    answer = await http.get("/v1/models")
    data = cast("dict[str, Any]", answer).get("data") if isinstance(answer, dict) else None
    if not isinstance(data, list):
        raise RemoteError(f"The server {http.host} lists no models; is its address one of an OpenAI-compatible server?")
    rows = [cast("dict[str, Any]", row) for row in cast("list[Any]", data) if isinstance(row, dict)]
    return [row for row in rows if isinstance(row.get("id"), str)]


async def _dialect(http: Http, rows: Sequence[dict[str, Any]]) -> Dialect:
    for row in rows:
        if (kind := _OWNERS.get(str(row.get("owned_by")))) is not None:
            return DIALECTS[kind]
    # Ollama names the model's publisher as the owner.
    try:
        answer = await http.get("/api/version")
    except Unreachable:
        raise
    except RemoteError:
        return DIALECTS["openai"]
    is_ollama = isinstance(answer, dict) and set(cast("dict[str, Any]", answer)) == {"version"}
    return DIALECTS["ollama" if is_ollama else "openai"]


def _choose(wanted: str | None, rows: Sequence[dict[str, Any]], dialect: Dialect, host: str) -> str:
    """Return the model to use: the one named, else the first that is no adapter."""
    names = [str(row["id"]) for row in rows]
    if wanted:
        # Ollama leaves the tag 'latest' out of what people write, and llama.cpp answers to other names, too.
        if wanted in names or any(wanted in _aliases(row) for row in rows):
            return wanted
        if dialect.kind == "ollama" and f"{wanted}:latest" in names:
            return f"{wanted}:latest"
        have = ", ".join(names[:12]) or "none"
        raise InputError(f"The server {host} has no model '{wanted}'; it has: {have}.")
    bases = [str(row["id"]) for row in rows if not row.get("parent")]
    if not bases:
        raise RemoteError(f"The server {host} has no model; load one there first.")
    coders = [name for name in bases if family_by_name(name) != NO_FAMILY]
    return (coders or bases)[0]


def _row(rows: Sequence[dict[str, Any]], model: str) -> dict[str, Any]:
    """Return what the server says of a model, or nothing."""
    return next((row for row in rows if row["id"] == model), _object(None))


def _aliases(row: dict[str, Any]) -> list[Any]:
    found = row.get("aliases")
    return cast("list[Any]", found) if isinstance(found, list) else []


async def _load_adapter(http: Http, adapter: Adapter, names: Sequence[str], dialect: Dialect) -> None:
    have = ", ".join(names) or "none"
    if adapter.path is None:
        raise InputError(
            f"The server {http.host} has no adapter '{adapter.name}'; it has: {have}. To have it loaded, say "
            "NAME=PATH with its folder on the server."
        )
    body = {"lora_name": adapter.name, "lora_path": adapter.path}
    try:
        await http.post(dialect.load_path, body, seconds=_LOAD_SECONDS)
    except Rejected as error:
        if error.status in (404, 405) and adapter.path not in error.said and adapter.name not in error.said:
            hint = _HOW_TO_LOAD.get(dialect.kind, "")
            raise InputError(f"The server {http.host} loads no adapters while it runs{hint}.") from None
        said = error.said or f"status {error.status}"
        raise InputError(f"The server {http.host} could not load the adapter '{adapter.name}': {said}") from None


async def _tokenizer(http: Http, dialect: Dialect, model: str) -> ServerTokenizer | None:
    """Return the server's tokenizer; None where it has none, or where prompts must be strings anyway."""
    if not dialect.takes_ids:
        return None
    tokenizer = ServerTokenizer(http, dialect, model)
    try:
        await tokenizer.learn()
    except Unreachable:
        raise
    except RemoteError:
        return None
    return tokenizer


async def _context(http: Http, dialect: Dialect, model: str, row: dict[str, Any]) -> int:
    """Return how many tokens prompt and answer may have together, by the server's own word where it says so."""
    if found := _positive(row.get("max_model_len")):
        return found
    try:
        if dialect.kind == "llamacpp":
            meta = _object(row.get("meta"))
            settings = _object(_object(await http.get("/props")).get("default_generation_settings"))
            return _positive(settings.get("n_ctx")) or _positive(meta.get("n_ctx")) or DEFAULT_CONTEXT
        if dialect.kind == "ollama":
            running = _object(await http.get("/api/ps")).get("models")
            for each in cast("list[Any]", running) if isinstance(running, list) else []:
                if _object(each).get("name") == model and (found := _positive(_object(each).get("context_length"))):
                    return found
    except Unreachable:
        raise
    except RemoteError:
        pass
    return DEFAULT_CONTEXT


def _family(tokenizer: ServerTokenizer | None, model: str, row: dict[str, Any]) -> str:
    """Guess the family from the vocabulary, else from the model's name or the folder it came from."""
    if tokenizer is not None and tokenizer.vocabulary:
        return guess_family(tokenizer.vocabulary)
    by_name = family_by_name(model)
    return by_name if by_name != NO_FAMILY else family_by_name(str(row.get("root") or ""))


def _object(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _positive(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
