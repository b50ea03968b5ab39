"""The part of the open file that the model reads: whole lines around the cursor, within token budgets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

CountTokens = Callable[[Sequence[str]], list[int]]

THIS_FILE = "this file"
"""Why the window is in the prompt, as people are told."""
# The first line of the window moves in steps, so that a growing prefix keeps its beginning and the KV cache with it.
STEP_LINES = 16
BLOCK_LINES = 128
MOST_BLOCKS = 12
_LONGEST_LINE = 400
# Bounds what is counted: lines of ordinary code hold fewer characters a token than this.
_MOST_CHARS_PER_TOKEN = 12
# What is kept for each token of a line that is over the budget on its own.
_CHARS_PER_TOKEN = 2


MOST_OUTLINE_TOKENS = 500
"""More of a file in short costs more time than it is worth."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Most tokens to read before and after the cursor, and of the rest of the file in short."""

    prefix: int = 1024
    suffix: int = 192
    outline: int = MOST_OUTLINE_TOKENS


# A small model with a short memory still needs room to answer.
_SHARE_OF_CONTEXT = 0.75


def room_for_prompt(context_length: int, max_tokens: int) -> int:
    """Return how many tokens a prompt may have that leaves ``max_tokens`` for the answer."""
    return max(int(context_length * _SHARE_OF_CONTEXT) - max_tokens, 64)


def fit_budget(budget: Budget, room: int) -> Budget:
    """Return the budget, scaled down where both parts of the window together exceed ``room`` tokens.

    The file in short gets what they leave.
    """
    wanted = budget.prefix + budget.suffix
    if wanted <= room:
        return replace(budget, outline=min(budget.outline, room - wanted))
    return Budget(budget.prefix * room // wanted, budget.suffix * room // wanted, 0)


@dataclass(frozen=True, slots=True)
class Window:
    """Text before and after the cursor. ``first_line`` and ``last_line`` are 1-based and inclusive.

    ``outlined`` is how many tokens of the rest of the file in short stand before it.
    """

    prefix: str
    suffix: str
    first_line: int
    last_line: int
    outlined: int = 0


def take_window(text: str, cursor: int, budget: Budget, count: CountTokens) -> Window:
    """Return the window of ``text`` around ``cursor`` (in characters, 0 to len(text)).

    Lines are taken whole, nearest first, until a budget is spent. The line of the cursor always has a
    part in it; if it alone is over the budget (minified code), the characters next to the cursor are kept.
    """
    # Only what is near enough to fit is cut into lines: a file may have millions of them. The outermost line may be
    # cut off; then all of it is one character more than fits, so that this line is never taken whole.
    before = _lines(text[max(cursor - budget.prefix * _MOST_CHARS_PER_TOKEN - 1, 0) : cursor])
    after = _lines(text[cursor : cursor + budget.suffix * _MOST_CHARS_PER_TOKEN + 1])
    above = text.count("\n", 0, cursor) + 1
    kept = _fitting(before[::-1], budget.prefix, count)
    first = _stepped(above, kept)
    end = max(_fitting(after, budget.suffix, count), 1)
    prefix = "".join(before[first - above :])
    suffix = "".join(after[:end])
    if kept == 0:
        prefix = prefix[-budget.prefix * _CHARS_PER_TOKEN :]
    # Counting takes a second for each megabyte, so a line that cannot fit is not counted at all.
    if end == 1 and (len(suffix) > budget.suffix * _MOST_CHARS_PER_TOKEN or count([suffix])[0] > budget.suffix):
        suffix = suffix[: budget.suffix * _CHARS_PER_TOKEN]
    return Window(prefix, suffix, first + 1, above + end - 1)


def take_blocks(text: str, window: Window) -> tuple[str, ...]:
    """Return blocks of whole lines of ``text`` that the window leaves out, the nearest to it first.

    A block stays the same while somebody types in the window: those before it are counted from the top of the file,
    those after it from the end. Lines so long that nobody wrote them are left out.
    """
    lines = text.split("\n")
    before = lines[: window.first_line - 1]
    after = lines[window.last_line :]
    above = [before[start : start + BLOCK_LINES] for start in range(0, len(before), BLOCK_LINES)]
    below = [after[max(end - BLOCK_LINES, 0) : end] for end in range(len(after), 0, -BLOCK_LINES)]
    nearest = [block for pair in zip_longest(above[::-1], below[::-1]) for block in pair if block]
    blocks = ("\n".join(line for line in block if len(line) <= _LONGEST_LINE) for block in nearest[:MOST_BLOCKS])
    return tuple(block for block in blocks if block.strip())


def _lines(text: str) -> list[str]:
    """Return the lines with their ends; the last one, which has none, may be empty."""
    *whole, last = text.split("\n")
    return [*(line + "\n" for line in whole), last]


def _fitting(nearest_first: Sequence[str], budget: int, count: CountTokens) -> int:
    """Return how many lines fit the budget together."""
    room = budget * _MOST_CHARS_PER_TOKEN
    candidates: list[str] = []
    for line in nearest_first:
        room -= len(line)
        if room < 0:
            break
        candidates.append(line)
    spent = 0
    for index, tokens in enumerate(count(candidates)):
        spent += tokens
        if spent > budget:
            return index
    return len(candidates)


def _stepped(lines: int, kept: int) -> int:
    """Return the first line's index: the next multiple of the step, unless that leaves under half of what fits."""
    start = lines - max(kept, 1)
    stepped = -(-start // STEP_LINES) * STEP_LINES
    return stepped if lines - stepped >= max(kept // 2, 1) else start
