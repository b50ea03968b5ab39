"""From the bytes of a request to a checked body, or to an error that names the field."""

from __future__ import annotations

import re
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request

from assistant.server.errors import ApiError

MAX_BODY_BYTES = 8_000_000
# A body that is somewhat too large is read to its end and dropped: a client that is still sending when the connection
# closes would see a reset instead of the answer.
_DRAIN_BYTES = 4 * MAX_BODY_BYTES

_BEGIN = "Input should be "
# An escape that is whole as it is (a pair, or none of a surrogate), else half of a pair.
_ESCAPE = re.compile(
    rb"(?P<whole>\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\[^u])|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_ENCODED = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")

_Model = TypeVar("_Model", bound=BaseModel)


async def read_body(request: Request, model: type[_Model]) -> _Model:
    """Read and check the body of a request.

    Raises ApiError: 413 above MAX_BODY_BYTES (nothing beyond is kept), 400 for anything that is not the JSON object
    wanted. The JSON parser stops at 200 levels, so hostile nesting costs nothing.
    """
    try:
        return model.model_validate_json(_without_lone_surrogates(await _read_bytes(request)))
    except ValidationError as error:
        param, message = _first_fault(error)
        where = f"'{param}': " if param else "The request: "
        raise ApiError(400, f"{where}{message}.", code="invalid_request", param=param) from None


def _first_fault(error: ValidationError) -> tuple[str | None, str]:
    """Return the field of the first fault, and what is wrong with it.

    Where several types would do there is a fault for each; what is wrong deeper in one of them says which was meant.
    Their names are in the path too, and a client knows only its own field.
    """
    found = error.errors(include_url=False, include_context=False, include_input=False)
    first = found[0]["loc"]
    same = [each for each in found if each["loc"][: len(first) - 1] == first[:-1] and each["loc"][:1] == first[:1]]
    deepest = max(same, key=lambda each: len(each["loc"]))
    if len(deepest["loc"]) > len(first):
        message = deepest["msg"]
    else:
        several = list(dict.fromkeys(each["msg"].removeprefix(_BEGIN) for each in same))
        message = _BEGIN + " or ".join(several) if len(several) > 1 else found[0]["msg"]
    return (str(first[0]) if first else None), message


def _without_lone_surrogates(body: bytes) -> bytes:
    """Return JSON in which half a surrogate pair, which editors cut at a cursor send, is U+FFFD as in JavaScript."""
    if _HALF.search(body):
        body = _ESCAPE.sub(lambda found: found[0] if found["whole"] else b"\\ufffd", body)
    return _ENCODED.sub("\ufffd".encode(), body)


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
