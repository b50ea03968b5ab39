"""What the service knows of texts that are changed in the editor and not saved, and what it has to be told anew."""

from __future__ import annotations

from collections.abc import Mapping

_MOST_CHARACTERS = 1_000_000
_MOST_TEXTS = 256


class UnsavedTexts:
    """Compares the unsaved texts of now with those that the service was told of."""

    def __init__(self) -> None:
        self._told: dict[str, str] = {}

    def news(self, texts: Mapping[str, str]) -> list[tuple[str, str | None]]:
        """Return what to tell, as path and text, None where the file's own text counts again; it is taken as told.

        Enormous texts are left out, and of very many the last ones: they are told the next time.
        """
        wanted = {path: text for path, text in texts.items() if len(text) <= _MOST_CHARACTERS}
        news: list[tuple[str, str | None]] = [(path, None) for path in self._told if path not in wanted]
        news += [(path, text) for path, text in wanted.items() if self._told.get(path) != text]
        news = news[:_MOST_TEXTS]
        for path, text in news:
            if text is None:
                del self._told[path]
            else:
                self._told[path] = text
        return news

    def forget(self) -> None:
        """Tell everything anew: the service is another one, or has not heard."""
        self._told.clear()
