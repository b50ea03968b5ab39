"""Puts the indexes of workspaces together: where each lies, the program that builds it, and how it is opened."""

from __future__ import annotations

import sys
from pathlib import Path

from assistant.config import Paths
from assistant.retrieval.index.index_process import IndexProcess
from assistant.retrieval.index.place import index_file
from assistant.retrieval.index.reader import IndexReader
from assistant.retrieval.index.service import Indexes

# -P: a workspace that has an assistant/ folder of its own is not imported.
BUILD = (sys.executable, "-P", "-m", "assistant.retrieval.index.build")


def workspace_indexes(paths: Paths) -> Indexes:
    """Return the indexes of this person's workspaces; none is opened or built yet."""

    def start(workspace: Path) -> IndexProcess:
        # Not in the workspace: what lies there is read, never run.
        folder = paths.data / "index"
        folder.mkdir(parents=True, exist_ok=True)
        return IndexProcess([*BUILD, str(workspace)], folder)

    return Indexes(start, lambda workspace: open_index(paths, workspace))


def open_index(paths: Paths, workspace: Path) -> IndexReader | None:
    """Return the index of a workspace, or None where none was built. Raises IndexUnavailable for a damaged one."""
    file = index_file(paths, workspace)
    return IndexReader(file) if file.exists() else None
