"""Files that are no code to the base model: found, named, left out, and learned all the same where a person wants it."""

import json
import time

import numpy as np
import pytest
import torch
from torch import nn

from finetune.data.manifest import read_manifest
from finetune.data.samples import Sample, SampleSet
from finetune.events import PlanReady
from finetune.train.outliers import find_outliers, losses_of_files
from finetune.train.session import Session

NOISE = {0: 1.0, 1: 1.2, 2: 5.5, 3: 0.9, 4: 7.25}


def test_the_bound_is_high_and_far_from_what_is_usual() -> None:
    assert find_outliers(NOISE) == [4, 2]
    assert find_outliers({0: 0.1, 1: 0.1, 2: 2.9}) == []
    assert find_outliers({0: 5.0, 1: 5.2, 2: 5.4, 3: 9.0}) == []
    assert find_outliers({}) == []


class Ids(nn.Module):
    """A model whose loss of a token is its id."""

    def forward(self, batch):
        return (batch.targets * batch.weights).sum()


def sample(token: int, length: int, file: int, weight: float = 2.0) -> Sample:
    return Sample([token] * length, [weight] * length, file)


def test_files_are_looked_at_those_with_most_to_learn_first() -> None:
    samples = SampleSet.of(
        [
            sample(3, 300, 0),
            sample(5, 400, 1),
            sample(9, 400, 1),
            sample(7, 500, 2),
            sample(1, 999, 3, 0.0),  # nothing of it counts
            sample(2, 500, -1),
            sample(8, 250, 4),  # too short to say anything
        ]
    )
    model = Ids().train()
    assert losses_of_files(model, samples, 9999, torch.device("cpu")) == {1: 5.0, 2: 7.0, 0: 3.0}
    assert list(losses_of_files(model, samples, 401, torch.device("cpu"))) == [1, 2]
    assert list(losses_of_files(model, samples, 0, torch.device("cpu"))) == [1]
    assert model.training


def test_short_pieces_are_looked_at_together_and_every_token_counts_once() -> None:
    samples = SampleSet.of([sample(8, 101, 0, 4.0), sample(2, 201, 0, 1.0), sample(9, 500, 0)])
    assert losses_of_files(Ids(), samples, 9999, torch.device("cpu")) == {0: (8 * 100 + 2 * 200) / 300}


@pytest.fixture
def noise(monkeypatch):
    monkeypatch.setattr("finetune.train.session.losses_of_files", lambda *_args: NOISE)


def plan(run) -> PlanReady:
    session = Session(run, time.monotonic())
    try:
        return session.plan().ready
    finally:
        session.close()


@pytest.mark.usefixtures("noise")
def test_strange_files_are_named_and_not_learned(make_run, events_of) -> None:
    run = make_run(steps=2, files=5)
    session = Session(run, time.monotonic())
    assert session.train() == "done"
    session.close()
    (ready,) = events_of(run, PlanReady)
    assert ready.samples == 36  # of 60, a fifth of each file
    (said,) = ready.changes
    assert "f4.py (7.2), f2.py (5.5)." in said
    assert set(read_manifest(run / "data").drop) == {"f2.py", "f4.py"}
    resumed = Session(run, time.monotonic())
    assert set(np.unique(resumed._learned().files)) == {0, 1, 3}
    resumed.close()


@pytest.mark.usefixtures("noise")
def test_a_file_that_a_person_keeps_is_learned_all_the_same(make_run) -> None:
    run = make_run(steps=2, files=5, keep=("f4.py",))
    ready = plan(run)
    assert ready.samples == 48
    assert "f2.py" in ready.changes[0]
    assert "f4.py" not in ready.changes[0]
    assert json.loads((run / "data" / "manifest.json").read_text())["drop"] == ["f2.py"]


@pytest.mark.usefixtures("noise")
def test_nothing_is_left_out_where_a_person_wants_everything(make_run) -> None:
    run = make_run(steps=2, files=5)
    assert plan(run).samples == 36
    text = (run / "config.json").read_text()
    (run / "config.json").write_text(text.replace('"drop_outliers": true', '"drop_outliers": false'))
    ready = plan(run)
    assert (ready.samples, ready.changes) == (60, ())
    assert read_manifest(run / "data").drop == ()


@pytest.mark.usefixtures("noise")
def test_a_plan_that_was_cut_off_is_made_anew_with_the_same_words(make_run) -> None:
    run = make_run(steps=2, files=5)
    first = plan(run)  # notes the files, and a kill before plan.json is written leaves no more
    again = plan(run)
    assert (again.samples, again.changes) == (first.samples, first.changes)
    assert read_manifest(run / "data").drop == ("f2.py", "f4.py")
