"""The stages of the engine's tests, and packages that are installed for one test."""

import shutil
import sys
import tomllib
from pathlib import Path

import pytest

from seatkeeper import plugins
from tests.engine.conftest import opened, stage, unseen

__all__ = ["opened", "stage", "unseen"]

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "seatkeeper-example-step"


@pytest.fixture
def installs(tmp_path, monkeypatch):
    """Lay packages on the path as pip leaves them: modules, and their entry points beside."""
    monkeypatch.syspath_prepend(tmp_path)
    modules = set(sys.modules)

    plugins._points.cache_clear()

    def install(name, points, **sources):
        for module, source in sources.items():
            (tmp_path / f"{module}.py").write_text(source, encoding="utf-8")
        info = tmp_path / f"{name}-1.0.0.dist-info"
        info.mkdir()
        head = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\n"
        (info / "METADATA").write_text(head, encoding="utf-8")
        lines = [
            line
            for group, names in points.items()
            for line in (f"[{group}]", *(f"{one} = {at}" for one, at in names.items()))
        ]
        (info / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
        return tmp_path

    yield install
    plugins._points.cache_clear()
    for name in set(sys.modules) - modules:
        if name.startswith(("seatkeeper_example", "of_others")):
            del sys.modules[name]


@pytest.fixture
def example(installs):
    """Install the example package of the documents."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    folder = installs(project["name"], project["entry-points"])
    shutil.copytree(EXAMPLE / "src" / "seatkeeper_example", folder / "seatkeeper_example")
    return folder
