"""Fixtures: the tiny model in a store, samples made of numbers, and runs that learn from them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from assistant.config import find_paths
from assistant.weights.tiny import make_tiny_model
from finetune import runs
from finetune.config import DataConfig, RunConfig, TrainConfig
from finetune.data.manifest import Manifest, SetInfo, write_manifest
from finetune.data.samples import SampleSet
from finetune.events import EventReader


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Compute with one thread: the tiny model gains nothing by more, and waits for them where the machine is busy."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder with a tiny random model; not to be changed."""
    return make_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


def _samples(count: int, seed: int, least: int = 20, most: int = 90) -> SampleSet:
    """Return samples that count upwards, which can be learned; the second half of each is to be foreseen."""
    random = np.random.default_rng(seed)
    lengths = random.integers(least, most, count)
    ids = np.concatenate([(np.arange(n) * 3 + random.integers(0, 50)) % 200 + 20 for n in lengths]).astype(np.int32)
    weights = np.concatenate([np.where(np.arange(n) >= n // 2, random.choice([1.0, 4.0]), 0.0) for n in lengths])
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return SampleSet(ids, weights.astype(np.float32), starts, np.zeros(count, np.int32))


@pytest.fixture(scope="session")
def make_samples() -> Callable[..., SampleSet]:
    """Make samples: ``make_samples(count, seed)``."""
    return _samples


def _manifest(files: int) -> Manifest:
    names = tuple(f"f{number}.py" for number in range(files))
    return Manifest(
        repository="/repo", name="repo", kind="files", base="", base_date="", head="", head_date="", commits=0, note="",
        seed=0, family="qwen2.5-coder", length=128, wanted_tokens=0, files=files, learned=names, held=(), reasons={},
        sets={"test": SetInfo(8, 400, "")}, validation_holes=8, test_holes=8, hashes={}, versions={},
    )  # fmt: skip


@pytest.fixture
def make_run(grafter_home: Path, tiny_folder: Path) -> Callable[..., Path]:
    """Make runs on the tiny model in float32, with their data: ``make_run(steps=6, seed=0, **train)``.

    Sample i is of file i modulo ``files``: f0.py, f1.py and so on; ``keep`` is DataConfig's.
    """
    paths = find_paths()
    paths.models.mkdir(parents=True, exist_ok=True)
    link = paths.models / "tiny"
    if not link.exists():
        link.symlink_to(tiny_folder, target_is_directory=True)

    def make(*, seed: int = 0, samples: int = 60, files: int = 1, keep: tuple[str, ...] = (), **train: Any) -> Path:
        settings = {"steps": 6, "length": 128, "rank": 4, "alpha": 8, "rate": 3e-3, "precision": "fp32", "patience": 9}
        config = RunConfig(
            "/repo", "tiny", "mine", seed, "cpu", 1, data=DataConfig(keep=keep), train=TrainConfig(**(settings | train))
        )
        run = runs.create(paths, config)
        (run / "data").mkdir()
        learned = replace(_samples(samples, 1), files=np.arange(samples, dtype=np.int32) % files)
        learned.save(run / "data" / "train.safetensors")
        write_manifest(run / "data", _manifest(files))
        _samples(8, 2).save(run / "data" / "validation.safetensors")
        _samples(8, 3).save(run / "data" / "test.safetensors")
        return run

    return make


@pytest.fixture
def start() -> Callable[..., subprocess.Popen[str]]:
    """Start training in a process of its own: ``start(run, *options)``."""

    def call(run: Path, *options: str) -> subprocess.Popen[str]:
        variables = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3]), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-P", "-m", "finetune.train", "--run-dir", str(run), *options]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=variables)

    return call


@pytest.fixture
def events_of() -> Callable[[Path, type], list[Any]]:
    """Return a run's events of one kind: ``events_of(run, kind)``."""

    def call(run: Path, kind: type) -> list[Any]:
        return [stamped.event for stamped in EventReader(run).read() if isinstance(stamped.event, kind)]

    return call
