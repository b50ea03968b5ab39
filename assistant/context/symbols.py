"""What a file defines, uses and imports, by the queries in resources/queries."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Symbol:
    """A definition. Lines are 1-based and inclusive.

    ``parent`` is the name of the class (or the like) that it is in, else empty; ``signature`` one bounded line;
    ``doc`` the first paragraph of its documentation, bounded, or empty.
    """

    name: str
    kind: str
    parent: str
    signature: str
    doc: str
    first_line: int
    last_line: int


@dataclass(frozen=True, slots=True)
class Reference:
    """A use of a name: a call, a base class, a type."""

    name: str
    line: int


@dataclass(frozen=True, slots=True)
class Import:
    """What one name of an import statement says; ``line`` is 1-based.

    ``module`` is as written (``..relative``, ``./file``, ``a.b``, ``crate::x``). ``name`` is what is taken from it
    (``*`` for all), empty for the module itself. ``alias`` is what it is called here, where that differs.
    """

    module: str
    name: str
    alias: str
    line: int
