"""Where the index of a workspace lies: one folder for each, named so that a person can tell whose it is."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from assistant.config import Paths

_UNSAFE = re.compile(r"[^a-z0-9._-]+")
_LONGEST_SLUG = 40


def resolved(workspace: Path) -> Path:
    """Return the one spelling of a workspace's path that its index goes by."""
    return Path(os.path.normcase(workspace.expanduser().resolve()))


def index_file(paths: Paths, workspace: Path) -> Path:
    """Return where the index of ``workspace`` is kept, whether it exists or not: ``index/<name>-<hash>/index.db``."""
    place = str(resolved(workspace))
    slug = _UNSAFE.sub("-", Path(place).name.lower()).strip("-.")[:_LONGEST_SLUG] or "root"
    digest = hashlib.sha256(place.encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return paths.data / "index" / f"{slug}-{digest}" / "index.db"
