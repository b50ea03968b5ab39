"""What the documents name is there: files, modules, classes, targets of make, commands with their options, links."""

from __future__ import annotations

import argparse
import ast
import functools
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
DOCS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
PACKAGES = ("app", "assistant", "finetune", "tests")
TOPS = (*PACKAGES, "docs", "resources", "tools")

# Other programs' files, and examples.
OTHERS = frozenset(
    {"convert_hf_to_gguf.py", "app.py", "a.py", "src/a.py", "resources/queries/NAME.scm", "FastTokenizer"}
)

_SPAN = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_PATH = re.compile(r"(?<![\w./<>$~=-])[\w.*{},-]+(?:/[\w.*{},-]+)*/?(?![\w/<>])")
_MODULE = re.compile(rf"(?<![\w.])(?:{'|'.join(PACKAGES)})(?:\.(?:\w+|\{{[\w,\s]+\}}))+")
_CLASS = re.compile(r"[A-Z][a-z0-9]+(?:[A-Z][A-Za-z0-9]*)?")
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def parts(text: str) -> tuple[str, list[str]]:
    """Return a document's prose and the lines of its blocks of code: fenced, or indented below an empty line."""
    prose, blocks = [], []
    fenced = indented = empty = False
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
            continue
        indented = line.startswith("    ") and (empty or indented) and not line.lstrip().startswith("- ")
        (blocks if fenced or indented else prose).append(line)
        empty = not line.strip()
    return "\n".join(prose), blocks


def code(text: str) -> list[str]:
    """Return all that a document sets as code: spans, and lines of blocks."""
    prose, blocks = parts(text)
    return [" ".join(span.split()) for _, span in _SPAN.findall(prose)] + [line.strip() for line in blocks]


def spans(text: str) -> list[str]:
    """Return a document's spans of code: there names are names, while blocks may hold drawings and answers."""
    return [" ".join(span.split()) for _, span in _SPAN.findall(parts(text)[0])]


def alternatives(name: str) -> Iterator[str]:
    """Yield what ``a.{b,c}`` stands for."""
    found = re.search(r"\{([^}]*)\}", name)
    if found is None:
        yield name
        return
    for part in found[1].split(","):
        yield from alternatives(name[: found.start()] + part.strip() + name[found.end() :])


@functools.cache
def tree() -> frozenset[str]:
    """Return every file, and every folder with files, from the root, with slashes."""
    found: set[str] = set()
    for path in (path for top in TOPS for path in (ROOT / top).rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            name = path.relative_to(ROOT)
            found |= {name.as_posix(), *(folder.as_posix() for folder in name.parents)}
    return frozenset(found - {"."})


@functools.cache
def homes() -> dict[str, set[str]]:
    """Return, for each end of a path in the tree, the folders below which it lies; of whole paths that is the root."""
    found: dict[str, set[str]] = {}
    for name in tree():
        words = name.split("/")
        for size in range(len(words)):
            found.setdefault("/".join(words[size:]), set()).add("/".join(words[:size]))
    return found


@functools.cache
def names_in(file: Path) -> frozenset[str]:
    """Return what a module defines or imports at its top."""
    names: set[str] = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            names |= {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
    return frozenset(names)


@functools.cache
def defined() -> frozenset[str]:
    """Return the names of all classes, and of types and constants at the top of a module."""
    texts = ((ROOT / name).read_text(encoding="utf-8") for name in tree() if name.endswith(".py"))
    return frozenset(name for text in texts for name in re.findall(r"^(?:class )?([A-Z]\w+)", text, re.MULTILINE))


@functools.cache
def inner_folders() -> frozenset[str]:
    """Return the names of the packages right below the top ones, by which documents begin paths, too."""
    return frozenset(name.split("/")[1] for name in tree() if name.count("/") == 1 and (ROOT / name).is_dir())


def is_meant(path: str) -> bool:
    """Return whether a path is meant as one of the tree: it begins with one of its folders, or is a module."""
    first, *rest = path.rstrip("/").split("/")
    if path in OTHERS:
        return False
    if path.endswith((".py", ".scm")):
        return True
    return (first in TOPS and (bool(rest) or path.endswith("/"))) or (first in inner_folders() and bool(rest))


def is_there(path: str, folders: frozenset[str]) -> bool:
    """Return whether a path is in the tree, from its root or a folder in it; of a name alone, from one of ``folders``."""
    name = path.rstrip("/")
    if "*" in name:
        return any(ROOT.glob(name))
    found = homes().get(name, set())
    if "/" in name or "" in found:
        return bool(found)
    return any(f"/{home}".endswith("/" + folder) for home in found for folder in folders)


def folders_of(paths: set[str]) -> frozenset[str]:
    """Return the folders that a document names, as such or by a file in them."""
    folders = {path.rstrip("/") for path in paths if "/" in path}
    return frozenset(folders | {folder.rpartition("/")[0] for folder in folders})


def module_is_there(name: str) -> bool:
    """Return whether a dotted name is a module, a package, or what one of them has at its top."""
    words = name.split(".")
    for size in range(len(words), 0, -1):
        place = ROOT.joinpath(*words[:size])
        file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        if place.is_dir() or file.is_file():
            return size == len(words) or (file.is_file() and words[size] in names_in(file))
    return False


@functools.cache
def options(command: str) -> frozenset[str]:
    """Return the options of a command and of all that stands below it, and the names of these."""
    parser = argparse.ArgumentParser()
    importlib.import_module(f"assistant.cli.{command}").add_arguments(parser)
    found: set[str] = set()
    parsers = [parser]
    while parsers:
        for action in parsers.pop()._actions:
            found |= set(action.option_strings)
            if isinstance(action, argparse._SubParsersAction):
                found |= set(action.choices)
                parsers += action.choices.values()
    return frozenset(found)


def targets() -> set[str]:
    return set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def drawn() -> dict[str, set[str]]:
    """Return what the drawing of the packages has: the names in each folder, by its path from the root."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    lines = text.partition("## Packages and arrows")[2].partition("\n## ")[0].splitlines()
    above: list[str] = []
    found: dict[str, set[str]] = {}
    for line in lines:
        match = re.match(r"    ((?:  ){0,2})([a-z_]+(?:, [a-z_]+)*)(/?) {2,}\S", line)
        if match is None:
            continue
        names = match[2].split(", ")
        above = [*above[: len(match[1]) // 2], names[0]]
        found.setdefault("/".join(above[:-1]), set()).update(names)
    return found


@pytest.fixture(params=DOCS, ids=lambda path: path.relative_to(ROOT).as_posix())
def document(request):
    return request.param


@pytest.fixture
def text(document):
    return document.read_text(encoding="utf-8")


def test_paths_are_there(text):
    paths = {path for span in spans(text) for whole in _PATH.findall(span) for path in alternatives(whole.rstrip(".,"))}
    folders = folders_of(paths)
    assert [path for path in sorted(paths) if is_meant(path) and not is_there(path, folders)] == []


def test_modules_are_there(text):
    names = {name for line in code(text) for whole in _MODULE.findall(line) for name in alternatives(whole)}
    assert [name for name in sorted(names) if not is_a_file(name) and not module_is_there(name)] == []


def is_a_file(name: str) -> bool:
    return name.endswith((".py", ".md"))


def test_classes_are_there(text):
    names = {span for span in spans(text) if _CLASS.fullmatch(span)}
    assert sorted(names - defined() - OTHERS) == []


def test_links_lead_somewhere(document, text):
    links = [link for link in _LINK.findall(text) if "://" not in link]
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_targets_are_in_the_makefile(text):
    named = {
        target
        for line in code(text)
        for whole in re.findall(r"(?:^|\s)make ([a-z][\w-]*(?: \| [a-z][\w-]*)*)", line)
        for target in whole.split(" | ")
    }
    assert sorted(named - targets()) == []


def test_commands_and_options_are_those_of_the_parser(text):
    wrong = []
    for line in code(text):
        for command, rest in re.findall(r"(?:^|\s)grafter ([a-z]+)\b([^;&#]*)", line):
            if command not in COMMANDS:
                wrong.append(f"grafter {command}")
                continue
            asked = re.split(r"\s{3,}", rest)[0]
            found = set(re.findall(r"(?<![\w-])--[a-z][\w-]*", asked))
            wrong += [f"grafter {command} {option}" for option in sorted(found - options(command))]
    assert wrong == []


def test_the_drawing_of_the_packages_is_the_tree():
    drawing = drawn()
    wrong = [
        f"{folder}/{name}" for folder, names in drawing.items() for name in sorted(names) if not lies_in(folder, name)
    ]
    for package in PACKAGES[:3]:
        inner = {name.removesuffix(".py") for name in children(package)}
        wrong += [f"{package}/{name} is not drawn" for name in sorted(inner - drawing[package])]
        for folder, names in drawing.items():
            if folder.startswith(package + "/"):
                packages = {name for name in children(folder) if not name.endswith(".py")}
                wrong += [f"{folder}/{name} is not drawn" for name in sorted(packages - names)]
    assert wrong == []


def lies_in(folder: str, name: str) -> bool:
    return any((ROOT / folder / (name + end)).exists() for end in ("", ".py"))


def children(folder: str) -> list[str]:
    """Return the packages and modules right below a folder."""
    inner = [name.removeprefix(folder + "/") for name in tree() if name.startswith(folder + "/")]
    return [
        name
        for name in inner
        if "/" not in name and not name.startswith("__") and (name.endswith(".py") or (ROOT / folder / name).is_dir())
    ]


def test_the_makefile_names_files_that_are_there():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = re.findall(r"(?<![\w./-])(?:tests|tools)/[\w./-]+", text)
    assert [path for path in named if not (ROOT / path).exists()] == []
