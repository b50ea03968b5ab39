"""A scripted stand-in for ``grafter serve``: a real process that speaks HTTP, and what tests need to steer it.

The script is ``script.json`` in the folder given as first argument, read anew for each start and each request:

    start     a list, one entry per start of the process, the last one for all later ones: "ready", "silent",
              "garbage", "no-token", or {"exit": code, "stderr": text}
    stubborn  true: SIGTERM is ignored
    health    a list, one entry per question, the last one for all later ones: a Health as JSON, or
              {"status": code}, "stall", "garbage"
    complete  a list, one entry per request, the last one for all later ones; each is "die", or a list of steps:
              {"status": code, "body": object}, {"delta": text}, {"finished": [texts]}, {"failed": message},
              {"raw": text}, "stall", "die", {"gate": name} (go on once the test opened that gate), and
              "bytes" (from there on each byte is written by itself)
    index     the status that answers what is told about a workspace, else 200

What was asked lies in ``requests.jsonl``, one line for each request.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

TOKEN = "a-token-of-the-tests"
READY = {"state": "ready", "model": "fake-1b", "device": "cpu"}
LOADING = {"state": "loading", "model": "fake-1b", "device": "cpu", "progress": 0.25}
_POLL_SECONDS = 0.01


class FakeService:
    """The test's side: writes the script, opens gates, reads what was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.command = [sys.executable, "-P", str(Path(__file__).absolute()), str(folder)]
        self.script: dict[str, Any] = {"start": ["ready"], "health": [READY], "complete": [[{"finished": [""]}]]}
        self.set()

    def set(self, **changes: Any) -> None:
        """Change parts of the script; counters of health and completions start anew."""
        self.script.update(changes, epoch=time.monotonic_ns())
        part = self.folder / "script.part"
        part.write_text(json.dumps(self.script), encoding="utf-8")
        part.replace(self.folder / "script.json")

    def open_gate(self, name: str) -> None:
        """Let the requests that wait at this gate go on."""
        (self.folder / f"gate-{name}").touch()

    def rows(self, kind: str) -> list[dict[str, Any]]:
        """Return what was noted: kind "start", "complete", "health", "wake", "index" or "left" (a client that went away)."""
        file = self.folder / "requests.jsonl"
        if not file.exists():
            return []
        whole = file.read_text(encoding="utf-8").splitlines()
        return [row for row in map(json.loads, whole) if row["kind"] == kind]

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The bodies of the completion requests so far."""
        return [row["body"] for row in self.rows("complete")]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self._lock = threading.Lock()
        self._epoch: int | None = None
        self._counts: dict[str, int] = {}

    def read_script(self) -> dict[str, Any]:
        return json.loads((self.folder / "script.json").read_text(encoding="utf-8"))

    def next(self, kind: str) -> Any:
        """Return the script's next entry of a list."""
        with self._lock:
            script = self.read_script()
            if script["epoch"] != self._epoch:
                self._epoch, self._counts = script["epoch"], {}
            count = self._counts.get(kind, 0)
            self._counts[kind] = count + 1
            return script[kind][min(count, len(script[kind]) - 1)]

    def note(self, kind: str, **data: Any) -> None:
        _note(self.folder, kind, **data)

    def handle_error(self, request: Any, client_address: Any) -> None:  # a client that left is no error
        pass


def _note(folder: Path, kind: str, **data: Any) -> None:
    with (folder / "requests.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({"kind": kind, **data}) + "\n")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def do_GET(self) -> None:
        if self.path == "/grafter/adapters":
            self._answer_by("adapters")
            return
        answer = self.server.next("health")
        self.server.note("health")
        if answer == "stall":
            self._wait_until_left()
        elif answer == "garbage":
            self._answer(200, b"<html>")
        elif not self._allowed():
            self._error(401, "Send the token.", "unauthorized")
        elif "status" in answer:
            self._error(answer["status"], "The service is unwell.", "internal_error")
        else:
            self._answer(200, json.dumps(answer).encode())

    def _answer_by(self, name: str) -> None:
        """Answer as the script says; a service without adapters knows no such route."""
        answer = self.server.read_script().get(name, {"status": 404, "body": {}})
        self._answer(answer["status"], json.dumps(answer["body"]).encode())

    def do_POST(self) -> None:
        if self.path == "/grafter/wake":
            self.server.note("wake")
            self._answer(200, b"{}")
            return
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/grafter/index":
            self.server.note("index", body=body)
            self._answer(self.server.read_script().get("index", 200), b"{}")
            return
        if self.path == "/grafter/adapter":
            self._answer_by("adapter")
            return
        steps = self.server.next("complete")
        self.server.note("complete", body=body)
        if steps == "die":
            os._exit(9)
        if not self._allowed():
            self._error(401, "Send the token.", "unauthorized")
            return
        if isinstance(steps[0], dict) and "status" in steps[0]:
            self._answer(steps[0]["status"], json.dumps(steps[0]["body"]).encode())
            return
        self._id = body["id"]
        self._bytewise = False
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for step in steps:
                self._do(step)
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.server.note("left", id=self._id)
            self.close_connection = True

    def _do(self, step: Any) -> None:
        match step:
            case {"delta": text}:
                self._event({"event": "delta", "request_id": self._id, "index": 0, "text": text, "logprobs": []})
            case {"finished": texts}:
                self._event(_finished(self._id, texts))
            case {"failed": message}:
                self._event({"event": "failed", "request_id": self._id, "message": message, "code": "model_error"})
            case {"raw": text}:
                self._write(text.encode())
            case {"gate": name}:
                self._wait_at(name)
            case "bytes":
                self._bytewise = True
            case "stall":
                self._wait_until_left()
            case "die":
                os._exit(9)

    def _event(self, event: dict[str, Any]) -> None:
        self._write(f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode())

    def _write(self, data: bytes) -> None:
        for piece in [data[i : i + 1] for i in range(len(data))] if self._bytewise else [data]:
            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            self.wfile.flush()

    def _left(self) -> bool:
        readable, _, _ = select.select([self.connection], [], [], _POLL_SECONDS)
        return bool(readable)

    def _wait_at(self, name: str) -> None:
        gate = self.server.folder / f"gate-{name}"
        while not gate.exists():
            if self._left():
                raise ConnectionResetError

    def _wait_until_left(self) -> None:
        while not self._left():
            pass
        raise ConnectionResetError

    def _allowed(self) -> bool:
        return self.headers["Authorization"] == f"Bearer {TOKEN}"

    def _error(self, status: int, message: str, code: str) -> None:
        error = {"message": message, "type": "error", "param": None, "code": code}
        self._answer(status, json.dumps({"error": error}).encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _finished(request_id: str, texts: list[str]) -> dict[str, Any]:
    choices = [
        {"index": i, "text": t, "reason": "stop", "generated_tokens": 3, "mean_logprob": -0.1, "logprobs": []}
        for i, t in enumerate(texts)
    ]
    timings = {"context_ms": 1.0, "queue_ms": 0.0, "prefill_ms": 5.0, "decode_ms": 10.0, "total_ms": 16.0}
    return {
        "event": "finished",
        "request_id": request_id,
        "model": "fake-1b",
        "choices": choices,
        "prompt_tokens": 10,
        "cached_tokens": 0,
        "generated_tokens": 3,
        "timings": timings,
        "adapter": None,
        "context": [],
        "filters": [],
        "note": "",
    }


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(0)


def main() -> None:
    """Run the stand-in."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model")
    options, _ = parser.parse_known_args()
    folder: Path = options.folder
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    server = _Server(folder)
    script = server.read_script()
    log = folder / "requests.jsonl"
    started = log.read_text(encoding="utf-8").count('"kind": "start"') if log.exists() else 0
    _note(folder, "start", model=options.model, pid=os.getpid())
    if script.get("stubborn"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    start = script["start"][min(started, len(script["start"]) - 1)]
    match start:
        case {"exit": code, "stderr": text}:
            print(text, file=sys.stderr)
            sys.exit(code)
        case "garbage":
            print("Traceback, or anything else", flush=True)
        case "silent":
            pass
        case _:
            token_file = folder / "token"
            if start != "no-token":
                token_file.write_text(TOKEN + "\n", encoding="utf-8")
            url = f"http://127.0.0.1:{server.server_port}"
            print(json.dumps({"event": "ready", "url": url, "token_file": str(token_file)}), flush=True)
            print("a line for the log", file=sys.stderr, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
