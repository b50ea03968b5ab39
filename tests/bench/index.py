"""Speed of the workspace index on a large tree: ``make bench-index [FOLDER=path]``.

Copies the files that count (up to so many lines) into a temporary workspace, lets the real index process build it, then
edits, asks and starts again. Prints the figures and writes build/bench-index.json. Runs for one to two minutes.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
EDITS = 20
QUESTIONS = 200
PROBE_PAUSE = 0.02
TOKENS = 512
WHOLE = "SELECT text FROM chunks JOIN files ON files.id = file_id WHERE path = ? ORDER BY first_line"


def main() -> int:
    """Run everything; return the exit status."""
    parser = argparse.ArgumentParser(description="Measure the workspace index.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(sysconfig.get_paths()["purelib"]))
    parser.add_argument("--lines", type=int, default=1_000_000, help="read files until there are so many lines")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GRAFTER_HOME"] = str(Path(folder) / "home")
        workspace = Path(folder).resolve() / "workspace"
        copy(args.folder.resolve(), workspace, args.lines)
        figures = measure(workspace)
    for name, value in figures.items():
        print(f"{name:44} {value:12,.2f}")
    out = ROOT / "build"
    out.mkdir(exist_ok=True)
    (out / "bench-index.json").write_text(json.dumps(figures, indent=2) + "\n")
    return 0


def copy(source: Path, target: Path, lines: int) -> None:
    """Copy what counts of a tree, a random but repeatable part of it with about so many lines."""
    from assistant.repository.walk import FoundFile, SourceText, Walk

    walk = Walk(source)
    files = [found for found in walk.files() if isinstance(found, FoundFile)]
    random.Random(0).shuffle(files)
    for file in files:
        text = walk.read(file)
        if isinstance(text, SourceText):
            (target / file.path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / file.path, target / file.path)
            lines -= text.text.count("\n")
        if lines <= 0:
            return


class Process:
    """The index process of a workspace."""

    def __init__(self, workspace: Path) -> None:
        command = [sys.executable, "-P", "-m", "assistant.retrieval.index.build", str(workspace)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def wait(self, event: str) -> dict[str, Any]:
        assert self.child.stdout is not None
        while True:
            said = json.loads(self.child.stdout.readline())
            if said["event"] == event:
                return said

    def say(self, command: dict[str, Any]) -> None:
        assert self.child.stdin is not None
        self.child.stdin.write(json.dumps(command) + "\n")
        self.child.stdin.flush()

    def end(self) -> None:
        self.say({"stop": True})
        self.child.wait(60)


def measure(workspace: Path) -> dict[str, float]:
    """Return all figures, by name with unit."""
    from assistant.config import find_paths
    from assistant.measure.bench.memory import memory_of
    from assistant.retrieval.index.place import index_file
    from assistant.retrieval.index.reader import IndexReader

    figures: dict[str, float] = {}
    calm = probe(threading.Event(), rounds=100)
    start = time.perf_counter()
    process = Process(workspace)
    busy = while_it_works(lambda: process.wait("ready"))
    ready = busy.answer
    seconds = time.perf_counter() - start
    memory = memory_of(process.child.pid)
    file = index_file(find_paths(), workspace)
    figures |= {"files": ready["files"], "lines": ready["lines"], "build s": seconds}
    figures |= {"lines a second": ready["lines"] / seconds, "index MB": file.stat().st_size / 1e6}
    figures["peak memory MB"] = (memory.peak or 0) / 1e6 if memory else 0.0
    figures |= {"2 ms of work, nothing else p50 ms": at(calm, 0.5), "2 ms of work, nothing else p95 ms": at(calm, 0.95)}
    figures |= {
        "the same while it builds p50 ms": at(busy.times, 0.5),
        "the same while it builds p95 ms": at(busy.times, 0.95),
    }
    figures |= edits(workspace, process)
    with contextlib.closing(IndexReader(file)) as reader:
        figures |= questions(reader)
    process.end()
    start = time.perf_counter()
    again = Process(workspace)
    again.wait("ready")
    figures["start, nothing changed s"] = time.perf_counter() - start
    again.end()
    return figures


class Busy:
    """What a wait gave, and how long the probe took meanwhile."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.answer: Any = None


def while_it_works(wait: Callable[[], Any]) -> Busy:
    """Probe as long as ``wait`` waits."""
    busy, done = Busy(), threading.Event()

    def waiting() -> None:
        busy.answer = wait()
        done.set()

    thread = threading.Thread(target=waiting)
    thread.start()
    busy.times = probe(done)
    thread.join()
    return busy


def probe(done: threading.Event, rounds: int = 1_000_000) -> list[float]:
    """Return the milliseconds that a fixed piece of work takes, as an editor's key press would, again and again."""
    times: list[float] = []
    while not done.wait(PROBE_PAUSE) and len(times) < rounds:
        start = time.perf_counter()
        sum(range(100_000))
        times.append(1000 * (time.perf_counter() - start))
    return times


def edits(workspace: Path, process: Process) -> dict[str, float]:
    """Return medians of the time from a save, and from unsaved text, until the index has it."""
    files = sorted(path for path in workspace.rglob("*.py") if 8_000 < path.stat().st_size < 60_000)
    saved: list[float] = []
    unsaved: list[float] = []
    for number, file in enumerate(random.Random(1).sample(files, min(EDITS, len(files)))):
        text = file.read_text(encoding="utf-8", errors="replace") + f"\ndef added_{number}():\n    return {number}\n"
        path = file.relative_to(workspace).as_posix()
        for times, act in (
            (unsaved, lambda p=path, t=text: process.say({"text": {"path": p, "text": t + "\n# and more\n"}})),
            (saved, lambda f=file, t=text: f.write_text(t, encoding="utf-8")),
        ):
            start = time.perf_counter()
            act()
            process.wait("changed")
            times.append(1000 * (time.perf_counter() - start))
            if times is unsaved:
                process.say({"text": {"path": path, "text": None}})
                process.wait("changed")
    return {
        "unsaved text indexed, median ms": statistics.median(unsaved),
        "unsaved text indexed, most ms": max(unsaved),
        "saved file indexed, median ms": statistics.median(saved),
        "saved file indexed, most ms": max(saved),
    }


def questions(reader: Any) -> dict[str, float]:
    """Return p50 and p95 of each kind of question, on files and places drawn from the index."""
    from assistant.retrieval.index.words import distinct_words
    from assistant.retrieval.search.retrieve import retrieve

    chance = random.Random(2)
    rows = reader._ask("SELECT path, first_line FROM chunks JOIN files ON files.id = file_id ORDER BY chunks.id")
    places = chance.sample(rows, min(QUESTIONS, len(rows)))
    times: dict[str, list[float]] = {}

    def timed(name: str, ask: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        answer = ask()
        times.setdefault(name, []).append(1000 * (time.perf_counter() - start))
        return answer

    for path, line in places:
        text = "\n".join(row[0] for row in reader._ask(WHOLE, path))
        request, window = cursor_in(path, text, chance)
        timed("all that helps at a new place", lambda r=request, w=window: retrieve(reader, r, w, TOKENS, count))
        chunk = timed("chunk_at", lambda p=path, n=line: reader.chunk_at(p, n))
        words = distinct_words([chunk.text])
        timed("search", lambda w=words, p=path: reader.search(w, 20, p))
        timed("search, one word", lambda w=words[:1] or ["x"]: reader.search(w, 20))
        symbols = timed("symbols_of", lambda p=path: reader.symbols_of(p))
        timed("definitions", lambda s=symbols: reader.definitions([one.name for one in s[:20]], 5))
        timed("references", lambda s=symbols: reader.references([one.name for one in s[:5]], 20))
        imports = timed("imports_of", lambda p=path: reader.imports_of(p))
        for one in imports[:3]:
            timed("resolve", lambda m=one.module, p=path: reader.resolve(m, p))
        timed("text_of", lambda p=path, n=line: reader.text_of(p, n, n + 40))
        timed("version", lambda: reader.version)
        timed("files", reader.files)
    return {
        f"{name} {label} ms": at(row, share)
        for name, row in times.items()
        for label, share in (("p50", 0.5), ("p95", 0.95))
    }


def cursor_in(path: str, text: str, chance: random.Random) -> tuple[Any, Any]:
    """Return a request at a place of a file, and the window on the file there."""
    from assistant.retrieval.search.window import Budget, take_window
    from assistant.types import CompleteRequest

    cursor = chance.randrange(len(text) + 1)
    request = CompleteRequest(id="0", text=text, cursor=cursor, path=path, workspace="bench")
    return request, take_window(text, cursor, Budget(512, 128), count)


def count(lines: Any) -> list[int]:
    """Return about how many tokens each text has, without a tokenizer."""
    return [len(line) // 4 + 1 for line in lines]


def at(times: list[float], share: float) -> float:
    """Return a quantile of a row of figures."""
    ordered = sorted(times)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else 0.0


if __name__ == "__main__":
    sys.exit(main())
