"""Find a program by its name, never in the current folder: what lies in a repository is data, not a program."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def find_program(name: str) -> str | None:
    """Return the absolute path of a program, looked for in the absolute folders of PATH alone; None where it is not.

    ``shutil.which`` looks into the current folder first on Windows, and everywhere where PATH has an empty or a
    relative entry. The current folder may be a repository of somebody else.
    """
    file = f"{name}.exe" if sys.platform == "win32" and not Path(name).suffix else name
    for folder in map(Path, os.get_exec_path()):
        if folder.is_absolute() and (folder / file).is_file() and os.access(folder / file, os.X_OK):
            return str(folder / file)
    return None
