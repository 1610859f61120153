"""Where the clients of others live: an environment each, made when it is first needed."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.running import Document

_HERE = Path(__file__).parent
_PROGRAM = _HERE / "reading.py"
PLACES: Mapping[str, str] = {"sdk": "clients", "dataverse-api": "clients", "airbyte": "airbyte"}
"""The folder with the pinned requirements of each; the Airbyte source needs older ones."""


def prepare() -> dict[str, str]:
    """Make the environments; return why a client could not be installed, by its name."""
    troubles = {folder: _made(_HERE / folder) for folder in sorted({*PLACES.values()})}
    return {kind: troubles[folder] for kind, folder in PLACES.items() if troubles[folder]}


def _made(folder: Path) -> str:
    home = folder / ".venv"
    ready = home / "bin" / "python"
    if ready.exists():
        return ""
    lock = str(folder / "requirements.lock")
    try:
        _run(sys.executable, "-m", "venv", str(home))
        _run(str(ready), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", lock)
    except subprocess.CalledProcessError as error:
        ready.unlink(missing_ok=True)  # made anew the next time
        return (error.stderr or "pip failed").strip().splitlines()[-1]
    return ""


def _run(*call: str) -> None:
    subprocess.run(call, check=True, stderr=subprocess.PIPE, text=True)


def read(kind: str, told: Mapping[str, Any]) -> Document:
    """Run one of them in a process of its own; return the JSON that it prints."""
    python = _HERE / PLACES[kind] / ".venv" / "bin" / "python"
    call = [str(python), str(_PROGRAM), kind]
    done = subprocess.run(
        call, input=json.dumps(told), stdout=subprocess.PIPE, check=True, text=True
    )
    found: Document = json.loads(done.stdout.splitlines()[-1])
    return found
