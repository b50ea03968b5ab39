"""The child process of the sandbox: limits itself, runs one program, and says so only if its last line was reached.

It is started as a file, without site-packages, and imports nothing of this project. Standard input gives it one JSON
object {"program", "nonce", "folder", "seconds", "bytes", "file_bytes", "processes"}; to its standard output it writes
the nonce where the program came to its end, or else a line about why not. The program sees neither.

What holds it back are the system's limits (not on Windows), a network namespace without a network (where Linux lets
everybody make one), and a hook that refuses Python's own doors to the network, to processes and to files outside of
its folder. The hook stops accidents, which is what model-written code makes; code that is written to get past it,
for instance through ctypes, can.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from types import ModuleType
from typing import Any

_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC
_REFUSED = frozenset(
    {
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.kill",
        "os.killpg",
        "os.posix_spawn",
        "os.spawn",
        "os.startfile",
        "os.system",
        "pty.spawn",
        "subprocess.Popen",
        "_winapi.CreateProcess",
    }
)
# A socket as such reaches nobody, and asyncio makes a pair of them for itself.
_HARMLESS_SOCKET_EVENTS = frozenset({"socket.__new__", "socket.gethostname"})
_CHANGES_FILES = frozenset(
    {
        "os.chflags",
        "os.chmod",
        "os.chown",
        "os.link",
        "os.mkdir",
        "os.remove",
        "os.removexattr",
        "os.rename",
        "os.rmdir",
        "os.setxattr",
        "os.symlink",
        "os.truncate",
        "os.utime",
        "shutil.rmtree",
    }
)


def main() -> None:
    """Run the program that standard input holds. Does not return."""
    task = json.load(sys.stdin.buffer)
    answer = _take_streams()
    os.chdir(task["folder"])
    _leave_network()
    _limit(task)
    _close_side_doors()
    sys.addaudithook(_hook(os.path.realpath(task["folder"])))
    said, code = "", 1
    try:
        _run(task["program"])
        said, code = task["nonce"], 0
    except BaseException as error:  # noqa: BLE001 - whatever ends the program, SystemExit too, is its failure
        said = f"{type(error).__name__}: {error}"[:200] if not isinstance(error, MemoryError) else "MemoryError"
    os.write(answer, said.encode("utf-8", "replace"))
    os._exit(code)  # threads that the program left do not keep it


def _take_streams() -> int:
    """Return a copy of standard output; the three streams themselves go nowhere from here on."""
    answer = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)
    return answer


def _leave_network() -> None:
    """Move into a network namespace of its own, where the system lets us."""
    if sys.platform != "linux":
        return
    with contextlib.suppress(ImportError, OSError, AttributeError):
        import ctypes  # noqa: PLC0415 - only here, only on Linux

        ctypes.CDLL(None).unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


def _limit(task: dict[str, Any]) -> None:
    """Set the system's limits on this process; Windows has none, macOS ignores the one on memory."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    # Should the one that watches the clock be killed itself, a program that only waits would wait for ever.
    signal.alarm(task["seconds"] + 1)
    limits = {
        "RLIMIT_CORE": 0,
        "RLIMIT_CPU": task["seconds"],
        "RLIMIT_FSIZE": task["file_bytes"],
        "RLIMIT_NPROC": task["processes"],
        "RLIMIT_AS": task["bytes"],
    }
    for name, value in limits.items():
        kind = getattr(resource, name, None)
        if kind is None:
            continue
        before = resource.getrlimit(kind)[1]
        # A second later for the hard limit on time: the signal of the soft one says what happened.
        soft, hard = (each if before == resource.RLIM_INFINITY else min(each, before) for each in (value, value + 1))
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (soft, hard))


def _close_side_doors() -> None:
    """Make the libraries take the ways that the hook sees."""
    # The hook gets names, not the folders that they are relative to: shutil is to name whole paths.
    os.supports_dir_fd.clear()
    # multiprocessing calls this one, of which no hook hears.
    with contextlib.suppress(ImportError):
        import _posixsubprocess  # noqa: PLC0415 - not on Windows

        def refuse(*_arguments: object) -> int:
            raise PermissionError("new processes are not possible here")

        _posixsubprocess.fork_exec = refuse


def _hook(folder: str) -> Any:
    """Return the audit hook; ``folder`` is the only place where files may change."""

    def inside(path: object) -> bool:
        if isinstance(path, int):
            return True
        try:
            real = os.path.realpath(os.fsdecode(path))  # type: ignore[arg-type]
        except (TypeError, ValueError):
            return True  # no path; the call itself will say so
        return real in (os.devnull, folder) or real.startswith(folder + os.sep)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _REFUSED or (event.startswith("socket.") and event not in _HARMLESS_SOCKET_EVENTS):
            raise PermissionError(f"{event} is not possible here")
        if event == "open" and arguments[2] & _WRITING and not inside(arguments[0]):
            raise PermissionError("files outside of the folder cannot be written here")
        if event in _CHANGES_FILES and not all(inside(each) for each in arguments if isinstance(each, (str, bytes))):
            raise PermissionError("files outside of the folder cannot be changed here")

    return hook


def _run(program: str) -> None:
    # A module that can be found: dataclasses and typing look their module up. It is not __main__, so that a script's
    # own entry does not run.
    module = ModuleType("program")
    sys.modules["program"] = module
    code = compile(program, "program.py", "exec", dont_inherit=True)
    exec(code, module.__dict__)  # noqa: S102 - running it is the point


if __name__ == "__main__":
    main()
