"""Find definitions and pieces of code in a folder that 'grafter index' has read."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import re
from typing import TYPE_CHECKING

from assistant.cli import output
from assistant.cli.index import folder_of
from assistant.config import find_paths
from assistant.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assistant.retrieval.index.hits import ChunkHit, SymbolHit

_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_LINES_SHOWN = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``grafter search``."""
    from pathlib import Path

    parser.add_argument("path", type=Path, metavar="PATH", help="the folder")
    parser.add_argument("query", metavar="QUERY", help="names and words, e.g. 'parse_config' or 'retry after timeout'")
    parser.add_argument("--limit", type=int, default=10, metavar="N", help="how many of each kind, 1 to 100")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print the definitions of the names in the question, then the pieces of code that match its words best."""
    if not 1 <= args.limit <= 100:
        raise InputError(f"--limit is {args.limit}; it can be 1 to 100.")
    from assistant.retrieval.index.place import index_file
    from assistant.retrieval.index.reader import IndexReader
    from assistant.retrieval.index.words import words_of

    words = words_of(args.query)
    file = index_file(find_paths(), folder_of(args.path))
    if not file.exists():
        raise InputError(f"{args.path} has no index yet; 'grafter index {args.path}' builds it.")
    with contextlib.closing(IndexReader(file)) as reader:
        symbols = reader.definitions(_IDENTIFIER.findall(args.query), args.limit)
        chunks = reader.search(words, args.limit)
    if args.json:
        rows = [dataclasses.asdict(one) for one in symbols], [dataclasses.asdict(one) for one in chunks]
        output.print_json({"query": args.query, "symbols": rows[0], "chunks": rows[1]})
    else:
        _show(symbols, chunks, frozenset(words))
    return 0


def _show(symbols: Sequence[SymbolHit], chunks: Sequence[ChunkHit], words: frozenset[str]) -> None:
    from rich.syntax import Syntax
    from rich.text import Text

    console = output.console()
    for one in symbols:
        name = f"{one.parent}.{one.name}" if one.parent else one.name
        console.print(Text.assemble((one.path, "bold"), f":{one.first_line}  {name}  {one.signature}"))
        if one.doc:
            console.print(f"    {one.doc}", style="dim", markup=False)
    for chunk in chunks:
        first = _first_match(chunk, words)
        lines = f"  (lines {chunk.first_line} to {chunk.last_line})"
        console.print(Text.assemble("\n", (chunk.path, "bold"), f":{first}", (lines, "dim")))
        text = "\n".join(chunk.text.split("\n")[first - chunk.first_line :][:_LINES_SHOWN])
        lexer = Syntax.guess_lexer(chunk.path, text)
        console.print(Syntax(text, lexer, line_numbers=True, start_line=first, background_color="default"))
    if not symbols and not chunks:
        console.print("Nothing matches; try other words.")


def _first_match(chunk: ChunkHit, words: frozenset[str]) -> int:
    """Return the first line of a chunk that has the most of the words."""
    from assistant.retrieval.index.words import words_of

    counts = [len(words.intersection(words_of(line))) for line in chunk.text.split("\n")]
    return chunk.first_line + counts.index(max(counts))
