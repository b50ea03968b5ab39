import os
import stat
from pathlib import Path

import pytest

from app.services.window_state import WindowState
from assistant.config import find_paths

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")


def test_which_files_are_open_is_for_the_owner_alone(qapp, no_umask):
    file = find_paths().config / "state.ini"
    for _ in range(2):
        state = WindowState(find_paths())
        state.set_tabs(Path("/code"), [Path("/code/secret plan.py")], 0)
        state.save()
        assert "secret" in file.read_text()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        file.chmod(0o644)  # as an older program left it
