"""What goes wrong between this machine and a server, each as one sentence and a code."""

from __future__ import annotations

from assistant.errors import GrafterError


class RemoteError(GrafterError):
    """The server answered with an error, or with something that cannot be read."""

    code = "remote_error"


class Unreachable(RemoteError):  # noqa: N818 - reads as what it is: the server is unreachable
    """No answer at all: no connection, no certificate to trust, silence.

    ``at_once``: the connection failed without a wait, so that another try costs next to nothing.
    """

    code = "remote_unreachable"

    def __init__(self, message: str, *, at_once: bool = False) -> None:
        super().__init__(message)
        self.at_once = at_once


class Busy(RemoteError):  # noqa: N818
    """The server is there, but takes no more requests now, also after some tries."""

    code = "remote_busy"


class Unauthorized(RemoteError):  # noqa: N818
    """The server wants a key, or another one."""

    code = "remote_unauthorized"


class Interrupted(RemoteError):  # noqa: N818
    """The answer broke off after its beginning."""

    code = "remote_interrupted"


class TooLong(RemoteError):  # noqa: N818
    """The prompt and the answer asked for do not fit into what the model reads."""

    code = "context_length_exceeded"


class Rejected(RemoteError):  # noqa: N818
    """The server refused the request itself: ``status`` is 4xx, ``said`` its own words, perhaps none."""

    def __init__(self, message: str, status: int, said: str) -> None:
        super().__init__(message)
        self.status = status
        self.said = said
