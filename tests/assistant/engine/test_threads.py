"""How many threads compute, on machines of many kinds as Linux describes them."""

import os
import subprocess
import sys

import psutil
import pytest

from assistant.engine import threads
from tests.support.patience import PATIENCE_S


class Machine:
    """A copy of what Linux says about processors."""

    def __init__(self, root, monkeypatch):
        self.root = root
        self._monkeypatch = monkeypatch
        (root / "sys/devices/system/cpu").mkdir(parents=True)

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n")

    def core(self, siblings, capacity=None, name="core_cpus_list"):
        """Add a core with these logical processors (a list as Linux writes it)."""
        for cpu in threads._read_list(self._file(siblings)):
            self.write(f"sys/devices/system/cpu/cpu{cpu}/topology/{name}", siblings)
            if capacity is not None:
                self.write(f"sys/devices/system/cpu/cpu{cpu}/cpu_capacity", str(capacity))

    def _file(self, text):
        self.write("list", text)
        return self.root / "list"

    def count(self, usable):
        self._monkeypatch.setattr(threads, "_usable", lambda: set(usable))
        return threads.count_threads(self.root)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    return Machine(tmp_path, monkeypatch)


def test_two_threads_of_a_core_count_once(machine):
    for core in range(4):
        machine.core(f"{core},{core + 4}")
    assert machine.count(range(8)) == 4


def test_an_older_kernels_name_of_the_siblings(machine):
    for core in range(2):
        machine.core(f"{2 * core}-{2 * core + 1}", name="thread_siblings_list")
    assert machine.count(range(4)) == 2


def test_only_what_the_process_may_run_on(machine):
    for core in range(4):
        machine.core(f"{core},{core + 4}")
    assert machine.count({1, 5}) == 1
    assert machine.count({0, 1, 6}) == 3


def test_intels_efficiency_cores_are_left_out(machine):
    for core in range(6):
        machine.core(f"{2 * core}-{2 * core + 1}")
    for cpu in range(12, 20):
        machine.core(str(cpu))
    machine.write("sys/devices/cpu_core/cpus", "0-11")
    machine.write("sys/devices/cpu_atom/cpus", "12-19")
    assert machine.count(range(20)) == 6
    assert machine.count(range(12, 20)) == 8  # bound to the slow ones, it takes them


def test_small_arm_cores_are_left_out_and_the_middle_ones_taken(machine):
    for cpu, capacity in enumerate([1024, 905, 905, 905, 298, 298, 298, 298]):
        machine.core(str(cpu), capacity)
    assert machine.count(range(8)) == 4


def test_equal_capacities_leave_nothing_out(machine):
    for cpu in range(2):
        machine.core(str(cpu), 1024)
    assert machine.count(range(2)) == 2


@pytest.mark.parametrize(
    ("limit", "expected"), [("max 100000", 8), ("400000 100000", 4), ("150000 100000", 1), ("5000 100000", 1)]
)
def test_a_control_groups_limit_holds(machine, limit, expected):
    for cpu in range(8):
        machine.core(str(cpu))
    machine.write("proc/self/cgroup", "0::/user.slice/editor.scope")
    machine.write("sys/fs/cgroup/user.slice/editor.scope/cpu.max", limit)
    assert machine.count(range(8)) == expected


def test_a_limit_higher_up_holds_too(machine):
    for cpu in range(8):
        machine.core(str(cpu))
    machine.write("proc/self/cgroup", "0::/user.slice/editor.scope")
    machine.write("sys/fs/cgroup/user.slice/cpu.max", "300000 100000")
    machine.write("sys/fs/cgroup/user.slice/editor.scope/cpu.max", "600000 100000")
    assert machine.count(range(8)) == 3


def test_in_a_container_the_limit_lies_at_the_root(machine):
    for cpu in range(8):
        machine.core(str(cpu))
    machine.write("proc/self/cgroup", "0::/../../outside")
    machine.write("sys/fs/cgroup/cpu.max", "200000 100000")
    assert machine.count(range(8)) == 2


@pytest.mark.parametrize(("quota", "expected"), [("-1", 8), ("250000", 2)])
def test_version_1_of_control_groups(machine, quota, expected):
    for cpu in range(8):
        machine.core(str(cpu))
    machine.write("proc/self/cgroup", "12:pids:/a\n4:cpu,cpuacct:/docker/abc")
    machine.write("sys/fs/cgroup/cpu/docker/abc/cpu.cfs_quota_us", quota)
    machine.write("sys/fs/cgroup/cpu/docker/abc/cpu.cfs_period_us", "100000")
    assert machine.count(range(8)) == expected


def test_a_system_that_tells_nothing_has_cores_all_the_same(machine, tmp_path):
    assert machine.count(range(3)) == 3
    (tmp_path / "empty").mkdir()
    expected = min(psutil.cpu_count(logical=False) or 1, 3)
    assert threads.count_threads(tmp_path / "empty") == expected


def test_this_machine():
    assert 1 <= threads.count_threads() <= (os.cpu_count() or 1)


def applied(wanted, **environment):
    """Return what holds in a fresh interpreter, in a thread of its own, after ``apply``."""
    code = (
        "import sys, threading\n"
        "from assistant.engine import threads\n"
        "def run():\n"
        f"    count = threads.apply({wanted})\n"
        "    import os, torch\n"
        "    known = {torch.get_num_threads(), *(int(os.environ[name]) for name in threads._VARIABLES)}\n"
        "    print(count, sorted(known), os.environ['TOKENIZERS_PARALLELISM'], os.environ.get('GOMP_SPINCOUNT'))\n"
        "thread = threading.Thread(target=run)\n"
        "thread.start(); thread.join()\n"
    )
    names = {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "TOKENIZERS_PARALLELISM", "GOMP_SPINCOUNT", "OMP_WAIT_POLICY"}
    kept = {name: value for name, value in os.environ.items() if name not in names}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
        env={**kept, **environment},
    )
    return done.stdout.strip()


def test_every_library_is_told_the_same_number():
    assert applied(3) == "3 [3] false 4000"
    best = threads.count_threads()
    assert applied(0) == f"{best} [{best}] false 4000"


def test_what_the_person_set_for_every_program_holds_unless_grafter_was_told_otherwise():
    assert applied(0, OMP_NUM_THREADS="5", MKL_NUM_THREADS="7") == "5 [5] false 4000"
    assert applied(2, OMP_NUM_THREADS="5", GOMP_SPINCOUNT="9") == "2 [2] false 9"
    best = threads.count_threads()
    assert applied(0, OMP_NUM_THREADS="many", OMP_WAIT_POLICY="passive") == f"{best} [{best}] false None"
