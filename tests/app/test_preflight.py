import pytest

from app import preflight

DEBIAN = 'ID=debian\nVERSION_ID="12"\n'
FEDORA = "ID=fedora\n"
ALMA = 'ID="almalinux"\nID_LIKE="rhel centos fedora"\n'


def every(_library: str) -> bool:
    return True


def test_nothing_is_looked_at_outside_linux():
    assert preflight.find_problem({}, "darwin", lambda _: False) is None
    assert preflight.find_problem({}, "win32", lambda _: False) is None


def test_no_display_says_how_to_get_one():
    message = preflight.find_problem({}, "linux", every, DEBIAN)
    assert message is not None
    for part in ("DISPLAY", "ssh -X", "apt-get install -y xvfb && xvfb-run -a grafter\n", "'grafter complete'"):
        assert part in message


def test_before_anything_is_installed_no_command_is_named_that_is_not_there():
    message = preflight.find_problem({}, "linux", every, FEDORA, command="make run")
    assert "sudo dnf install -y xorg-x11-server-Xvfb && xvfb-run -a make run\n" in message
    assert "'make setup'" in message
    assert "'grafter" not in message


@pytest.mark.parametrize(
    "environ", [{"DISPLAY": ":0"}, {"WAYLAND_DISPLAY": "wayland-0"}, {"QT_QPA_PLATFORM": "offscreen"}]
)
def test_all_there_is_no_problem(environ):
    assert preflight.find_problem(environ, "linux", every, DEBIAN) is None


def test_missing_libraries_become_one_command():
    missing = {"libEGL.so.1", "libxcb-cursor.so.0"}
    message = preflight.find_problem({"DISPLAY": ":0"}, "linux", lambda name: name not in missing, DEBIAN)
    assert message is not None
    lines = message.splitlines()
    assert "libEGL.so.1, libxcb-cursor.so.0" in lines[0]
    assert lines[1] == "Run: sudo apt-get install -y libegl1 libxcb-cursor0"
    assert lines[2].startswith("On Fedora: sudo dnf install -y ")


@pytest.mark.parametrize("release", [FEDORA, ALMA])
def test_fedora_and_its_kin_get_dnf_first(release):
    message = preflight.library_message(["libEGL.so.1"], release)
    assert message.splitlines()[1] == "Run: sudo dnf install -y libglvnd-egl"


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({"DISPLAY": ":0"}, True),
        ({"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}, False),
        ({"DISPLAY": ":0", "QT_QPA_PLATFORM": "offscreen"}, False),
        ({"QT_QPA_PLATFORM": "xcb"}, True),
    ],
)
def test_the_libraries_of_x11_are_asked_for_only_where_x11_is_used(environ, wanted):
    asked: list[str] = []
    preflight.find_problem(environ, "linux", lambda name: asked.append(name) or True, DEBIAN)
    assert ("libxcb-cursor.so.0" in asked) is wanted


def test_an_import_that_lacks_a_library_names_the_package():
    error = ImportError("libGL.so.1: cannot open shared object file: No such file or directory")
    assert "libgl1" in preflight.import_message(error)


def test_an_unknown_library_gets_the_whole_list():
    message = preflight.import_message(ImportError("libnew.so.9: cannot open shared object file"))
    assert "libnew.so.9" in message
    assert "libegl1" in message
    assert "libxcb-cursor0" in message


def test_an_import_that_fails_otherwise_says_how_to_reinstall():
    assert "pip install" in preflight.import_message(ImportError("No module named 'PySide6'"))


def test_can_load_tells_a_library_that_is_there_from_one_that_is_not():
    assert preflight.can_load("libc.so.6")
    assert not preflight.can_load("libgrafter-is-not-a-library.so.1")
