"""What file an editor asks about: by the name that it sends, by a comment that names it, or by what it says."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from tree_sitter import Tree

from assistant.languages import find_language, language_named, parsed_languages
from assistant.repository.parsing import parse_within

UNTITLED = "untitled"
_SAMPLE_CHARS = 3000
_COMMENTS_CHARS = 20_000
_SECONDS = 0.05
# Fewer keywords, more of it unreadable, or another language nearly as likely: then it is not known.
_LEAST_KEYWORDS = 5
# Different ones, in code without any error that no other grammar reads.
_FEW_KEYWORDS = 2
_MOST_ERRORS = 0.06
_CLEARLY = 1.8
# One of each group reads the others' code as well.
_RELATED = ({"javascript", "typescript", "tsx"}, {"c", "cpp"})
_COMMENT = re.compile(r"\s*(?:#|//|--|;|%|/\*+|\*|<!--)+\s*(.*?)\s*(?:\*+/|-->)?\s*$")
_LABEL = re.compile(r"(?:file ?uri|file ?path|file ?name|path|file)\s*:\s*(?:file://)?(\S+)", re.IGNORECASE)
_DIFFERENCE = re.compile(r"diff --git |@@ -\d")
_PATH = re.compile(r"[\w.@+-]+(?:[/\\][\w.@+-]+)*\.\w+$")


def find_path(given: str, workspace: str | None, before: str, after: str) -> str | None:
    """Return the path of the open file for a prompt, with forward slashes; None where not even its language is known.

    ``given`` is what the editor says, perhaps nothing. It is made relative to ``workspace``; of another absolute path
    the name is left. A file whose language is only guessed is called ``untitled`` with an ending of that language.
    """
    named = _relative(given, workspace) if given else _named_in_comment(before, workspace)
    if named:
        return named
    if before.startswith("#!") and find_language(UNTITLED, before):
        return UNTITLED
    language = guess_language(before, after)
    record = language_named(language)
    return UNTITLED + record.endings[0] if record and record.endings else None


def guess_language(before: str, after: str) -> str | None:
    """Return the language of the code around a cursor, where its grammar alone reads it; None where that is not sure.

    The cursor's line is left out, so that the answer stays the same from key to key.
    """
    above, below = before.rpartition("\n")[0], after.partition("\n")[2]
    return _guess(above[-_SAMPLE_CHARS:] + "\n" + below[: _SAMPLE_CHARS // 2])


@functools.lru_cache(maxsize=8)
def _guess(sample: str) -> str | None:
    source = sample.encode("utf-8", "replace")
    scores: dict[str, float] = {}
    readers: set[str] = set()
    few: list[str] = []
    for name in parsed_languages():
        tree = parse_within(name, source, _SECONDS)
        if tree is None:
            continue
        keywords, wrong = _read(tree)
        share = wrong / max(len(source), 1)
        if not keywords or share > _MOST_ERRORS:
            continue
        readers.add(name)
        if not tree.root_node.has_error and len(set(keywords)) >= _FEW_KEYWORDS:
            few.append(name)
        if len(keywords) >= _LEAST_KEYWORDS:
            scores[name] = len(keywords) * (1 - share / _MOST_ERRORS / 2)
    best = max(scores, key=lambda name: scores[name], default=None)
    if best is None:
        # Of little code too it is sure where no other grammar makes anything of it.
        return few[0] if few and readers <= _related(few[0]) else None
    others = max((score for name, score in scores.items() if name not in _related(best)), default=0.0)
    return best if scores[best] >= _CLEARLY * others else None


def _related(language: str) -> set[str]:
    return next((group for group in _RELATED if language in group), {language})


def _read(tree: Tree) -> tuple[list[str], int]:
    """Return the keywords of a tree, and how many bytes of its text its grammar cannot read."""
    keywords: list[str] = []
    wrong = 0
    waiting = [tree.root_node]
    while waiting:
        node = waiting.pop()
        if node.is_error:
            wrong += node.end_byte - node.start_byte
        elif not node.is_named and node.type.isalpha() and node.end_byte - node.start_byte == len(node.type) > 1:
            keywords.append(node.type)
        else:
            waiting += node.children
    return keywords, wrong


def _named_in_comment(before: str, workspace: str | None) -> str | None:
    """Return the path that the comments at the top name; of several, as where other files stand there, the last.

    A path without a label counts where it is the first of them, and where it ends what Continue writes there: other
    files and differences in comments, then the name of the open file.
    """
    found, foreign = None, False
    comments = list(_first_comments(before))
    for number, comment in enumerate(comments):
        label = _LABEL.match(comment)
        foreign = foreign or label is not None or _DIFFERENCE.match(comment) is not None
        alone = number == 0 or (foreign and number == len(comments) - 1)
        path = label[1] if label else comment if alone and _PATH.match(comment) else ""
        if path and find_language(path) is not None:
            found = _relative(path, workspace)
    return found


def _first_comments(text: str) -> Iterator[str]:
    for line in text[:_COMMENTS_CHARS].split("\n"):
        comment = _COMMENT.match(line)
        if comment is None and line.strip():
            return
        if comment is not None:
            yield comment[1]


def _relative(path: str, workspace: str | None) -> str:
    whole = PurePosixPath(path.replace("\\", "/"))
    root = PurePosixPath(workspace.replace("\\", "/")) if workspace else None
    if root is not None and whole.is_relative_to(root):
        return str(whole.relative_to(root))
    rooted = whole.is_absolute() or (whole.parts[:1] and whole.parts[0].endswith(":"))
    return whole.name if rooted or ".." in whole.parts else str(whole)
