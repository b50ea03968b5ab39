"""Fuzzy matching for the palette and quick open: the letters in order, word starts and runs first."""

from __future__ import annotations

_BOUNDARY = "/\\ _-.:"


def match(query: str, text: str) -> tuple[int, tuple[int, ...]] | None:
    """Return a score (higher is better) and the places in ``text`` that matched, or None.

    Spaces in the query are ignored; case too. Places count from 0 in characters.
    """
    wanted = [c for c in query.casefold() if not c.isspace()]
    if not wanted:
        return 0, ()
    low = text.casefold()
    if len(low) != len(text):  # casefold may change the length (ß); places must stay true
        low = text.lower() if len(text.lower()) == len(text) else text
    # Greedy from the end pulls the match towards the name of a file, which stands last in a path.
    places = _from_end(wanted, low)
    if places is None:
        return None
    forward = _from_start(wanted, low)
    best = max((places, forward), key=lambda found: _score(found, text))
    return _score(best, text), best


def _from_end(wanted: list[str], low: str) -> tuple[int, ...] | None:
    places: list[int] = []
    end = len(low)
    for char in reversed(wanted):
        end = low.rfind(char, 0, end)
        if end < 0:
            return None
        places.append(end)
    return tuple(reversed(places))


def _from_start(wanted: list[str], low: str) -> tuple[int, ...]:
    places: list[int] = []
    at = -1
    for index, char in enumerate(wanted):
        after = low.find(char, at + 1)
        # Prefer a word start if the rest can still be found behind it.
        start = next((i for i in range(after, len(low)) if low[i] == char and _starts_word(i, low)), after)
        rest = wanted[index + 1 :]
        at = start if start == after or _from_end(rest, low[start + 1 :]) is not None else after
        places.append(at)
    return tuple(places)


def _starts_word(index: int, text: str) -> bool:
    return index == 0 or text[index - 1] in _BOUNDARY


def _score(places: tuple[int, ...], text: str) -> int:
    score = 0
    for number, place in enumerate(places):
        if number and place == places[number - 1] + 1:
            score += 12
        if _starts_word(place, text):
            score += 10
        elif text[place].isupper() and not text[place - 1].isupper():
            score += 6
    name = max(text.rfind("/"), text.rfind("\\")) + 1
    score += 4 * sum(place >= name for place in places)
    return score * 10 - len(text)
