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
    ("field", "value"), [("rank", 0), ("max_seq_length", 8), ("minutes", 0.0), ("learning_rate", 2.0), ("processes", 0)]
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
        "early_stopping_patience=8",
        "optimizer_8bit=true",
        "gradient_checkpointing=false",
        "middle_weight=2.5",
        "precision=fp32",
        "since=v1",
    )
    found = change(CONFIG, texts)
    train = TrainConfig(early_stopping_patience=8, optimizer_8bit=True, gradient_checkpointing=False, precision="fp32")
    assert found == dataclasses.replace(
        CONFIG, train=train, data=dataclasses.replace(CONFIG.data, middle_weight=2.5, since="v1")
    )
    assert change(CONFIG, []) is CONFIG


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("speed=3", "There is no setting 'speed'; there are alpha, batch"),
        ("keep=a.py", "no setting 'keep'"),
        ("rank=many", "rank cannot be 'many'; it takes a whole number"),
        ("learning_rate=", "learning_rate cannot be ''; it takes a number"),
        ("optimizer_8bit=1", "it takes true or false"),
        ("gradient_checkpointing", "it takes true or false"),
        ("method=full", "it takes lora, dora, rslora"),
    ],
)
def test_a_setting_that_cannot_be_changed_so_is_one_sentence(text, said):
    with pytest.raises(InputError, match=said):
        change(CONFIG, [text])


OLD = """{
 "repository": "/code", "model": "m", "name": "n", "seed": 3, "device": "cpu", "threads": 2, "activate": false,
 "data": {"since": null, "keep": ["a/"], "drop": [], "trusted": [], "holes": 80, "validation_holes": 40,
  "library_holes": 40, "retrieval_share": 0.5, "retrieval_tokens": 512, "random_share": 0.1, "plain_share": 0.2,
  "middle_weight": 4.0, "scan_secrets": true, "drop_strange": false},
 "train": {"method": "dora", "rank": 8, "alpha": 16, "dropout": 0.0, "rate": 0.0002, "weight_decay": 0.0, "warmup": 10,
  "length": 512, "batch": 2, "accumulate": 3, "clip": 1.0, "steps": 0, "minutes": 10.0, "evaluate_every": 0,
  "patience": 6, "precision": "auto", "checkpointing": true, "load_in_4bit": false, "optimizer_8bit": false,
  "processes": 1, "strategy": "auto"}
}"""
"""A config.json as it was written before the settings had the names that they have now."""


def test_a_config_under_the_old_names_is_the_same_run():
    config = from_json(OLD)
    check(config)
    train = config.train
    assert (train.learning_rate, train.max_seq_length, train.gradient_accumulation_steps) == (0.0002, 512, 3)
    assert (train.gradient_checkpointing, train.early_stopping_patience, config.data.drop_outliers) == (True, 6, False)
    assert (train.rank, train.batch, train.minutes, config.data.keep, config.activate) == (8, 2, 10.0, ("a/",), False)
    assert from_json(to_json(config)) == config
    assert "drop_strange" not in to_json(config)


def test_old_names_of_settings_can_be_set():
    texts = ("rate=1e-4", "length=256", "accumulate=2", "checkpointing=true", "patience=3", "drop_strange=false")
    new = ("learning_rate=1e-4", "max_seq_length=256", "gradient_accumulation_steps=2", "gradient_checkpointing=true",
           "early_stopping_patience=3", "drop_outliers=false")  # fmt: skip
    assert change(CONFIG, texts) == change(CONFIG, new) != CONFIG
