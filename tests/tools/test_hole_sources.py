import hashlib
import io
import shutil
import subprocess
import tarfile
import zipfile
from collections import Counter

import pytest

from assistant.languages import parsed_languages
from tools import hole_sources
from tools.hole_sources import Source, SourceError

FILES = {
    "pkg-1/pkg/cart.py": b"def total(prices):\n    return sum(prices)\n",
    "pkg-1/README.md": b"# pkg\n",
    "pkg-1/run": b"#!/usr/bin/env python3\nprint('x')\n",
    "../outside.py": b"x = 1\n",
    "/etc/absolute.py": b"x = 1\n",
}


def tar_of(path, files, name="{}"):
    with tarfile.open(path, "w:gz") as archive:
        for member, data in files.items():
            info = tarfile.TarInfo(name.format(member))
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("pkg-1/link.py")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return path


def zip_of(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for member, data in files.items():
            archive.writestr(member, data)
    return path


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def places(monkeypatch, tmp_path):
    monkeypatch.setattr(hole_sources, "SOURCES", tmp_path / "sources")
    monkeypatch.setattr(hole_sources, "FETCHED", tmp_path / "fetched")
    return tmp_path


def source(name, archive, language="python"):
    return Source(language, "wheel", name, "1", archive.name, digest(archive), "MIT")


def written(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_every_pin_is_whole_and_twelve_languages_have_some():
    table = hole_sources.read_table()
    assert all(len(each.sha256) == 64 and each.licence and each.version in each.file for each in table)
    languages = Counter(each.language for each in table)
    assert len(languages) >= 12
    assert languages.keys() <= set(parsed_languages())
    assert len({(each.language, each.name) for each in table}) == len(table)
    assert not any(word in each.licence for each in table for word in ("GPL", "MPL", "EPL"))
    assert "://" not in hole_sources.TABLE.read_text(encoding="utf-8")


def test_only_what_is_of_the_language_and_stays_inside_is_unpacked(places, tmp_path):
    for archive in (tar_of(tmp_path / "p_1.orig.tar.gz", FILES, "./{}"), zip_of(tmp_path / "p-1.whl", FILES)):
        folder = tmp_path / "out"
        assert hole_sources.unpack(source("p", archive), archive, folder) == 2
        assert written(folder) == {"pkg-1/pkg/cart.py", "pkg-1/run"}


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="makes a Debian package")
def test_a_debian_package_is_unpacked(tmp_path):
    root = tmp_path / "root"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "usr/lib/ruby").mkdir(parents=True)
    (root / "DEBIAN/control").write_text(
        "Package: p\nVersion: 1\nArchitecture: all\nMaintainer: x <x@y>\nDescription: x\n"
    )
    (root / "usr/lib/ruby/shop.rb").write_text("def total = 3\n")
    package = tmp_path / "p_1_all.deb"
    subprocess.run(["dpkg-deb", "--build", "--root-owner-group", root, package], check=True, capture_output=True)
    assert hole_sources.unpack(source("p", package, "ruby"), package, tmp_path / "out") == 1
    assert written(tmp_path / "out") == {"usr/lib/ruby/shop.rb"}


def test_what_cannot_be_had_is_one_sentence_and_the_rest_goes_on(places, tmp_path, monkeypatch, capsys):
    good, bad = zip_of(tmp_path / "good-1.whl", FILES), tmp_path / "bad-1.whl"
    bad.write_bytes(b"no archive")

    def fetch(each, folder):
        if each.name == "gone":
            return "ERROR: No matching distribution found for gone==1\nmore"
        if each.name == "other":
            (folder / each.file).write_bytes(b"something else")
            return ""
        shutil.copy(tmp_path / each.file, folder)
        return "W: other files of it did not come"

    monkeypatch.setattr(hole_sources, "by_pip", fetch)
    gone = Source("python", "wheel", "gone", "1", "gone-1.whl", "0" * 64, "MIT")
    table = [gone, gone._replace(name="other"), source("bad", bad), source("good", good)]
    monkeypatch.setattr(hole_sources, "read_table", lambda: [*table, gone._replace(language="ruby")])
    monkeypatch.setattr("sys.argv", ["hole_sources.py"])
    old = places / "sources/python/unpinned"
    old.mkdir(parents=True)
    (old / ".sha256").write_text("")
    assert hole_sources.main() == 1
    said = capsys.readouterr()
    assert said.err.splitlines() == [
        "hole-sources: gone 1 cannot be had: No matching distribution found for gone==1.",
        "hole-sources: other 1 cannot be had: what came is another file than the one that was pinned.",
        "hole-sources: bad 1 cannot be had: File is not a zip file.",
        "hole-sources: gone 1 cannot be had: No matching distribution found for gone==1.",
        "hole-sources: nothing is there for ruby; see above why.",
    ]
    assert "hole-sources: python: 2 files" in said.out
    assert not old.exists()
    assert "python/good 1: MIT" in (places / "sources" / "LICENCES.txt").read_text(encoding="utf-8")
    assert "bad" not in (places / "sources" / "LICENCES.txt").read_text(encoding="utf-8")


def test_what_is_there_is_not_fetched_again(places, tmp_path, monkeypatch):
    archive = zip_of(tmp_path / "good-1.whl", FILES)
    monkeypatch.setattr(hole_sources, "by_pip", lambda each, folder: shutil.copy(archive, folder) and "")
    assert hole_sources.fetch_all([source("good", archive)]) == {"python": 2}
    monkeypatch.setattr(hole_sources, "by_pip", lambda *_: pytest.fail("it is there"))
    assert hole_sources.fetch_all([source("good", archive)]) == {"python": 2}
    (places / "sources/python/good/.sha256").write_text("another")  # an older pin
    assert hole_sources.fetch_all([source("good", archive)]) == {"python": 2}


def test_apt_is_asked_at_the_mirror_that_it_is_set_up_for(places, monkeypatch):
    said = "$(ORIGIN)|none\nOther|http://other.example/x\nDebian|http://s.example/debian-security\nDebian|http://m.example/debian\n"
    monkeypatch.setattr(
        hole_sources.subprocess, "run", lambda *_a, **_k: subprocess.CompletedProcess([], 0, stdout=said, stderr="")
    )
    monkeypatch.setattr(hole_sources.shutil, "which", lambda _: "/usr/bin/apt-get")
    options = hole_sources.apt_options()
    listed = (places / "fetched/apt/sources.list").read_text(encoding="utf-8")
    assert [line.split()[0] for line in listed.splitlines()] == ["deb", "deb-src"]
    assert listed.count("http://m.example/debian bookworm main") == 2
    assert "Dir::Etc::SourceParts=/dev/null" in options
    monkeypatch.setattr(hole_sources.subprocess, "run", lambda *_a, **_k: pytest.fail("the lists are there"))
    assert hole_sources.apt_options() == options


def test_without_apt_or_a_mirror_that_is_said(places, monkeypatch):
    monkeypatch.setattr(hole_sources.shutil, "which", lambda _: None)
    with pytest.raises(SourceError, match="no apt"):
        hole_sources.apt_options()
    monkeypatch.setattr(
        hole_sources.subprocess, "run", lambda *_a, **_k: subprocess.CompletedProcess([], 0, stdout="", stderr="")
    )
    with pytest.raises(SourceError, match="not set up for a mirror"):
        hole_sources.debian_mirror()


def test_what_a_program_complained_of_is_its_first_error(tmp_path):
    script = "import sys; sys.stderr.write('W: careful\\nE: Failed\\nE: later\\n'); sys.exit(1)"
    assert hole_sources.run([hole_sources.sys.executable, "-c", script], tmp_path) == "E: Failed"
    assert hole_sources.run([hole_sources.sys.executable, "-c", ""], tmp_path) == ""
    assert hole_sources.run([hole_sources.sys.executable, "-c", "raise SystemExit(3)"], tmp_path) == "exit code 3"
