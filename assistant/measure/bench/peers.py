"""Other servers to measure against: llama.cpp's own interface, and OpenAI's, which most others speak.

Where a server tells its own times (llama.cpp's ``timings`` object), these count: they leave HTTP out, as ours do. Else
the stream is timed from outside.
"""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, cast
from urllib.parse import urlsplit

import httpx

from assistant.client.sse import SseParser
from assistant.errors import InputError, ServiceError
from assistant.measure.bench.memory import Memory, listening_pid, memory_of
from assistant.measure.bench.sides import Sample

Kind = Literal["llamacpp", "openai"]
KINDS: tuple[Kind, ...] = ("llamacpp", "openai")

Json = dict[str, Any]

# A slow machine reads 2048 tokens in a minute; whoever is silent for longer hangs.
_SILENCE_SECONDS = 300.0
_CONNECT_SECONDS = 5.0


def check_url(url: str) -> str:
    """Return the address without a slash at its end. Raises InputError where it is none."""
    try:
        parts = urlsplit(url)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fine = False
    if not fine:
        raise InputError(f"'{url}' is no address to measure against; give one like http://127.0.0.1:8080.")
    return url.rstrip("/")


def connect(url: str, kind: Kind) -> Peer:
    """Return the server as a side, once it has answered. Raises InputError for a bad address, else ServiceError."""
    peer = LlamaCpp(url) if kind == "llamacpp" else OpenAi(url)
    try:
        peer.look()
    except BaseException:
        peer.close()
        raise
    return peer


class Peer:
    """What the two kinds have in common: a connection, its errors as sentences, and the memory of who listens."""

    def __init__(self, url: str) -> None:
        self.url = check_url(url)
        timeout = httpx.Timeout(_SILENCE_SECONDS, connect=_CONNECT_SECONDS)
        # The environment's proxies must not see loopback.
        self._http = httpx.Client(timeout=timeout, trust_env=False)
        self.model = ""
        """What the server says that it runs."""

    @property
    def name(self) -> str:
        """Return what it is called in tables."""
        raise NotImplementedError

    def look(self) -> None:
        """See whether it is there and which model it runs. Raises ServiceError."""
        raise NotImplementedError

    def run(self, text: str, tokens: int, *, speculate: bool = False) -> Sample:
        """Have ``text`` read and ``tokens`` written; a peer drafts or not as it was started. Raises ServiceError."""
        raise NotImplementedError

    def memory(self) -> Memory | None:
        """Return the memory of the process that listens there, where the system tells which that is."""
        pid = listening_pid(self.url)
        return None if pid is None else memory_of(pid)

    def close(self) -> None:
        """Drop the connection."""
        self._http.close()

    def _get(self, path: str) -> Json:
        with readable_errors(self.url):
            response = self._http.get(self.url + path)
            response.raise_for_status()
            return cast("Json", response.json())

    def _stream(self, path: str, body: Mapping[str, Any]) -> Iterator[Json]:
        """Yield the JSON objects of a streamed answer."""
        with readable_errors(self.url), self._http.stream("POST", self.url + path, json=body) as response:
            if response.status_code != 200:
                response.read()
                response.raise_for_status()
            parser = SseParser()
            for piece in response.iter_bytes():
                for data in parser.feed(piece):
                    if data == "[DONE]":
                        return
                    yield check_chunk(json.loads(data), self.url)


class LlamaCpp(Peer):
    """llama.cpp's server, by ``/completion``."""

    @property
    def name(self) -> str:
        """Return what it is called in tables."""
        return "llama.cpp"

    def look(self) -> None:
        """See whether it is there and which model it runs."""
        self.model = str(self._get("/props").get("model_path", ""))

    def run(self, text: str, tokens: int, *, speculate: bool = False) -> Sample:  # noqa: ARG002 - as it was started
        """Have ``text`` read without its cache and ``tokens`` written, whatever the model would end with."""
        body = {
            "prompt": text,
            "n_predict": tokens,
            "cache_prompt": False,
            "ignore_eos": True,
            "temperature": 0,
            "stream": True,
        }
        begin = time.perf_counter()
        first: float | None = None
        last: Json = {}
        for chunk in self._stream("/completion", body):
            if first is None:
                first = _since(begin)
            last = chunk
        end = _since(begin)
        with readable_errors(self.url):
            return from_timings(last["timings"], end if first is None else first, end)


class OpenAi(Peer):
    """Any server with OpenAI's ``/v1/completions``."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._goes_on = True
        """Whether it takes the two fields by which most servers go on where the model would end."""

    @property
    def name(self) -> str:
        """Return what it is called in tables."""
        return "peer"

    def look(self) -> None:
        """See whether it is there and which model it runs."""
        with readable_errors(self.url):
            self.model = str(self._get("/v1/models")["data"][0]["id"])

    def run(self, text: str, tokens: int, *, speculate: bool = False) -> Sample:  # noqa: ARG002 - as it was started
        """Have ``text`` read and ``tokens`` written; it may end where the model does."""
        body: Json = {
            "model": self.model,
            "prompt": text,
            "max_tokens": tokens,
            "temperature": 0,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if self._goes_on:
            try:
                return self._run({**body, "ignore_eos": True, "min_tokens": tokens})
            except RefusedError:
                self._goes_on = False
        return self._run(body)

    def _run(self, body: Json) -> Sample:
        begin = time.perf_counter()
        first = last = end = 0.0
        chunks, usage, timings = 0, cast("Json", {}), cast("Json | None", None)
        for chunk in self._stream("/v1/completions", body):
            end = _since(begin)
            if any(choice.get("text") for choice in chunk.get("choices") or ()):
                chunks, first, last = chunks + 1, first or end, end
            usage = chunk.get("usage") or usage
            timings = chunk.get("timings") or timings
        with readable_errors(self.url):
            if timings is not None:
                return from_timings(timings, first or end, end)
            prompt, written = int(usage["prompt_tokens"]), int(usage.get("completion_tokens", chunks))
            cached = cached_tokens(usage)
            return Sample(prompt - cached, cached, written, first or end, last - first, first or end, end)


class RefusedError(ServiceError):
    """The server does not take this request as it is."""


def from_timings(timings: Json, first_ms: float, end_ms: float) -> Sample:
    """Return the sample that llama.cpp's ``timings`` object describes. Raises KeyError where it is another."""
    return Sample(
        read=int(timings["prompt_n"]),
        cached=int(timings.get("cache_n", 0)),
        written=int(timings["predicted_n"]),
        prefill_ms=float(timings["prompt_ms"]),
        decode_ms=float(timings["predicted_ms"]),
        wall_first_ms=first_ms,
        wall_ms=end_ms,
    )


def cached_tokens(usage: Json) -> int:
    """Return how many of the prompt's tokens OpenAI's ``usage`` object says came from a cache; 0 where it is silent."""
    details = cast("Json", usage.get("prompt_tokens_details") or {})
    return int(details.get("cached_tokens") or 0)


def check_chunk(chunk: Any, url: str) -> Json:
    """Return a piece of a streamed answer. Raises ServiceError where it is an error, or no object at all."""
    if not isinstance(chunk, dict):
        raise ServiceError(f"{url} sent something that cannot be read ({str(chunk)[:80]!r}).")
    data = cast("Json", chunk)
    if "error" in data:
        raise ServiceError(f"{url} says: {_message(data)}.")
    return data


@contextmanager
def readable_errors(url: str) -> Generator[None]:
    """Turn what goes wrong between here and a server into ServiceError."""
    try:
        yield
    except httpx.HTTPStatusError as error:
        raise status_error(url, error.response) from None
    except httpx.TimeoutException:
        raise ServiceError(f"{url} did not answer in time; is it still running?") from None
    except httpx.HTTPError as error:
        raise ServiceError(f"{url} cannot be reached ({error}); start that server first.") from None
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise ServiceError(f"{url} sent something that cannot be read ({error!r}); is --kind the right one?") from None


def status_error(url: str, response: httpx.Response) -> ServiceError:
    """Return the error for an answer, read to its end, whose status is not 200."""
    try:
        said = _message(response.json())
    except ValueError:
        said = ""
    text = f"{url} answered {response.url.path} with the status {response.status_code}"
    text += f": {said}." if said else "; is --kind the right one?"
    return RefusedError(text) if response.status_code in (400, 422) else ServiceError(text)


def _message(data: Json) -> str:
    error: Any = data.get("error") or data.get("detail") or data.get("message") or ""
    said: Any = cast("Json", error).get("message", "") if isinstance(error, dict) else error
    return str(said).rstrip(".")[:300]


def _since(begin: float) -> float:
    return 1000 * (time.perf_counter() - begin)
