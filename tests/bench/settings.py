"""What each setting of training is worth on a repository: ``make bench-settings ARGS="REPO --steps 60"``.

It trains one adapter with the defaults and one for each change of a single setting, on the same samples in the same order,
and prints the held-out loss that each comes to. Holes that later commits added are what is looked at, in nats a token;
the base's own loss is the same for all. Whoever changes a default runs this first.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from assistant.config import DEFAULT_MODEL
from finetune.config import DataConfig, RunConfig, TrainConfig, change, check, to_json
from finetune.events import EventReader, Step, ValidationLoss

CHANGES = (
    "",
    "learning_rate=1e-4",
    "learning_rate=1e-3",
    "rank=8",
    "rank=64",
    "middle_weight=1",
    "middle_weight=16",
    "plain_share=0",
    "retrieval_share=0",
    "method=rslora",
)


def main() -> None:
    """Train with each of the settings and print what each came to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repository", type=Path, metavar="REPO")
    parser.add_argument("--steps", type=int, default=60, help="optimizer steps of each (60)")
    parser.add_argument("--holes", type=int, default=60, help="held-out holes that the loss is taken on (60)")
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument(
        "--only", nargs="+", metavar="NAME=VALUE", help="only these, such as learning_rate=0.001 or rank=64"
    )
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="settings-") as folder:
        made: dict[DataConfig, Path] = {}
        for number, setting in enumerate(args.only or CHANGES):
            run = Path(folder) / f"run-{number}"
            config = make_config(args, setting)
            run.mkdir()
            (run / "config.json").write_text(to_json(config), encoding="utf-8")
            if config.data in made:
                shutil.copytree(made[config.data], run / "data")
            else:
                stage("data", run)
                made[config.data] = run / "data"
            stage("train", run)
            print(row(setting, run), flush=True)
            shutil.rmtree(run / "checkpoints", ignore_errors=True)


def make_config(args: argparse.Namespace, setting: str) -> RunConfig:
    """Return the run with this change; alpha is twice the rank, as the program's own option has it."""
    config = RunConfig(
        repository=str(args.repository.resolve()),
        model=args.model,
        name="settings",
        data=DataConfig(holes=20, validation_holes=args.holes),
        train=TrainConfig(steps=args.steps, evaluate_every=args.steps),
    )
    config = change(config, [setting] if setting else [])
    config = change(config, [f"alpha={2 * config.train.rank}"])
    check(config)
    return config


def stage(name: str, run: Path) -> None:
    """Run a stage of the run."""
    root = str(Path(__file__).resolve().parents[2])
    command = [sys.executable, "-P", "-m", f"finetune.{name}", "--run-dir", str(run)]
    subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": root})


def row(setting: str, run: Path) -> str:
    """Return a line of the table."""
    events = [stamped.event for stamped in EventReader(run).read()]
    looks = [event.loss for event in events if isinstance(event, ValidationLoss)]
    step = [event for event in events if isinstance(event, Step)][-1]
    return (
        f"{setting or 'defaults':24} held-out loss {looks[0]:.3f} -> {looks[-1]:.3f}  after {step.step} steps, "
        f"{step.tokens:,} tokens"
    )


if __name__ == "__main__":
    main()
