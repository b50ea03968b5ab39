"""A definition in few lines: its signature, the beginning of its documentation, and the signatures of its members."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.languages import Language, find_language
from assistant.retrieval.index.hits import SymbolHit

_MOST_MEMBERS = 24
_INDENT = "    "


def skeleton(hit: SymbolHit, symbols: Sequence[SymbolHit]) -> str:
    """Return whole lines that tell how to use ``hit``; ``symbols`` are all definitions of its file.

    Members go in the file's order, private ones left out, at most 24 of them.
    """
    lines = [hit.signature, *_doc(hit)]
    members = [each for each in symbols if _belongs(each, hit)]
    lines += [_INDENT + each.signature for each in members[:_MOST_MEMBERS]]
    return "\n".join(lines) + "\n"


def _doc(hit: SymbolHit) -> list[str]:
    first = hit.doc.split("\n", 1)[0].strip()
    record = find_language(hit.path) or Language(name="")
    return [_INDENT + record.doc_line(first)] if first else []


def _belongs(each: SymbolHit, hit: SymbolHit) -> bool:
    inside = hit.first_line <= each.first_line and each.last_line <= hit.last_line
    private = each.name.startswith("_") and not each.name.startswith("__init__")
    return inside and each.parent.rpartition(".")[2] == hit.name and not private
