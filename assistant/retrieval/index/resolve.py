"""Which files of the workspace an import may mean: guesses by the module's text, the surest first.

Nothing is read: a guess is a path (or the end of one), and the index knows which of them exist.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_SCRIPT_ENDINGS = (".ts", ".tsx", ".d.ts", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts", ".json", ".css")
# TypeScript is imported by the name of what it is compiled to.
_COMPILED = {".js": (".ts", ".tsx"), ".jsx": (".tsx",), ".mjs": (".mts",), ".cjs": (".cts",)}
# A path with one of these as a part leads nowhere, or out of the workspace.
_NO_PARTS = frozenset({"", ".", ".."})
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


def guesses(module: str, from_path: str, language: str | None) -> list[Guess]:
    """Return what ``module`` in a file of ``language`` at ``from_path`` may mean, the surest guess first."""
    text = module.strip().strip("\"'<>").replace("\\", "/" if language != "php" else "\\")
    if not text or len(text) > 400:
        return []
    found = _BY_LANGUAGE.get(language or "", _paths)(text, posixpath.dirname(from_path))
    return [guess for guess in dict.fromkeys(found) if not _NO_PARTS.intersection(guess.path.split("/"))]


def _joined(folder: str, relative: str) -> str:
    path = posixpath.normpath(posixpath.join(folder, relative))
    return "" if path == "." else path


def _python(module: str, folder: str) -> Iterator[Guess]:
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


def _script(module: str, folder: str) -> Iterator[Guess]:
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


def _go(module: str, _folder: str) -> Iterator[Guess]:
    parts = module.split("/")
    yield from (Guess("/".join(parts[start:]), folder=True) for start in range(len(parts)))
    if len(parts) > 1:
        yield from (Guess("/".join(parts[start:]), anywhere=True, folder=True) for start in range(len(parts) - 1))


def _java(module: str, _folder: str) -> Iterator[Guess]:
    parts = module.removesuffix(".*").split(".")
    yield Guess("/".join(parts) + ".java", anywhere=True)
    if len(parts) > 2:  # a static import, or a class in a class
        yield Guess("/".join(parts[:-1]) + ".java", anywhere=True)
    yield Guess("/".join(parts), anywhere=True, folder=True)


def _rust(module: str, folder: str) -> Iterator[Guess]:
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


def _ruby(module: str, folder: str) -> Iterator[Guess]:
    file = module if module.endswith(".rb") else module + ".rb"
    yield Guess(_joined(folder, file))
    if not module.startswith("."):
        yield Guess("lib/" + file)
        yield Guess(file, anywhere=True)


def _php(module: str, folder: str) -> Iterator[Guess]:
    if module.endswith((".php", ".inc")):
        yield from _paths(module.replace("\\", "/").lstrip("/"), folder)
        return
    parts = module.strip("\\").split("\\")
    # The first parts are the vendor's name for a source folder.
    yield from (Guess("/".join(parts[start:]) + ".php", anywhere=True) for start in range(len(parts)))


def _c_sharp(module: str, _folder: str) -> Iterator[Guess]:
    parts = module.split(".")
    for start in range(len(parts)):
        yield Guess("/".join(parts[start:]) + ".cs", anywhere=True)
        yield Guess("/".join(parts[start:]), anywhere=True, folder=True)


def _paths(module: str, folder: str) -> Iterator[Guess]:
    """Return guesses for what is a path already: C, C++, Bash, CSS, HTML."""
    path = re.split(r"[?#]", module, maxsplit=1)[0]
    if "://" in path:
        return
    yield Guess(_joined(folder, path.lstrip("/") if path.startswith("/") else path))
    while path.startswith(("../", "./", "/")):
        path = path.partition("/")[2]
    yield Guess(path, anywhere=True)


_BY_LANGUAGE: dict[str, Callable[[str, str], Iterator[Guess]]] = {
    "python": _python,
    "javascript": _script,
    "typescript": _script,
    "tsx": _script,
    "go": _go,
    "java": _java,
    "rust": _rust,
    "ruby": _ruby,
    "php": _php,
    "c_sharp": _c_sharp,
}
