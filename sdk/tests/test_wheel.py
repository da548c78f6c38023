"""What is published: built, installed offline, and run from there."""

import email
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

SDK = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory"]
    subprocess.run([*build, str(folder)], cwd=SDK, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    folder = tmp_path_factory.mktemp("installed")
    install = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet"]
    subprocess.run([*install, "--target", str(folder), str(wheel)], check=True)
    return folder


def run(installed, *line):
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(installed)}
    return subprocess.run(
        line, env=environment, cwd=installed, capture_output=True, text=True, check=True
    ).stdout


def test_it_needs_one_package(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        metadata = email.message_from_bytes(archive.read(name))

    needed = [each for each in metadata.get_all("Requires-Dist") if "extra ==" not in each]
    assert [re.match(r"[\w.-]+", each)[0] for each in needed] == ["httpx2"]


def test_it_has_every_file_of_the_package_and_no_other(installed):
    def files_in(folder):
        return {
            file.relative_to(folder)
            for file in folder.rglob("*")
            if file.is_file() and "__pycache__" not in file.parts
        }

    assert files_in(installed / "placet") == files_in(SDK / "src" / "placet")
    assert {entry.name.partition("-")[0] for entry in installed.iterdir()} == {"placet", "bin"}


def test_its_command_runs(installed):
    program = "import placet; print(placet.__file__, placet.__version__)"

    file, version = run(installed, sys.executable, "-c", program).split()

    assert Path(file).is_relative_to(installed)
    assert run(installed, str(installed / "bin" / "placet"), "--version") == f"placet {version}\n"
    assert run(installed, sys.executable, "-m", "placet", "--version") == f"placet {version}\n"
