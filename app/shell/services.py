"""What more than one part of the window works with."""

from __future__ import annotations

from dataclasses import dataclass

from app.services.adapters import Adapters
from app.services.api import ApiClient
from app.services.connection import Connection
from app.services.model_jobs import ModelJobs
from app.services.settings_store import SettingsStore
from app.services.tune_jobs import TuneJobs
from app.theme import ThemeManager
from app.widgets.dialogs import Dialogs
from assistant.config import Paths


@dataclass
class Services:
    """The composition root makes it; tests make it of stand-ins."""

    paths: Paths
    store: SettingsStore
    theme: ThemeManager
    api: ApiClient
    connection: Connection
    jobs: ModelJobs
    dialogs: Dialogs
    tune: TuneJobs
    adapters: Adapters
