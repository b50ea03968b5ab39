"""Work that is no business of the model's thread: it runs in another one, while the request it belongs to waits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future, wait
from typing import TypeVar

from assistant.engine.protocol import CancelToken
from assistant.types import Progress

_Result = TypeVar("_Result")

BEAT_S = 0.02


def aside(
    request_id: str, work: Callable[[CancelToken], _Result], cancel: CancelToken
) -> Generator[Progress, None, _Result]:
    """Run ``work`` in a thread of its own and return its result, or raise what it raises.

    Until then Progress of the stage ``layout`` comes every 20 ms, so that whoever advances this may turn to something
    more urgent, which the work does not keep waiting. It gets a token of its own, which is cancelled with the request's
    and where the iterator is closed; what does not look at that is waited for.
    """
    ours = CancelToken(cancel)
    done: Future[_Result] = Future()

    def run() -> None:
        try:
            done.set_result(work(ours))
        except BaseException as error:  # noqa: BLE001  (whoever waits gets it)
            done.set_exception(error)

    threading.Thread(target=run, name="layout", daemon=True).start()
    try:
        while not wait((done,), BEAT_S).done:
            yield Progress(request_id, "layout", 0, 1)
    finally:
        ours.cancel()
    return done.result()
