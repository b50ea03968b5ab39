import json

import pytest

from app.features.train.report.view_model import Arm, Difference, Forgetting, Losses, Report, load_report, read_report
from assistant.errors import InputError


def test_every_part_is_read():
    report = read_report(
        {
            "verdict": {"active": True, "scale": 0.8, "sentence": "It helps."},
            "arms": {"both": {"exact_match": 0.3, "interval": [0.2, 0.4], "p50_ms": 90}, "base": {"exact_match": 0.1}},
            "differences": [{"first": "base", "second": "both", "exact_match": 0.2, "interval": [0.1, 0.3]}],
            "by_kind": {"line": {"n": 12, "arms": {"base": 0.1, "other": 1}}, "block": {"n": 3, "base": 0.2}},
            "loss": {
                "base": 1.5,
                "adapter": 1.1,
                "curve": [[0, 1.5], [10, 1.1], ["x", 1], [1]],
                "training": [[1, 2.0]],
            },
            "forgetting": {"base": 0.4, "adapter": 0.39, "n": 400},
            "examples": [
                {"path": "a.py", "line": 3, "kind": "line", "good": True, "truth": "x", "answers": {"base": "y"}}
            ],
            "seconds": 60,
        }
    )
    assert (report.active, report.scale, report.sentence) == (True, 0.8, "It helps.")
    assert list(report.arms) == ["base", "both"]
    assert report.arms["both"] == Arm(0.3, (0.2, 0.4), None, None, 90.0)
    assert report.differences == (Difference("base", "both", 0.2, (0.1, 0.3)),)
    assert [(kind.name, kind.arms) for kind in report.kinds] == [("line", {"base": 0.1}), ("block", {"base": 0.2})]
    assert report.losses == Losses(1.5, 1.1, ((0, 1.5), (10, 1.1)), ((1, 2.0),))
    assert report.forgetting == Forgetting(0.4, 0.39, 400, pytest.approx(-0.01))
    assert report.examples[0].answers == {"base": "y"}
    assert report.seconds == 60.0


@pytest.mark.parametrize(
    "table",
    [{}, {"verdict": None, "arms": 3, "differences": {}, "loss": [], "examples": "no", "by_kind": []}],
)
def test_parts_that_are_missing_or_of_another_form_are_left_out(table):
    assert read_report(table) == Report()


@pytest.mark.parametrize("text", ["{", "[]", None])
def test_a_report_that_cannot_be_read_is_said_in_a_sentence(tmp_path, text):
    if text is not None:
        (tmp_path / "report.json").write_text(text)
    with pytest.raises(InputError, match="run the evaluation again"):
        load_report(tmp_path)


def test_a_report_lies_in_the_runs_folder(tmp_path):
    (tmp_path / "report.json").write_text(json.dumps({"verdict": {"active": False, "sentence": "No."}}))
    assert load_report(tmp_path).active is False
