"""The assistant: models, prompts, engine, service and command line. No Qt in here."""

__version__ = "0.1.0"
