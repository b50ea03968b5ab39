"""Which services are running, and what is left of those that are not."""

import dataclasses
import json
import os
import stat
import subprocess
import sys

import pytest

from assistant.client import registry
from assistant.config import find_paths
from assistant.errors import InputError
from tests.support.patience import PATIENCE_S

posix = pytest.mark.skipif(os.name != "posix", reason="file modes")


@pytest.fixture
def paths():
    found = find_paths()
    registry.make_private_folder(found.runtime)
    return found


def test_a_published_service_is_found_until_it_is_withdrawn(paths):
    record = registry.own_record("http://127.0.0.1:1", paths.runtime / "token", "m")
    registry.publish(paths, record)
    assert registry.running_services(paths) == [record]
    registry.withdraw(paths, record.pid)
    assert registry.running_services(paths) == []
    registry.withdraw(paths, record.pid)


def test_without_a_folder_nothing_is_found():
    assert registry.running_services(find_paths()) == []


def test_what_a_dead_service_left_is_removed(paths):
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    record = dataclasses.replace(registry.own_record("http://127.0.0.1:1", paths.runtime / "t", None), pid=child.pid)
    child.communicate(b"\n", timeout=PATIENCE_S)
    registry.publish(paths, record)
    registry.write_private(registry.token_path(paths, child.pid), "secret")
    assert registry.running_services(paths) == []
    assert list(paths.runtime.iterdir()) == []


def test_a_reused_process_id_is_not_taken_for_the_service(paths):
    record = registry.own_record("http://127.0.0.1:1", paths.runtime / "token", None)
    registry.publish(paths, dataclasses.replace(record, started=record.started - 1000))
    assert registry.running_services(paths) == []
    assert not registry.record_path(paths, record.pid).exists()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"pid": 1}', "\x00", "9" * 5000])
def test_what_is_no_record_is_passed_over(paths, text):
    (paths.runtime / "service-1.json").write_text(text)
    assert registry.running_services(paths) == []


@pytest.mark.parametrize("pid", [-1, "1", None, 10**30])
def test_a_record_with_an_impossible_process_is_passed_over(paths, pid):
    record = registry.own_record("http://127.0.0.1:1", paths.runtime / "token", None)
    (paths.runtime / "service-5.json").write_text(json.dumps({**dataclasses.asdict(record), "pid": pid}))
    assert registry.running_services(paths) == []


@posix
def test_files_and_folder_are_the_owners_alone(paths):
    path = paths.runtime / "secret"
    path.write_text("old")
    path.chmod(0o666)
    registry.write_private(path, "new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == "new"
    assert stat.S_IMODE(paths.runtime.stat().st_mode) == 0o700


@posix
def test_a_link_is_replaced_and_not_followed(paths, tmp_path):
    target = tmp_path / "target"
    target.write_text("mine")
    (paths.runtime / "secret").symlink_to(target)
    registry.write_private(paths.runtime / "secret", "new")
    assert target.read_text() == "mine"


@posix
def test_an_open_folder_is_closed_and_a_link_refused(paths, tmp_path):
    paths.runtime.chmod(0o777)
    registry.make_private_folder(paths.runtime)
    assert stat.S_IMODE(paths.runtime.stat().st_mode) == 0o700
    link = tmp_path / "link"
    link.symlink_to(paths.runtime, target_is_directory=True)
    with pytest.raises(InputError, match="somebody else"):
        registry.make_private_folder(link)


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be made"):
        registry.make_private_folder(tmp_path / "file" / "run")
