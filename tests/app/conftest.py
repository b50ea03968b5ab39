"""What tests of the window share: a scripted service."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.service import FakeService


@pytest.fixture
def fake_service(tmp_path: Path) -> Any:
    """Return a FakeService with a script of its own: healthy, and with nothing to suggest."""
    folder = tmp_path / "service"
    folder.mkdir()
    return FakeService(folder)
