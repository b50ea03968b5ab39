"""Ask the ``/infill`` of a llama.cpp server, as its own plugins for editors do: a figure to compare ours with."""

from __future__ import annotations

import time
from typing import Any, cast

import httpx

from assistant.client.address import Address
from assistant.engine.protocol import EngineInfo
from assistant.errors import InputError, ServiceError
from assistant.measure.evaluate.ask import MANY_LINES_TOKENS, ONE_LINE_TOKENS, Answer
from assistant.measure.evaluate.data import Row

_SECONDS = 300.0


class InfillServer:
    """A llama.cpp server with a model that fills in."""

    def __init__(self, address: Address) -> None:
        """Ask the server what it runs. Raises InputError where there is no llama.cpp."""
        self._client = httpx.Client(base_url=address.root, timeout=_SECONDS, trust_env=False)
        try:
            models = self._client.get("/v1/models").raise_for_status().json()
            name = str(models["data"][0]["id"])
        except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
            raise InputError(
                f"{address.root} is no llama.cpp server that answers ({error}); start one first."
            ) from None
        self.info = EngineInfo(f"llama.cpp with {name.rpartition('/')[2]}", "none", "server", "its own", 0)

    def fill(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return what the server answers to a request. Raises ServiceError where it does not."""
        try:
            found = self._client.post("/infill", json=body).raise_for_status().json()
            return {**found, "content": str(found["content"])}
        except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
            raise ServiceError(f"The llama.cpp server did not answer ({error}); look at what it printed.") from None

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


def ask_infill(server: InfillServer, row: Row) -> Answer:
    """Return the server's answer, greedy; of a one-line hole the first line. Raises ServiceError where it went away."""
    before, end, line = row.prompt.rpartition("\n")
    body = {
        "input_prefix": before + end,
        "prompt": line,
        "input_suffix": row.suffix,
        "n_predict": ONE_LINE_TOKENS if row.one_line else MANY_LINES_TOKENS,
        "temperature": 0.0,
        "top_k": 1,
        "cache_prompt": False,
        "stream": False,
    }
    begin = time.perf_counter()
    found = server.fill(body)
    text = str(found["content"])
    timings = cast("dict[str, Any]", found.get("timings", {}))
    return Answer(
        text=text.split("\n", 1)[0] if row.one_line else text,
        ms=1000 * (time.perf_counter() - begin),
        prompt_tokens=int(timings.get("prompt_n", 0)),
        generated_tokens=int(timings.get("predicted_n", 0)),
        prefill_ms=float(timings.get("prompt_ms", 0.0)),
        decode_ms=float(timings.get("predicted_ms", 0.0)),
    )
