import dataclasses
import json

import pytest

from assistant.errors import InputError
from finetune.config import PRESETS, DataConfig, RunConfig, TrainConfig, change, check, from_json, read_config, to_json

CONFIG = RunConfig(repository="/code", model="m", name="n", data=DataConfig(keep=("a/",), trusted=("b.py",)))


def test_a_config_is_read_back_as_it_was_written():
    assert from_json(to_json(CONFIG)) == CONFIG


@pytest.mark.parametrize(
    "text", ["", "[]", "{", "null", '{"repository": "x"}', '{"repository": "a", "model": "m", "name": "n", "x": 1}']
)
def test_what_is_no_config_is_one_sentence(text):
    with pytest.raises(InputError, match=r"config\.json"):
        from_json(text)


def test_an_unknown_field_of_a_part_is_named():
    table = json.loads(to_json(CONFIG))
    table["train"]["speed"] = 3
    with pytest.raises(InputError, match="speed"):
        from_json(json.dumps(table))


def test_a_run_without_a_config_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_config(tmp_path)


@pytest.mark.parametrize(
    ("field", "value"), [("rank", 0), ("length", 8), ("minutes", 0.0), ("rate", 2.0), ("processes", 0)]
)
def test_a_value_that_cannot_be_is_named_with_its_bounds(field, value):
    config = dataclasses.replace(CONFIG, train=dataclasses.replace(TrainConfig(), **{field: value}))
    with pytest.raises(InputError, match=f"{field} is .*has to lie between"):
        check(config)


def test_presets_can_be_run():
    for train, data in PRESETS.values():
        check(dataclasses.replace(CONFIG, train=train, data=data))
    minutes = [PRESETS[name][0].minutes for name in ("quick", "normal", "thorough")]
    assert minutes == sorted(minutes)
    assert PRESETS["quick"][1].holes < PRESETS["normal"][1].holes


def test_any_setting_can_be_changed_by_its_name():
    texts = (
        "patience=8",
        "optimizer_8bit=true",
        "checkpointing=false",
        "middle_weight=2.5",
        "precision=fp32",
        "since=v1",
    )
    found = change(CONFIG, texts)
    train = TrainConfig(patience=8, optimizer_8bit=True, checkpointing=False, precision="fp32")
    assert found == dataclasses.replace(
        CONFIG, train=train, data=dataclasses.replace(CONFIG.data, middle_weight=2.5, since="v1")
    )
    assert change(CONFIG, []) is CONFIG


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("speed=3", "There is no setting 'speed'; there are accumulate, alpha"),
        ("keep=a.py", "no setting 'keep'"),
        ("rank=many", "rank cannot be 'many'; it takes a whole number"),
        ("rate=", "rate cannot be ''; it takes a number"),
        ("optimizer_8bit=1", "it takes true or false"),
        ("checkpointing", "it takes true or false"),
        ("method=full", "it takes lora, dora, rslora"),
    ],
)
def test_a_setting_that_cannot_be_changed_so_is_one_sentence(text, said):
    with pytest.raises(InputError, match=said):
        change(CONFIG, [text])
