"""A wheel built from the repository works on its own: resources inside, ``grafter`` on the path."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE_S

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """Return the scripts folder of a clean environment that holds the wheel; what it depends on is lent from here."""
    base = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(base), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, timeout=120)
    (wheel,) = base.glob("*.whl")
    venv.create(base / "venv", with_pip=False)
    scripts = base / "venv" / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / Path(sys.executable).name
    target = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(pip, check=True, capture_output=True, timeout=120)
    # Path lines in a .pth file are not searched for further .pth files, so the editable install stays out.
    (Path(target) / "lent.pth").write_text(sysconfig.get_path("purelib"))
    return scripts


def run(installed: Path, *command: str, **kwargs) -> str:
    done = subprocess.run(
        [installed / command[0], *command[1:]],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
        cwd="/",
        **kwargs,
    )
    return done.stdout


def test_the_code_comes_from_the_wheel(installed):
    code = "import app, assistant, finetune, resources; print(*(m.__file__ for m in (app, assistant, finetune, resources)))"
    assert all(str(installed.parent) in path for path in run(installed, "python", "-P", "-c", code).split())


def test_grafter_is_on_the_path_and_knows_its_version(installed):
    from assistant import __version__

    assert __version__ in run(installed, "grafter", "--version")


def test_the_catalogue_is_found(installed):
    listed = json.loads(run(installed, "grafter", "models", "list", "--json"))
    assert listed["default"] in [model["id"] for model in listed["models"]]


def test_themes_and_icons_are_found(installed):
    code = (
        "from app.theme import load_theme\n"
        "from importlib.resources import files\n"
        "print(load_theme('dark').dark, (files('resources') / 'icons' / 'grafter.svg').is_file())"
    )
    assert run(installed, "python", "-P", "-c", code).split() == ["True", "True"]
