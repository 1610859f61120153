"""A sandbox told to end does so soon, whatever it is doing: laying rows, or writing to nobody."""

import json
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.persistence import SqliteStorage
from sandbox.server import Options, start
from sandbox.world import Stopping

SOON = 15.0
TOO_MANY = 5_000_000


class Process:
    """A sandbox in a process of its own, with its data in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ready_file = folder / "ready.json"
        call = [sys.executable, "-m", "seatkeeper", "sandbox", "--port", "0"]
        call += ["--ready-file", str(ready_file), "--data", str(folder / "data")]
        self.process = subprocess.Popen(call, stdout=subprocess.DEVNULL)  # noqa: S603  # ourselves
        until(ready_file.exists)
        self.ready: dict[str, Any] = json.loads(ready_file.read_bytes())

    def control(self, path: str, body: object = None) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False
            url = f"{self.ready['dataverse_url']}/_sandbox/{path}"
            method = "GET" if body is None else "POST"
            return session.request(
                method, url, json=body, verify=self.ready["ca_file"], timeout=120
            )

    def end(self) -> float:
        """Send SIGTERM; return how many seconds the process still took."""
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(SOON) == 0
        return time.monotonic() - begun


def until(holds: Any) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture
def sandbox_process(tmp_path: Path) -> Iterator[Process]:
    made = Process(tmp_path)
    yield made
    if made.process.poll() is None:
        made.process.kill()
        made.process.wait()


def organisation(folder: Path) -> tuple[str, int]:
    """Return the organisation that a folder keeps, and how many documents."""
    storage = SqliteStorage(folder / "data" / "sandbox.db")
    found = storage.facts()["organisation_id"], len(list(storage.documents("dataverse")))
    storage.close()
    return found


def test_sigterm_ends_a_sandbox_that_lays_a_scenario_and_keeps_the_world_before(
    sandbox_process: Process, tmp_path: Path
) -> None:
    sandbox_process.control("reset", {"scenario": "scale", "subscriptions": 10})
    answers: list[requests.Response] = []

    def reset() -> None:
        body = {"scenario": "scale", "subscriptions": TOO_MANY}
        with suppress(requests.ConnectionError):  # or the connection is cut
            answers.append(sandbox_process.control("reset", body))

    before = used(sandbox_process)
    thread = threading.Thread(target=reset, daemon=True)
    thread.start()
    until(lambda: used(sandbox_process) > before + 1.0)
    assert sandbox_process.end() < SOON
    thread.join()
    assert [answer.status_code for answer in answers] in ([], [503])
    _, documents = organisation(tmp_path)
    assert 10 < documents < 100


def used(running: Process) -> float:
    """Return the processor seconds of the sandbox: it lays rows when they grow."""
    fields = Path(f"/proc/{running.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def bearer(running: Process) -> str:
    ready = running.ready
    with requests.Session() as session:
        session.trust_env = False
        body = {name: ready[name] for name in ("client_id", "client_secret")}
        body |= {
            "grant_type": "client_credentials",
            "scope": f"{ready['dataverse_url']}/.default",
        }
        url = f"{ready['authority']}/oauth2/v2.0/token"
        answer = session.post(url, data=body, verify=ready["ca_file"], timeout=30)
    return str(answer.json()["access_token"])


def test_sigterm_ends_a_sandbox_whose_client_reads_nothing(sandbox_process: Process) -> None:
    sandbox_process.control("reset", {"scenario": "scale", "subscriptions": 5000})
    host, _, port = sandbox_process.ready["dataverse_url"][len("https://") :].partition(":")
    context = ssl.create_default_context(cafile=sandbox_process.ready["ca_file"])
    request = (
        "GET /api/data/v9.2/sk_subscriptions HTTP/1.1\r\n"
        f"Host: {host}:{port}\r\nAuthorization: Bearer {bearer(sandbox_process)}\r\n\r\n"
    )
    with socket.socket() as plain:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        plain.connect((host, int(port)))
        with context.wrap_socket(plain, server_hostname=host) as secure:
            secure.sendall(request.encode())
            assert secure.recv(15) == b"HTTP/1.1 200 OK"
            assert sandbox_process.end() < SOON


def test_a_sandbox_told_to_end_before_it_answers_leaves_nothing_behind(tmp_path: Path) -> None:
    stopping = threading.Event()
    stopping.set()
    options = Options(
        mappings=tmp_path, data_dir=tmp_path / "data", scenario="scale", subscriptions=2000
    )
    with pytest.raises(Stopping):
        start(options, stopping).stop()
    storage = SqliteStorage(tmp_path / "data" / "sandbox.db")
    assert (storage.facts(), list(storage.documents("dataverse"))) == ({}, [])
    storage.close()


def test_a_sandbox_told_to_end_while_it_loads_keeps_what_it_has(tmp_path: Path) -> None:
    options = Options(
        mappings=tmp_path, data_dir=tmp_path / "data", scenario="scale", subscriptions=60
    )
    with start(options):
        pass
    before, stopping = organisation(tmp_path), threading.Event()
    stopping.set()
    with pytest.raises(Stopping):
        start(options, stopping).stop()
    assert organisation(tmp_path) == before


def test_what_was_written_before_a_reset_is_broken_off_is_taken_back(tmp_path: Path) -> None:
    path, many = tmp_path / "sandbox.db", 25_000  # more than is held in memory
    storage = SqliteStorage(path)
    storage.put(service="dataverse", table="t", id="kept", document={"n": 1})
    storage.flush(version=1, seq=1)
    storage.clear()
    for number in range(many):
        storage.put(service="dataverse", table="t", id=str(number), document={"n": number})
    storage.abandon()
    storage.put(service="dataverse", table="t", id="late", document={})
    storage.flush(version=2, seq=2, facts={"organisation_id": "new"})
    storage.close()
    again = SqliteStorage(path)
    assert list(again.documents("dataverse")) == [("t", "kept", {"n": 1})]
    assert "organisation_id" not in again.facts()
    again.close()
