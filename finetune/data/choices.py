"""What a person decided about files, by names: of files, of folders, and patterns with stars."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate

from assistant.errors import InputError
from finetune.config import DataConfig

_MOST_STARS = 8
# One star stays in its folder, two do not.
_SIGNS = {"**/": r"(?:.*/)?", "**": r".*", "*": r"[^/]*", "?": r"[^/]"}


def among(path: str, names: Sequence[str]) -> bool:
    """Return whether a path is one of ``names``, or lies in a folder that one of them names.

    ``store``, ``store/``, ``./store`` and ``store/*`` all name the folder store, ``.`` names everything.
    """
    return any(_matches(path, name) for name in names)


def is_named(path: str, names: Sequence[str]) -> bool:
    """Return whether one of ``names`` is this very path, and not a folder of it."""
    return any(_plain(name) == path for name in names)


class Choices:
    """Which files a person wants, does not want, and trusts."""

    def __init__(self, config: DataConfig) -> None:
        self._config = config

    def keeps(self, path: str) -> bool:
        """Return whether the person wants this file."""
        return among(path, self._config.keep)

    def drops(self, path: str) -> bool:
        """Return whether the person does not; a file named itself counts more than a folder that it is in."""
        return among(path, self._config.drop) and not is_named(path, self._config.keep)

    def trusts(self, path: str) -> bool:
        """Return whether the person says that what looks like a secret is none."""
        return among(path, self._config.trusted)

    def check(self, where: str, paths: Iterable[str]) -> None:
        """Raise InputError for the first name that none of ``paths``, all files of ``where``, goes by."""
        known = tuple(paths)
        given = {"keep": self._config.keep, "drop": self._config.drop, "trust": self._config.trusted}
        for option, names in given.items():
            for name in names:
                if any(_matches(path, name) for path in known):
                    continue
                above = next((path for path in known if _plain(name).startswith(f"{path}/")), "")
                why = f"{above} is left out as a whole" if above else f"no file of {where} is called so or lies there"
                raise InputError(
                    f"--{option} {name}: {why}; paths begin at that folder, and --files lists all that it has."
                )


@lru_cache(maxsize=4096)
def _plain(name: str) -> str:
    """Return a name as paths are spelled, with forward slashes; empty for the folder itself."""
    plain = "/".join(part for part in re.split(r"[/\\]", name) if part not in ("", "."))
    return f"/{plain}" if name.startswith("/") else plain


def _matches(path: str, name: str) -> bool:
    if path == name:
        return bool(path)
    plain = _plain(name)
    if not plain:
        return bool(name.strip())
    if path == plain or path.startswith(f"{plain}/"):
        return True
    if "*" not in plain and "?" not in plain:
        return False
    pattern = _pattern(plain)
    # A folder that the pattern names stands for all that is in it.
    return any(pattern.fullmatch(above) for above in accumulate(path.split("/"), "{}/{}".format))


@lru_cache(maxsize=4096)
def _pattern(plain: str) -> re.Pattern[str]:
    if plain.count("*") > _MOST_STARS:
        raise InputError(f"{plain[:80]}: a name can have at most {_MOST_STARS} stars.")
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", plain)
    return re.compile("".join(_SIGNS.get(part) or re.escape(part) for part in parts), re.DOTALL)
