import pytest
import torch

from assistant.engine import device
from assistant.engine.device import choose_device, choose_dtype, is_out_of_memory, release_memory
from assistant.errors import InputError


def only(monkeypatch, *kinds):
    monkeypatch.setattr(device, "_available", lambda kind: kind in kinds)


@pytest.mark.parametrize(
    ("there", "best"), [(("cpu",), "cpu"), (("mps", "cpu"), "mps"), (("xpu", "cpu"), "xpu"), (("cuda", "cpu"), "cuda")]
)
def test_auto_takes_the_best_there_is(monkeypatch, there, best):
    only(monkeypatch, *there)
    assert choose_device("auto").type == best


def test_a_device_that_is_not_there_is_refused_with_those_that_are(monkeypatch):
    only(monkeypatch, "cpu")
    with pytest.raises(InputError, match=r"'cuda'.*finds: cpu"):
        choose_device("cuda")
    assert choose_device("cpu").type == "cpu"


def test_an_unknown_device_is_refused():
    with pytest.raises(InputError, match="'tpu'"):
        choose_device("tpu")


@pytest.mark.parametrize(
    ("can", "used", "dtype"),
    [
        ({"avx512_bf16": True}, "AVX512", torch.bfloat16),
        ({"amx_tile": True}, "AVX512", torch.bfloat16),
        ({"amx_tile": True, "avx512_bf16": True}, "AVX2", torch.float32),
        ({"avx2": True, "avx512_bf16": False}, "AVX2", torch.float32),
        ({"avx2": True, "avx512_bf16": False}, "AVX512", torch.float32),
        ({}, "DEFAULT", torch.float32),
    ],
)
def test_the_processor_decides_the_type(monkeypatch, can, used, dtype):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: used)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: can)
    assert choose_dtype(torch.device("cpu")) == dtype


@pytest.mark.parametrize(("supported", "dtype"), [(True, torch.bfloat16), (False, torch.float16)])
def test_graphics_cards(monkeypatch, supported, dtype):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: supported)
    assert choose_dtype(torch.device("cuda")) == dtype
    assert choose_dtype(torch.device("mps")) == torch.float16
    assert choose_dtype(torch.device("xpu")) == torch.bfloat16


def test_the_cpu_itself_says_when_it_has_no_room():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**62, dtype=torch.uint8)
    assert is_out_of_memory(caught.value)
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory"))
    assert is_out_of_memory(RuntimeError("MPS backend out of memory (MPS allocated: 1 GB)"))
    assert not is_out_of_memory(RuntimeError("shapes do not match"))
    assert not is_out_of_memory(ValueError("out of memory"))


def test_releasing_on_the_cpu_does_nothing():
    release_memory(torch.device("cpu"))
