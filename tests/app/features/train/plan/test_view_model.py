import dataclasses

from app.features.train.plan.view_model import Measured, read_measured, scaled, shape
from finetune.config import DataConfig, RunConfig, TrainConfig
from finetune.events import DataReady, PlanReady

DATA = DataReady(10, 9, 1000, 50_000, 60, 200, "commits")
PLAN = PlanReady("cpu", "bf16", 480, 120_000, 100, 400.0, 600.0, 3_000_000_000, 8_000_000, ("Rows are shorter.",))


def test_what_is_printed_is_read_with_what_is_not_known_left_out():
    plan = {**dataclasses.asdict(PLAN), "new_field": 3}
    measured = read_measured({"data": dataclasses.asdict(DATA), "plan": plan}, 10.0)
    assert measured == Measured(DATA, PLAN, 10.0)
    assert read_measured({"data": {}, "plan": {}}, 10.0) is None
    assert read_measured({"message": "no"}, 10.0) is None


def test_other_minutes_scale_steps_and_time_but_neither_memory_nor_samples():
    plan = scaled(Measured(DATA, PLAN, 10.0), 30.0)
    assert (plan.steps, plan.samples, plan.tokens, plan.seconds) == (300, 480, 120_000, 1800.0)
    assert (plan.peak_bytes, plan.tokens_per_second) == (PLAN.peak_bytes, PLAN.tokens_per_second)
    assert scaled(Measured(DATA, PLAN, 10.0), 10.0) == PLAN


def test_minutes_rate_and_name_need_no_new_measurement_but_rank_and_files_do():
    config = RunConfig("/code", "small", "orchard")
    same = dataclasses.replace(config, name="other", train=TrainConfig(minutes=90.0, rate=1e-3))
    assert shape(same) == shape(config)
    assert shape(dataclasses.replace(config, train=TrainConfig(rank=8))) != shape(config)
    assert shape(dataclasses.replace(config, model="large")) != shape(config)
    assert shape(dataclasses.replace(config, data=DataConfig(drop=("a.py",)))) != shape(config)
