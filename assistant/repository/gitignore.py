"""Which paths git would ignore: the .gitignore files of a folder tree and .git/info/exclude, each read once."""

from __future__ import annotations

import stat
from pathlib import Path

from pathspec import GitIgnoreSpec

from assistant.system.git_folder import shared_git_dir

_MOST_BYTES = 1_000_000
# Longer rules, and those with more stars, could make a single match take for ever.
_LONGEST_RULE = 1000
_MOST_STARS = 12


class IgnoreRules:
    """The rules in force below ``root``, also those of the repository's folders above it.

    A rules file that cannot be read, or a line in it that git would not understand, ignores nothing. Rules above the
    root that ignore the root itself are not followed: the person asked for that folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._specs: dict[str, GitIgnoreSpec | None] = {}
        self._above = _rules_above(root)

    def ignores(self, path: str, *, is_folder: bool) -> bool:
        """Return whether a path (relative to the root, forward slashes) is ignored by its own name.

        That a folder above it is ignored is not looked at: whoever walks does not come here.
        """
        ending = "/" if is_folder else ""
        folder, name = path.rpartition("/")[0], path
        while True:
            spec = self._spec(folder)
            if spec is not None:
                name = path[len(folder) + 1 :] if folder else path
                said = spec.check_file(name + ending).include
                if said is not None:
                    return said
            if not folder:
                break
            folder = folder.rpartition("/")[0]
        for prefix, spec in self._above:
            said = spec.check_file(f"{prefix}{path}{ending}").include
            if said is not None:
                return said
        return False

    def _spec(self, folder: str) -> GitIgnoreSpec | None:
        try:
            return self._specs[folder]
        except KeyError:
            spec = self._specs[folder] = _read(self._root / folder / ".gitignore")
            return spec


def _read(file: Path) -> GitIgnoreSpec | None:
    """Return the rules of a file, or None where it is missing or has none."""
    try:
        status = file.lstat()
        # Git follows no link here, either; and a pipe would never end.
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MOST_BYTES:
            return None
        # Without a byte order mark at its beginning, which git does not take for a part of the first rule, either.
        lines = file.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except OSError:
        return None
    patterns = [line for line in lines if _is_rule(line)]
    return GitIgnoreSpec.from_lines(patterns) if patterns else None


def _is_rule(line: str) -> bool:
    if not line.strip() or line.startswith("#") or len(line) > _LONGEST_RULE or line.count("*") > _MOST_STARS:
        return False
    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False  # git skips what it cannot read, too
    return True


def _rules_above(root: Path) -> list[tuple[str, GitIgnoreSpec]]:
    """Return the rules of the repository that ``root`` is in, the strongest first, each with the path down to root."""
    found: list[tuple[str, GitIgnoreSpec]] = []
    prefix = ""
    for folder in (root, *root.parents):
        if prefix and (spec := _read(folder / ".gitignore")) is not None:
            found.append((prefix, spec))
        if (folder / ".git").exists():
            if (exclude := _read(shared_git_dir(folder) / "info" / "exclude")) is not None:
                found.append((prefix, exclude))
            return [] if _ignored_itself(prefix, found) else found
        prefix = f"{folder.name}/{prefix}"
    return []  # in no repository


def _ignored_itself(root: str, rules: list[tuple[str, GitIgnoreSpec]]) -> bool:
    """Return whether rules ignore the folder they are asked about (``a/b/``), or one above it."""
    for prefix, spec in rules:
        parts = prefix.rstrip("/").split("/") if prefix else []
        paths = ("/".join(parts[: end + 1]) + "/" for end in range(len(parts)))
        if root and any(spec.check_file(path).include for path in paths):
            return True
    return False
