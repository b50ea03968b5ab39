"""Files that tell nothing of a project's own code: by their names, and by how they begin."""

from __future__ import annotations

import re
from typing import Literal

Reason = Literal[
    "ignored", "hidden", "dependencies", "lock file", "generated", "minified", "binary", "too large", "data",
    "pointer", "link", "special", "unreadable", "too many files",
]  # fmt: skip
"""Why a file or folder of the workspace does not count."""

_DEPENDENCIES = frozenset({"node_modules", "bower_components", "jspm_packages", "__pycache__", "__pypackages__"})
_VENDORED = frozenset({"vendor", "vendored", "_vendor", "third_party", "thirdparty", "external", "site-packages"})
_LOCK_FILES = frozenset(
    {"package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "go.sum", "packages.lock.json", "mix.lock"}
)
_LOCK_ENDINGS = (".lock", ".lockb", ".lockfile")
_MINIFIED_ENDINGS = (".min.js", ".min.mjs", ".min.css", "-min.js", "-min.css", ".bundle.js", ".chunk.js")
_GENERATED_ENDINGS = (
    ".map",
    "_pb2.py",
    "_pb2.pyi",
    "_pb2_grpc.py",
    ".pb.go",
    ".pb.cc",
    ".pb.h",
    ".g.cs",
    ".designer.cs",
)
_DATA_ENDINGS = frozenset(
    {"csv", "tsv", "jsonl", "ndjson", "svg", "ipynb", "log", "pem", "crt", "po", "pot", "xml", "geojson"}
)
_BINARY_ENDINGS = frozenset(
    """
    7z a avi bin bmp bz2 class db dll dylib eot exe flac gguf gif gz ico icns jar jpeg jpg lib mo mov mp3 mp4 npy npz
    o obj ogg onnx otf parquet pdf pickle pkl png psd pt pth pyc pyd pyo qm rar rlib safetensors so sqlite sqlite3 tar
    tgz tif tiff ttf war wasm wav webm webp whl woff woff2 xz zip zst
    """.split()  # noqa: SIM905 - a hundred quotes would hide the words
)

_HEAD_BYTES = 8192
# A person's lines are short; what a program wrote on one line is no example of anything.
_LONGEST_MEAN_LINE = 300
_GENERATED = re.compile(rb"(?i)@generated|\bdo not edit\b|\bautomatically generated\b|\bauto-?generated (?:by|from)\b")
_GENERATED_HEAD_BYTES = 1024
# What git-lfs, its first version, and git-annex leave in the place of a file that is kept elsewhere.
_POINTERS = (
    b"version https://git-lfs.github.com/spec/",
    b"version https://hawser.github.com/spec/",
    b"/annex/objects/",
)
_POINTER_BYTES = 1024


def reason_of_folder(name: str) -> Reason | None:
    """Return why a folder of this name is left out, or None."""
    if name in _DEPENDENCIES:
        return "dependencies"
    return "hidden" if name.startswith(".") else None


def is_vendored(name: str) -> bool:
    """Return whether a folder of this name holds code that others wrote: it helps to read, not to learn from."""
    return name.lower() in _VENDORED


def reason_of_name(name: str) -> Reason | None:
    """Return why a file of this name is left out, or None."""
    lower = name.lower()
    ending = lower.rpartition(".")[2]
    if name.startswith("."):
        return "hidden"
    if ending in _BINARY_ENDINGS and ending != lower:
        return "binary"
    if lower in _LOCK_FILES or lower.endswith(_LOCK_ENDINGS):
        return "lock file"
    if lower.endswith(_MINIFIED_ENDINGS):
        return "minified"
    if lower.endswith(_GENERATED_ENDINGS):
        return "generated"
    return "data" if ending in _DATA_ENDINGS and ending != lower else None


def reason_of_content(data: bytes) -> Reason | None:
    """Return why a file that holds ``data`` is left out, or None."""
    head = data[:_HEAD_BYTES]
    if b"\0" in head:
        return "binary"
    if len(data) < _POINTER_BYTES and data.startswith(_POINTERS):
        return "pointer"
    if (
        len(data) > _LONGEST_MEAN_LINE * (data.count(b"\n") + data.count(b"\r") + 1)
        and len(data) > 2 * _LONGEST_MEAN_LINE
    ):
        return "minified"
    return "generated" if _GENERATED.search(head, 0, _GENERATED_HEAD_BYTES) else None
