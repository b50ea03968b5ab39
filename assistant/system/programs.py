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
    endings = ("", ".exe") if sys.platform == "win32" else ("",)
    for folder in os.get_exec_path():
        if not Path(folder).is_absolute():
            continue
        for ending in endings:
            found = Path(folder, name + ending)
            if found.is_file() and os.access(found, os.X_OK) and (sys.platform != "win32" or found.suffix == ".exe"):
                return str(found)
    return None
