"""The sandbox as a process of its own, and its control API; nothing of ours is imported."""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

PROJECT = Path(__file__).resolve().parent.parent
STARTS_WITHIN_SECONDS = 60
STOPS_WITHIN_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """A running sandbox, as its ready file describes it."""

    url: str
    authority: str
    tenant_id: str
    client_id: str
    client_secret: str
    ca_file: str

    def control(self, path: str, document: dict[str, Any] | None = None) -> Any:
        """Read from the control API, or post to it."""
        method = "GET" if document is None else "POST"
        address = f"{self.url}/_sandbox/{path}"
        answer = requests.request(method, address, json=document, verify=self.ca_file, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def requests_seen(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the requests to Dataverse that the journal holds."""
        entries = self.control(f"journal?since={since}")["entries"]
        return [e for e in entries if e["type"] == "request" and e["service"] == "dataverse"]


def command() -> str:
    """Return the sandbox's program: the one of the project's own environment unless told."""
    return os.environ.get("SEATKEEPER", str(PROJECT / ".venv" / "bin" / "seatkeeper"))


@contextmanager
def running() -> Iterator[Sandbox]:
    """Run a sandbox until the block ends."""
    with tempfile.TemporaryDirectory(prefix="sandbox-") as folder:
        ready = Path(folder) / "ready.json"
        asked = [command(), "sandbox", "--port", "0", "--ready-file", str(ready)]
        with subprocess.Popen(asked, stdout=subprocess.DEVNULL, cwd=folder) as process:
            try:
                yield _described(ready, process)
            finally:
                _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOPS_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        raise


def _described(ready: Path, process: subprocess.Popen[bytes]) -> Sandbox:
    for _ in range(STARTS_WITHIN_SECONDS * 10):
        if ready.exists():
            told = json.loads(ready.read_text(encoding="utf-8"))
            return Sandbox(
                url=told["dataverse_url"],
                authority=told["authority"],
                tenant_id=told["tenant_id"],
                client_id=told["client_id"],
                client_secret=told["client_secret"],
                ca_file=told["ca_file"],
            )
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError(f"the sandbox did not start (exit code {process.poll()})")
