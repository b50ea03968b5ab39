"""The process that renders chat templates: a line of JSON in, a line of JSON out, until standard input ends.

A template is a program that came with the model. It sees what transformers lets it see and runs in the same sandbox of
Jinja's, which keeps it from files and from Python's insides, but not from loops without an end or strings of gigabytes:
against those the process bounds itself, and its owner (``assistant.engine.templates.renderer``) watches it too. Nothing
here imports torch or transformers, so that a process that was ended is replaced in a tenth of a second.
"""

from __future__ import annotations

import contextlib
import faulthandler
import functools
import json
import math
import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, TextIO

from jinja2 import BaseLoader, Environment, Template, TemplateError, TemplateNotFound, nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

MOST_TEXT = 4_000_000
"""Characters that a rendered conversation may have; its contents are not in it yet."""
_MOST_SAID = 200
_KEPT = 4

Json = dict[str, Any]


class _RefusedError(TemplateError):
    """The template itself says no."""


class _NoOthers(BaseLoader):
    """Says of each other template that a template asks for that there is none."""

    def get_source(self, environment: Environment, template: str) -> Any:  # noqa: ARG002  (the base's names)
        """Raise TemplateNotFound."""
        raise TemplateNotFound(template, f"it asks for another template, '{template}', and may not read any")


class _Generation(Extension):
    """``{% generation %}`` marks, for training, what the assistant wrote; rendered it is what stands in it."""

    tags = {"generation"}  # noqa: RUF012  (the base's attribute)

    def parse(self, parser: Parser) -> nodes.Node:
        """Read up to ``{% endgeneration %}``."""
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_inside"), [], [], body).set_lineno(line)

    def _inside(self, caller: Callable[[], str]) -> str:
        return caller()


class _Names(Namespace):
    """``namespace()`` without names that begin with an underscore: those lead to Python's insides."""

    def __init__(*args: Any, **kwargs: Any) -> None:  # pyright: ignore[reportSelfClsParameterName]
        self, args = args[0], args[1:]  # so that ``self`` may be one of the names
        names = dict(*args, **kwargs)
        for name in names:
            _check_name(name)
        Namespace.__init__(self, names)

    def __setitem__(self, name: str, value: Any) -> None:
        _check_name(name)
        super().__setitem__(name, value)


class _Dict:
    """``dict``, callable, and with nothing else of the class but ``fromkeys``."""

    def __call__(self, *args: Any, **kwargs: Any) -> dict[Any, Any]:
        return dict(*args, **kwargs)

    def fromkeys(self, *args: Any) -> dict[Any, Any]:
        """Return a dictionary with these keys."""
        return dict.fromkeys(*args)


def _check_name(name: object) -> None:
    if isinstance(name, str) and name.startswith("_"):
        raise SecurityError(f"a namespace cannot have the name {name!r}")


def _refuse(message: object) -> None:
    raise _RefusedError(str(message))


def _now(form: str) -> str:
    return datetime.now().strftime(form)  # noqa: DTZ005  (the person's own day, as transformers gives it)


def _to_json(
    value: Any,
    ensure_ascii: bool = False,  # noqa: FBT001, FBT002, RUF100  (the filter's own arguments)
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,  # noqa: FBT001, FBT002, RUF100
) -> str:
    # Jinja's own filter of this name escapes what HTML would read as its own.
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def make_environment() -> Environment:
    """Return the sandbox in which transformers renders chat templates, without anything that it could read."""
    environment: Any = ImmutableSandboxedEnvironment(  # Jinja does not say what its tables hold
        trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols], loader=_NoOthers()
    )
    environment.filters["tojson"] = _to_json
    environment.globals.update(raise_exception=_refuse, strftime_now=_now, dict=_Dict(), namespace=_Names)
    return environment


@functools.lru_cache(_KEPT)
def _compiled(template: str) -> Template:
    return make_environment().from_string(template)


def render(template: str, variables: Json) -> Json:
    """Return ``{"text": …}``, or ``{"error": kind, "message": …}``: refused, failed or large."""
    try:
        text = _compiled(template).render(**variables)
    except _RefusedError as error:
        return {"error": "refused", "message": _brief(str(error))}
    except MemoryError:
        return {"error": "large", "message": ""}
    except Exception as error:  # noqa: BLE001  (a template can raise anything)
        return {"error": "failed", "message": _brief(f"{type(error).__name__}: {error}")}
    return {"text": text} if len(text) <= MOST_TEXT else {"error": "large", "message": ""}


def _brief(message: str) -> str:
    """Return the beginning of a message, in one line."""
    words = " ".join(message[: 10 * _MOST_SAID].split()).rstrip(".")
    return words if len(words) <= _MOST_SAID else words[: _MOST_SAID - 1] + "…"


def _bound_memory(data: int, everything: int) -> None:
    """Have the system refuse more memory than this, in bytes, where it can (not on Windows; macOS only says so)."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415  (not everywhere)

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_DATA, (data, data))
        resource.setrlimit(resource.RLIMIT_AS, (everything, everything))


def _bound_time(seconds: float) -> None:
    """Have the system end this process after so many more seconds of the processor."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415  (not everywhere)

        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time() + seconds), hard))


def serve(requests: TextIO, answers: TextIO) -> None:
    """Answer each line of ``requests`` by one of ``answers``. A request names its own bounds in seconds."""
    # Where nobody is left to watch (the owner was killed) or the system has no bound of its own: a thread that needs
    # nothing of the interpreter ends the process.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for line in requests:
        asked = json.loads(line)
        _bound_time(asked["processor_s"])
        faulthandler.dump_traceback_later(asked["wall_s"], exit=True, file=nowhere)
        answer = json.dumps(render(asked["template"], asked["variables"]))
        faulthandler.cancel_dump_traceback_later()
        answers.write(answer + "\n")
        answers.flush()


def main() -> None:
    """Serve over the standard streams."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl+C in the terminal is for the owner, which ends this
    data, everything = (int(number) for number in sys.argv[1:3])
    _bound_memory(data, everything)
    serve(sys.stdin, sys.stdout)


if __name__ == "__main__":
    main()
