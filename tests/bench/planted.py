"""Whether tuning learns a convention that nobody else has: ``make bench-planted``.

It generates a repository in which a fictional internal API is used two hundred times, once in each file, in one way
that follows from the name of the function around it; tunes on the first files; and counts how many of the uses in files
that were committed later are filled in exactly, by each arm. The other functions of the files are there to be unlike.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from assistant.config import find_paths
from finetune import runs

USES, HELD = 160, 40
_NOUNS = (
    "order", "invoice", "customer", "parcel", "ticket", "shipment", "refund", "account", "voucher", "basket", "product",
    "supplier", "warehouse", "contract", "tariff", "reservation", "delivery", "payment", "receipt", "catalogue",
)  # fmt: skip
_VERBS = (
    "load", "store", "cancel", "approve", "archive", "merge", "split", "print", "send", "check", "close", "reopen",
    "assign", "publish",
)  # fmt: skip
_WORDS = ("total", "weight", "rate", "limit", "share", "count", "level", "score", "depth", "width", "angle", "margin")


def main() -> None:
    """Generate, tune, ask for the held-out uses without and with the adapter, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=15.0, help="train for about so long (15)")
    parser.add_argument("--model", help="the installed model; else the chosen one")
    parser.add_argument("--run", metavar="RUN", help="ask the adapter of an earlier run instead of training")
    args = parser.parse_args()
    model = ["--model", args.model] if args.model else []
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        repository = Path(folder) / "acme"
        rows = Path(folder) / "uses.jsonl"
        rows.write_text("".join(json.dumps(row) + "\n" for row in generate(repository)), encoding="utf-8")
        if not args.run:
            command = [
                "finetune",
                str(repository),
                "--name",
                "planted",
                "--minutes",
                str(args.minutes),
                "--no-activate",
            ]
            command += ["--since", "HEAD~4", "--retrieval-share", "0.2", "--holes", "20", "--library-holes", "0"]
            grafter(*command, *model)
        name = adapter_of(args.run, "planted")
        for said, options in (("base", []), (name, ["--adapter", f"{name}:1"])):
            print(f"{said}: ", end="", flush=True)
            grafter("evaluate", "infilling", str(rows), "--no-tests", *options, *model)


def adapter_of(run: str | None, name: str) -> str:
    """Return the name of the adapter that a run of this name installed; None: the newest run that has one."""
    for each in runs.every(find_paths()):
        place = each.folder / "installed"
        if run in (None, each.name) and each.config.name == name and place.exists():
            return place.read_text(encoding="utf-8").strip()
    raise SystemExit("No run of this name has installed an adapter.")


def grafter(*arguments: str) -> None:
    """Run a command of the program."""
    subprocess.run([sys.executable, "-P", "-m", "assistant.cli.main", *arguments], check=True)


def generate(root: Path, seed: int = 3) -> list[dict[str, str]]:
    """Write the repository with its history: the first uses in one commit, the later ones in four more.

    Returns a hole for each of the later uses, as ``evaluate infilling`` reads it.
    """
    holes: list[dict[str, str]] = []
    draw = random.Random(seed)
    pairs = [(verb, noun) for verb in _VERBS for noun in _NOUNS]
    draw.shuffle(pairs)
    (root / "acme").mkdir(parents=True)
    git(root, "init", "-q")
    for number, (verb, noun) in enumerate(pairs[: USES + HELD]):
        text = module(verb, noun, draw)
        (root / "acme" / f"{verb}_{noun}.py").write_text(text, encoding="utf-8")
        if number >= USES:
            start = text.index("return session") + len("return ")
            end = text.index("\n", start)
            place = {"task_id": f"{verb}_{noun}", "path": f"acme/{verb}_{noun}.py", "repository": "acme"}
            hole = {"prompt": text[:start], "canonical_solution": text[start:end], "suffix": text[end:]}
            holes.append(place | hole)
        if number + 1 >= USES and (number + 1 - USES) % (HELD // 4) == 0:
            git(root, "add", "-A")
            git(root, "commit", "-q", "-m", f"up to {noun}")
    return holes


def module(verb: str, noun: str, draw: random.Random) -> str:
    """Return a file with one use of the convention and two functions that are like nothing else."""
    use = f'''def {verb}_{noun}(session, key):
    """{verb.capitalize()} one {noun}."""
    return session.vault("{noun}s", tier=Tier.GOLD).{verb}(key, audit="{noun}/{verb}", retry=3)
'''
    parts = [use, *(filler(draw) for _ in range(2))]
    draw.shuffle(parts)
    return f'"""{verb.capitalize()} {noun}s."""\n\nfrom acme.tiers import Tier\n\n\n' + "\n\n".join(parts)


def filler(draw: random.Random) -> str:
    """Return a function of arithmetic."""
    one, two, three = draw.sample(_WORDS, 3)
    lines = [
        f"def {one}_of_{two}({two}, {three}={draw.randint(2, 90)}):",
        f"    {one} = {two} {draw.choice('+-*')} {three}",
    ]
    for _ in range(draw.randint(2, 5)):
        lines.append(f"    if {one} {draw.choice('<>')} {draw.randint(1, 999)}:")
        lines.append(
            f"        {one} {draw.choice('+-*')}= {draw.choice([two, three])} {draw.choice('+-*')} {draw.randint(2, 60)}"
        )
    return "\n".join([*lines, f"    return {one}", ""])


def git(root: Path, *arguments: str) -> None:
    """Run git without the person's own settings."""
    who = {f"GIT_{who}_{what}": "a@b.c" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = {**os.environ, **who, "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", *arguments], cwd=root, env=environment, check=True, capture_output=True)


if __name__ == "__main__":
    main()
