import platform
import sys

import pytest

from tools.systems import QT_PACKAGES, System, problem, this_system, unpinned


def linux(machine="x86_64", glibc=(2, 36), python=(3, 11), **more):
    return System("linux", machine, python, glibc=glibc, **more)


@pytest.mark.parametrize(
    "system",
    [
        linux(),
        linux(glibc=(2, 34), python=(3, 14)),
        linux("aarch64", (2, 39), (3, 12)),
        System("win32", "x86_64", (3, 12)),
        System("darwin", "aarch64", (3, 13), macos=(14, 0)),
        System("darwin", "aarch64", (3, 11), macos=(26, 1)),
    ],
)
def test_the_pinned_set_is_taken_where_it_has_wheels(system):
    assert problem(system) is None
    assert unpinned(system) == ()


@pytest.mark.parametrize(
    "system",
    [
        linux(glibc=(2, 31)),  # Ubuntu 20.04
        linux(glibc=(2, 28)),  # RHEL 8
        linux("aarch64", (2, 36)),  # Debian 12
        linux("aarch64", (2, 35)),  # Ubuntu 22.04, Jetson
    ],
)
def test_an_older_glibc_gets_the_newest_qt_that_fits(system):
    assert problem(system) is None
    assert unpinned(system) == QT_PACKAGES


@pytest.mark.parametrize(
    ("system", "parts"),
    [
        (linux(python=(3, 10)), ("Python 3.10 is too old", "3.11", "make PYTHON=")),
        (linux(python=(3, 15)), ("Python 3.15 is too new", "3.11 to 3.14")),
        (linux(bits=32), ("32 bits",)),
        (linux(glibc=(2, 17)), ("glibc 2.17", "2.28")),
        (linux(glibc=None), ("musl", "container")),
        (linux("riscv64"), ("riscv64", "x86-64 or 64-bit ARM")),
        (System("win32", "aarch64", (3, 12)), ("Windows on ARM", "x64")),
        (System("darwin", "x86_64", (3, 12), macos=(14, 5)), ("Intel", "Apple chip")),
        (System("darwin", "aarch64", (3, 12), macos=(13, 7)), ("macOS 13.7", "macOS 14")),
        (System("freebsd14", "x86_64", (3, 11)), ("freebsd14",)),
    ],
)
def test_what_a_system_lacks_is_one_sentence_with_what_to_do(system, parts):
    said = problem(system)
    assert said is not None
    assert said.endswith(".")
    assert "\n" not in said
    for part in parts:
        assert part in said


def test_this_system_is_known_for_what_it_is():
    found = this_system()
    assert found.name == sys.platform
    assert found.python == sys.version_info[:2]
    assert found.bits == 64
    if sys.platform == "linux":
        assert found.glibc == tuple(int(part) for part in platform.libc_ver()[1].split(".")[:2])
    assert problem(found) is None


@pytest.mark.parametrize(("built_for", "machine"), [("win-amd64", "x86_64"), ("win-arm64", "aarch64"), ("win32", "")])
def test_on_windows_it_counts_what_the_python_was_built_for(monkeypatch, built_for, machine):
    monkeypatch.setattr("tools.systems.sys.platform", "win32")
    monkeypatch.setattr("tools.systems.sysconfig.get_platform", lambda: built_for)
    assert this_system().machine == machine
