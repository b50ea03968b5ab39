import dataclasses

import pytest

from finetune.data.manifest import Manifest, SetInfo
from finetune.judge.cost import estimate_seconds

MANIFEST = Manifest(
    repository="/repo", name="repo", kind="files", base="", base_date="", head="", head_date="", commits=0, note="",
    seed=0, family="qwen2.5-coder", length=1024, wanted_tokens=0, files=9, learned=(), held=(), reasons={},
    sets={"test": SetInfo(200, 151_597, "")}, validation_holes=60, test_holes=200, hashes={}, versions={},
)  # fmt: skip


def test_a_proof_on_two_cores_takes_as_long_as_one_that_was_measured():
    # posting of docs/finetuning.md, at 540 tokens a second, took 1,334 seconds from the end of its training to its verdict.
    assert estimate_seconds(MANIFEST, 100, 540.0) == pytest.approx(1334, rel=0.15)


def test_fewer_holes_take_less_and_a_fast_card_still_has_to_write():
    few = dataclasses.replace(MANIFEST, test_holes=80, validation_holes=40)
    assert estimate_seconds(few, 40, 540.0) < 0.6 * estimate_seconds(MANIFEST, 100, 540.0)
    assert estimate_seconds(MANIFEST, 100, 1e6) == pytest.approx(0.2 * (4 * 200 + 3 * 40 + 2 * 100), rel=0.01)
