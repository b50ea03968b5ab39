"""Hold the shape of the code: no circles of imports within app, no file and no folder of it too long. ``make lint``.

    python tools/layout.py

A circle is said with the imports that close it. Layers are import-linter's part (pyproject.toml); it knows circles only
between the packages of one folder, while these are between any two modules.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("app", "assistant", "finetune", "tools")
MOST_LINES = 400
MOST_LINES_OF_A_FOLDER = 3000
"""Of app: the lines of the Python files that lie in one folder, those of its subfolders not counted."""


def main() -> int:
    """Print every fault; return the exit status."""
    files = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    texts = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in files}
    faults = [
        *long_files(texts),
        *long_folders(texts, "app"),
        *(f"import circle: {' -> '.join(circle)}" for circle in circles(imports_of(texts, "app"))),
    ]
    for fault in faults:
        print(f"layout: {fault}", file=sys.stderr)
    if not faults:
        print(f"layout: {len(texts)} files, no circle in app, none too long")
    return 1 if faults else 0


def long_files(texts: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each file with more than MOST_LINES."""
    for name, text in texts.items():
        if (lines := text.count("\n")) > MOST_LINES:
            yield f"{name} has {lines} lines, more than {MOST_LINES}: it holds more than one idea."


def long_folders(texts: Mapping[str, str], package: str) -> Iterator[str]:
    """Yield a sentence for each folder of a package whose files have more lines than MOST_LINES_OF_A_FOLDER."""
    lines: dict[str, int] = {}
    for name, text in texts.items():
        folder = name.rpartition("/")[0]
        lines[folder] = lines.get(folder, 0) + text.count("\n")
    for folder, count in lines.items():
        if folder.split("/")[0] == package and count > MOST_LINES_OF_A_FOLDER:
            yield f"{folder} has {count} lines, more than {MOST_LINES_OF_A_FOLDER}: it wants rooms of its own."


def imports_of(texts: Mapping[str, str], package: str) -> dict[str, set[str]]:
    """Return what each module of a package imports of it, for its types too: who names a class has to know it.

    Imports inside of functions, which load a page once it is shown, close no circle.
    """
    modules = {module_of(name): text for name, text in texts.items() if name.split("/")[0] == package}
    return {
        module: {found for name in imported(ast.parse(text).body) if (found := nearest(name, modules))} - {module}
        for module, text in modules.items()
    }


def module_of(name: str) -> str:
    """Return the dotted name of a file."""
    return name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def nearest(name: str, modules: Iterable[str]) -> str:
    """Return the module that holds an imported name: itself, or what stands before its last dot; else ""."""
    known = set(modules)
    return next((each for each in (name, name.rpartition(".")[0]) if each in known), "")


def imported(body: list[ast.stmt]) -> Iterator[str]:
    """Yield the dotted names that statements import at once."""
    for node in body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.If):
            yield from imported([*node.body, *node.orelse])
        elif isinstance(node, ast.Try):
            yield from imported([*node.body, *(each for row in node.handlers for each in row.body), *node.orelse])
        elif isinstance(node, (ast.With, ast.ClassDef)):
            yield from imported(node.body)


def circles(imports: Mapping[str, set[str]]) -> list[list[str]]:
    """Return one shortest circle for each group of modules that import each other, each begun by its first name."""
    found: list[list[str]] = []
    for group in groups(imports):
        start = min(group)
        ways = [[start]]
        while ways and not (len(ways[0]) > 1 and ways[0][-1] == start):
            way = ways.pop(0)
            ways += [[*way, after] for after in sorted(imports[way[-1]]) if after in group and after not in way[1:]]
        found += ways[:1]
    return found


def groups(imports: Mapping[str, set[str]]) -> list[set[str]]:
    """Return the sets of two and more modules that reach each other."""
    reach = {module: reached(module, imports) for module in imports}
    together = {frozenset(other for other in reach[module] if module in reach.get(other, set())) for module in imports}
    return sorted((set(group) for group in together if len(group) > 1), key=min)


def reached(module: str, imports: Mapping[str, set[str]]) -> set[str]:
    """Return every module that importing this one leads to."""
    found: set[str] = set()
    ahead = [module]
    while ahead:
        new = imports.get(ahead.pop(), set()) - found
        found |= new
        ahead += new
    return found


if __name__ == "__main__":
    sys.exit(main())
