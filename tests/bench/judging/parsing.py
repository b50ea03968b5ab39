"""What a file's syntax tree says of a text put into it: errors, strings and comments, what begins there and ends below.

Whole files are parsed anew each time, without the window and the increments of ``assistant.completion``: a measure
shares as little as it can with what it measures.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from tree_sitter import Node, Tree

from assistant.completion.brackets import brackets_of
from assistant.completion.syntax import count_errors, count_stray_ends, is_python
from assistant.repository.parsing import parse

_PARTNERS = {")": "(", "]": "[", "}": "{"}
_TEXTS = re.compile(r"comment|string|heredoc|template|char|text")
_MARKS = re.compile(r"attribute|annotation|decorator|modifier|comment")


def parses(source: str, language: str) -> bool:
    """Return whether a file has no error by its language's grammar; in Python by Python's own parser, too.

    Ruby's grammar takes an ``end`` too many for a name.
    """
    tree = tree_of(source, language)
    wrong = count_errors(tree.root_node) or count_stray_ends(tree, language)
    return not wrong and (language != "python" or is_python(source))


@functools.lru_cache(maxsize=16)
def tree_of(source: str, language: str) -> Tree:
    """Return the tree of a file in a language that has a grammar."""
    return parse(language, _encode(source))


def nodes_of(source: str, language: str) -> Iterator[Node]:
    """Yield all nodes of a file's tree."""
    return _nodes(tree_of(source, language).root_node)


def unpaired(source: str, language: str) -> tuple[int, int]:
    """Return how many brackets of a file close nothing, and how many are never closed, each kind by itself."""
    opened, closes_nothing = dict.fromkeys("([{", 0), 0
    for _, sign in brackets_of(source, language):
        if sign in opened:
            opened[sign] += 1
        elif opened[_PARTNERS[sign]]:
            opened[_PARTNERS[sign]] -= 1
        else:
            closes_nothing += 1
    return closes_nothing, sum(opened.values())


def is_text(source: str, place: int, language: str) -> bool:
    """Return whether a character of a file is part of a string, a comment, or a page around the code."""
    byte = len(_encode(source[:place]))
    node = tree_of(source, language).root_node.descendant_for_byte_range(byte, byte + 1)
    while node is not None and node.parent is not None:
        if _TEXTS.search(node.type) and node.start_byte <= byte < node.end_byte:
            return True
        node = node.parent
    return False


def is_wrong_within(source: str, start: int, end: int, language: str) -> bool:
    """Return whether a piece of a file touches an error of the tree, or something that is missing there."""
    first, last = (len(_encode(source[:place])) for place in (start, end))
    root = tree_of(source, language).root_node
    return any(node.is_error or node.is_missing for node in _nodes(root, first, last))


def takes_below(before: str, text: str, after: str, language: str) -> bool:
    """Return whether something that begins on the cursor's line, or in ``text`` put there, ends below that line's rest.

    What holds statements together and would begin with the next one without ``text`` does not count, nor what only has
    an attribute in ``text``: that takes nothing for its body.
    """
    source = before + text + after
    below = _below(before + text, after)
    if below is None:
        return False
    start = before.rfind("\n") + 1
    start += len(source[start:]) - len(source[start:].lstrip())
    first, last = len(_encode(source[:start])), len(_encode(source[:below]))
    root = tree_of(source, language).root_node
    found = [node for node in _nodes(root, first, last) if first <= node.start_byte < last < node.end_byte]
    if not found:
        return False
    without = {
        (node.type, len(_encode(source)) - len(_encode(before + after)) + node.end_byte)
        for node in nodes_of(before + after, language)
        if node.start_byte == last - len(_encode(text))
    }
    return any(
        node.parent is not None and (node.type, node.end_byte) not in without and not _is_marked(node, last)
        for node in found
    )


def _below(left: str, after: str) -> int | None:
    """Return where the first sign stands on the lines below a cursor's, None where there are only blanks."""
    line, end, rest = after.partition("\n")
    if not rest.strip():
        return None
    return len(left) + len(line) + len(end) + len(rest) - len(rest.lstrip())


def _is_marked(node: Node, below: int) -> bool:
    """Return whether all of a node above a place is attributes and comments of what stands below."""
    above = [child for child in node.children if child.start_byte < below]
    return bool(above) and all(
        _MARKS.search(child.type) and (child.end_byte <= below or _is_marked(child, below)) for child in above
    )


def _nodes(root: Node, first: int = 0, last: int | None = None) -> Iterator[Node]:
    """Yield the nodes of a tree, or those that touch some of its bytes."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.end_byte < first or (last is not None and node.start_byte > last):
            continue
        yield node
        waiting += node.children


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "replace")
