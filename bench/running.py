"""The processes of a measurement: a sandbox, a daemon, and readers that end with a JSON line."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

Document = dict[str, Any]

STOP_SECONDS = 15.0
START_SECONDS = 60.0
RESET_SECONDS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """A sandbox in a process of its own, and its control API."""

    ready: Mapping[str, Any]
    pid: int
    session: requests.Session = field(default_factory=requests.Session, repr=False)

    @property
    def origin(self) -> str:
        return str(self.ready["dataverse_url"])

    @property
    def ca_file(self) -> str:
        return str(self.ready["ca_file"])

    @property
    def config_file(self) -> Path:
        return Path(self.ready["config_file"])

    def control(self, path: str, body: Document | None = None) -> Document:
        """Ask the control API; a body makes it a POST."""
        answer = self.session.request(
            "GET" if body is None else "POST",
            f"{self.origin}/_sandbox/{path}",
            json=body,
            verify=self.ca_file,
            timeout=RESET_SECONDS,
        )
        answer.raise_for_status()
        found: Document = answer.json()
        return found

    def reset(self, subscriptions: int) -> None:
        """Make a new world of the scale scenario."""
        self.control("reset", {"scenario": "scale", "subscriptions": subscriptions})

    def last(self) -> int:
        """Return the number of the newest journal entry."""
        return int(self.control(f"journal?since={2**53}")["last"])

    def since(self, number: int) -> list[Document]:
        """Return the journal entries after a number."""
        entries: list[Document] = self.control(f"journal?since={number}")["entries"]
        return entries

    def cpu_seconds(self) -> float:
        """Return the processor time that the sandbox has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mib(self) -> float:
        """Return the memory that the sandbox holds now."""
        return _status_mib(self.pid, "VmRSS")


@contextmanager
def sandbox() -> Iterator[Sandbox]:
    """Run a sandbox in its own process for the length of the block."""
    with tempfile.TemporaryDirectory(prefix="seatkeeper-bench-") as folder:
        ready_file = Path(folder) / "ready.json"
        arguments = ("sandbox", "--port", "0", "--ready-file", str(ready_file))
        log_file = Path(folder) / "sandbox.log"
        with _process(*arguments, log_file=log_file) as process:
            _await_file(ready_file, process, log_file)
            ready = json.loads(ready_file.read_bytes())
            with requests.Session() as session:
                session.trust_env = False
                yield Sandbox(ready=ready, pid=process.pid, session=session)


@contextmanager
def daemon(running: Sandbox) -> Iterator[None]:
    """Run the daemon with the sandbox's own configuration for the length of the block."""
    with tempfile.TemporaryDirectory(prefix="seatkeeper-bench-") as folder:
        arguments = ("run", "--config", str(running.config_file))
        with _process(*arguments, log_file=Path(folder) / "daemon.log") as process:
            yield
            if process.poll() is not None:
                told = (Path(folder) / "daemon.log").read_text()
                raise RuntimeError(f"the daemon ended with {process.returncode}: {told[-2000:]}")


def child(module: str, *arguments: str) -> Document:
    """Run a module of ours in a process of its own; return the JSON line that it prints."""
    call = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(call, stdout=subprocess.PIPE, check=True, text=True)
    found: Document = json.loads(done.stdout.splitlines()[-1])
    return found


def peak_mib() -> float:
    """Return the peak memory of this process; what its parent used does not count."""
    return _status_mib(os.getpid(), "VmHWM")


def _status_mib(pid: int, name: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    kib = next(line.split()[1] for line in lines if line.startswith(name))
    return int(kib) / 1024


@contextmanager
def _process(*arguments: str, log_file: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with log_file.open("wb") as log:
        call = [sys.executable, "-m", "seatkeeper", *arguments]
        process = subprocess.Popen(call, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _await_file(path: Path, process: "subprocess.Popen[bytes]", log_file: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while not path.exists():
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"the sandbox did not start: {log_file.read_text()[-2000:]}")
        time.sleep(0.05)
