"""Tokens a second and memory of training, beside a plain peft loop and trl's trainer: ``make bench-train``.

The same model, rows, batch, length, rank and number type. Each side runs in a fresh process, one after the other in
turn, so that a busy machine is busy for all; the median over the rounds counts. ``--rows full``: rows of 1,024 tokens with
the loss on all of them. ``--rows RUN``: the training samples of a run's folder, with their weights, one sample a row for the
others where they know nothing of packing.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from assistant.config import DEFAULT_MODEL, find_paths

ROOT = Path(__file__).resolve().parents[2]
TRL = ROOT / "build" / "peers" / "trl"
SIDES = ("ours", "peft", "trl")
LENGTH, RANK, ALPHA, RATE = 1024, 16, 32, 3e-4


def main() -> int:
    """Measure the sides in turn and print a table; return the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=3, help="timed steps of each round, after one that is not timed")
    parser.add_argument("--rows", default="full", help="full, or a run: its name or its folder")
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=list(SIDES))
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    folder = find_paths().models / DEFAULT_MODEL
    if not (folder / "model.json").exists():
        print("bench: the default model is not installed; run 'make model'.", file=sys.stderr)
        return 1
    if asked.rows != "full" and not (Path(asked.rows) / "data").is_dir():
        asked.rows = str(find_paths().runs / asked.rows)
        if not (Path(asked.rows) / "data").is_dir():
            print(f"bench: there is no run in {asked.rows}; 'grafter finetune --runs' lists them.", file=sys.stderr)
            return 2
    if asked.side:
        print(json.dumps(measure(asked.side, folder, asked.rows, asked.steps)))
        return 0
    if "trl" in asked.sides and not make_trl():
        return 1
    found: dict[str, list[dict[str, float]]] = {side: [] for side in asked.sides}
    for number in range(asked.rounds):
        for side in asked.sides:
            row = start(side, asked.rows, asked.steps)
            found[side].append(row)
            print(
                f"round {number + 1} {side:5} {row['tokens_per_second']:7.1f} tokens/s  "
                f"peak {row['peak_bytes'] / 1e9:5.2f} GB  loss {row['loss']:.4f}",
                flush=True,
            )
    table = {
        side: {name: statistics.median(row[name] for row in rows) for name in ("tokens_per_second", "peak_bytes")}
        for side, rows in found.items()
    }
    for side, row in table.items():
        print(f"{side:5} {row['tokens_per_second']:7.1f} tokens/s  peak {row['peak_bytes'] / 1e9:5.2f} GB  (median)")
    if asked.json:
        asked.json.write_text(json.dumps({"rows": asked.rows, "median": table, "rounds": found}, indent=1))
    return 0


def make_trl() -> bool:
    """Make an environment with trl over this one's libraries; return whether it is there."""
    python = TRL / "bin" / "python"
    if python.exists():
        return True
    print("bench: installing trl into build/peers/trl.", file=sys.stderr)
    try:
        subprocess.run([sys.executable, "-m", "venv", str(TRL)], check=True)
        ours = next(path for path in sys.path if path.endswith("site-packages"))
        theirs = next((TRL / "lib").glob("python*")) / "site-packages" / "ours.pth"
        theirs.write_text(ours + "\n")
        subprocess.run([str(python), "-m", "pip", "install", "-q", "trl", "datasets"], check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        subprocess.run(["rm", "-rf", str(TRL)], check=False)
        print(f"bench: trl cannot be installed ({error}); take --sides ours peft.", file=sys.stderr)
        return False
    return True


def start(side: str, rows: str, steps: int) -> dict[str, float]:
    """Measure a side in a process of its own."""
    python = str(TRL / "bin" / "python") if side == "trl" else sys.executable
    command = [python, "-P", __file__, "--side", side, "--rows", rows, "--steps", str(steps)]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    return json.loads(done.stdout.splitlines()[-1])


def measure(side: str, folder: Path, rows: str, steps: int) -> dict[str, float]:
    """Return tokens a second over ``steps`` steps of a row each, the peak resident memory, and the last loss."""
    from assistant.engine import threads

    threads.apply()
    samples, packs = make_rows(rows, steps + 1)
    step = {"ours": ours, "peft": plain_peft, "trl": with_trl}[side]
    times, tokens, loss = step(folder, samples, packs)
    import torch

    from finetune.train.memory import peak_bytes

    return {
        "tokens_per_second": sum(tokens[1:]) / sum(times[1:]),
        "peak_bytes": peak_bytes(torch.device("cpu")),
        "loss": loss,
    }


def make_rows(rows: str, count: int):
    """Return samples, and the numbers of those in each row."""
    import numpy as np

    from finetune.data.pack import pack
    from finetune.data.samples import Sample, SampleSet

    if rows != "full":
        samples = SampleSet.load(Path(rows) / "data" / "train.safetensors")
        return samples, pack([int(n) for n in samples.lengths], LENGTH, 0)[:count]
    random = np.random.default_rng(0)
    made = [Sample(random.integers(1000, 50000, LENGTH).tolist(), [1.0] * LENGTH) for _ in range(count)]
    return SampleSet.of(made), [[number] for number in range(count)]


def ours(folder: Path, samples, packs):
    """The trainer of this project."""
    import torch
    from accelerate import Accelerator

    from assistant.engine.device import choose_dtype
    from finetune.config import TrainConfig
    from finetune.train.group import Group
    from finetune.train.model import add_adapter, load_base
    from finetune.train.optimizer import make_optimizer
    from finetune.train.step import LossScale, Stepper

    place, config = torch.device("cpu"), TrainConfig(rank=RANK, alpha=ALPHA)
    trainee = add_adapter(load_base(folder, place, choose_dtype(place)), config, 0, gradient_checkpointing=False)
    optimizer = make_optimizer(trainee.trainable, config)
    stepper = Stepper(
        Group(Accelerator(cpu=True)), trainee, optimizer, trainee.trainable, samples, place, LossScale(1.0)
    )
    times, tokens, loss = [], [], 0.0
    for row in packs:
        begin = time.perf_counter()
        done = stepper.take([row], batch=1, rate=RATE, clip=1.0, stop=lambda: False)
        times.append(time.perf_counter() - begin)
        tokens.append(done.tokens)
        loss = done.loss
    return times, tokens, loss


def plain_peft(folder: Path, samples, packs):
    """The loop that everybody writes: transformers, peft, AdamW, the loss over all logits."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    from assistant.engine.device import choose_dtype

    dtype = choose_dtype(torch.device("cpu"))
    model = AutoModelForCausalLM.from_pretrained(str(folder), dtype=dtype, local_files_only=True)
    model = get_peft_model(model, LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules="all-linear"))
    model.train()
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=RATE)
    times, tokens, loss = [], [], 0.0
    for row in packs:
        ids = torch.cat([torch.from_numpy(samples.sample(number)[0].copy()).long() for number in row])[None]
        weight = torch.cat([torch.from_numpy(samples.sample(number)[1].copy()) for number in row])
        begin = time.perf_counter()
        logits = model(input_ids=ids).logits[0, :-1].float()
        each = torch.nn.functional.cross_entropy(logits, ids[0, 1:], reduction="none")
        mean = (each * weight[1:]).sum() / weight[1:].sum()
        mean.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        times.append(time.perf_counter() - begin)
        tokens.append(ids.numel())
        loss = float(mean.detach())
    return times, tokens, loss


def with_trl(folder: Path, samples, packs):
    """trl's SFTTrainer over the same rows; it knows no weights of tokens, so all count."""
    import tempfile

    import torch
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, TrainerCallback
    from trl import SFTConfig, SFTTrainer

    from assistant.engine.device import choose_dtype

    dtype = choose_dtype(torch.device("cpu"))
    model = AutoModelForCausalLM.from_pretrained(str(folder), dtype=dtype, local_files_only=True)
    rows = [[int(i) for number in row for i in samples.sample(number)[0]] for row in packs]
    marks: list[float] = []

    class Clock(TrainerCallback):
        def on_step_begin(self, *_args, **_more) -> None:
            marks.append(time.perf_counter())

        def on_step_end(self, *_args, **_more) -> None:
            marks.append(time.perf_counter())

    with tempfile.TemporaryDirectory() as kept:
        settings = SFTConfig(
            output_dir=kept,
            max_steps=len(rows),
            per_device_train_batch_size=1,
            max_length=LENGTH,
            learning_rate=RATE,
            bf16=dtype == torch.bfloat16,
            use_cpu=True,
            gradient_checkpointing=False,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            logging_steps=1,
            shuffle_dataset=False,
            dataset_kwargs={"skip_prepare_dataset": True},
        )
        trainer = SFTTrainer(
            model=model,
            args=settings,
            train_dataset=Dataset.from_dict({"input_ids": rows}),
            peft_config=LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules="all-linear", task_type="CAUSAL_LM"),
            callbacks=[Clock()],
        )
        trainer.train()
        losses = [row["loss"] for row in trainer.state.log_history if "loss" in row]
    times = [end - begin for begin, end in zip(marks[::2], marks[1::2], strict=True)]
    return times, [len(row) for row in rows], float(losses[-1])


if __name__ == "__main__":
    sys.exit(main())
