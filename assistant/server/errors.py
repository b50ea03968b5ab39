"""Errors of the HTTP service, all in OpenAI's JSON shape, whatever the route."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assistant.types import Failed

INVALID = "invalid_request_error"

# Codes of Failed events that are the request's own fault; everything unknown is ours and becomes 500.
_STATUS = {
    "invalid_request": 400,
    "context_length_exceeded": 400,
    "adapter_error": 400,
    "chat_template_error": 400,
    "out_of_memory": 503,
    "model_error": 503,
    "model_loading": 503,
    "service_stopping": 503,
}
# When to ask again after a 503; 5 where nothing is said here.
_RETRY_SECONDS = {"overloaded": 1, "no_model": 60, "model_error": 30}
_NEAR_PATH = 0.75


class ApiError(Exception):
    """An answer that is an error: HTTP status, one sentence, and where possible the parameter at fault."""

    def __init__(self, status: int, message: str, *, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param

    @property
    def kind(self) -> str:
        """OpenAI's ``type``: who is at fault."""
        if self.status == 401:
            return "authentication_error"
        if self.status == 403:
            return "permission_error"
        return INVALID if self.status < 500 else "server_error"

    def body(self) -> dict[str, Any]:
        """Return the JSON object that clients read."""
        return {"error": {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}}

    def response(self, headers: Mapping[str, str] | None = None) -> JSONResponse:
        """Return the whole answer; what may be better later says when to ask again."""
        later = {"Retry-After": str(_RETRY_SECONDS.get(self.code or "", 5))} if self.status == 503 else {}
        return JSONResponse(self.body(), self.status, {**later, **(headers or {})})


def from_failed(event: Failed) -> ApiError:
    """Return the error that a failed request answers with."""
    return ApiError(_STATUS.get(event.code, 500), event.message, code=event.code)


async def on_api_error(_request: Request, error: Exception) -> Response:
    """Answer a request whose handler raised ApiError."""
    assert isinstance(error, ApiError)  # noqa: S101 - registered for this class only
    return error.response()


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Answer what the router refuses: unknown paths and wrong methods."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    if error.status_code == 404:
        known = ApiError(404, _unknown(request), code="not_found")
    elif error.status_code == 405:
        known = ApiError(405, f"{request.url.path} does not take {request.method}.", code="method_not_allowed")
    else:
        known = ApiError(error.status_code, str(error.detail))
    return known.response(error.headers)


async def on_crash(_request: Request, _error: Exception) -> Response:
    """Answer a bug; the traceback goes to the log, never to the client."""
    return ApiError(500, "The service made a mistake; its log says more.", code="internal_error").response()


def _unknown(request: Request) -> str:
    """Return what to say of an unknown path, with the known ones that may be meant."""
    path = request.url.path
    known = [route.path for route in request.app.routes if isinstance(route, Route)]
    below = [each for each in known if each.startswith(path.rstrip("/") + "/") and "{" not in each]
    meant = below if path.strip("/") else []
    meant = meant or difflib.get_close_matches(path, known, n=1, cutoff=_NEAR_PATH)
    return f"There is no {path} here" + (f"; did you mean {' or '.join(meant[:4])}?" if meant else ".")
