"""Renderers that are closed, and short ways to use them."""

import pytest

from assistant.engine.templates.layout import ChatLayout
from assistant.engine.templates.renderer import Renderer
from assistant.types import Message

USER = (Message("user", "hi"),)


@pytest.fixture
def make_renderer():
    """Return what makes renderers."""
    made = []

    def make(*args, **options):
        made.append(Renderer(*args, **options))
        return made[-1]

    yield make
    for renderer in made:
        renderer.close()


@pytest.fixture
def renderer(make_renderer):
    """Return a renderer with the usual bounds."""
    return make_renderer()


@pytest.fixture
def lay_out(renderer):
    """Lay a conversation out: ``lay_out(template, messages)``."""

    def call(template, messages=USER, tokens=None):
        return ChatLayout(template, tokens or {}, renderer).lay_out(messages, lambda: False)

    return call
