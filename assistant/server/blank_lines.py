"""The indentation of an empty line whose blanks an editor left out, where the lines around leave no choice."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from assistant.completion.indentation import blanks_of, depth_of
from assistant.languages import Language, find_language
from assistant.languages.record import first_word

_NEAR = 8000
_USUAL = "    "
_CLOSERS = (")", "]", "}")


def blank_line_indentation(before: str, after: str, path: str | None, indent: int) -> str:
    """Return the blanks that belong before a cursor on an empty line; empty where that is not sure, or none are.

    llama.vim and llama.vscode send such a line without its blanks and expect the answer from the first column on.
    ``indent`` is how many the line has, where the editor says so.
    """
    line, below_here = before[before.rfind("\n") + 1 :], after.partition("\n")[0]
    if line or below_here.strip():
        return ""
    lines = [each for each in before[-_NEAR:].split("\n") if each.strip()]
    above = lines[-1] if lines else ""
    below = next((each for each in after[:_NEAR].split("\n") if each.strip()), "")
    if indent > 0:
        tabs = blanks_of(above or below).startswith("\t") or blanks_of(below).startswith("\t")
        return ("\t" if tabs else " ") * indent
    record = find_language(path, before) if path else None
    if _opens(above, record):
        return blanks_of(below) if depth_of(below) > depth_of(above) else blanks_of(above) + _step(lines, record)
    if record is None and above.rstrip().endswith(":"):
        return ""  # in many languages the head of a block, whose body may still be missing
    goes_on = below and depth_of(below) == depth_of(above)
    # What closes the block below the cursor is less deep than what is in the block.
    closes = _closes(below, record) and depth_of(below) < depth_of(above)
    return blanks_of(above) if goes_on or closes else ""


def _opens(line: str, record: Language | None) -> bool:
    bare = line.strip()
    if record is not None and record.colon_blocks and bare.endswith(":"):
        # Of a head over several lines only one that begins with its closing bracket tells where the head began.
        return bare.startswith(_CLOSERS) or sum(map(bare.count, ")]}")) <= sum(map(bare.count, "([{"))
    if record is not None and _by_words(bare, record):
        return True
    return bare.endswith(("{", "(", "["))


def _by_words(line: str, record: Language) -> bool:
    """Return whether a line begins a block with words (``then``, ``def``), and does not end it."""
    blocks = record.blocks
    begins = blocks.is_head(line) or (blocks.begins_block(line) and not line.endswith(":"))
    return begins and line.rsplit(maxsplit=1)[-1] not in blocks.ends


def _closes(line: str, record: Language | None) -> bool:
    bare = line.lstrip()
    return bare.startswith(_CLOSERS) or (record is not None and first_word(bare) in record.blocks.ends)


def _step(lines: list[str], record: Language | None) -> str:
    """Return by what bodies are mostly indented here; the language's own way where there is none."""
    found = Counter(
        blanks_of(body).removeprefix(blanks_of(head))
        for head, body in pairwise(lines)
        if _opens(head, record) and depth_of(body) > depth_of(head) and body.startswith(blanks_of(head))
    )
    return found.most_common(1)[0][0] if found else record.indent if record else _USUAL
