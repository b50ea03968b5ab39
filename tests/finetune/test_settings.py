"""Every setting, whatever its value: refused in a sentence or in range, and the same for the plan and for the run."""

import argparse
import dataclasses
import io
import json
import math
from types import SimpleNamespace
from typing import Literal, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.cli.finetune_options import add_arguments, make_config
from assistant.config import Paths
from assistant.errors import GrafterError, InputError
from assistant.names import check_adapter_name
from finetune import runs
from finetune.config import DataConfig, RunConfig, TrainConfig, change, check, from_json, read_config, to_json
from finetune.limits import LIMITS

PARTS = (DataConfig, TrainConfig)
FIELDS = {(kind, name): hint for kind in (RunConfig, *PARTS) for name, hint in get_type_hints(kind).items()
          if hint not in PARTS}  # fmt: skip
PATH = st.text(st.characters(exclude_characters="\0"), min_size=1, max_size=12).filter(str.strip)


def good(name, hint):
    """Return what makes values of a field that are taken."""
    if name in LIMITS:
        least, most = LIMITS[name]
        return st.integers(least, most) if hint is int else st.floats(least, most)
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if get_origin(hint) is tuple:
        return st.lists(PATH, max_size=3).map(tuple)
    if hint is bool or bool in get_args(hint):
        return st.sampled_from([True, False, *([None] if type(None) in get_args(hint) else [])])
    return PATH | st.none() if type(None) in get_args(hint) else PATH


def configs(repository):
    """Return what makes runs that can be; ``repository`` is a folder that is there."""
    fixed = {"repository": st.just(repository), "name": st.from_regex(r"[a-z][a-z0-9_-]{3,30}x", fullmatch=True)}
    made = {
        kind: {
            name: fixed[name] if name in fixed else good(name, hint)
            for (of, name), hint in FIELDS.items()
            if of is kind
        }
        for kind in (RunConfig, *PARTS)
    }
    data, train = (st.builds(kind, **made[kind]) for kind in PARTS)
    return st.builds(RunConfig, **made[RunConfig], data=data, train=train)


def test_each_number_has_bounds_and_each_bound_a_number():
    numbers = {name for (_, name), hint in FIELDS.items() if hint in (int, float)}
    assert numbers == set(LIMITS)
    for least, most in LIMITS.values():
        assert least < most


@pytest.mark.parametrize("flags", [["--files"], ["--preview", "3"], ["--dry-run"], []])
def test_plan_files_samples_and_run_get_what_the_window_has(tmp_path, monkeypatch, flags):
    monkeypatch.setattr("assistant.cli.finetune_options.choose_model", lambda _paths, name: SimpleNamespace(id=name))
    paths = Paths(tmp_path / "data", tmp_path / "config", tmp_path / "cache", tmp_path / "run")
    parser = argparse.ArgumentParser()
    add_arguments(parser)

    @settings(max_examples=60, deadline=None)
    @given(configs(str(tmp_path)))
    def hold(config):
        monkeypatch.setattr("sys.stdin", io.StringIO(to_json(config)))
        told = make_config(paths, parser.parse_args([*flags, "--json", "--config=-"]))
        assert told == config
        with runs.trial(paths, told) as folder:  # what is measured
            assert read_config(folder) == config
        started = runs.create(paths, config)  # what the window starts
        assert read_config(started) == config
        runs.remove(paths, started.name)

    hold()


def read(make):
    """Return the config that can be, or what is said of it, which is one line."""
    try:
        config = make()
        check(config)
    except GrafterError as error:
        said = str(error)
    else:
        return config, ""
    assert "\n" not in said
    return None, said


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    | st.sampled_from([10**400, -(10**400), "\0", "x" * 5000, "", "con", math.inf, -0.0]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)  # fmt: skip


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(FIELDS, key=str)), JSON)
def test_any_value_is_in_range_or_refused_in_a_sentence(field, value):
    (kind, name), hint = field, FIELDS[field]
    table = json.loads(to_json(RunConfig("/code", "m", "shop")))
    part = {RunConfig: table, DataConfig: table["data"], TrainConfig: table["train"]}[kind]
    part[name] = value
    config, said = read(lambda: from_json(json.dumps(table)))
    if config is None:
        assert said.endswith(".")
        assert len(said) < 1000
        return
    taken = getattr({RunConfig: config, DataConfig: config.data, TrainConfig: config.train}[kind], name)
    if name in LIMITS:
        assert LIMITS[name][0] <= taken <= LIMITS[name][1]
    if get_origin(hint) is Literal:
        assert taken in get_args(hint)
    if hint is bool:
        assert taken in (True, False)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted({name for kind, name in FIELDS if kind in PARTS})), st.text(max_size=20) | st.integers().map(str)
       | st.floats().map(str))  # fmt: skip
def test_any_set_is_in_range_or_refused_in_a_sentence(name, text):
    config, said = read(lambda: change(RunConfig("/code", "m", "shop"), [f"{name}={text}"]))
    assert said or from_json(to_json(config)) == config


@pytest.mark.parametrize(
    ("name", "value"),
    [("clip", -1.0), ("clip", 0.0), ("warmup", -5), ("patience", -1), ("patience", 0), ("evaluate_every", -1)],
)
def test_settings_of_training_that_could_not_end_well_are_refused(name, value):
    config = RunConfig("/code", "m", "shop", train=dataclasses.replace(TrainConfig(), **{name: value}))
    with pytest.raises(InputError, match=f"{name} is -?[0-9]; it has to lie between"):
        check(config)


@given(st.text(max_size=120))
def test_a_name_is_taken_or_refused_in_a_sentence(name):
    _, said = read(lambda: RunConfig("/code", "m", check_adapter_name(name)))
    if said:
        assert "cannot be the name of an adapter" in said
        return
    assert name.isascii()
    assert 0 < len(name) <= 100
    assert not set(name) & set('/\\:*?"<>| \0')
