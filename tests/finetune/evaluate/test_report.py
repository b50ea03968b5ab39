"""The report: what the window and programs read, and the page for people."""

import dataclasses
import errno
import json
import re
from pathlib import Path

import pytest

from assistant.errors import DiskError
from assistant.measure.evaluate.ask import Answer
from assistant.measure.repository.ask import Asked, mark
from assistant.measure.repository.figures import summarise
from assistant.repository.holes import Hole
from finetune.config import RunConfig
from finetune.data.manifest import Manifest
from finetune.evaluate.report import Proof, make_report, write_report
from finetune.evaluate.stage import ARMS
from finetune.evaluate.strength import Tried
from finetune.evaluate.verdict import Forgetting
from finetune.events import EventWriter, HeldOut, Paused, PlanReady, StageStarted, Step, Verdict

TRUTH = "compute(value)"
EVIL = "</script><script>alert(1)</script>"


def make_asked(number, right, truth=TRUTH):
    before, after = f"def f_{number}(value):\n    return ", "\n\nlast = 1\n"
    hole = Hole(
        f"src/f_{number}.py", "python", "line", before + truth + after, len(before), len(before) + len(truth), 2, 11
    )
    answers = {name: Answer(truth if name in right else "other", 100.0, 100, 0, 4, 80.0, 20.0) for name in ARMS}
    return Asked(hole, {name: mark(hole, answers[name]) for name in ARMS})


@pytest.fixture
def proof():
    asked = [make_asked(n, ("adapter", "both")) for n in range(6)]
    asked += [make_asked(10 + n, ("base", "retrieval")) for n in range(2)]
    asked += [make_asked(20 + n, ()) for n in range(2)]
    config = RunConfig(repository="/home/me/shop", model="qwen", name="shop")
    manifest = Manifest(
        repository="/home/me/shop", name="shop", kind="commits", base="abc" * 13, base_date="2025-01-01", head="def", head_date="2025-02-01",
        commits=9, note="What is not committed is not learned.", seed=0, family="qwen2.5-coder", length=1024, wanted_tokens=1000, files=20,
        learned=("a.py",), held=(), reasons={}, sets={}, validation_holes=5, test_holes=10, hashes={}, versions={},
    )  # fmt: skip
    verdict = Verdict(True, 0.75, "Switched on at strength 0.75: it helps.")
    tried = (Tried(1.0, 0.6, 0.3), Tried(0.75, 0.7, 0.4))
    forgetting = Forgetting(100, 0.5, 0.49, -0.01, (-0.03, 0.01))
    figures = summarise(asked, ARMS)
    return Proof(
        config, manifest, verdict, figures, tuple(asked), {"base": 1.7, "adapter": 1.1, "holes": 9}, tried, forgetting
    )


@pytest.fixture
def run(tmp_path):
    say = EventWriter(tmp_path)
    say(HeldOut(0, 1.8, best=True))
    for step in range(1, 5):
        say(Step(step, 4, 2.0 - step / 10, 1e-4, 100 * step, 50.0, 1 << 30, 3.0))
    say(HeldOut(4, 1.2, best=True))
    say.close()
    return tmp_path


def test_the_report_says_all_that_was_measured(run, proof):
    report = json.loads(json.dumps(make_report(run, proof)))
    assert report["verdict"] == {"active": True, "scale": 0.75, "sentence": "Switched on at strength 0.75: it helps."}
    assert report["arms"]["both"]["exact_match"] == 0.6
    assert report["arms"]["base"]["exact_match"] == 0.2
    low, high = report["arms"]["both"]["interval"]
    assert low < 0.6 < high
    (pair,) = [each for each in report["differences"] if (each["first"], each["second"]) == ("retrieval", "both")]
    assert (pair["exact_match"], pair["only_first"], pair["only_second"]) == (0.4, 2, 6)
    assert report["by_kind"]["line"] == {"n": 10, "base": 0.2, "retrieval": 0.2, "adapter": 0.6, "both": 0.6}
    assert report["loss"]["curve"] == [[0, 1.8], [4, 1.2]]
    assert report["loss"]["training"][-1] == [4, 1.6]
    assert (report["loss"]["base"], report["loss"]["adapter"]) == (1.7, 1.1)
    assert report["scales"] == [[1.0, 0.6, 0.3], [0.75, 0.7, 0.4]]
    assert (report["forgetting"]["n"], report["forgetting"]["difference"]) == (100, -0.01)
    assert (report["steps"], report["tokens"]) == (4, 400)
    assert {each["good"] for each in report["examples"]} == {True, False}
    assert report["examples"][0]["answers"].keys() == set(ARMS)
    assert report["run"]["name"] == "shop"


def test_a_pause_is_no_time_of_the_run(tmp_path, proof):
    lines = [
        (100.0, StageStarted("data")),
        (110.0, StageStarted("train")),
        (150.0, Paused("train", 5)),
        (9000.0, StageStarted("data")),
        (9003.0, StageStarted("train", resumed=True)),
        (9043.0, Step(6, 6, 1.0, 1e-4, 10, 5.0, 1, 0.0)),
    ]
    text = "".join(
        json.dumps({"event": type(event).__name__, "time": time, **dataclasses.asdict(event)}) + "\n"
        for time, event in lines
    )
    (tmp_path / "events.jsonl").write_text(text)
    assert make_report(tmp_path, proof)["seconds"] == 93.0


def test_the_page_says_what_the_plan_left_out(run, proof):
    assert make_report(run, proof)["data"]["learned"] == 1
    say = EventWriter(run)
    say(PlanReady("cpu", "bf16", 5, 900, 4, 50.0, 60.0, 1 << 30, 100, ("Left out: <noise>.py (7.2).",)))
    say.close()
    proof = dataclasses.replace(proof, manifest=dataclasses.replace(proof.manifest, drop=("a.py",)))
    report = make_report(run, proof)
    assert report["data"]["learned"] == 0
    write_report(run, report, proof)
    assert "<p>Left out: &lt;noise&gt;.py (7.2).</p>" in (run / "report.html").read_text()


def test_the_page_says_it_to_people_and_fetches_nothing(run, proof):
    write_report(run, make_report(run, proof), proof)
    page = (run / "report.html").read_text(encoding="utf-8")
    for text in ("What tuning on shop came to", "Switched on at strength 0.75", "What each adds", "What was forgotten",
                 "What is not committed is not learned.", "1.100 nats a token with the adapter, 1.700 without",
                 ">Loss<", ">Strength<", ">Examples<", ">How this was measured<"):  # fmt: skip
        assert text in page, text
    assert '<polyline class="curve s1"' in page
    assert not re.search(r"<script|(?:src|href)\s*=|url\(|@import|https?://", page)
    assert json.loads((run / "report.json").read_text(encoding="utf-8"))["n"] == 10


def test_no_text_of_a_repository_can_act_in_the_page(run, proof):
    evil = dataclasses.replace(proof, asked=(make_asked(1, ("both",), EVIL),))
    evil = dataclasses.replace(evil, verdict=Verdict(False, 0.0, EVIL), figures=summarise(evil.asked, ARMS))
    write_report(run, make_report(run, evil), evil)
    assert "<script" not in (run / "report.html").read_text(encoding="utf-8")


def test_a_report_without_its_optional_parts_has_a_page(tmp_path, proof):
    bare = dataclasses.replace(proof, losses={}, tried=(), forgetting=None)
    write_report(tmp_path, make_report(tmp_path, bare), bare)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert ">Loss<" not in page
    assert ">Strength<" not in page
    assert "What was forgotten" not in page


def test_a_full_disk_leaves_the_old_report_whole(run, proof, monkeypatch):
    report = make_report(run, proof)
    write_report(run, report, proof)
    old = (run / "report.json").read_bytes()

    def full(self, *_args, **_options):
        self.touch()
        raise OSError(errno.ENOSPC, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(DiskError, match="The report cannot be written"):
        write_report(run, {**report, "n": 11}, proof)
    assert (run / "report.json").read_bytes() == old
    assert not list(run.glob("*.part"))
