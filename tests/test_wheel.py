"""What is published is whole: built, unpacked, and run from somewhere else."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
APPS = sorted(file.parent.name for file in ROOT.glob("*/apps.py"))
SERVE = """
import django; django.setup()
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import Client
import hitl_site
call_command("migrate", verbosity=0)
page = Client(headers={"host": "127.0.0.1"}).get("/sign-in/")
print(hitl_site.__file__, page.status_code, finders.find("css/site.css"))
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory"]
    subprocess.run([*build, str(folder)], cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def files_in(folder):
    return {
        file.relative_to(folder)
        for file in folder.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }


def test_takes_no_names_that_are_not_ours(unpacked):
    top = {entry.name for entry in unpacked.iterdir() if not entry.name.endswith(".dist-info")}

    assert top == set(APPS)


@pytest.mark.parametrize("folder", APPS)
def test_has_every_file_of_the_packages(unpacked, folder):
    assert files_in(ROOT / folder) <= files_in(unpacked / folder)


@pytest.mark.parametrize("folder", ["templates", "static"])
def test_has_every_template_and_static_file(unpacked, folder):
    assert files_in(unpacked / "hitl_site" / "assets" / folder) == files_in(ROOT / folder)


def test_serves_pages_and_styles_from_where_it_is_installed(unpacked, tmp_path):
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(unpacked),
        "DJANGO_SETTINGS_MODULE": "hitl_site.settings",
        "PLACET_DATA_DIR": str(tmp_path / "var"),
    }

    done = subprocess.run(
        [sys.executable, "-c", SERVE],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    module, status, sheet = done.stdout.split()
    assert Path(module).is_relative_to(unpacked)
    assert status == "200"
    assert Path(sheet).is_relative_to(unpacked)
