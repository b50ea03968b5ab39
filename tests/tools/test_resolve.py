import pytest

from tools import resolve, systems


@pytest.mark.parametrize("target", resolve.TARGETS, ids=lambda target: target.name)
def test_what_is_resolved_is_what_set_up_installs(target):
    assert systems.problem(target.system) is None


@pytest.mark.parametrize("target", resolve.REFUSED, ids=lambda target: target.name)
def test_what_is_refused_is_what_set_up_refuses(target):
    assert systems.problem(target.system) is not None


def test_an_answer_that_is_not_as_the_table_says_is_a_fault():
    (taken, *_), (refused, *_) = resolve.TARGETS, resolve.REFUSED
    questions = [(taken, (3, 11)), (taken, (3, 12)), (refused, (3, 12)), (refused, (3, 13))]
    faults = resolve.find_faults(questions, ["", "torch has no wheels", "torch has no wheels", ""])
    assert len(faults) == 2
    assert faults[0] == f"{taken.name}, Python 3.12: torch has no wheels"
    assert "Let it in" in faults[1]


def test_an_index_that_cannot_be_reached_is_one_sentence():
    answers = ["error: Failed to fetch: `the index` Caused by: error sending request"] * 2
    (fault,) = resolve.find_faults([(resolve.TARGETS[0], (3, 11)), (resolve.REFUSED[0], (3, 12))], answers)
    assert fault.startswith("the package index cannot be reached")
    assert fault.endswith("with a network.")


def test_wheels_that_lie_here_prove_nothing(monkeypatch):
    monkeypatch.setenv("UV_FIND_LINKS", "/somewhere")
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example/simple")
    mac = next(target for target in resolve.TARGETS if target.system.macos)
    env = resolve.environment(mac)
    assert "UV_FIND_LINKS" not in env
    assert env["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"
    assert env["MACOSX_DEPLOYMENT_TARGET"] == "14.0"


def test_nothing_is_asked_while_nothing_has_changed(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(resolve, "STAMP", tmp_path / "build" / "resolved")
    monkeypatch.setattr("sys.argv", ["resolve.py"])
    asked = []
    monkeypatch.setattr(
        resolve,
        "resolve",
        lambda target, python: asked.append(python) or ("" if target in resolve.TARGETS else "no wheel"),
    )
    assert resolve.main() == 0
    assert len(asked) == 4 * len(resolve.TARGETS) + len(resolve.REFUSED)
    assert resolve.main() == 0
    assert len(asked) == 4 * len(resolve.TARGETS) + len(resolve.REFUSED)
    monkeypatch.setattr("sys.argv", ["resolve.py", "--anew"])
    monkeypatch.setattr(resolve, "resolve", lambda *_: "no wheel")
    assert resolve.main() == 1
    assert "glibc 2.34 (RHEL 9), Python 3.11: no wheel" in capsys.readouterr().err
