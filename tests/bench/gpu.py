"""What a graphics card does, as a table: ``make bench-gpu``. Ends with status 2, and says so, where there is none.

For each number of bits the default model is loaded once and read and written in four ways: recorded steps as the
program uses them, recorded steps of one token (no room for drafts), the same steps one operation at a time, and
transformers' growing caches. A prompt is read three times (the median counts), then 32 steps are taken after each
context, of one sequence and of four (the median step counts). The table also goes to build/bench-gpu.md and .json.
"""

from __future__ import annotations

import argparse
import functools
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import transformers

from assistant.config import DEFAULT_MODEL, Bits, find_paths
from assistant.engine.decoding.decoder import Decoder
from assistant.engine.decoding.transformers_decoder import TransformersDecoder
from assistant.engine.device import choose_dtype, is_out_of_memory, release_memory
from assistant.engine.gpu.cuda_graph import NoCapture, capture_for
from assistant.engine.gpu.decoder import StagedDecoder
from assistant.engine.gpu.load import load_on_card
from assistant.engine.quiet import quietly
from assistant.errors import ModelError

NO_CARD = 2
CONTEXT = 32768
OUT = Path("build/bench-gpu.md")


@dataclass(frozen=True, slots=True)
class Plan:
    """Tokens to read at once, contexts to write after, rows, and how many steps and readings to take."""

    prompts: tuple[int, ...] = (512, 2048)
    contexts: tuple[int, ...] = (64, 512, 2048)
    rows: tuple[int, ...] = (1, 4)
    steps: int = 32
    readings: int = 3


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: tokens a second of all rows together, and the memory in bytes that was allocated at the highest."""

    bits: int
    way: str
    what: str
    tokens: int
    rows: int
    speed: float
    peak: int


def main() -> int:
    """Measure and print; return the exit status."""
    parser = argparse.ArgumentParser(description="Measure a graphics card.")
    parser.add_argument("--check", action="store_true", help="only say whether there is a card")
    args = parser.parse_args()
    if not torch.cuda.is_available():
        print(
            f"bench-gpu: PyTorch {torch.__version__} finds no CUDA card here, so nothing is measured.", file=sys.stderr
        )
        return NO_CARD
    if args.check:
        return 0
    folder = find_paths().models / DEFAULT_MODEL
    if not (folder / "model.json").exists():
        print("bench-gpu: the default model is not installed; run 'make model'.", file=sys.stderr)
        return 1
    rows: list[Row] = []
    notes: list[str] = []
    for bits in (16, 8, 4):
        for found in measure(folder, torch.device("cuda"), bits, Plan(), notes.append):
            rows.append(found)
            print(line(found), flush=True)
    write(OUT, rows, notes)
    print("\n".join(notes))
    print(f"The table is in {OUT} and {OUT.with_suffix('.json')}.")
    return 0


def measure(folder: Path, place: torch.device, bits: Bits, plan: Plan, note: Callable[[str], None]) -> Iterator[Row]:
    """Yield the figures of one number of bits; ``note`` gets sentences on what the table does not show."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    begin = time.perf_counter()
    try:
        with quietly():
            loaded = load_on_card(folder, config, place, choose_dtype(place), bits, CONTEXT)
    except (ModelError, RuntimeError) as error:
        note(f"{bits} bits: {error}")
        return
    note(
        f"{bits} bits: loaded in {time.perf_counter() - begin:.1f} s, {allocated(place) >> 20} MiB; "
        f"{loaded.decoder.max_draft_tokens} tokens may be drafted."
    )
    if not isinstance(loaded.decoder, StagedDecoder):
        return
    for way, decoder in ways(loaded.decoder):
        try:
            yield from figures(decoder, bits, way, plan)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            note(f"{bits} bits, {way}: out of memory.")
        release_memory(place)


def ways(decoder: StagedDecoder) -> Iterator[tuple[str, Decoder]]:
    """Yield every way to run the model of a decoder, with its name."""
    model, shape, place = decoder.model, decoder.shape, decoder.device
    yield "recorded", StagedDecoder(model, shape, capture_for(place), longest=CONTEXT)
    yield "recorded, width 1", StagedDecoder(model, shape, capture_for(place), longest=CONTEXT, width=1)
    yield "plain", StagedDecoder(model, shape, NoCapture(), longest=CONTEXT)
    yield "growing caches", TransformersDecoder(model)


def figures(decoder: Decoder, bits: Bits, way: str, plan: Plan) -> Iterator[Row]:
    """Yield the figures of one decoder."""
    place = decoder.device
    longest = max(*plan.prompts, *plan.contexts)
    vocabulary = decoder.model.config.vocab_size
    ids = torch.randint(0, vocabulary, (longest,), generator=torch.Generator().manual_seed(0)).tolist()
    for size in plan.prompts:
        reset_peak(place)
        times = [timed(functools.partial(read, decoder, ids[:size]), place) for _ in range(plan.readings + 1)][1:]
        yield Row(bits, way, "read", size, 1, size / statistics.median(times), peak(place))
    for size in plan.contexts:
        for rows in plan.rows:
            reset_peak(place)
            cache = read(decoder, ids[:size])
            if rows > 1:
                cache.repeat(rows)
            tokens = ids[:rows]
            times = []
            for _ in range(plan.steps + 2):
                begin = time.perf_counter()
                tokens = decoder.next(tokens, cache).argmax(-1).tolist()
                times.append(time.perf_counter() - begin)
            # The first steps may record.
            yield Row(bits, way, "write", size, rows, rows / statistics.median(times[2:]), peak(place))


def read(decoder: Decoder, ids: list[int]):
    """Return a cache that has read ``ids``, in pieces as the engine does."""
    cache = decoder.new_cache()
    for start in range(0, len(ids), decoder.piece):
        decoder.read(ids[start : start + decoder.piece], cache)
    return cache


def timed(work: Callable[[], object], place: torch.device) -> float:
    """Return the seconds that something takes until the device has done it."""
    wait(place)
    begin = time.perf_counter()
    work()
    wait(place)
    return time.perf_counter() - begin


def wait(place: torch.device) -> None:
    """Wait until a device has nothing left to do."""
    if place.type == "cuda":
        torch.cuda.synchronize()


def allocated(place: torch.device) -> int:
    """Return the bytes that are in use on a device; 0 where it does not say."""
    return torch.cuda.memory_allocated() if place.type == "cuda" else 0


def reset_peak(place: torch.device) -> None:
    """Forget how much memory was in use so far."""
    if place.type == "cuda":
        torch.cuda.reset_peak_memory_stats()


def peak(place: torch.device) -> int:
    """Return the most bytes in use since then; 0 where the device does not say."""
    return torch.cuda.max_memory_allocated() if place.type == "cuda" else 0


def line(row: Row) -> str:
    """Return a row of the table."""
    return (
        f"| {row.bits:2} | {row.way:17} | {row.what:5} | {row.tokens:4} | {row.rows} | {row.speed:9.1f} | "
        f"{row.peak >> 20:6} |"
    )


def table(rows: list[Row]) -> str:
    """Return the whole table in Markdown."""
    head = "| bits | way | what | prompt or context | rows | tokens/s | peak MiB |\n|---|---|---|---|---|---|---|"
    return "\n".join([head, *map(line, rows)])


def machine() -> str:
    """Return what the figures were taken on."""
    card = torch.cuda.get_device_properties(0)
    return (
        f"{card.name}, {card.total_memory >> 20} MiB, compute capability {card.major}.{card.minor}; "
        f"PyTorch {torch.__version__}, transformers {transformers.__version__}; {DEFAULT_MODEL}."
    )


def write(path: Path, rows: list[Row], notes: list[str]) -> None:
    """Write the table as Markdown, and the figures as JSON beside it."""
    about = machine()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n\n".join([about, table(rows), *notes]) + "\n", encoding="utf-8")
    figures = {"machine": about, "notes": notes, "rows": [asdict(row) for row in rows]}
    path.with_suffix(".json").write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
