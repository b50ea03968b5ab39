"""The tiny model of the engine's tests."""

from tests.assistant.engine.conftest import ask, tiny_engine, tiny_folder

__all__ = ["ask", "tiny_engine", "tiny_folder"]
