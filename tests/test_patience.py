"""No test asserts how long something took: such a test is red on a machine that has other work."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE_MS, PATIENCE_S, wait_until

TESTS = Path(__file__).parent
FILES = sorted(path for path in TESTS.rglob("*.py") if "bench" not in path.parts)
CLOCKS = {"monotonic", "perf_counter", "process_time", "thread_time", "total_seconds"}
CLOCKS |= {f"{name}_ns" for name in CLOCKS} | {"time.time", "time_ns"}
WAITS = {"waitUntil", "waitSignal", "waitSignals", "waitCallback", "communicate", "run", "check_output", "check_call"}


def reads_a_clock(node: ast.AST, spans: set[str]) -> bool:
    """Whether an expression asks a clock, or a name that holds what one said."""
    for part in ast.walk(node):
        if isinstance(part, ast.Call):
            called = ast.unparse(part.func)
            if called in CLOCKS or called.rpartition(".")[2] in CLOCKS:
                return True
        if isinstance(part, (ast.Name, ast.Attribute)) and ast.unparse(part) in spans:
            return True
    return False


def names_of_times(tree: ast.AST) -> set[str]:
    """Return the names and attributes that are set from a clock, those that are set from these included."""
    found: set[str] = set()
    while True:
        before = len(found)
        for node in ast.walk(tree):
            found |= {ast.unparse(name) for name, value in settings(node) if reads_a_clock(value, found)}
        if len(found) == before:
            return found


def settings(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield (name or attribute, value) of an assignment, and (list, element) where something is appended."""
    if isinstance(node, ast.Assign):
        yield from ((target, node.value) for target in node.targets if isinstance(target, (ast.Name, ast.Attribute)))
    elif isinstance(node, (ast.AugAssign, ast.NamedExpr)):
        yield node.target, node.value
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "append":
        yield from ((node.func.value, argument) for argument in node.args)


def is_upper_bound(compare: ast.Compare, times: set[str]) -> bool:
    """Whether a comparison says that a time is less than something."""
    sides = [compare.left, *compare.comparators]
    for left, operator, right in zip(sides[:-1], compare.ops, sides[1:], strict=True):
        if isinstance(operator, (ast.Lt, ast.LtE)) and reads_a_clock(left, times):
            return True
        if isinstance(operator, (ast.Gt, ast.GtE)) and reads_a_clock(right, times):
            return True
    return False


def asserted_times(text: str) -> Iterator[int]:
    """Yield the lines of asserts that hold only on a machine that is quick enough.

    A lower bound ("it waited at least so long") holds on every machine.
    """
    tree = ast.parse(text)
    for function in [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]:
        times = names_of_times(function)
        for node in ast.walk(function):
            if isinstance(node, ast.Assert) and any(
                is_upper_bound(each, times) for each in ast.walk(node) if isinstance(each, ast.Compare)
            ):
                yield node.lineno


def short_waits(text: str) -> Iterator[int]:
    """Yield the lines of waits that give up before patience ends: ``timeout=`` a number, ``.join(5)``, ``.wait(10)``."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        least = PATIENCE_MS if name.startswith("wait") and name != "wait" else PATIENCE_S
        limits = [each.value for each in node.keywords if each.arg == "timeout" and (name in WAITS or name == "get")]
        limits += node.args[:1] if name == "join" or (name == "wait" and not is_pause(node)) else []
        for limit in limits:
            if isinstance(limit, ast.Constant) and isinstance(limit.value, (int, float)) and limit.value < least:
                yield node.lineno


def is_pause(call: ast.Call) -> bool:
    """Whether a wait is a moment to let something go on, not a limit: under a tenth of a second, or Qt's own."""
    first = call.args[0] if call.args else None
    small = isinstance(first, ast.Constant) and isinstance(first.value, (int, float)) and first.value < 0.1
    return small or ast.unparse(call.func).endswith("qtbot.wait")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(TESTS)))
def test_nothing_here_needs_an_idle_machine(path):
    text = path.read_text(encoding="utf-8")
    assert list(asserted_times(text)) == [], "asserts how long something took: count work instead, or make it a bench"
    assert list(short_waits(text)) == [], "waits less long than tests.support.patience says"


@pytest.mark.parametrize(
    "line",
    [
        "assert time.monotonic() - begin < 2",
        "took = time.perf_counter() - begin\n    assert took <= 0.5",
        "assert 5 > time.process_time()",
        "rows.append(time.thread_time() - 1)\n    assert max(rows) < 3",
        "self.seconds = time.monotonic() - begin\n    assert self.seconds < 4, 'slow'",
        "assert (end - begin).total_seconds() < 1",
        "assert 0.2 <= time.monotonic() - begin < 2",
    ],
)
def test_an_asserted_time_is_found(line):
    assert list(asserted_times(f"def test():\n    {line}\n")) != []


@pytest.mark.parametrize(
    "line", ["assert time.monotonic() - begin >= 0.6", "assert engine.tokens < 5", "end = time.monotonic() + 5"]
)
def test_what_holds_on_every_machine_is_none(line):
    assert list(asserted_times(f"def test():\n    {line}\n")) == []


@pytest.mark.parametrize(
    ("line", "short"),
    [
        ("qtbot.waitUntil(done, timeout=5000)", True),
        ("qtbot.waitUntil(done, timeout=PATIENCE_MS)", False),
        ("subprocess.run(command, timeout=60)", True),
        ("thread.join(5)", True),
        ("process.wait(10)", True),
        ("ready.wait(0.02)", False),
        ("'-'.join(words)", False),
        ("subprocess.run(command)", False),
    ],
)
def test_a_short_wait_is_found(line, short):
    assert (list(short_waits(line)) != []) is short


def test_waiting_ends_with_what_it_waits_for_and_says_what_did_not_come():
    asked = []
    wait_until(lambda: asked.append(1) or len(asked) == 3)
    assert len(asked) == 3
    with pytest.raises(AssertionError, match="the light did not happen within 0 s"):
        wait_until(lambda: False, "the light", 0)
