"""A small synchronous client of the service, for the command line and for tests."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from assistant.client.registry import running_services
from assistant.client.sse import SseParser
from assistant.config import Paths
from assistant.errors import InputError, ServiceError
from assistant.types import Choice, CompleteRequest, Delta, Event, Failed, Finished, Health, Message, Timings
from assistant.wire import complete_to_json, event_from_json, health_from_json

_QUICK_SECONDS = 5.0
# Keep-alives come every 5 s, so a longer silence means that the service hangs.
_SILENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Ready:
    """What the first line of ``grafter serve`` says."""

    url: str
    token_file: str


def parse_ready_line(line: str) -> Ready:
    """Read the ready line. Raises ServiceError when it is something else."""
    try:
        data = json.loads(line)
        if data["event"] == "ready":
            return Ready(str(data["url"]), str(data["token_file"]))
    except (ValueError, KeyError, TypeError):
        pass
    raise ServiceError(f"The service did not say that it is ready; its first line was {line[:200]!r}.")


class ServiceClient:
    """Talks to one service. Every method raises ServiceError when it cannot be reached or does not answer as agreed."""

    def __init__(self, url: str, token: str) -> None:
        timeout = httpx.Timeout(_QUICK_SECONDS, read=_SILENCE_SECONDS)
        # The environment's proxies must not see loopback.
        self._http = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=timeout, trust_env=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Drop the connections."""
        self._http.close()

    def health(self) -> Health:
        """Return the state of the service."""
        with _readable_errors():
            response = self._http.get("/health", timeout=_QUICK_SECONDS)
            _check(response)
            return health_from_json(response.json())

    def adapters(self) -> dict[str, Any]:
        """Return the answer of ``GET /grafter/adapters``: ``active``, ``scale``, and ``adapters`` with ``fits``."""
        with _readable_errors():
            response = self._http.get("/grafter/adapters")
            _check(response)
            return {"active": response.json()["active"], **response.json()}

    def set_adapter(self, name: str | None, scale: float | None = None) -> None:
        """Have an adapter answer from now on, or none. Raises InputError where the service refuses it."""
        with _readable_errors():
            _check(self._http.post("/grafter/adapter", json={"name": name, "scale": scale}))

    def complete(self, request: CompleteRequest) -> Iterator[Event]:
        """Yield the events of a completion; closing the iterator cancels it."""
        for data in self._stream("/grafter/complete", complete_to_json(request)):
            yield event_from_json(data)

    def chat(self, messages: Sequence[Message], max_tokens: int) -> Iterator[Event]:
        """Yield the events of an answer to a conversation: Delta, then one Finished or Failed."""
        body = {
            "messages": [{"role": message.role, "content": message.content} for message in messages],
            "max_completion_tokens": max_tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        text, reason = "", "stop"
        with _readable_errors():
            for chunk in self._stream("/v1/chat/completions", body):
                if "error" in chunk:
                    yield Failed("", str(_error(chunk, 500)), str(chunk["error"].get("code") or "internal_error"))
                    return
                for choice in chunk["choices"]:
                    reason = choice["finish_reason"] or reason
                    if piece := choice["delta"].get("content"):
                        text += piece
                        yield Delta(chunk["id"], 0, piece)
                if chunk["usage"]:
                    yield _chat_finished(chunk, text, reason)

    def _stream(self, path: str, body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        with _readable_errors(), self._http.stream("POST", path, json=body) as response:
            if response.status_code != 200:
                response.read()
                _check(response)
            parser = SseParser()
            for piece in response.iter_bytes():
                for data in parser.feed(piece):
                    if data == "[DONE]":
                        return
                    yield json.loads(data)


def _chat_finished(chunk: dict[str, Any], text: str, reason: str) -> Finished:
    """Return the event that the last chunk of a chat stands for."""
    usage, extra = chunk["usage"], chunk["grafter"]
    tokens = usage["completion_tokens"]
    return Finished(
        request_id=chunk["id"],
        model=chunk["model"],
        choices=(Choice(0, text, "length" if reason == "length" else "stop", tokens),),
        prompt_tokens=usage["prompt_tokens"],
        cached_tokens=usage["prompt_tokens_details"]["cached_tokens"],
        generated_tokens=tokens,
        timings=Timings(**extra["timings"]),
        adapter=extra["adapter"],
        note=extra["note"],
    )


def every_service(paths: Paths) -> Iterator[ServiceClient]:
    """Yield a client of each of this user's running services; it is closed when the next one is asked for."""
    for record in running_services(paths):
        try:
            token = Path(record.token_file).read_text(encoding="utf-8").strip()
            client = ServiceClient(record.url, token)
        except (OSError, ValueError):
            continue
        with client:
            yield client


def find_service(paths: Paths, model: str | None = None) -> ServiceClient | None:
    """Return a client of this user's running service, or None.

    With ``model`` the service must run that one; a service without a model, or whose model failed, does not count.
    """
    for record in running_services(paths):
        try:
            token = Path(record.token_file).read_text(encoding="utf-8").strip()
            client = ServiceClient(record.url, token)
        except (OSError, ValueError):
            continue
        try:
            health = client.health()
            if health.state in ("ready", "idle", "loading") and model in (None, health.model):
                return client
        except ServiceError:
            pass
        client.close()
    return None


@contextlib.contextmanager
def _readable_errors() -> Generator[None]:
    try:
        yield
    except httpx.TimeoutException:
        raise ServiceError("The service did not answer in time; is it still running?") from None
    except httpx.HTTPError as error:
        raise ServiceError(f"The service cannot be reached ({error}).") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ServiceError(f"The service sent something that cannot be read ({error!r}).") from None


def _check(response: httpx.Response) -> None:
    if response.status_code != 200:
        raise _error(response.json(), response.status_code)


def _error(data: Any, status: int) -> ServiceError | InputError:
    """Return the error that the service described; those that are the request's fault become InputError."""
    try:
        message = str(data["error"]["message"])
    except (KeyError, TypeError):
        return ServiceError(f"The service answered with the status {status}.")
    return InputError(message) if status in (400, 404, 413) else ServiceError(message)
