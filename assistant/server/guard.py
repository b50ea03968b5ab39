"""Who may speak to the service: the right Host, no foreign Origin, and the bearer token, on every route."""

from __future__ import annotations

import hashlib
import hmac

from starlette.types import ASGIApp, Receive, Scope, Send

from assistant.server.errors import ApiError


class Guard:
    """Middleware in front of everything, unknown paths included.

    A web page that the person visits can reach 127.0.0.1 through the browser. The Host check stops names that were
    re-bound to this address, the Origin check stops what the browser labels as foreign, and no answer ever carries a
    CORS header; the token stops everything else, other users of the machine too.
    """

    def __init__(self, app: ASGIApp, *, token: str, port: int) -> None:
        self._app = app
        self._token = _digest(token.encode())
        self._hosts = {f"127.0.0.1:{port}".encode(), f"localhost:{port}".encode()}
        if port == 80:
            self._hosts |= {b"127.0.0.1", b"localhost"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 403 (wrong Host or Origin) or 401 (no or wrong token)."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        error = self._refusal(scope["headers"])
        if error is None:
            await self._app(scope, receive, send)
            return
        headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
        await error.response(headers)(scope, receive, send)

    def _refusal(self, headers: list[tuple[bytes, bytes]]) -> ApiError | None:
        hosts = _values(headers, b"host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return ApiError(403, "This service answers only to its own address on this machine.", code="bad_host")
        if any(origin.lower() != b"http://" + hosts[0].lower() for origin in _values(headers, b"origin")):
            return ApiError(403, "This service answers no requests from web pages.", code="bad_origin")
        tokens = _values(headers, b"authorization")
        scheme, _, token = tokens[0].partition(b" ") if len(tokens) == 1 else (b"", b"", b"")
        # Digests have one length, so that the comparison takes the same time for every token.
        if scheme.lower() != b"bearer" or not hmac.compare_digest(_digest(token.strip()), self._token):
            message = "Send the service's token as 'Authorization: Bearer TOKEN'; the ready line names its file."
            return ApiError(401, message, code="invalid_api_key")
        return None


def _values(headers: list[tuple[bytes, bytes]], name: bytes) -> list[bytes]:
    return [value for key, value in headers if key.lower() == name]


def _digest(value: bytes) -> bytes:
    return hashlib.sha256(value).digest()
