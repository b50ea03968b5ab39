"""The window's program: ``python -P -m app [PATH…]``. Looks for what Qt needs, then hands over to ``app.program``."""

from __future__ import annotations

import os
import sys

from app import preflight


def main(arguments: list[str]) -> int:
    """Run the window until it is closed; returns the exit code. Says in one message why it cannot open."""
    problem = preflight.find_problem(os.environ, sys.platform)
    if problem is None:
        try:
            # After the check: the import needs Qt's system libraries.
            from app.program import run  # noqa: PLC0415
        except ImportError as error:
            problem = preflight.import_message(error)
        else:
            return run(arguments)
    print(problem, file=sys.stderr)  # noqa: T201
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
