"""What happens where a step cannot be captured."""

import logging

import pytest
import torch

from assistant.engine.gpu.cuda_graph import CaptureOrPlain, CudaGraphCapture, NoCapture, capture_for


class Failing:
    def __init__(self, error):
        self.error = error
        self.asked = 0

    def capture(self, step):
        self.asked += 1
        raise self.error


def step():
    return torch.ones(1)


def test_a_step_that_cannot_be_captured_runs_plainly_and_that_is_said_once(caplog):
    failing = Failing(RuntimeError("operation not permitted when stream is capturing.\nCompile with ..."))
    capture = CaptureOrPlain(failing)
    with caplog.at_level(logging.WARNING):
        assert capture.capture(step) is step
        assert capture.capture(step) is step
    assert failing.asked == 1
    (said,) = caplog.messages
    assert said.endswith("cannot be captured: operation not permitted when stream is capturing.")


def test_no_room_is_no_reason_to_give_up():
    capture = CaptureOrPlain(Failing(torch.OutOfMemoryError("CUDA out of memory")))
    for _ in range(2):
        with pytest.raises(torch.OutOfMemoryError):
            capture.capture(step)


def test_a_capture_that_works_is_kept():
    class Working:
        def capture(self, step):
            return lambda: step() + 1

    capture = CaptureOrPlain(Working())
    assert capture.capture(step)().item() == 2
    assert capture.capture(step)().item() == 2


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a card")
def test_without_a_card_graphs_give_way(caplog):
    capture = capture_for(torch.device("cuda"))
    assert isinstance(capture._capture, CudaGraphCapture)
    assert capture.capture(step) is step
    assert "cannot be captured" in caplog.text


def test_other_devices_record_nothing():
    assert isinstance(capture_for(torch.device("cpu")), NoCapture)
    assert NoCapture().capture(step) is step
