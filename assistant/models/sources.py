"""What all sources of models have in common: the result of a fetch, and the failure that lets the next one try."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from assistant.errors import DownloadError


class SourceError(DownloadError):
    """A source cannot be reached or lacks the model, and another may have it. The message is a clause."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A GGUF file or a folder of safetensors as it arrived; ``detail`` says from where exactly."""

    path: Path
    detail: str
