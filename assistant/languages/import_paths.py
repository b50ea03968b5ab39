"""Which files an import may mean, in each language: guesses by the module's text, the surest first.

Nothing is read: a guess is a path (or the end of one), and whoever asks knows which of them exist. Each function takes
the module as it is written and the folder of the importing file.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_SCRIPT_ENDINGS = (".ts", ".tsx", ".d.ts", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts", ".json", ".css")
# TypeScript is imported by the name of what it is compiled to.
_COMPILED = {".js": (".ts", ".tsx"), ".jsx": (".tsx",), ".mjs": (".mts",), ".cjs": (".cts",)}
_PYTHON_FILES = (".py", "/__init__.py", ".pyi", "/__init__.pyi")
# @/parts, ~/parts, #parts: aliases of the source folder in the configuration of bundlers.
_ALIAS = re.compile(r"^(?:@/|~/|#/?)")


@dataclass(frozen=True, slots=True)
class Guess:
    """A path that an import may mean.

    ``anywhere``: any file whose path ends so, else exactly this path from the workspace. ``folder``: all files of the
    importing file's language in a folder of that path, not a file.
    """

    path: str
    anywhere: bool = False
    folder: bool = False


def _joined(folder: str, relative: str) -> str:
    path = posixpath.normpath(posixpath.join(folder, relative))
    return "" if path == "." else path


def python(module: str, folder: str) -> Iterator[Guess]:
    """Yield guesses for Python: absolute by the parts, relative by the dots."""
    name = module.lstrip(".")
    dots = len(module) - len(name)
    parts = name.replace(".", "/")
    if dots:
        base = _joined(folder, "../" * (dots - 1) + parts)
        if base.startswith(".."):
            return
        yield from (Guess((base + ending).lstrip("/")) for ending in _PYTHON_FILES if base or ending.startswith("/"))
        return
    yield from (Guess(parts + ending) for ending in _PYTHON_FILES)
    # A script sees its own folder; a source folder may lie anywhere.
    yield from (Guess(_joined(folder, parts + ending)) for ending in _PYTHON_FILES)
    yield from (Guess(parts + ending, anywhere=True) for ending in _PYTHON_FILES)


def script(module: str, folder: str) -> Iterator[Guess]:
    """Yield guesses for JavaScript and TypeScript: files without their ending, folders with an index, aliases."""
    alias = _ALIAS.match(module)
    if module.startswith("."):
        base, anywhere = _joined(folder, module), False
    elif alias:
        base, anywhere = module[alias.end() :], True
    elif module.startswith("/"):
        base, anywhere = module.lstrip("/"), False
    elif "/" in module and not module.startswith("@"):
        base, anywhere = module, False  # by baseUrl, or a package: only if the workspace has such a path
    else:
        return
    stem, ending = posixpath.splitext(base)
    if ending:
        yield Guess(base, anywhere)
    yield from (Guess(stem + other, anywhere) for other in _COMPILED.get(ending, ()))
    yield from (Guess(base + other, anywhere) for other in _SCRIPT_ENDINGS)
    yield from (Guess(posixpath.join(base, "index" + other), anywhere) for other in _SCRIPT_ENDINGS)


def go(module: str, _folder: str) -> Iterator[Guess]:
    """Yield guesses for Go: a package is a folder."""
    parts = module.split("/")
    yield from (Guess("/".join(parts[start:]), folder=True) for start in range(len(parts)))
    if len(parts) > 1:
        yield from (Guess("/".join(parts[start:]), anywhere=True, folder=True) for start in range(len(parts) - 1))


def java(module: str, _folder: str) -> Iterator[Guess]:
    """Yield guesses for Java: a class is a file, a package a folder."""
    parts = module.removesuffix(".*").split(".")
    yield Guess("/".join(parts) + ".java", anywhere=True)
    if len(parts) > 2:  # a static import, or a class in a class
        yield Guess("/".join(parts[:-1]) + ".java", anywhere=True)
    yield Guess("/".join(parts), anywhere=True, folder=True)


def rust(module: str, folder: str) -> Iterator[Guess]:
    """Yield guesses for Rust: ``crate``, ``self``, ``super``, and the longest path that may be a file."""
    parts = module.split("::")
    while parts and parts[0] in ("self", "super"):
        folder = posixpath.dirname(folder) if parts.pop(0) == "super" else folder
        if parts:
            yield from _rust_files(parts, lambda path, base=folder: Guess(_joined(base, path)))
    if parts and parts[0] == "crate":
        yield from _rust_files(parts[1:], lambda path: Guess("src/" + path))
    yield from _rust_files([part for part in parts if part != "crate"], lambda path: Guess(path, anywhere=True))


def _rust_files(parts: list[str], guess: Callable[[str], Guess]) -> Iterator[Guess]:
    """Guess the longest path first: the last parts may be items of the file."""
    for end in range(len(parts), 0, -1):
        path = "/".join(parts[:end])
        yield guess(path + ".rs")
        yield guess(path + "/mod.rs")


def ruby(module: str, folder: str) -> Iterator[Guess]:
    """Yield guesses for Ruby: beside the file, or in lib."""
    file = module if module.endswith(".rb") else module + ".rb"
    yield Guess(_joined(folder, file))
    if not module.startswith("."):
        yield Guess("lib/" + file)
        yield Guess(file, anywhere=True)


def php(module: str, folder: str) -> Iterator[Guess]:
    """Yield guesses for PHP: a path, or a namespace whose first parts are the vendor's name for a source folder."""
    if module.endswith((".php", ".inc")):
        yield from paths(module.replace("\\", "/").lstrip("/"), folder)
        return
    parts = module.strip("\\").split("\\")
    yield from (Guess("/".join(parts[start:]) + ".php", anywhere=True) for start in range(len(parts)))


def c_sharp(module: str, _folder: str) -> Iterator[Guess]:
    """Yield guesses for C#: a namespace or a class, anywhere."""
    parts = module.split(".")
    for start in range(len(parts)):
        yield Guess("/".join(parts[start:]) + ".cs", anywhere=True)
        yield Guess("/".join(parts[start:]), anywhere=True, folder=True)


def paths(module: str, folder: str) -> Iterator[Guess]:
    """Yield guesses for what is a path already: C, C++, Bash, CSS, HTML."""
    path = re.split(r"[?#]", module, maxsplit=1)[0]
    if "://" in path:
        return
    yield Guess(_joined(folder, path.lstrip("/") if path.startswith("/") else path))
    while path.startswith(("../", "./", "/")):
        path = path.partition("/")[2]
    yield Guess(path, anywhere=True)
