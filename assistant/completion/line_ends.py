"""Line ends of a file and of what is suggested for it: models and filters know one kind, the file keeps its own."""

from __future__ import annotations

from dataclasses import replace

from assistant.types import Choice, CompleteRequest, Delta, Event, Finished

_CRLF = "\r\n"


def with_plain_ends(request: CompleteRequest) -> CompleteRequest:
    """Return the request with a line feed alone at the end of each line, and the cursor where it was.

    A cursor between the two characters of a line end is taken for one before them.
    """
    if _CRLF not in request.text:
        return request
    before, after = request.text[: request.cursor], request.text[request.cursor :]
    if before.endswith("\r") and after.startswith("\n"):
        before, after = before[:-1], f"\r{after}"
    before, after = before.replace(_CRLF, "\n"), after.replace(_CRLF, "\n")
    return replace(request, text=before + after, cursor=len(before))


def has_crlf(request: CompleteRequest) -> bool:
    """Return whether the line that the cursor is in ends with CRLF, or the one above where it is the last."""
    end = request.text.find("\n", request.cursor)
    if end < 0:
        end = request.text.rfind("\n")
    return end > 0 and request.text[end - 1] == "\r"


def with_crlf(event: Event) -> Event:
    """Return an event with CRLF in its texts instead of line feeds; the tokens stay as the model wrote them."""
    match event:
        case Delta(text=text):
            return replace(event, text=_crlf(text))
        case Finished(choices=choices):
            return replace(event, choices=tuple(map(_choice_with_crlf, choices)))
        case _:
            return event


def _choice_with_crlf(choice: Choice) -> Choice:
    spans = tuple(replace(span, text=_crlf(span.text)) for span in choice.spans)
    return replace(choice, text=_crlf(choice.text), spans=spans)


def _crlf(text: str) -> str:
    return text.replace("\n", _CRLF)
