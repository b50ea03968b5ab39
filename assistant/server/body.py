"""From the bytes of a request to a checked body, or to an error that names the field."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request

from assistant.server.errors import ApiError

MAX_BODY_BYTES = 8_000_000
# A body that is somewhat too large is read to its end and dropped: a client that is still sending when the connection
# closes would see a reset instead of the answer.
_DRAIN_BYTES = 4 * MAX_BODY_BYTES

_Model = TypeVar("_Model", bound=BaseModel)


async def read_body(request: Request, model: type[_Model]) -> _Model:
    """Read and check the body of a request.

    Raises ApiError: 413 above MAX_BODY_BYTES (nothing beyond is kept), 400 for anything that is not the JSON object
    wanted. The JSON parser stops at 200 levels, so hostile nesting costs nothing.
    """
    try:
        return model.model_validate_json(await _read_bytes(request))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        # Branches of a union are named in the path too; a client knows only its own field.
        param = str(first["loc"][0]) if first["loc"] else None
        where = f"'{param}': " if param else "The request: "
        raise ApiError(400, f"{where}{first['msg']}.", code="invalid_request", param=param) from None


async def _read_bytes(request: Request) -> bytes:
    body, size = bytearray(), 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size <= MAX_BODY_BYTES:
                body += chunk
            elif size > _DRAIN_BYTES:
                break
    except ClientDisconnect:
        raise ApiError(400, "The request ended before its body was whole.", code="incomplete_body") from None
    if size > MAX_BODY_BYTES:
        raise ApiError(413, f"The request is larger than {MAX_BODY_BYTES // 1_000_000} MB.", code="too_large")
    return bytes(body)
