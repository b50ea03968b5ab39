"""How many tokens texts have: the server's own count where it has one, remembered, else an estimate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assistant.engine.remote.asking import Asking
from assistant.engine.remote.connection import Connection
from assistant.engine.remote.errors import RemoteError, Unreachable
from assistant.engine.remote.estimate import estimate_tokens

# Counting must not keep an editor waiting: what takes longer is estimated.
_COUNT_S = 1.0
_REMEMBERED_CHARS = 4_000_000


class TokenCounts:
    """The counts that a server told, of texts of up to four million characters together."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._chars = 0

    def count(self, texts: Sequence[str], connection: Connection, asking: Asking) -> list[int]:
        """Return the number of tokens of each text; what is new goes to the server in one request."""
        counts = {text: self._counts.get(text) if text else 0 for text in texts}
        counts |= self._ask([text for text, count in counts.items() if count is None], connection, asking)
        return [counts[text] or 0 for text in texts]

    def remember(self, lengths: Mapping[str, int]) -> None:
        """Keep counts of texts."""
        for text, count in lengths.items():
            if text not in self._counts:
                self._chars += len(text)
                self._counts[text] = count
        if self._chars > _REMEMBERED_CHARS:
            self._counts, self._chars = dict(lengths), sum(map(len, lengths))

    def _ask(self, texts: list[str], connection: Connection, asking: Asking) -> dict[str, int]:
        """Return the counts of texts that are not known yet."""
        server = connection.server
        if texts and connection.up and server is not None and server.tokenizer is not None and asking.takes_ids:
            future = connection.start(server.tokenizer.lengths(texts))
            try:
                lengths = dict(zip(texts, future.result(_COUNT_S), strict=True))
            except TimeoutError:
                future.cancel()
            except Unreachable as error:
                connection.lost(error)
            except RemoteError:
                pass
            else:
                self.remember(lengths)
                return lengths
        return {text: estimate_tokens(text) for text in texts}
