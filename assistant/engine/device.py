"""Which device and number type a model runs with, and what running out of its memory looks like."""

from __future__ import annotations

from typing import Any

import torch

from assistant.errors import InputError
from assistant.system.disk import human_bytes

DEVICES = ("cuda", "mps", "xpu", "cpu")
"""Every kind of device, the one to prefer first."""

LIBRARY = f"PyTorch {torch.__version__}"
"""What computes, with its version."""

_NO_MEMORY = ("not enough memory", "can't allocate memory", "out of memory")


def choose_device(wanted: str = "auto") -> torch.device:
    """Return the device to run on: the best one there is, or the one that was asked for.

    Raises InputError when ``wanted`` is no device that Grafter knows or this machine lacks it.
    """
    if wanted == "auto":
        return torch.device(next(kind for kind in DEVICES if _available(kind)))
    if wanted not in DEVICES:
        raise InputError(f"There is no device '{wanted}'; choose auto, {', '.join(DEVICES[:-1])} or cpu.")
    if not _available(wanted):
        found = ", ".join(kind for kind in DEVICES if _available(kind))
        raise InputError(
            f"The device '{wanted}' was asked for, but PyTorch finds none on this machine (it finds: {found}); "
            "choose auto, or install the driver and the PyTorch build for that device."
        )
    return torch.device(wanted)


def name_of(device: torch.device) -> str:
    """Return what computes there: the cards with their memory, or the library with what it uses of the processor."""
    if device.type in ("cuda", "xpu"):
        part: Any = torch.cuda if device.type == "cuda" else torch.xpu
        cards = [part.get_device_properties(number) for number in range(part.device_count())]
        return "; ".join(f"{card.name} ({human_bytes(card.total_memory)})" for card in cards)
    return f"{LIBRARY} with {torch.backends.cpu.get_cpu_capability()}" if device.type == "cpu" else LIBRARY


def choose_dtype(device: torch.device) -> torch.dtype:
    """Return the number type that is fast and safe on this device.

    On a CPU bfloat16 halves what each token must read from memory, but without bf16 instructions
    its products are several times slower than float32's, so the processor decides.
    """
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    if device.type == "mps":
        return torch.float16
    if device.type == "xpu":
        return torch.bfloat16
    return torch.bfloat16 if _cpu_multiplies_bfloat16() else torch.float32


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the error says that a device has no room (the CPU and MPS say so in a plain RuntimeError)."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _NO_MEMORY)


def release_memory(device: torch.device) -> None:
    """Give memory that PyTorch holds but does not use back to the device."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()
    elif device.type == "xpu":
        torch.xpu.empty_cache()


def _available(kind: str) -> bool:
    if kind == "cuda":
        return torch.cuda.is_available()
    if kind == "mps":
        return torch.backends.mps.is_available()
    if kind == "xpu":
        return torch.xpu.is_available()
    return True


def _cpu_multiplies_bfloat16() -> bool:
    # What the processor can do counts only where PyTorch uses it: the variable ATEN_CPU_CAPABILITY can hold it back.
    if not torch.backends.cpu.get_cpu_capability().startswith("AVX512"):
        return False
    # Older builds do not say: then float32 is safe.
    can: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(can.get("amx_bf16") or can.get("amx_tile") or can.get("avx512_bf16"))
