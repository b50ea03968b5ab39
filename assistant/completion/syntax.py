"""What the syntax says of a cursor: the lines around it, its tree, what may be closed there, errors before and after.

The tree is of a window around the cursor: enough to tell what stands there, and parsed in some milliseconds.
"""

from __future__ import annotations

import ast
import functools
import itertools
import re
import warnings
from dataclasses import dataclass

from tree_sitter import Node, Point, Tree

from assistant.completion.brackets import read_around
from assistant.completion.scanner import GrowingScan, Scanned, State, is_comment, lead
from assistant.completion.scanner_rules import PAIRS
from assistant.languages import find_language, language_named
from assistant.repository.parsing import parse

WINDOW_CHARS = 30_000
"""So many characters on each side of the cursor are parsed, in up to ten milliseconds; a change takes one or two."""
BELOW_LINES = 6
# So much of a file is looked at for a line that names the program that runs it.
_FIRST_CHARS = 200
_MORE_BELOW = 3
_TEXT_NODES = ("comment", "string", "heredoc", "char_literal", "character_literal")
_ANY_NAME = "x"
_AT_MARGIN = re.compile(r"^(?=[^\s)\]}])", re.MULTILINE)
# Nodes that join statements and have no sign of their own around them.
_JOINING = frozenset({"block", "body_statement", "block_body", "then", "statement_list", "statements", "fragment"})
# A line at the margin that begins a statement of Python.
_TOP_LEVEL = re.compile(r"^(?=[^\s#)\]}])(?!(?:else|elif|except|finally)\b)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Syntax:
    """The place of a cursor.

    ``before`` and ``after`` are the text on both sides; ``line`` and ``line_suffix`` the cursor's line left and right
    of it; ``below`` the next lines that are not empty. ``in_text`` says that the cursor is inside a comment or a
    string, and ``quote`` what ends one that began on the cursor's line. ``closable`` are the brackets that are open at
    the cursor and that nothing below closes, the innermost last; ``opened`` are all that are open there, ``closing``
    those that the text right of it closes without opening them. ``inside`` is what the cursor is inside of.
    """

    before: str
    after: str
    language: str | None
    line: str
    line_suffix: str
    below: tuple[str, ...]
    in_text: bool
    quote: str
    closable: str
    opened: str
    closing: str
    inside: State
    tree: Tree | None
    errors: int | None
    """How many errors the window's tree has as it is; both are None where the language has no grammar here."""


def read_syntax(before: str, after: str, path: str | None) -> Syntax:
    """Return what the syntax says of the cursor between ``before`` and ``after`` in a file of this name."""
    record = find_language(path, before[:_FIRST_CHARS]) if path else None
    language = record.name if record else None
    line, line_suffix = before[before.rfind("\n") + 1 :], after.split("\n", 1)[0]
    head, tail = _window(before, after)
    tree = parse(record.name, _encode(head + tail)) if record and record.grammar else None
    around = read_around(*_bracket_window(before, after), language)
    in_text = around.in_text
    if tree is not None and not around.inside:
        in_text = _in_text(tree, len(_encode(head)), line_suffix)
    return Syntax(
        before=before,
        after=after,
        language=language,
        line=line,
        line_suffix=line_suffix,
        below=_below(after),
        in_text=in_text,
        quote=around.quote,
        closable=around.closable,
        opened=around.opened,
        closing=around.closing,
        inside=around.inside,
        tree=tree,
        errors=count_errors(tree.root_node) + count_stray_ends(tree, language) if tree else None,
    )


def errors_with(syntax: Syntax, text: str, replaces: int = 0) -> int | None:
    """Return how many errors the window's tree has with ``text`` at the cursor; None without a grammar."""
    found = tree_with(syntax, text, replaces)
    return None if found is None else count_errors(found[0].root_node) + count_stray_ends(found[0], syntax.language)


@functools.lru_cache(maxsize=4)
def tree_with(syntax: Syntax, text: str, replaces: int = 0) -> tuple[Tree, bytes, int] | None:
    """Return the window's tree with ``text`` at the cursor, its source, and at which byte of it ``text`` begins.

    None without a grammar. Only what ``text`` changes is parsed anew, and the same text is not parsed twice in a row.
    """
    if syntax.language is None or syntax.tree is None:
        return None
    head, tail = _window(syntax.before, syntax.after)
    left, old, new = _encode(head), _encode(tail[:replaces]), _encode(text)
    tree = syntax.tree.copy()
    tree.edit(
        start_byte=len(left),
        old_end_byte=len(left) + len(old),
        new_end_byte=len(left) + len(new),
        start_point=_point(left),
        old_end_point=_point(left + old),
        new_end_point=_point(left + new),
    )
    source = left + new + _encode(tail[replaces:])
    return parse(syntax.language, source, tree), source, len(left)


def was_right(syntax: Syntax) -> bool:
    """Return whether the code around the cursor parses as it is. In Python its own parser has the last word."""
    if syntax.language != "python":
        return syntax.errors == 0
    return _python_around(syntax) is not None


def lacks_a_name(syntax: Syntax) -> bool:
    """Return whether the code has errors that a name at the cursor would mend, all of them: ``foo.|;``, ``x = |``."""
    return bool(syntax.errors) and errors_with(syntax, _ANY_NAME) == 0


def breaks(syntax: Syntax, text: str, replaces: int = 0) -> bool:
    """Return whether the code has more errors with ``text`` at the cursor than without.

    Where Python is right as it is its own parser tells: the grammar forgives wrong indentation.
    """
    around = _python_around(syntax) if syntax.language == "python" else None
    if around is not None:
        head, tail = around
        return not is_python(head + text + tail[replaces:])
    errors = errors_with(syntax, text, replaces)
    return errors is not None and syntax.errors is not None and errors > syntax.errors


def scan_written(text: str, syntax: Syntax) -> Scanned:
    """Return the brackets of what is written at the cursor, and what it ends inside of."""
    begun, growing = _written(syntax)
    found = growing.read(begun + text)
    if not begun:
        return found
    brackets = tuple((place - len(begun), sign) for place, sign in found.brackets if place >= len(begun))
    return Scanned(brackets, found.state, found.left)


@functools.lru_cache(maxsize=16)
def _written(syntax: Syntax) -> tuple[str, GrowingScan]:
    """Return what stands left of the cursor that its brackets may need, and what reads on from there."""
    begun = "" if syntax.inside else lead(syntax.before, syntax.language)
    return begun, GrowingScan(syntax.language, syntax.inside, syntax.after)


def surplus_bracket(text: str, syntax: Syntax) -> int | None:
    """Return where ``text`` closes a bracket that is not its to close, or a comment; inside of a string it has none."""
    if syntax.in_text and not syntax.quote:
        return _comment_end(text, syntax)
    inner: list[str] = []
    outer = list(syntax.closable)
    for place, sign in scan_written(text, syntax).brackets:
        if sign in PAIRS:
            stack = inner or outer
            if not stack or stack[-1] != PAIRS[sign]:
                return place
            stack.pop()
        elif sign in PAIRS.values():
            inner.append(sign)
    return None


def node_below(syntax: Syntax) -> Node | None:
    """Return the largest node that begins where the next line below begins that is not empty.

    None without a grammar, or where it begins inside of a smaller one, such as a text. What only joins statements, and
    so begins with the first of them, does not count.
    """
    head, tail = _window(syntax.before, syntax.after)
    end = tail.find("\n")
    rest = tail[end:] if end >= 0 else ""
    if syntax.tree is None or not rest.strip():
        return None
    place = len(_encode(head + tail[: end + len(rest) - len(rest.lstrip())]))
    node = syntax.tree.root_node.descendant_for_byte_range(place, place)
    if node is None or node.start_byte != place:
        return None
    while (outer := node.parent) is not None and outer.start_byte == place and not _only_joins(outer, node):
        node = outer
    return None if node.is_error or node.parent is None else node


def _only_joins(outer: Node, first: Node) -> bool:
    """Return whether a node is a file, or the statements of a block without brackets."""
    return outer.parent is None or outer.is_error or (not first.type.startswith("{") and outer.type in _JOINING)


def _comment_end(text: str, syntax: Syntax) -> int | None:
    """Return where ``text`` ends a block comment that ends right of the cursor, or None."""
    record = language_named(syntax.language)
    if not is_comment(syntax.inside, syntax.language):
        return None
    for opens, closes in record.comments.block if record else ():
        place, end, begin = text.find(closes), syntax.after.find(closes), syntax.after.find(opens)
        if place >= 0 and end >= 0 and not 0 <= begin < end:
            return place
    return None


def _bracket_window(before: str, after: str) -> tuple[str, str]:
    """Return the text on each side in which brackets are looked for.

    Where the end of the file is not looked at, what encloses lines at the margin (a namespace) ends there, as far as
    anybody can tell: then the text begins at the last such line.
    """
    head, tail = _window(before, after)
    if len(tail) < len(after):
        *_, start = [0, *(found.start() for found in _AT_MARGIN.finditer(head))]
        head = head[start:]
    return head, tail


def _window(before: str, after: str, most: int = WINDOW_CHARS) -> tuple[str, str]:
    """Return the text on each side of the cursor that is looked at: all of it, or from a line at the margin to one."""
    start, end = 0, len(after)
    if len(before) > most:
        cut = before.find("\n", len(before) - most) + 1 or len(before) - most
        found = _AT_MARGIN.search(before, cut)
        start = found.start() if found else cut
    if len(after) > most:
        *_, end = [most, *(found.start() for found in _AT_MARGIN.finditer(after, 1, most))]
    return before[start:], after[:end]


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _point(source: bytes) -> Point:
    """Return the place after ``source`` as tree-sitter counts: row and column in bytes."""
    return Point(source.count(b"\n"), len(source) - source.rfind(b"\n") - 1)


def _in_text(tree: Tree, place: int, line_suffix: str) -> bool:
    """Return whether a place in bytes is inside a comment or a string, or at the end of a line of comment."""
    node: Node | None = tree.root_node.descendant_for_byte_range(max(place - 1, 0), place)
    while node is not None and node.parent is not None:
        inside = node.start_byte < place < node.end_byte
        # Some grammars take the line's end for a part of the comment: below that nothing is in it.
        ends_here = node.end_byte == place and node.end_point.column > 0
        at_end = ends_here and "comment" in node.type and not line_suffix.strip()
        if (inside or at_end) and any(kind in node.type for kind in _TEXT_NODES):
            return True
        node = node.parent
    return False


def _below(after: str) -> tuple[str, ...]:
    """Return the next lines below that are not empty."""
    found: list[str] = []
    for line in after[:WINDOW_CHARS].split("\n")[1:]:
        if line.strip():
            found.append(line)
            if len(found) == BELOW_LINES:
                break
    return tuple(found)


def count_errors(root: Node) -> int:
    """Return how many nodes of a tree are wrong or missing."""
    if not root.has_error:
        return 0
    count, waiting = 0, [root]
    while waiting:
        node = waiting.pop()
        count += node.is_error or node.is_missing
        waiting += [child for child in node.children if child.has_error or child.is_missing]
    return count


def count_stray_ends(tree: Tree, language: str | None) -> int:
    """Return how many words end no block, where the grammar takes them for names: Ruby's, outside of everything."""
    record = language_named(language)
    ends = {word.encode() for word in record.blocks.ends} if record else set[bytes]()
    outside = tree.root_node.named_children if ends else ()
    return sum(node.type == "identifier" and node.text in ends for node in outside)


def _python_around(syntax: Syntax) -> tuple[str, str] | None:
    """Return the text left and right of the cursor of whole statements at the margin; None where they are wrong.

    A decorator and what it decorates are two such lines, so a few more below are tried.
    """
    head, tail = _window(syntax.before, syntax.after)
    starts = [found.start() for found in _TOP_LEVEL.finditer(head)]
    head = head[starts[-1] if starts else 0 :]
    below = tail.find("\n") + 1
    ends = (found.start() for found in _TOP_LEVEL.finditer(tail, below)) if below else iter(())
    for end in (*itertools.islice(ends, _MORE_BELOW), len(tail)):
        if is_python(head + tail[:end]):
            return head, tail[:end]
    return None


@functools.lru_cache(maxsize=16)
def is_python(source: str) -> bool:
    """Return whether Python's own parser takes the text for a program."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes in somebody's text are not ours to report
            ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
