"""What the check for leaks counts as a test's own."""

import subprocess
import sys

import psutil

from tests.conftest import lineage
from tests.support.patience import PATIENCE_S

TWO = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
print(child.pid, flush=True)
input()
child.communicate(b"")
"""


def test_what_a_program_starts_comes_from_that_program():
    with subprocess.Popen(
        [sys.executable, "-c", TWO], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        own = psutil.Process(int(program.stdout.readline()))
        assert {own.pid, program.pid, psutil.Process().pid} <= lineage(own)
        program.communicate("\n", timeout=PATIENCE_S)
    assert lineage(own) == {own.pid}
