"""HTTP to one server: retries before the first byte, streams as objects, and errors as sentences without the key."""

from __future__ import annotations

import asyncio
import json
import random
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import httpx

from assistant.client.sse import SseParser
from assistant.engine.remote.address import RemoteConfig
from assistant.engine.remote.errors import Busy, Interrupted, Rejected, RemoteError, Unauthorized, Unreachable
from assistant.engine.remote.keys import Key
from assistant.errors import InputError

Json = dict[str, Any]

_TRIES = 3
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 5.0
# Bytes of one answer that is not streamed, of one event, and of a whole stream: more is no answer of a model.
_MOST_BODY = 64_000_000
_MOST_EVENT = 4_000_000
_MOST_STREAM = 256_000_000
_DRAIN_S = 0.1
_TRANSIENT = frozenset({429, 502, 503})
# Where servers put the sentence of an error.
_SAYS = ("error", "detail", "error_message", "message")


class Http:
    """Connections to one server. All methods run on one event loop."""

    def __init__(self, config: RemoteConfig, key: Key) -> None:
        """Raise InputError where the address or the file with the certificate authority cannot be used."""
        _check_host(config)
        self._config = config
        self._key = key
        self.host = config.address.host
        headers = {"Authorization": f"Bearer {key.value}"} if key.value else {}
        self._client = httpx.AsyncClient(
            headers={**headers, "Accept-Encoding": "identity"},  # a compressor would hold deltas back
            timeout=httpx.Timeout(config.silence_s, connect=config.connect_s, pool=config.connect_s),
            limits=httpx.Limits(max_connections=32, max_keepalive_connections=8, keepalive_expiry=30),
            verify=_trusted(config),
            follow_redirects=False,  # a key goes where the person said, and nowhere else
            trust_env=False,
        )

    async def close(self) -> None:
        """Drop the connections."""
        await self._client.aclose()

    async def get(self, path: str, *, seconds: float = 5.0) -> Any:
        """Return the JSON that stands at ``path``. Raises RemoteError."""
        return await self._whole("GET", path, None, seconds)

    async def post(self, path: str, body: Json, *, seconds: float = 5.0) -> Any:
        """Post JSON and return the JSON (or text) of the answer. Raises RemoteError."""
        return await self._whole("POST", path, body, seconds)

    async def _whole(self, method: str, path: str, body: Json | None, seconds: float) -> Any:
        try:
            async with asyncio.timeout(seconds), self._open(method, path, body) as response:
                data = await self._read(response)
        except TimeoutError:
            raise Unreachable(f"The server {self.host} did not answer within {seconds:g} s.") from None
        return self._parse(data, response)

    async def stream(self, path: str, body: Json) -> AsyncGenerator[Json]:
        """Post JSON and yield the objects of the streamed answer (events or lines) until it says that it is done.

        Raises RemoteError; Interrupted where the answer broke off after its first object, or ended without its end.
        """
        begun = False
        try:
            async with asyncio.timeout(self._config.total_s), self._open("POST", path, body) as response:
                async for data in self._objects(response):
                    yield data
                    begun = True
        except TimeoutError:
            raise Interrupted(
                f"The answer of {self.host} took longer than {self._config.total_s:g} s and was given up."
            ) from None
        except Unreachable as error:
            if begun:
                raise Interrupted(
                    f"The connection to {self.host} broke in the middle of the answer; ask again."
                ) from None
            raise error from None

    # --- one request ---------------------------------------------------------------------

    @asynccontextmanager
    async def _open(self, method: str, path: str, body: Json | None) -> AsyncGenerator[httpx.Response]:
        """Send a request, again where that can do no harm, and yield the answer once its status is 200."""
        address = self._config.address
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        headers = {} if body is None else {"Content-Type": "application/json"}
        for attempt in range(1, _TRIES + 1):
            request = self._client.build_request(method, address.root + path, content=content, headers=headers)
            try:
                with self._readable():
                    response = await self._client.send(request, stream=True)
            except Unreachable as error:
                if attempt == _TRIES or not error.at_once:
                    raise
                await asyncio.sleep(_pause(attempt))
                continue
            try:
                if response.status_code in _TRANSIENT and attempt < _TRIES:
                    pause = _asked_pause(response, attempt)
                    if pause is not None:
                        await response.aclose()
                        await asyncio.sleep(pause)
                        continue
                if response.status_code != 200:
                    raise await self._error(response)
                with self._readable():
                    yield response
                return
            finally:
                await response.aclose()

    async def _read(self, response: httpx.Response) -> bytes:
        data = bytearray()
        async for piece in response.aiter_bytes():
            data += piece
            if len(data) > _MOST_BODY:
                raise RemoteError(f"The server {self.host} answered with more than {_MOST_BODY // 1_000_000} MB.")
        return bytes(data)

    async def _objects(self, response: httpx.Response) -> AsyncIterator[Json]:
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "application/json":  # a server that does not stream
            yield self._object(await self._read(response))
            return
        if kind not in ("text/event-stream", "application/x-ndjson"):
            raise self._unreadable(response)
        parser = SseParser() if kind == "text/event-stream" else _Lines()
        total = since_event = 0
        pieces = response.aiter_bytes()
        async for piece in pieces:
            total += len(piece)
            since_event += len(piece)
            for data in parser.feed(piece):
                since_event = 0
                if data.strip() == "[DONE]":
                    await _drain(pieces)
                    return
                yield self._object(data)
            if since_event > _MOST_EVENT or total > _MOST_STREAM:
                raise RemoteError(f"The server {self.host} sent an event without end; is it a model's server?")
        if kind == "text/event-stream":
            raise Interrupted(f"The answer of {self.host} ended before it was whole; ask again.")

    # --- errors --------------------------------------------------------------------------

    def _readable(self) -> _Readable:
        return _Readable(self)

    def transport_error(self, error: httpx.HTTPError | ssl.SSLError) -> RemoteError:
        """Return what a failure of the connection is for a person."""
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, ssl.SSLError):
            cause = cause.__cause__ or cause.__context__
        if isinstance(cause, ssl.SSLCertVerificationError):
            why = cause.verify_message or "unknown"
            return Unreachable(
                f"The certificate of {self.host} cannot be verified ({why}); where your own authority signed it, "
                "name that authority's file with --ca-file."
            )
        if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
            seconds = self._config.connect_s
            return Unreachable(f"The server {self.host} cannot be reached: no connection within {seconds:g} s.")
        if isinstance(error, httpx.TimeoutException):
            return Unreachable(f"The server {self.host} said nothing for {self._config.silence_s:g} s.")
        if isinstance(error, httpx.RemoteProtocolError):
            return Unreachable(f"The server {self.host} closed the connection without an answer.", at_once=True)
        said = self.clean(str(error)) or type(error).__name__
        return Unreachable(f"The server {self.host} cannot be reached ({said}); is it running?", at_once=True)

    async def _error(self, response: httpx.Response) -> RemoteError:
        """Return the error that a status other than 200 stands for."""
        status = response.status_code
        if response.is_redirect:
            target = response.next_request.url.host if response.next_request else "another place"
            return RemoteError(
                f"The server {self.host} redirects to {self.clean(target)}, where the key is not sent; give that "
                "address itself if it is the right one."
            )
        try:
            said = self.clean(_message(await self._read(response)))
        except RemoteError:
            said = ""
        told = f": {said}" if said else "."
        if status in (401, 403):
            how = "refused the key" if self._key.value else "wants a key"
            hint = f" ({self._key.problem})" if self._key.problem else ""
            keep = f"grafter key set {self._config.address.origin}"
            return Unauthorized(f"The server {self.host} {how}; set GRAFTER_API_KEY, or keep it with '{keep}'{hint}.")
        if status in _TRANSIENT:
            return Busy(f"The server {self.host} takes no request now (status {status}){told}")
        if 400 <= status < 500:
            return Rejected(f"The server {self.host} refused the request (status {status}){told}", status, said)
        return RemoteError(f"The server {self.host} failed (status {status}){told}")

    def _parse(self, data: bytes, response: httpx.Response) -> Any:
        if not data.strip():
            return None
        try:
            return json.loads(data)
        except ValueError:
            if response.headers.get("content-type", "").startswith("text/html"):
                raise self._unreadable(response) from None
            return data.decode("utf-8", "replace")

    def _object(self, data: str | bytes) -> Json:
        try:
            found = json.loads(data)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise RemoteError(f"The server {self.host} sent something that cannot be read; is it a model's server?")
        return cast("Json", found)

    def _unreadable(self, response: httpx.Response) -> RemoteError:
        kind = self.clean(response.headers.get("content-type", "")) or "nothing that it names"
        return RemoteError(f"The server {self.host} answered with {kind}, not with a model's words; check the address.")

    def clean(self, text: str) -> str:
        """Return what a server said as one short line without the key."""
        if self._key.value:
            text = text.replace(self._key.value, "***")
        line = " ".join(text.split())
        return line if len(line) <= 300 else line[:299] + "…"


async def _drain(pieces: AsyncIterator[bytes]) -> None:
    """Read what little follows the last event: only an answer that was read to its end leaves its connection open."""
    try:
        async with asyncio.timeout(_DRAIN_S):
            async for _ in pieces:
                pass
    except TimeoutError:
        pass


class _Readable:
    """Turns the library's errors into ours."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, httpx.HTTPError | ssl.SSLError):
            raise self._http.transport_error(error) from None


class _Lines:
    """JSON lines from bytes that arrive in any pieces, as Ollama's own routes write them."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> list[str]:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        return [line.decode("utf-8", "replace") for line in lines if line.strip()]


def _check_host(config: RemoteConfig) -> None:
    """Raise InputError where the library takes the host for none: it checks encoded letters (``xn--``), too."""
    try:
        httpx.URL(config.address.root).host  # noqa: B018 - decoding it is the check
    except (httpx.InvalidURL, UnicodeError):
        raise InputError(f"'{config.address.host}' is no name of a server; check the address.") from None


def _trusted(config: RemoteConfig) -> ssl.SSLContext:
    if not config.address.encrypted:
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody, is never used, and costs no time to make
    context = httpx.create_ssl_context()
    if config.ca_file is not None:
        try:
            context.load_verify_locations(cafile=config.ca_file)
        except OSError as error:  # ssl.SSLError is one
            why = "it holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror or error
            raise InputError(f"The certificate file {config.ca_file} cannot be used: {why}.") from None
    return context


def _pause(attempt: int) -> float:
    """Return the seconds before the next try; not the same for all, so that many clients do not come back at once."""
    return _FIRST_PAUSE_S * 2 ** (attempt - 1) * random.uniform(0.8, 1.2)  # noqa: S311 - nobody has to guess it


def _asked_pause(response: httpx.Response, attempt: int) -> float | None:
    """Return how long to wait before the next try; None where the server asks for longer than anybody waits."""
    asked = response.headers.get("retry-after", "")
    if not asked:
        return _pause(attempt)
    try:
        seconds = float(asked)
    except ValueError:  # a date: nobody waits for a suggestion until then
        return None
    return max(seconds, 0.0) if seconds <= _LONGEST_PAUSE_S else None


def _message(data: bytes) -> str:
    """Return the sentence of an error body: OpenAI's shape, Ollama's, FastAPI's, or plain text."""
    try:
        found = json.loads(data)
    except ValueError:
        text = data.decode("utf-8", "replace")
        return "" if "<html" in text.lower() else text
    body: Json = cast("Json", found) if isinstance(found, dict) else {}
    error: Any = next((body[name] for name in _SAYS if name in body), "")
    if isinstance(error, dict):
        error = cast("Json", error).get("message", "")
    return error if isinstance(error, str) else json.dumps(error)
