"""Rows of holes to fill, read from JSON lines, plain or gzipped, with one clear sentence for whatever is wrong."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from assistant.errors import InputError
from assistant.prompts.fim import SourceFile

_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Row:
    """One hole. ``tests`` is Python code that raises where the whole program is wrong, or None.

    ``path`` is the file's in its repository, ``repository`` the name of that, and ``files`` are others of it, or pieces
    of them: one path may come several times.
    """

    id: str
    prompt: str
    suffix: str
    solution: str
    tests: str | None = None
    path: str | None = None
    repository: str | None = None
    files: tuple[SourceFile, ...] = ()

    @property
    def one_line(self) -> bool:
        """Whether the solution is a single line, with or without its line end."""
        return "\n" not in self.solution.removesuffix("\n")

    @property
    def line_end(self) -> str:
        r"""The line end that belongs to the hole's last line and so stands in the file whatever is filled in."""
        return "\n" if self.solution.endswith("\n") else ""

    @property
    def after(self) -> str:
        """What stands right of the cursor, as an editor shows it."""
        return self.line_end + self.suffix

    def program(self, answer: str, replaces: int = 0) -> str:
        """Return the whole text with ``answer`` in the hole and in place of ``replaces`` characters right of it."""
        if replaces:
            return f"{self.prompt}{answer}{self.after[replaces:]}"
        end = "" if answer.endswith("\n") else self.line_end
        return f"{self.prompt}{answer}{end}{self.suffix}"

    def right(self, replaces: int = 0) -> str:
        """Return the answer that makes the text what it was, where it takes the place of so many characters."""
        return self.solution.removesuffix(self.line_end) + self.after[:replaces] if replaces else self.solution


def load_rows(path: Path) -> list[Row]:
    """Return all rows of a file. Raises InputError where it is missing, damaged or empty, with the line's number."""
    rows: list[Row] = []
    ids: set[str] = set()
    for number, line in enumerate(_lines(path), 1):
        if not line.strip():
            continue
        row = _read_row(line, f"{path}, line {number}", str(number))
        if row.id in ids:
            raise InputError(f"{path}, line {number}: the task_id '{row.id}' was there before; each has to be its own.")
        ids.add(row.id)
        rows.append(row)
    if not rows:
        raise InputError(f"{path} has no rows; it needs one JSON object per line.")
    return rows


def sample(rows: Sequence[Row], limit: int | None, seed: int) -> list[Row]:
    """Return ``limit`` rows in the file's order, always the same for a seed; a larger limit adds to a smaller one's."""
    if limit is None or limit >= len(rows):
        return list(rows)

    def rank(index: int) -> bytes:
        return hashlib.sha256(f"{seed}:{index}".encode()).digest()

    return [rows[index] for index in sorted(sorted(range(len(rows)), key=rank)[:limit])]


def read_objects(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each JSON object of a file with a text that names its place. Raises InputError."""
    for number, line in enumerate(_lines(path), 1):
        if line.strip():
            where = f"{path}, line {number}"
            yield where, _read_object(line, where)


def _lines(path: Path) -> list[str]:
    try:
        if path.is_dir():
            raise InputError(f"{path} is a folder; name a file.")
        data = path.read_bytes()
        if data.startswith(_GZIP_MAGIC):
            data = gzip.decompress(data)
        # Not splitlines(): JSON strings may hold other line separators as they are.
        return data.decode("utf-8-sig").split("\n")
    except FileNotFoundError:
        raise InputError(f"There is no file {path}.") from None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise InputError(f"{path} is damaged: it cannot be unpacked to its end.") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not a text in UTF-8.") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from None


def _read_object(line: str, where: str) -> dict[str, Any]:
    try:
        data: object = json.loads(line)
    except (ValueError, RecursionError):
        raise InputError(f"{where}: this is not JSON.") from None
    if not isinstance(data, dict):
        raise InputError(f"{where}: this is no JSON object.")
    return cast("dict[str, Any]", data)


def _read_row(line: str, where: str, number: str) -> Row:
    data = _read_object(line, where)
    if "groundtruth" in data:
        data = _from_crosscodeeval(data)
    for name in ("prompt", "suffix", "canonical_solution"):
        if not isinstance(data.get(name), str):
            raise InputError(f"{where}: the text '{name}' is missing.")
        if "\r" in data[name]:
            data[name] = data[name].replace("\r\n", "\n").replace("\r", "\n")
    return Row(
        id=str(data.get("task_id", number)),
        prompt=data["prompt"],
        suffix=data["suffix"],
        solution=data["canonical_solution"],
        tests=_read_tests(data, where),
        path=_read_name(data, "path", where),
        repository=_read_name(data, "repository", where),
        files=_read_files(data, where),
    )


def _from_crosscodeeval(data: dict[str, Any]) -> dict[str, Any]:
    """Return a row of CrossCodeEval's files under our names; its retrieved chunks are the pieces of other files.

    Whatever is not as it should be is left for the checks that every row goes through.
    """
    about: object = data.get("metadata")
    about = cast("dict[str, object]", about) if isinstance(about, dict) else {}
    found: object = data.get("crossfile_context")
    chunks: object = cast("dict[str, object]", found).get("list") if isinstance(found, dict) else None
    listed = cast("list[object]", chunks) if isinstance(chunks, list) else []
    tables = [cast("dict[str, object]", chunk) for chunk in listed if isinstance(chunk, dict)]
    files = [{"path": chunk.get("filename"), "text": chunk.get("retrieved_chunk")} for chunk in tables]
    named = {"task_id": about.get("task_id"), "path": about.get("file"), "repository": about.get("repository")}
    return {
        "prompt": data.get("prompt"),
        "suffix": data.get("right_context"),
        "canonical_solution": data["groundtruth"],
        "files": files,
        **{name: value for name, value in named.items() if value is not None},
    }


def _read_name(data: dict[str, Any], name: str, where: str) -> str | None:
    value = data.get(name)
    if value is not None and (not isinstance(value, str) or not value.strip()):
        raise InputError(f"{where}: '{name}' has to be a text.")
    return value


def _read_files(data: dict[str, Any], where: str) -> tuple[SourceFile, ...]:
    """Return the other files of the repository: a list of objects with ``path`` and ``text``."""
    files = data.get("files")
    if files is None:
        return ()
    found: list[SourceFile] = []
    for file in cast("list[object]", files) if isinstance(files, list) else [files]:
        fields = cast("dict[str, object]", file) if isinstance(file, dict) else {}
        path, text = fields.get("path"), fields.get("text")
        if not isinstance(path, str) or not path.strip() or not isinstance(text, str):
            raise InputError(f"{where}: 'files' has to be a list of objects with the texts 'path' and 'text'.")
        found.append(SourceFile(path, text.replace("\r\n", "\n").replace("\r", "\n")))
    return tuple(found)


def _read_tests(data: dict[str, Any], where: str) -> str | None:
    """Return the tests as code: ``tests`` (one text or a list of them), or ``test`` with the call of its ``check``."""
    tests = data.get("tests")
    if isinstance(tests, list) and tests and all(isinstance(test, str) for test in cast("list[object]", tests)):
        return "\n".join(cast("list[str]", tests))
    if isinstance(tests, str) and tests.strip():
        return tests
    if tests:
        raise InputError(f"{where}: 'tests' has to be a text or a list of texts.")
    test, entry_point = data.get("test"), data.get("entry_point")
    if not test:
        return None
    if not isinstance(test, str) or not isinstance(entry_point, str) or not entry_point.isidentifier():
        raise InputError(f"{where}: 'test' has to be a text and needs an 'entry_point', the name of a function.")
    return f"{test}\ncheck({entry_point})"
