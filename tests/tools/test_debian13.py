import os
import subprocess

import pytest

from tools import debian13

SETTINGS = {
    "find-links": "/etc /nowhere",
    "extra-index-url": "file:///usr https://mirror.example/simple",
    "timeout": "180",
}


def test_pips_settings_and_certificates_go_in_and_nothing_else():
    environ = {"HTTPS_PROXY": "http://proxy:1", "SSL_CERT_FILE": "/etc/hosts", "SECRET": "x", "HOME": "/home/somebody"}
    inner = debian13.inner_environment(environ, SETTINGS)
    assert inner["PIP_FIND_LINKS"] == "/etc /nowhere"
    assert inner["PIP_EXTRA_INDEX_URL"] == SETTINGS["extra-index-url"]
    assert inner["HTTPS_PROXY"] == "http://proxy:1"
    assert inner["HOME"] == "/root"
    assert "SECRET" not in inner


def test_what_the_settings_name_is_shown_where_it_is_there():
    inner = debian13.inner_environment({"SSL_CERT_FILE": "/etc/hosts"}, SETTINGS)
    assert sorted(map(str, debian13.named_paths(inner))) == ["/etc", "/etc/hosts", "/usr"]
    beside = debian13.inner_environment({}, {"extra-index-url": "file:///usr/share/doc https://mirror.example/simple"})
    assert list(map(str, debian13.named_paths(beside))) == ["/usr/share"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may mount")
def test_what_is_shown_cannot_be_changed_in_there(monkeypatch, tmp_path):
    monkeypatch.setattr(debian13, "DEBIAN", tmp_path / "root")
    certificates = tmp_path / "certificates.crt"
    certificates.write_text("mine")
    inner = debian13.DEBIAN / str(certificates).lstrip("/")
    try:
        with debian13.mounted([certificates], read_only=True):
            assert inner.read_text() == "mine"
            with pytest.raises(OSError, match="Read-only"):
                inner.write_text("theirs")
    except subprocess.CalledProcessError:
        pytest.skip("mounting is not allowed here, not even to root")
    assert inner.read_text() == ""
    assert certificates.read_text() == "mine"


def test_only_root_may(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(debian13, "DEBIAN", tmp_path / "build" / "debian13")
    monkeypatch.setattr(debian13.os, "geteuid", lambda: 1000, raising=False)
    monkeypatch.setattr("sys.argv", ["debian13.py"])
    assert debian13.main() == 1
    assert "sudo make debian13" in capsys.readouterr().err


def test_what_is_missing_is_said(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(debian13, "DEBIAN", tmp_path / "build" / "debian13")
    monkeypatch.setattr(debian13.os, "geteuid", lambda: 0, raising=False)
    monkeypatch.setattr(debian13.shutil, "which", lambda _: None)
    monkeypatch.setattr("sys.argv", ["debian13.py"])
    assert debian13.main() == 1
    assert "apt-get install -y debootstrap" in capsys.readouterr().err
