"""What must be there before Qt starts: its system libraries and a display. Qt itself would abort the process."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from pathlib import Path

# What PySide6's QtGui and the xcb platform plugin link to and do not carry: library -> (Debian, Fedora) package.
_GUI_LIBRARIES = {
    "libEGL.so.1": ("libegl1", "libglvnd-egl"),
    "libGL.so.1": ("libgl1", "libglvnd-glx"),
    "libxkbcommon.so.0": ("libxkbcommon0", "libxkbcommon"),
    "libfontconfig.so.1": ("libfontconfig1", "fontconfig"),
    "libdbus-1.so.3": ("libdbus-1-3", "dbus-libs"),
    "libglib-2.0.so.0": ("libglib2.0-0", "glib2"),
}
_XCB_LIBRARIES = {
    "libxcb-cursor.so.0": ("libxcb-cursor0", "xcb-util-cursor"),
    "libxkbcommon-x11.so.0": ("libxkbcommon-x11-0", "libxkbcommon-x11"),
    "libxcb-icccm.so.4": ("libxcb-icccm4", "xcb-util-wm"),
    "libxcb-image.so.0": ("libxcb-image0", "xcb-util-image"),
    "libxcb-keysyms.so.1": ("libxcb-keysyms1", "xcb-util-keysyms"),
    "libxcb-randr.so.0": ("libxcb-randr0", "libxcb"),
    "libxcb-render-util.so.0": ("libxcb-render-util0", "xcb-util-renderutil"),
    "libxcb-shape.so.0": ("libxcb-shape0", "libxcb"),
    "libxcb-util.so.1": ("libxcb-util1", "xcb-util"),
    "libxcb-xinerama.so.0": ("libxcb-xinerama0", "libxcb"),
    "libxcb-xkb.so.1": ("libxcb-xkb1", "libxcb"),
    "libX11-xcb.so.1": ("libx11-xcb1", "libX11-xcb"),
}
_WITHOUT_DISPLAY = frozenset({"offscreen", "minimal", "minimalegl", "vnc", "linuxfb", "eglfs", "vkkhrdisplay"})


def can_load(library: str) -> bool:
    """Whether the dynamic linker finds and loads ``library``."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def find_problem(
    environ: Mapping[str, str],
    platform: str,
    loads: Callable[[str], bool] = can_load,
    os_release: str | None = None,
    command: str = "grafter",
) -> str | None:
    """Return one message that says what Qt lacks here and how to mend it, or None.

    ``platform`` is ``sys.platform``; only Linux can lack these. ``os_release`` is the text of
    ``/etc/os-release`` (read where None), which decides between apt and dnf. ``command`` is what a person types to
    start the window here: before it is installed, there is no ``grafter``.
    """
    if not platform.startswith("linux"):
        return None
    release = _read_os_release() if os_release is None else os_release
    plugin = environ.get("QT_QPA_PLATFORM", "").split(";")[0].split(":")[0]
    x11, wayland = environ.get("DISPLAY"), environ.get("WAYLAND_DISPLAY")
    if not plugin and not x11 and not wayland:
        return screen_message(release, command)
    missing = missing_libraries(environ, loads)
    return library_message(missing, release) if missing else None


def screen_message(os_release: str, command: str = "grafter") -> str:
    """Return the message for a machine without a screen; ``command`` is what starts the window there."""
    get_xvfb = "sudo dnf install -y xorg-x11-server-Xvfb" if _is_fedora(os_release) else "sudo apt-get install -y xvfb"
    without = (
        "'grafter complete', 'grafter ask' and 'grafter serve' work."
        if command == "grafter"
        else "'make setup' installs the commands (.venv/bin/grafter complete, ask and serve)."
    )
    return (
        "Grafter cannot open its window: DISPLAY and WAYLAND_DISPLAY are not set, so there is no screen.\n"
        "Start it in a terminal of your desktop; over SSH connect with 'ssh -X HOST'; on a machine without a\n"
        f"screen run: {get_xvfb} && xvfb-run -a {command}\n"
        f"Without a window, {without}"
    )


def missing_libraries(environ: Mapping[str, str], loads: Callable[[str], bool] = can_load) -> list[str]:
    """Return the libraries that Qt's platform plugin of this environment needs and the linker does not find."""
    plugin = environ.get("QT_QPA_PLATFORM", "").split(";")[0].split(":")[0]
    wanted = dict(_GUI_LIBRARIES)
    if plugin == "xcb" or (
        plugin not in _WITHOUT_DISPLAY and environ.get("DISPLAY") and not environ.get("WAYLAND_DISPLAY")
    ):
        wanted |= _XCB_LIBRARIES
    return [library for library in wanted if not loads(library)]


def debian_packages(libraries: list[str]) -> list[str]:
    """Return the Debian packages that hold these libraries, sorted."""
    packages = _GUI_LIBRARIES | _XCB_LIBRARIES
    return sorted({packages[library][0] for library in libraries if library in packages})


def library_message(missing: list[str], os_release: str = "") -> str:
    """Return the message for ``missing`` libraries, with the command for this distribution first."""
    packages = _GUI_LIBRARIES | _XCB_LIBRARIES
    debian = debian_packages(missing)
    fedora = sorted({packages[library][1] for library in missing if library in packages})
    if not debian:  # an unknown library: name everything, the usual ones are among them
        debian = sorted({package for package, _ in packages.values()})
        fedora = sorted({package for _, package in packages.values()})
    apt = f"sudo apt-get install -y {' '.join(debian)}"
    dnf = f"sudo dnf install -y {' '.join(fedora)}"
    first, second = (apt, f"On Fedora: {dnf}"), (dnf, f"On Debian and Ubuntu: {apt}")
    command, other = second if _is_fedora(os_release) else first
    names = ", ".join(missing)
    what = f"Grafter cannot open its window: Qt needs system libraries that are missing here ({names})."
    return f"{what}\nRun: {command}\n{other}"


def import_message(error: ImportError) -> str:
    """Return the message for an import of PySide6 that failed."""
    text = str(error)
    library = text.split(":", 1)[0].strip()
    if library.startswith("lib") and ".so" in library:
        return library_message([library], _read_os_release())
    return (
        f"Grafter cannot open its window: PySide6 cannot be imported ({text}).\n"
        "Run: python -m pip install --force-reinstall PySide6-Essentials"
    )


def _is_fedora(os_release: str) -> bool:
    fields = dict(line.split("=", 1) for line in os_release.splitlines() if "=" in line)
    kind = (fields.get("ID", "") + " " + fields.get("ID_LIKE", "")).replace('"', "")
    return any(name in kind.split() for name in ("fedora", "rhel", "centos"))


def _read_os_release() -> str:
    try:
        return Path("/etc/os-release").read_text(encoding="utf-8")
    except OSError:
        return ""
