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
MARK = ".vault("
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
    """Generate, tune, and print what came of the uses."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=15.0, help="train for about so long (15)")
    parser.add_argument("--model", help="the installed model; else the chosen one")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        repository = Path(folder) / "acme"
        generate(repository)
        command = [sys.executable, "-P", "-m", "assistant.cli.main", "finetune", str(repository), "--name", "planted"]
        command += ["--minutes", str(args.minutes), "--holes", "150", "--library-holes", "0", "--no-activate"]
        command += ["--since", "HEAD~4", "--retrieval-share", "0.2"]
        command += ["--model", args.model] if args.model else []
        subprocess.run(command, check=True)
    run = next(run for run in runs.every(find_paths()) if run.config.name == "planted")
    print_uses(run.folder, as_json=args.json)


def print_uses(run: Path, *, as_json: bool) -> None:
    """Print how many uses each arm filled in exactly."""
    lines = (run / "evaluate" / "answers.jsonl").read_text(encoding="utf-8").splitlines()[1:]
    uses = [row for row in map(json.loads, lines) if MARK in row["truth"]]
    right = {
        arm: sum(row["arms"][arm]["exact_match"] for row in uses) for arm in ("base", "retrieval", "adapter", "both")
    }
    if as_json:
        print(json.dumps({"uses": len(uses), **right}))
        return
    for arm, count in right.items():
        print(f"{arm:<10} {count:>3} of {len(uses)} uses filled in exactly ({count / max(len(uses), 1):.0%})")


def generate(root: Path, seed: int = 3) -> None:
    """Write the repository with its history: the first uses in one commit, the later ones in four more."""
    draw = random.Random(seed)
    pairs = [(verb, noun) for verb in _VERBS for noun in _NOUNS]
    draw.shuffle(pairs)
    (root / "acme").mkdir(parents=True)
    git(root, "init", "-q")
    for number, (verb, noun) in enumerate(pairs[: USES + HELD]):
        (root / "acme" / f"{verb}_{noun}.py").write_text(module(verb, noun, draw), encoding="utf-8")
        if number + 1 >= USES and (number + 1 - USES) % (HELD // 4) == 0:
            git(root, "add", "-A")
            git(root, "commit", "-q", "-m", f"up to {noun}")


def module(verb: str, noun: str, draw: random.Random) -> str:
    """Return a file with one use of the convention and two functions that are like nothing else."""
    use = f'''def {verb}_{noun}(session, key):
    """{verb.capitalize()} one {noun}."""
    return session{MARK}"{noun}s", tier=Tier.GOLD).{verb}(key, audit="{noun}/{verb}", retry=3)
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
