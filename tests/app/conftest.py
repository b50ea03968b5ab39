"""What tests of the window share: a scripted service."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def fake_service(tmp_path: Path) -> Any:
    """Return a FakeService (support_service.py) with a script of its own: healthy, and with nothing to suggest."""
    spec = importlib.util.spec_from_file_location("support_service", Path(__file__).with_name("support_service.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    folder = tmp_path / "service"
    folder.mkdir()
    return module.FakeService(folder)
