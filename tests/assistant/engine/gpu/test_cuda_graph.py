"""What happens where a step cannot be recorded."""

import logging

import pytest
import torch

from assistant.engine.gpu.cuda_graph import Careful, Graphs, Plain, recorder_for


class Failing:
    def __init__(self, error):
        self.error = error
        self.asked = 0

    def record(self, step):
        self.asked += 1
        raise self.error


def step():
    return torch.ones(1)


def test_a_step_that_cannot_be_recorded_runs_plainly_and_that_is_said_once(caplog):
    failing = Failing(RuntimeError("operation not permitted when stream is capturing.\nCompile with ..."))
    recorder = Careful(failing)
    with caplog.at_level(logging.WARNING):
        assert recorder.record(step) is step
        assert recorder.record(step) is step
    assert failing.asked == 1
    (said,) = caplog.messages
    assert said.endswith("cannot be recorded: operation not permitted when stream is capturing.")


def test_no_room_is_no_reason_to_give_up():
    recorder = Careful(Failing(torch.OutOfMemoryError("CUDA out of memory")))
    for _ in range(2):
        with pytest.raises(torch.OutOfMemoryError):
            recorder.record(step)


def test_a_recorder_that_works_is_kept():
    class Working:
        def record(self, step):
            return lambda: step() + 1

    recorder = Careful(Working())
    assert recorder.record(step)().item() == 2
    assert recorder.record(step)().item() == 2


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a card")
def test_without_a_card_graphs_give_way(caplog):
    recorder = recorder_for(torch.device("cuda"))
    assert isinstance(recorder._recorder, Graphs)
    assert recorder.record(step) is step
    assert "cannot be recorded" in caplog.text


def test_other_devices_record_nothing():
    assert isinstance(recorder_for(torch.device("cpu")), Plain)
    assert Plain().record(step) is step
