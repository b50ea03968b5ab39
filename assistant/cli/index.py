"""Read a folder of code into its index: what is new or changed since the last time."""

from __future__ import annotations

import argparse
import contextlib
import sqlite3
import time
from pathlib import Path
from typing import Any

from assistant.cli import output
from assistant.config import find_paths
from assistant.errors import InputError

_TITLES = {"index": "Indexing"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``grafter index``."""
    parser.add_argument("path", type=Path, metavar="PATH", help="the folder; nothing in it is changed or run")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Bring the index up to date and say what it holds."""
    from assistant.retrieval.index.place import index_file
    from assistant.retrieval.index.reader import IndexReader
    from assistant.retrieval.index.writer import IndexBusy

    workspace = folder_of(args.path)
    file = index_file(find_paths(), workspace)
    try:
        found = _build(file, workspace)
    except IndexBusy:
        found = {"kept": True}
    with contextlib.closing(IndexReader(file)) as reader:
        languages = reader.files()
    answer = {
        "workspace": str(workspace),
        "index": str(file),
        "files": sum(row.files for row in languages),
        "lines": sum(row.lines for row in languages),
        "languages": [{"language": row.language, "files": row.files, "lines": row.lines} for row in languages],
        **found,
    }
    if args.json:
        output.print_json(answer)
    else:
        _show(answer)
    return 0


def folder_of(path: Path) -> Path:
    """Return the workspace that a person named, as its index names it. Raises InputError where it is no folder."""
    from assistant.retrieval.index.place import resolved

    try:
        workspace = resolved(path)
        if workspace.is_dir():
            return workspace
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(f"{path} cannot be used: {getattr(error, 'strerror', None) or error}.") from None
    raise InputError(f"{path} is a file; name a folder." if workspace.exists() else f"There is no folder {path}.")


def _build(file: Path, workspace: Path) -> dict[str, Any]:
    """Scan the workspace; a damaged index is built anew once."""
    from assistant.retrieval.index.index_loop import describe
    from assistant.retrieval.index.indexer import Indexer, Scan
    from assistant.retrieval.index.writer import IndexWriter

    start = time.monotonic()
    with contextlib.closing(IndexWriter(file, workspace)) as writer, output.progress_bars(_TITLES) as bars:

        def scan() -> Scan:
            done = Scan()
            for done in Indexer(workspace, writer).scan():
                if done.total:
                    bars.report("index", 1000 * done.done // done.total, 1000)
            return done

        try:
            done = scan()
        except sqlite3.DatabaseError:
            writer.start_anew()
            done = scan()
        rebuilt = {"rebuilt": writer.rebuilt} if writer.rebuilt else {}
        return {"kept": False, **describe(done), **rebuilt, "seconds": round(time.monotonic() - start, 3)}


def _show(answer: dict[str, Any]) -> None:
    from rich.table import Table

    console = output.console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Language")
    table.add_column("Files", justify="right")
    table.add_column("Lines", justify="right")
    for row in answer["languages"]:
        table.add_row(row["language"] or "other text", f"{row['files']:,}", f"{row['lines']:,}")
    console.print(table)
    console.print(f"{answer['files']:,} files, {answer['lines']:,} lines in {answer['index']}", soft_wrap=True)
    if answer["kept"]:
        console.print("A running Grafter keeps this index up to date, so there was nothing to do.")
        return
    if "rebuilt" in answer:
        console.print(f"The index that was there could not be used ({answer['rebuilt']}) and was built anew.")
    read, lines, seconds = answer["read"], answer["read_lines"], answer["seconds"]
    rate = f", {lines / seconds:,.0f} lines a second" if lines and seconds else ""
    console.print(f"Read {read:,} files with {lines:,} lines in {seconds:.1f} s{rate}; forgot {answer['removed']:,}.")
    for left in answer["left_out"]:
        more = ", …" if left["count"] > len(left["examples"]) else ""
        what = f"Left out, {left['reason']}: {left['count']:,} ({', '.join(left['examples'])}{more})"
        console.print(what, style="dim", markup=False)
