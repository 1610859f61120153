"""The wheel holds our packages, the mappings and the sandbox's pages, and nothing else."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = {"console", "seatkeeper", "connector", "lifecycle", "billing", "sync", "store", "sandbox"}


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    call = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    done = subprocess.run(  # noqa: S603  # pip, on our own tree
        [*call, "--disable-pip-version-check", "-w", str(folder), str(ROOT)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("seatkeeper-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_our_top_level_names_and_no_other(names):
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == OURS
    assert not [name for name in names if "__pycache__" in name or "/tests/" in name]


def test_the_wheel_holds_every_module(names):
    for package in OURS:
        modules = {str(one.relative_to(ROOT)) for one in (ROOT / package).rglob("*.py")}
        assert modules <= names


def test_the_wheel_holds_the_mappings_and_the_pages(names):
    folder = ROOT / "mappings"
    shipped = {one.relative_to(ROOT) for one in folder.rglob("*") if one.is_file()}
    mappings = {f"seatkeeper/{one}" for one in shipped}
    pages = ROOT / "sandbox" / "pages"
    files = {
        str(one.relative_to(ROOT))
        for folder in ("templates", "static")
        for one in (pages / folder).rglob("*")
        if one.is_file()
    }
    assert "seatkeeper/mappings/lifecycle.yaml" in mappings
    assert "seatkeeper/mappings/examples/work365-native/invoice.yaml" in mappings
    assert "sandbox/pages/templates/base.html" in files
    assert mappings | files <= names


def test_the_wheel_offers_the_command(names):
    assert any(name.endswith(".dist-info/entry_points.txt") for name in names)
