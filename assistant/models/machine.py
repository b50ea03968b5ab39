"""What this machine carries: its memory, its graphics card, and whether a model fits; torch is not needed for that."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from typing import Literal

import psutil

from assistant.models.processor import find_processor
from assistant.system.disk import human_bytes
from assistant.system.programs import find_program

Fit = Literal["yes", "slow", "no"]

# Beyond this a processor writes fewer tokens a second than a person waits for.
_CPU_ACTIVE_PARAMETERS = 2_000_000_000
_NVIDIA_SMI_S = 2.0


@dataclass(frozen=True, slots=True)
class Machine:
    """Bytes of memory, and of the largest graphics card (0 without one).

    ``unified``: the graphics part works in the main memory, as Apple's does. ``float32``: the processor is slow at
    bfloat16, so that a model takes twice the memory there.
    """

    memory: int
    gpu_memory: int = 0
    gpu_name: str = ""
    unified: bool = False
    float32: bool = False
    cores: int = 1
    """Physical cores."""

    @property
    def accelerated(self) -> bool:
        """Whether there is a graphics part that models can run on."""
        return self.unified or self.gpu_memory > 0


def find_machine() -> Machine:
    """Look at this machine; takes two seconds at most."""
    memory = psutil.virtual_memory().total
    gpu_memory, gpu_name = _nvidia()
    unified = sys.platform == "darwin"
    float32 = not unified and not find_processor().bfloat16
    cores = psutil.cpu_count(logical=False) or 1
    return Machine(memory, gpu_memory, gpu_name, unified, float32, cores)


def _nvidia() -> tuple[int, str]:
    program = find_program("nvidia-smi")
    if program is None:
        return 0, ""
    query = ["--query-gpu=memory.total,name", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(
            [program, *query], capture_output=True, text=True, timeout=_NVIDIA_SMI_S, check=True
        ).stdout
        cards = [line.split(",", 1) for line in answer.strip().splitlines()]
        return max(((int(mib) * 1024 * 1024, name.strip()) for mib, name in cards), default=(0, ""))
    except (OSError, ValueError, subprocess.SubprocessError):
        return 0, ""


def judge(machine: Machine, memory_bytes: int, active_parameters: int) -> tuple[Fit, str]:
    """Return whether a model fits, and one sentence that says why.

    ``memory_bytes`` is what it needs in either memory, ``active_parameters`` what one token computes with.
    """
    if machine.gpu_memory >= memory_bytes:
        has = human_bytes(machine.gpu_memory)
        return "yes", f"Needs {human_bytes(memory_bytes)}; {machine.gpu_name} has {has}."
    memory_bytes = memory_bytes * 2 if machine.float32 else memory_bytes
    need = human_bytes(memory_bytes)
    has = f"this machine has {human_bytes(machine.memory)}"
    if memory_bytes > machine.memory * 0.85:
        return "no", f"Needs {need} of memory and {has}."
    if machine.unified:
        return "yes", f"Needs {need} of memory; {has}."
    if active_parameters > _CPU_ACTIVE_PARAMETERS:
        return "slow", f"Needs {need} of memory; {has}, but without a graphics card that carries it it will be slow."
    if memory_bytes > machine.memory * 0.6:
        return "slow", f"Needs {need} of memory; {has}, which leaves little for other programs."
    return "yes", f"Needs {need} of memory; {has}."
