"""Keep the bars and hints of transformers and torchao off the terminal, and hear transformers' progress instead."""

from __future__ import annotations

import logging as standard_logging
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

from transformers.utils import logging

# Where torchao is installed transformers imports it, and it tells of each kernel that is not for this machine.
_TALKATIVE = ("torchao", "torch.utils._pytree")


@contextmanager
def quietly(progress: Callable[[str, int, int], None] | None = None) -> Generator[None]:
    """Silence the library inside; ``progress`` gets (what, done, total) of the loops it would draw bars for."""

    def watch(factory: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        items = args[0] if args else kwargs.get("iterable")
        if progress is None or items is None or not hasattr(items, "__len__"):
            return factory(*args, **kwargs)
        return _watched(items, str(kwargs.get("desc", "")), progress)

    bars = logging.is_progress_bar_enabled()
    level = logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    previous = logging.set_tqdm_hook(watch)
    others = {name: standard_logging.getLogger(name) for name in _TALKATIVE}
    levels = {name: logger.level for name, logger in others.items()}
    for logger in others.values():
        logger.setLevel(standard_logging.ERROR)
    try:
        yield
    finally:
        for name, logger in others.items():
            logger.setLevel(levels[name])
        logging.set_tqdm_hook(previous)
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def _watched(items: Any, what: str, progress: Callable[[str, int, int], None]) -> Iterator[Any]:
    for done, item in enumerate(items):
        progress(what, done, len(items))
        yield item
    progress(what, len(items), len(items))
