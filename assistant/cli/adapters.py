"""List, add, enable, disable, remove, export and merge the adapters on this machine."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assistant.cli import output
from assistant.cli.local_model import choose_model
from assistant.cli.signals import ended_by_sigterm
from assistant.client.http import every_service
from assistant.config import DEFAULT_MODEL, Paths, find_paths
from assistant.errors import GrafterError, InputError, ModelError
from assistant.models.adapters import AdapterRecord, AdapterStore, check_name, check_scale, export
from assistant.models.store import InstalledModel
from assistant.system.disk import human_bytes

_STAGES = {"convert": "Merging"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define ``grafter adapters``."""
    actions = parser.add_subparsers(
        dest="action", required=True, metavar="list|show|add|enable|disable|remove|export|merge"
    )

    def action(name: str, text: str, *, named: bool = True) -> argparse.ArgumentParser:
        sub = actions.add_parser(name, help=text, description=text)
        sub.add_argument("--json", action="store_true", help="print JSON for programs")
        if named:
            sub.add_argument("name", metavar="NAME", help="which adapter")
        return sub

    listing = action("list", "Show all adapters, their bases, and which one is enabled.", named=False)
    listing.add_argument("--model", metavar="ID", help="say which fit this model (the chosen one)")
    action("show", "Show all that is known of an adapter.")
    add = action("add", "Install an adapter from anywhere: a folder in peft's format, safetensors.", named=False)
    add.add_argument("path", type=Path, metavar="PATH", help="the folder with adapter_config.json")
    add.add_argument("--name", help="what to call it (the folder's name if left out)")
    add.add_argument("--model", metavar="ID", help="the model that it changes (the chosen one)")
    enable = action("enable", "Have an adapter answer for its base, in place of any other.")
    enable.add_argument("--scale", type=float, metavar="S", help="its scale, 0 (the base) to 1 (as it was kept)")
    action("disable", "Have an adapter answer no more.")
    action("remove", "Delete an adapter.")
    exporting = action("export", "Copy an adapter in peft's format, for other programs.")
    exporting.add_argument(
        "--output", type=Path, required=True, metavar="FOLDER", help="a folder that is not there yet"
    )
    merging = action("merge", "Write the base with the adapter in its weights, for programs that know no adapters.")
    where = merging.add_mutually_exclusive_group(required=True)
    where.add_argument(
        "--output", type=Path, metavar="FOLDER", help="a new folder of safetensors, as 'models add' reads"
    )
    where.add_argument("--gguf", type=Path, metavar="FILE", help="a new GGUF file, by llama.cpp's converter")
    merging.add_argument("--scale", type=float, metavar="S", help="at this scale, 0 to 1 (as it was kept)")
    merging.add_argument("--model", metavar="ID", help="the base's id (as it was kept)")
    merging.add_argument("--converter", type=Path, metavar="PATH", help="llama.cpp's convert_hf_to_gguf.py (from PATH)")


def run(args: argparse.Namespace) -> int:
    """Do what was asked. Returns the exit code."""
    paths = find_paths()
    actions: dict[str, Callable[[argparse.Namespace, AdapterStore, Paths], None]] = {
        "list": _list,
        "show": _show,
        "add": _add,
        "enable": _enable,
        "disable": _disable,
        "remove": _remove,
        "export": _export,
        "merge": _merge,
    }
    actions[args.action](args, AdapterStore(paths), paths)
    return 0


# --- what there is -----------------------------------------------------------------------


def _list(args: argparse.Namespace, store: AdapterStore, paths: Paths) -> None:
    model = choose_model(paths, args.model)
    rows = [(record, model is not None and store.fits(record, model)) for record in store.list()]
    if args.json:
        adapters = [{**asdict(record), "fits": fits} for record, fits in rows]
        output.print_json({"model": model.id if model else None, "adapters": adapters})
        return
    if not rows:
        print("There are no adapters yet; 'grafter finetune REPO' makes one, 'grafter adapters add PATH' brings one.")
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("", "Adapter", "Base", "Scale", "Made", "Verdict"):
        table.add_column(title, overflow="fold")
    for record, fits in rows:
        table.add_row(
            "[green]✓[/]" if record.enabled else "",
            record.name,
            record.base if fits else f"{record.base} (not the chosen model)",
            f"{record.scale:g}",
            record.made[:10],
            record.verdict,
        )
    output.console().print(table)
    print("\n✓ answers for its base  'grafter adapters enable NAME --scale S' changes that")


def _show(args: argparse.Namespace, store: AdapterStore, _paths: Paths) -> None:
    record, files = store.get(args.name), store.files(args.name)
    base = store.models.find(record.base)
    about: dict[str, Any] = {
        **asdict(record),
        "base_installed": base is not None and store.fits(record, base),
        "method": files.method,
        "rank": files.rank,
        "products": len(files.changes),
        "bytes": files.bytes,
        "base_hint": files.base_hint,
        "path": str(store.path(args.name)),
    }
    if args.json:
        output.print_json(about)
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=False)
    for name, value in about.items():
        if value not in ("", None):
            shown = human_bytes(value) if name == "bytes" else str(value)
            table.add_row(name.replace("_", " "), shown)
    output.console().print(table, markup=False)


# --- coming and going --------------------------------------------------------------------


def _add(args: argparse.Namespace, store: AdapterStore, paths: Paths) -> None:
    try:
        source = args.path.expanduser().absolute()
    except RuntimeError:
        raise InputError(f"{args.path} cannot be read: there is no such home folder.") from None
    record = store.add(source, check_name(args.name or source.name), _need_model(paths, args.model))
    if args.json:
        output.print_json({"event": "added", **asdict(record)})
    else:
        print(
            f"'{record.name}' is installed for {record.base}; 'grafter adapters enable {record.name}' switches it on."
        )


def _enable(args: argparse.Namespace, store: AdapterStore, paths: Paths) -> None:
    record = store.get(args.name)
    store.files(record.name)  # what is damaged is not switched on
    record = store.enable(record.name, None if args.scale is None else check_scale(args.scale))
    told = _tell(paths, record, on=True)
    _say(args, "enabled", record, told, f"'{record.name}' answers for {record.base} at scale {record.scale:g}")


def _disable(args: argparse.Namespace, store: AdapterStore, paths: Paths) -> None:
    record = store.disable(args.name)
    _say(args, "disabled", record, _tell(paths, record, on=False), f"'{record.name}' does not answer any more")


def _remove(args: argparse.Namespace, store: AdapterStore, paths: Paths) -> None:
    with contextlib.suppress(InputError, ModelError):  # what is damaged can be removed, too
        _tell(paths, store.get(args.name), on=False)
    freed = store.remove(args.name)
    if args.json:
        output.print_json({"event": "removed", "name": args.name, "freed_bytes": freed})
    else:
        print(f"'{args.name}' is removed; {human_bytes(freed)} are free again.")


def _tell(paths: Paths, record: AdapterRecord, *, on: bool) -> int:
    """Have running services follow; return how many did. One that cannot be reached reads the store when it starts."""
    told = 0
    for client in every_service(paths):
        with contextlib.suppress(GrafterError):
            state = client.adapters()
            fits = any(row["name"] == record.name and row["fits"] for row in state["adapters"])
            if on and fits:
                client.set_adapter(record.name, record.scale)
                told += 1
            elif not on and state["active"] == record.name:
                client.set_adapter(None)
                told += 1
    return told


def _say(args: argparse.Namespace, event: str, record: AdapterRecord, told: int, sentence: str) -> None:
    if args.json:
        output.print_json({"event": event, **asdict(record), "services": told})
    else:
        print(f"{sentence}{', and the running service follows' if told else ''}.")


# --- leaving -----------------------------------------------------------------------------


def _export(args: argparse.Namespace, store: AdapterStore, _paths: Paths) -> None:
    export(store, args.name, args.output)
    _say_written(args, "exported", args.output.absolute())


def _merge(args: argparse.Namespace, store: AdapterStore, _paths: Paths) -> None:
    from assistant.models.merge import find_converter, merge, merge_to_gguf

    record = store.get(args.name)
    scale = None if args.scale is None else check_scale(args.scale)
    model = store.models.get(args.model or record.base)
    converter = find_converter(args.converter) if args.gguf else None
    with ended_by_sigterm(), contextlib.ExitStack() as stack:
        bars = None if args.json else stack.enter_context(output.progress_bars(_STAGES))

        def report(stage: Any, done: int, total: int) -> None:
            if bars is not None:
                bars.report(stage, done, total)

        def make(folder: Path) -> Path:
            return merge(store, args.name, model, scale, folder, report)

        made = merge_to_gguf(converter, make, args.gguf) if converter else make(args.output)
    _say_written(args, "merged", made)


def _say_written(args: argparse.Namespace, event: str, path: Path) -> None:
    if args.json:
        output.print_json({"event": event, "name": args.name, "path": str(path)})
    else:
        print(f"'{args.name}' is {event}: {path}")


def _need_model(paths: Paths, wanted: str | None) -> InstalledModel:
    model = choose_model(paths, wanted)
    if model is None:
        raise ModelError(f"No model is installed yet; run 'grafter models pull {DEFAULT_MODEL}' first.")
    return model
