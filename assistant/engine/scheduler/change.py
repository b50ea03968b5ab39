"""A wish for another adapter on its way to the worker's thread, and how it is fulfilled there."""

from __future__ import annotations

from concurrent.futures import Future

from assistant.engine.protocol import AdapterChoice, Adapts, Engine
from assistant.errors import InputError


class Change:
    """A wish for another adapter."""

    def __init__(self, choice: AdapterChoice | None) -> None:
        """``choice`` None is a wish for the model alone."""
        self.choice = choice
        self.done: Future[None] = Future()
        self.done.set_running_or_notify_cancel()

    def drop(self) -> None:
        """Answer that the service is stopping."""
        self.done.set_exception(InputError("The service is stopping; ask again when it is back."))


def set_adapter(engine: Engine, choice: AdapterChoice | None) -> None:
    """Have an adapter answer. Raises AdapterError, or InputError where the model knows none."""
    if isinstance(engine, Adapts):
        engine.set_adapter(choice)
    elif choice is not None:
        raise InputError("The model runs on a server; which adapters it has is up to that.")
