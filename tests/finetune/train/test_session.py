"""Whole runs on the tiny model: what they write, that they learn, stop and go on."""

import json
import shutil
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from finetune import runs
from finetune.events import Checkpoint, Failed, Paused, PlanReady, StageStarted, Step, ValidationLoss
from finetune.stage import StoppedError
from finetune.train.__main__ import main
from finetune.train.session import Session
from finetune.train.step import Stepper


def train(run: Path, **options) -> str:
    session = Session(run, time.monotonic(), **options)
    try:
        return session.train()
    finally:
        session.close()


def adapter(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "adapter_model.safetensors")


def last(run: Path) -> Path:
    return max((run / "checkpoints").glob("step-*"))


def test_a_run_learns_and_says_so(make_run, events_of) -> None:
    run = make_run(steps=12, evaluate_every=4)
    assert train(run) == "done"
    plan = events_of(run, PlanReady)
    assert [p.steps for p in plan] == [12]
    assert plan[0].samples == 60
    assert plan[0].trainable == sum(t.numel() for t in adapter(run / "best").values())
    steps = events_of(run, Step)
    assert [s.step for s in steps] == list(range(1, 13))
    assert steps[-1].seconds_left == 0
    looks = events_of(run, ValidationLoss)
    assert [look.step for look in looks] == [0, 4, 8, 12]
    assert looks[-1].loss < looks[0].loss - 0.1
    assert [c.step for c in events_of(run, Checkpoint)] == [12]
    state = json.loads((last(run) / "state.json").read_text())
    best = min(looks, key=lambda look: look.loss)
    assert (state["step"], state["best_step"], state["best"]) == (12, best.step, best.loss)
    assert {f.name for f in (run / "best").iterdir()} == {"adapter_model.safetensors", "adapter_config.json"}
    assert not list(run.rglob("*.part"))


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")
def test_peft_reads_what_is_kept(make_run, tiny_folder) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    run = make_run(steps=4)
    train(run)
    base = AutoModelForCausalLM.from_pretrained(str(tiny_folder), dtype=torch.float32)
    model = PeftModel.from_pretrained(base, str(run / "best"))
    b = model.get_base_model().model.layers[0].self_attn.q_proj.lora_B["default"].weight
    assert float(b.abs().max()) > 0


def test_stopped_and_gone_on_is_as_unbroken(make_run, events_of, monkeypatch) -> None:
    whole, broken = make_run(steps=9, evaluate_every=3), make_run(steps=9, evaluate_every=3)
    assert train(whole) == "done"
    for stop_at in (2, 3, 7):
        monkeypatch.setattr(
            "finetune.train.loop.is_asked_to_stop", lambda run, at=stop_at: len(set(_steps(run))) + 1 >= at
        )
        assert train(broken) == "stopped"
        assert events_of(broken, Paused)[-1].step == stop_at
    monkeypatch.setattr("finetune.train.loop.is_asked_to_stop", runs.is_asked_to_stop)
    assert train(broken) == "done"
    assert [s.loss for s in events_of(broken, Step)] == [s.loss for s in events_of(whole, Step)]
    assert events_of(broken, ValidationLoss) == events_of(whole, ValidationLoss)
    assert [s.resumed for s in events_of(broken, StageStarted) if s.stage == "train"] == [False, True, True, True]
    for folder in (last, lambda run: run / "best"):
        ours, theirs = adapter(folder(broken)), adapter(folder(whole))
        assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert len(list((broken / "checkpoints").iterdir())) == 2


def _steps(run: Path) -> list[int]:
    return [
        json.loads(row)["step"] for row in (run / "events.jsonl").read_text().splitlines() if '"event": "Step"' in row
    ]


def test_a_damaged_newest_checkpoint_falls_back(make_run, events_of) -> None:
    run = make_run(steps=6)
    train(run, checkpoint_seconds=0.0)
    before = adapter(last(run))
    newest = last(run)
    (newest / "optimizer.safetensors").write_bytes(b"torn")
    assert train(run) == "done"
    assert [s.step for s in events_of(run, Step)] == [1, 2, 3, 4, 5, 6, 6]
    assert all(torch.equal(before[name], tensor) for name, tensor in adapter(last(run)).items())


def test_early_stop_keeps_the_best(make_run, events_of) -> None:
    run = make_run(steps=200, evaluate_every=2, early_stopping_patience=2, learning_rate=0.5)
    assert train(run) == "done"
    looks = events_of(run, ValidationLoss)
    best = min(looks, key=lambda look: look.loss)
    assert looks[-1].step == best.step + 4
    assert len(events_of(run, Step)) == looks[-1].step < 200


def test_time_ends_a_run(make_run, events_of, monkeypatch) -> None:
    run = make_run(steps=0, minutes=0.1)
    session = Session(run, time.monotonic() - 5.0)
    try:
        assert session.train() == "done"
    finally:
        session.close()
    assert events_of(run, PlanReady)[0].steps >= 1
    assert events_of(run, Step)
    assert events_of(run, ValidationLoss)[-1].step == events_of(run, Step)[-1].step


def test_plan_only_prints_and_leaves_nothing(make_run, capsys) -> None:
    run = make_run(steps=0, minutes=60.0)  # more than one step also where the machine has other work
    assert main(["--run-dir", str(run), "--plan-only"]) == 0
    table = json.loads(capsys.readouterr().out)
    assert table["device"] == "cpu"
    assert table["steps"] > 1
    assert table["peak_bytes"] > 1 << 20
    assert table["changes"] == []
    assert not (run / "plan.json").exists()


def test_losses_of_the_test_set(make_run, capsys) -> None:
    run = make_run(steps=10)
    train(run)
    assert main(["--run-dir", str(run), "--loss", "test"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["adapter"] < found["base"]


def test_a_wish_to_stop_ends_the_losses(make_run, capsys) -> None:
    run = make_run()
    train(run)
    runs.ask_to_stop(run)
    assert main(["--run-dir", str(run), "--loss", "test"]) == 3
    assert not capsys.readouterr().out


@pytest.mark.parametrize("damage", ["missing", "torn", "foreign", "nan"])
def test_bad_samples_are_a_sentence(make_run, events_of, damage: str, make_samples) -> None:
    run = make_run()
    path = run / "data" / "train.safetensors"
    samples = make_samples(5, 1)
    if damage == "missing":
        path.unlink()
    elif damage == "torn":
        path.write_bytes(path.read_bytes()[:100])
    elif damage == "foreign":
        samples.ids[3] = 100_000
        samples.save(path)
    else:
        samples.weights[-1] = float("nan")
        samples.save(path)
    assert main(["--run-dir", str(run)]) == 2
    assert "train.safetensors" in events_of(run, Failed)[-1].sentence


def test_a_loss_that_is_no_number_keeps_the_checkpoint(make_run, events_of) -> None:
    run = make_run(steps=4)
    assert main(["--run-dir", str(run)]) == 0
    kept = last(run) / "adapter_model.safetensors"
    plan = json.loads((run / "plan.json").read_text())
    plan["ready"]["steps"] = 8
    (run / "plan.json").write_text(json.dumps(plan))
    from safetensors.torch import save_file

    tensors = {name: torch.full_like(tensor, float("nan")) for name, tensor in load_file(kept).items()}
    save_file(tensors, kept)
    assert main(["--run-dir", str(run)]) == 2
    assert "no number" in events_of(run, Failed)[-1].sentence
    assert [f.name for f in (run / "checkpoints").iterdir()] == ["step-000004"]


def test_a_full_disk_is_a_sentence(make_run, events_of, monkeypatch) -> None:
    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    run = make_run(steps=3)
    monkeypatch.setattr("assistant.system.files.os.fsync", full)
    assert main(["--run-dir", str(run)]) == 2
    assert "No space left" in events_of(run, Failed)[-1].sentence
    assert not list(run.rglob("*.part"))


def test_no_memory_is_a_sentence(make_run, events_of, monkeypatch) -> None:
    def none(*_args: object, **_more: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")

    run = make_run(steps=3)
    monkeypatch.setattr("finetune.train.step.Stepper.take", none)
    assert main(["--run-dir", str(run)]) == 2
    assert events_of(run, Failed)[-1].code == "out_of_memory"


OLD_NAMES = {
    "learning_rate": "rate",
    "max_seq_length": "length",
    "gradient_accumulation_steps": "accumulate",
    "gradient_checkpointing": "checkpointing",
    "early_stopping_patience": "patience",
    "drop_outliers": "drop_strange",
    "validation_samples": "looked_at",
    "evaluations": "looks",
    "evaluated_at": "looked_at",
    "ValidationLoss": "HeldOut",
}


def test_a_run_that_was_begun_under_the_old_names_goes_on_as_if_it_was_not(make_run, events_of, monkeypatch) -> None:
    whole, old = make_run(steps=6, evaluate_every=2), make_run(steps=6, evaluate_every=2)
    assert train(whole) == "done"
    monkeypatch.setattr("finetune.train.loop.is_asked_to_stop", lambda run: len(set(_steps(run))) + 1 >= 3)
    assert train(old) == "stopped"
    monkeypatch.setattr("finetune.train.loop.is_asked_to_stop", runs.is_asked_to_stop)
    files = [old / "config.json", old / "plan.json", old / "events.jsonl", last(old) / "state.json"]
    for file in files:
        text = file.read_text()
        for now, before in OLD_NAMES.items():
            text = text.replace(f'"{now}"', f'"{before}"')
        file.write_text(text)
    assert '"looks"' in files[3].read_text()
    assert '"checkpointing"' in files[1].read_text()
    assert train(old) == "done"
    assert [s.step for s in events_of(old, Step)] == [1, 2, 3, 4, 5, 6]
    assert [s.loss for s in events_of(old, Step)] == [s.loss for s in events_of(whole, Step)]
    assert [s.learning_rate for s in events_of(old, Step)] == [s.learning_rate for s in events_of(whole, Step)]
    assert events_of(old, ValidationLoss) == events_of(whole, ValidationLoss)
    ours, theirs = adapter(last(old)), adapter(last(whole))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_a_run_whose_folder_is_removed_ends_at_the_next_step_and_writes_nothing(make_run, monkeypatch) -> None:
    run = make_run(steps=500)
    taken = Stepper.take

    def take(self, *args, **options):
        shutil.rmtree(run, ignore_errors=True)
        return taken(self, *args, **options)

    monkeypatch.setattr(Stepper, "take", take)
    with pytest.raises(StoppedError):
        train(run)
    assert not run.exists()
