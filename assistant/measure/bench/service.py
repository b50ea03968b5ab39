"""A real ``grafter serve`` of its own, from its launch to its end."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.client.http import Ready, ServiceClient, parse_ready_line
from assistant.errors import ServiceError
from assistant.measure.bench.memory import Memory, memory_of
from assistant.types import CompleteRequest, Delta, Failed, Finished

COMMAND = (sys.executable, "-P", "-m", "assistant.cli.main", "serve", "--idle-minutes", "0")
_END_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class FirstSuggestion:
    """Milliseconds since the launch: to the ready line, to the first suggestion's first character, and to its end.

    ``first_ms`` is None where the suggestion was empty.
    """

    listening_ms: float
    first_ms: float | None
    whole_ms: float


@dataclass(frozen=True, slots=True)
class Service:
    """One that runs."""

    pid: int
    ready: Ready
    token: str
    launched_at: float
    listening_ms: float

    def first_suggestion(self, request: CompleteRequest) -> FirstSuggestion:
        """Ask at once, while the model is loaded, and return when the answer came. Raises ServiceError."""
        first: float | None = None
        with ServiceClient(self.ready.url, self.token) as client:
            for event in client.complete(request):
                match event:
                    case Delta(text=text) if text and first is None:
                        first = self._since()
                    case Finished():
                        return FirstSuggestion(self.listening_ms, first, self._since())
                    case Failed(message=message):
                        raise ServiceError(message)
                    case _:
                        pass
        raise ServiceError("The service ended an answer before it was whole.")

    def model(self) -> tuple[str, str, str]:
        """Return the model it runs, on which device, in which number type. Raises ServiceError."""
        with ServiceClient(self.ready.url, self.token) as client:
            health = client.health()
        return health.model or "", health.device or "", health.dtype or ""

    def memory(self) -> Memory | None:
        """Return its memory."""
        return memory_of(self.pid)

    def _since(self) -> float:
        return 1000 * (time.perf_counter() - self.launched_at)


@contextlib.contextmanager
def serving(options: Sequence[str]) -> Generator[Service]:
    """Run ``grafter serve`` with these options for the time of the block. Raises ServiceError if it does not start."""
    with tempfile.TemporaryFile() as log:
        begin = time.perf_counter()
        # A session of its own: Ctrl-C is for the one who measures, who still wants to know the service's memory.
        with subprocess.Popen(
            [*COMMAND, *options], stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True
        ) as process:
            try:
                line = process.stdout.readline() if process.stdout is not None else ""
                listening_ms = 1000 * (time.perf_counter() - begin)
                if not line:
                    process.wait(_END_SECONDS)
                    log.seek(0)
                    said = log.read().decode("utf-8", "replace").strip().splitlines()
                    raise ServiceError(said[-1].removeprefix("grafter: ") if said else "The service did not start.")
                ready = parse_ready_line(line)
                try:
                    token = Path(ready.token_file).read_text(encoding="utf-8").strip()
                except OSError as error:
                    raise ServiceError(f"The token of the service cannot be read ({error}).") from None
                yield Service(process.pid, ready, token, begin, listening_ms)
            finally:
                process.terminate()
                try:
                    process.wait(_END_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
