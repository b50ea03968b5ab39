"""List, fetch, add, remove and check the models on this machine."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

from assistant.cli import output, quantising
from assistant.cli.signals import ended_by_sigterm
from assistant.config import DEFAULT_MODEL, Source, find_paths, load_settings
from assistant.errors import GrafterError, InputError, ModelError
from assistant.models.catalogue import Catalogue, CatalogueEntry, check_id, load_catalogue
from assistant.models.machine import Machine, find_machine, judge
from assistant.models.sources import Report
from assistant.models.store import Damage, InstalledModel, Store
from assistant.system.disk import human_bytes

# The better choice where the machine carries it, best first; DEFAULT_MODEL otherwise.
_BETTER = ("qwen2.5-coder-1.5b-instruct",)
_CORES_FOR_BETTER = 8
_STAGES = {"download": "Downloading", "verify": "Checking", "convert": "Converting"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define ``grafter models``."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|pull|add|quantize|remove|verify")

    def action(name: str, text: str) -> argparse.ArgumentParser:
        sub = actions.add_parser(name, help=text, description=text)
        sub.add_argument("--json", action="store_true", help="print JSON for programs")
        return sub

    action("list", "Show all models with size, licence and whether this machine carries them.")
    pull = action("pull", "Fetch and install a model; an interrupted download goes on where it stopped.")
    pull.add_argument("id", nargs="?", default=DEFAULT_MODEL, help=f"which model ({DEFAULT_MODEL} if left out)")
    pull.add_argument(
        "--source", action="append", choices=("hub", "index"), help="from where; can be given twice, in order"
    )
    pull.add_argument("--if-missing", action="store_true", help="do and say nothing where it is installed already")
    add = action("add", "Install a model from this machine: a GGUF file, or a folder of safetensors.")
    add.add_argument("path", type=Path, help="the file or folder")
    add.add_argument("--name", help="what to call it (the file's name if left out)")
    add.add_argument("--family", help="its fill-in-the-middle family (told by its tokenizer if left out)")
    smaller = action("quantize", "Make an installed model smaller: its weights in 8 or 4 bits, and a report on it.")
    quantising.add_arguments(smaller)
    remove = action("remove", "Delete an installed model and what is left of its download.")
    remove.add_argument("id", help="which model")
    verify = action("verify", "Hash the files of installed models again.")
    verify.add_argument("id", nargs="?", help="which model (all if left out)")


def run(args: argparse.Namespace) -> int:
    """Do what was asked. Returns the exit code."""
    store = Store(find_paths())
    actions: dict[str, Callable[[argparse.Namespace, Store], int]] = {
        "list": _list,
        "pull": _pull,
        "add": _add,
        "quantize": _quantise,
        "remove": _remove,
        "verify": _verify,
    }
    return actions[args.action](args, store)


# --- list ------------------------------------------------------------------------------


def list_models(catalogue: Catalogue, installed: Sequence[InstalledModel], machine: Machine, default: str) -> Any:
    """Return what ``grafter models list --json`` prints: the catalogue, then models that only this machine has."""
    present = {model.id for model in installed}
    rows = [_catalogue_row(entry, entry.id in present, machine) for entry in catalogue.entries]
    rows += [_local_row(model, machine) for model in installed if catalogue.find(model.id) is None]
    recommended = recommend(catalogue, machine)
    for row in rows:
        row["recommended"] = row["id"] == recommended
    return {"default": default, "models": rows}


def recommend(catalogue: Catalogue, machine: Machine) -> str:
    """Return the id of the best model that can be had from every source and runs well here.

    A processor with few cores writes the larger one too slowly to keep up with typing.
    """
    if not (machine.accelerated or machine.cores >= _CORES_FOR_BETTER):
        return DEFAULT_MODEL
    for model_id in _BETTER:
        entry = catalogue.find(model_id)
        if entry and judge(machine, entry.memory_bytes, entry.active_parameters)[0] == "yes":
            return model_id
    return DEFAULT_MODEL


def _catalogue_row(entry: CatalogueEntry, installed: bool, machine: Machine) -> dict[str, Any]:
    fits, reason = judge(machine, entry.memory_bytes, entry.active_parameters)
    return {
        "id": entry.id,
        "name": entry.name,
        "licence": entry.licence,
        "description": entry.description,
        "parameters": entry.parameters,
        "download_bytes": entry.download_bytes,
        "disk_bytes": entry.disk_bytes,
        "memory_bytes": entry.memory_bytes,
        "family": entry.family,
        "fim": entry.fim,
        "installed": installed,
        "fits": fits,
        "fits_reason": reason,
        "sources": list(entry.sources),
    }


def _local_row(model: InstalledModel, machine: Machine) -> dict[str, Any]:
    fits, reason = judge(machine, model.memory_bytes, model.parameters)
    return {
        "id": model.id,
        "name": model.name,
        "licence": model.licence,
        "description": f"Added from {model.source.detail}.",
        "parameters": model.parameters,
        "download_bytes": 0,
        "disk_bytes": model.disk_bytes,
        "memory_bytes": model.memory_bytes,
        "family": model.family,
        "fim": model.fim,
        "installed": True,
        "fits": fits,
        "fits_reason": reason,
        "sources": [],
    }


def _list(args: argparse.Namespace, store: Store) -> int:
    settings = load_settings(find_paths())
    answer = list_models(load_catalogue(), store.installed(), find_machine(), settings.model or DEFAULT_MODEL)
    if args.json:
        output.print_json(answer)
    else:
        _print_table(answer["models"])
        for broken in store.broken():
            print(f"The model '{broken}' is damaged: 'grafter models remove {broken}' deletes it.")
    return 0


def _print_table(rows: list[dict[str, Any]]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("", no_wrap=True)
    table.add_column("Model", overflow="fold", min_width=28)
    for title in ("Download", "Needs"):
        table.add_column(title, justify="right", no_wrap=True)
    for title in ("Fits", "FIM"):
        table.add_column(title, no_wrap=True)
    table.add_column("Licence", overflow="fold")
    colours = {"yes": "green", "slow": "yellow", "no": "red"}
    for row in rows:
        table.add_row(
            "[green]✓[/]" if row["installed"] else ("[yellow]★[/]" if row["recommended"] else ""),
            row["id"],
            human_bytes(row["download_bytes"]) if row["download_bytes"] else "-",
            human_bytes(row["memory_bytes"]),
            f"[{colours[row['fits']]}]{row['fits']}[/]",
            "yes" if row["fim"] else "no",
            row["licence"],
        )
    output.console().print(table)
    print("\n✓ installed  ★ recommended for this machine  'grafter models pull ID' fetches one")
    print("Needs: memory while serving, in RAM or on the graphics card  FIM: it sees what follows the cursor")


# --- pull and add ----------------------------------------------------------------------


def _pull(args: argparse.Namespace, store: Store) -> int:
    if args.if_missing and store.find(args.id):
        return 0

    def work(report: Report) -> InstalledModel:
        # Only now: the hub's library takes as long to import as the whole of 'list'.
        from assistant.models.pull import pull

        entry = load_catalogue().find(check_id(args.id))
        if entry is None:
            raise InputError(f"The catalogue has no model '{args.id}'; 'grafter models list' shows what there is.")
        chosen = cast("list[Source] | None", args.source)
        return pull(entry, store, chosen or load_settings(find_paths()).sources, report)

    return _install(args.id, args.json, store, work)


def _add(args: argparse.Namespace, store: Store) -> int:
    def work(report: Report) -> InstalledModel:
        from assistant.models.local import add, inspect

        return add(inspect(args.path, args.name), store, args.family, report)

    return _install(args.name or args.path.name, args.json, store, work)


def _quantise(args: argparse.Namespace, store: Store) -> int:
    quantisation = quantising.wanted(args)
    code = _install(args.id, args.json, store, lambda report: quantising.make(args, store, quantisation, report))
    if code == 0 and args.holes:
        quantising.report(args, store, quantisation)
    return code


def _install(request_id: str, as_json: bool, store: Store, work: Callable[[Report], InstalledModel]) -> int:
    """Run a job that installs a model, and print its events or bars and its end."""
    with ended_by_sigterm():
        if not as_json:
            with output.progress_bars(_STAGES) as bars:
                model = work(bars.report)
            print(f"{model.name} is installed ({human_bytes(model.disk_bytes)} in {store.path(model.id)}).")
            return 0

        def report(stage: str, done: int, total: int) -> None:
            progress = {"stage": stage, "done": done, "total": total, "message": ""}
            output.print_json({"event": "progress", "request_id": request_id, **progress})

        try:
            model = work(_sparsely(report))
        except GrafterError as error:
            output.print_json({"event": "failed", "message": str(error), "code": error.code})
            return output.exit_code(error)
    output.print_json({"event": "done", "id": model.id, "path": str(store.path(model.id))})
    return 0


def _sparsely(report: Report) -> Report:
    """Pass on the first and last report of each stage, and in between one for each 500th part."""
    last: tuple[str, int] = ("", -1)

    def sparse(stage: Any, done: int, total: int) -> None:
        nonlocal last
        step = done * 500 // max(total, 1)
        if (stage, step) != last:
            last = (stage, step)
            report(stage, done, total)

    return sparse


# --- remove and verify -----------------------------------------------------------------


def _remove(args: argparse.Namespace, store: Store) -> int:
    freed = store.remove(args.id)
    if args.json:
        output.print_json({"event": "removed", "id": args.id, "freed_bytes": freed})
    else:
        print(f"'{args.id}' is removed; {human_bytes(freed)} are free again.")
    return 0


def _verify(args: argparse.Namespace, store: Store) -> int:
    ids: list[str] = [args.id] if args.id else [*(model.id for model in store.installed()), *store.broken()]
    sound = True
    for model_id in ids:
        try:
            damage = _hash_again(store, model_id, show=not args.json)
        except ModelError as error:
            sound = False
            _say_damage(args.json, model_id, str(error), [])
            continue
        files = [{"file": item.file, "problem": item.problem} for item in damage]
        sound = sound and not files
        names = ", ".join(f"{item.file} ({item.problem})" for item in damage)
        advice = f"damaged: {names}. Run 'grafter models remove {model_id}' and fetch it again."
        _say_damage(args.json, model_id, advice if files else "", files)
    if not ids and not args.json:
        print("No models are installed.")
    return 0 if sound else 1


def _hash_again(store: Store, model_id: str, *, show: bool) -> list[Damage]:
    if not show:
        return store.verify(model_id)
    with output.progress_bars(_STAGES) as bars:
        return store.verify(model_id, lambda done, total: bars.report("verify", done, total))


def _say_damage(as_json: bool, model_id: str, problem: str, files: list[dict[str, str]]) -> None:
    if as_json:
        output.print_json({"id": model_id, "ok": not problem, "files": files, "message": problem})
    else:
        print(f"{model_id}: {problem or 'sound'}")
