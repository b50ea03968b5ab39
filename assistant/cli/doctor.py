"""Say what this machine can do, what is missing and how to get it."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator

from assistant import __version__
from assistant.cli import checks, output
from assistant.cli.checks import Check
from assistant.config import Paths, find_paths
from assistant.models.store import Store

_MARKS = {"ok": "[green]✓[/]", "note": "[yellow]![/]", "missing": "[red]✗[/]"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define ``grafter doctor``."""
    parser.add_argument("--json", action="store_true", help="print JSON for programs")


def run(args: argparse.Namespace) -> int:
    """Check everything. Returns 0 when Grafter is usable here, 1 when something that it needs is missing."""
    paths = find_paths()
    found: list[Check] = []
    for check in examine(paths):
        found.append(check)
        if not args.json:
            _print(check)
    usable = all(check.state != "missing" for check in found)
    if args.json:
        rows = [dataclasses.asdict(check) for check in found]
        output.print_json({"version": __version__, "usable": usable, "checks": rows})
    else:
        print("\nGrafter can be used here." if usable else "\nSomething that Grafter needs is missing; see ✗ above.")
    return 0 if usable else 1


def examine(paths: Paths) -> Iterator[Check]:
    """Yield each finding as it is made; those that take long (torch, Qt) come late."""
    yield checks.python()
    yield checks.platform_name()
    yield checks.processor()
    yield checks.memory()
    yield from checks.stores(paths)
    yield checks.models(Store(paths))
    yield from checks.server(paths)
    yield from checks.libraries()
    yield from checks.devices()
    yield from checks.window()


def _print(check: Check) -> None:
    from rich.markup import escape

    console = output.console()
    console.print(f"{_MARKS[check.state]} [bold]{escape(check.name)}[/]: {escape(check.value)}", soft_wrap=True)
    for line in check.advice.splitlines():
        console.print(f"    {escape(line)}", soft_wrap=True)
