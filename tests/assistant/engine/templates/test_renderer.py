"""The process that renders templates: bounded, warm, replaced when it was ended, and gone with its owner."""

import signal
import sys
import threading
import time

import psutil
import pytest

from assistant.engine.templates.render import MOST_TEXT
from assistant.engine.templates.renderer import Abandoned, Bounds, ChatTemplateError, RefusedByTemplateError
from assistant.errors import ModelError
from tests.support import hostile_templates as hostile
from tests.support.patience import PATIENCE_S

ENDLESS = hostile.SLOW["nested-ranges"]
PATIENT = Bounds(processor_s=3600, wall_s=3600)


def never():
    return False


def test_the_process_starts_with_the_first_template_and_stays(renderer):
    assert renderer.pid is None
    assert renderer.render("{{ a }}", {"a": 1}, never) == "1"
    first = renderer.pid
    with pytest.raises(RefusedByTemplateError):
        renderer.render("{{ nothing.at }}", {}, never)
    assert renderer.render("{{ a }}", {"a": "é\u2028\n'\""}, never) == "é\u2028\n'\""
    assert renderer.pid == first


@pytest.mark.parametrize("template", hostile.WRONG.values(), ids=hostile.WRONG)
def test_what_is_wrong_is_said_in_a_sentence(renderer, template):
    with pytest.raises(ChatTemplateError) as caught:
        renderer.render(template, {"messages": [{"role": "user", "content": "hi"}]}, never)
    sentence = str(caught.value)
    assert sentence.startswith("The model's chat template ")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) < 400
    assert renderer.render("ok", {}, never) == "ok"


@pytest.mark.parametrize("template", hostile.LARGE.values(), ids=hostile.LARGE)
def test_what_takes_too_much_memory_is_stopped(make_renderer, template):
    renderer = make_renderer(Bounds(processor_s=60))  # some take their time before they take memory
    with pytest.raises(ChatTemplateError, match="too much text or needs more than 256 MB") as caught:
        renderer.render(template, {"messages": [{"role": "user", "content": "hi" * 17}]}, never)
    assert not isinstance(caught.value, RefusedByTemplateError)
    assert renderer.render("ok", {}, never) == "ok"


def test_a_text_of_the_largest_size_comes_whole(renderer):
    assert renderer.render("{{ '\u2028' * n }}", {"n": MOST_TEXT}, never) == "\u2028" * MOST_TEXT


def test_what_takes_too_long_is_stopped_and_the_process_replaced(make_renderer):
    renderer = make_renderer(Bounds(processor_s=1))
    renderer.render("warm", {}, never)
    first = renderer.pid
    with pytest.raises(ChatTemplateError, match="stopped after 1 seconds of computing"):
        renderer.render(ENDLESS, {}, never)
    assert renderer.render("ok", {}, never) == "ok"
    assert renderer.pid != first
    assert not psutil.pid_exists(first)


def test_ordinary_templates_never_use_up_the_bound(make_renderer):
    """The bound is for each template, not for the process."""
    renderer = make_renderer(Bounds(processor_s=1))
    busy = "{% for a in range(99999) %}{% endfor %}" * 30
    renderer.render("warm", {}, never)
    first = psutil.Process(renderer.pid)
    while sum(first.cpu_times()[:2]) < 2.5:
        assert renderer.render(busy, {}, never) == ""
    assert renderer.pid == first.pid


def test_a_rendering_that_nobody_waits_for_ends(make_renderer):
    renderer = make_renderer(PATIENT)
    renderer.render("warm", {}, never)
    child = psutil.Process(renderer.pid)
    asked = []

    def abandoned():
        asked.append(1)
        return len(asked) > 2

    with pytest.raises(Abandoned):
        renderer.render(ENDLESS, {}, abandoned)
    assert not child.is_running()
    assert renderer.render("ok", {}, never) == "ok"


def test_closing_ends_what_is_rendered(make_renderer):
    renderer = make_renderer(PATIENT)
    ends = []

    def render():
        try:
            renderer.render(ENDLESS, {}, never)
        except Abandoned:
            ends.append("abandoned")

    thread = threading.Thread(target=render)
    thread.start()
    while renderer.pid is None:
        time.sleep(0.001)
    child = psutil.Process(renderer.pid)
    renderer.close()
    thread.join()
    assert ends == ["abandoned"]
    assert not child.is_running()
    with pytest.raises(Abandoned):
        renderer.render("ok", {}, never)


def test_one_waits_for_the_other_and_may_give_up(make_renderer):
    renderer = make_renderer(PATIENT)
    leave = threading.Event()
    ends = []

    def render():
        try:
            renderer.render(ENDLESS, {}, leave.is_set)
        except Abandoned:
            ends.append("first")

    thread = threading.Thread(target=render)
    thread.start()
    while renderer.pid is None:
        time.sleep(0.001)
    with pytest.raises(Abandoned):
        renderer.render("ok", {}, lambda: True)
    assert ends == []
    leave.set()
    assert renderer.render("ok", {}, never) == "ok"
    thread.join()
    assert ends == ["first"]


def test_a_process_that_died_meanwhile_is_replaced(renderer):
    renderer.render("ok", {}, never)
    child = psutil.Process(renderer.pid)
    child.kill()
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.001)
    assert renderer.render("ok", {}, never) == "ok"


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("import os; input(); os._exit(3)", r"ended \(status 3\)"),
        (f"import os, signal; input(); os.kill(os.getpid(), {int(signal.SIGXCPU)})", "stopped after 2 seconds"),
        ("import os; input(); print('x' * 40_000_000)", r"ended \(status"),
    ],
)
def test_a_process_that_dies_over_a_template_is_said(make_renderer, code, sentence):
    with pytest.raises(ChatTemplateError, match=sentence):
        make_renderer(command=(sys.executable, "-c", code)).render("x", {}, never)


def test_a_process_that_cannot_be_started_is_said(make_renderer, tmp_path):
    with pytest.raises(ModelError, match="cannot be started"):
        make_renderer(command=(str(tmp_path / "missing"),)).render("x", {}, never)


def test_the_owner_watches_a_process_that_does_not_bound_itself(make_renderer):
    """As where the system has no such bounds."""
    greedy = "a = input(); b = bytearray(600 << 20); input()"
    with pytest.raises(ChatTemplateError, match="more than 256 MB"):
        make_renderer(command=(sys.executable, "-c", greedy)).render("x", {}, never)
    endless = "input()\nwhile True: pass"
    with pytest.raises(ChatTemplateError, match="stopped after"):
        make_renderer(Bounds(processor_s=0.1), command=(sys.executable, "-c", endless)).render("x", {}, never)


def test_a_process_whose_owner_was_killed_ends_by_itself(tmp_path):
    import subprocess

    code = (
        "import sys\nfrom assistant.engine.templates.renderer import Bounds, Renderer\n"
        "r = Renderer(Bounds(processor_s=3600, wall_s=1))\nr.render('warm', {}, lambda: False)\n"
        "print(r.pid, flush=True)\nr.render(sys.argv[1], {}, lambda: False)\n"
    )
    owner = subprocess.Popen([sys.executable, "-P", "-c", code, ENDLESS], stdout=subprocess.PIPE, text=True)
    child = psutil.Process(int(owner.stdout.readline()))
    owner.kill()
    owner.wait()
    owner.stdout.close()
    child.wait(PATIENCE_S)
