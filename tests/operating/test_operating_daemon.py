"""A daemon as its host sees it: health, the supervisor's socket, signals."""

import signal
import socket
import time

import pytest

from seatkeeper.config import load_config
from tests.acceptance.installed import running_daemon, wait_for
from tests.operating.conftest import WATCHED
from tests.operating.watched import fetch


def test_a_working_daemon_is_live_and_ready(address):
    wait_for(lambda: fetch(address, "/readyz").status == 200)
    assert fetch(address, "/livez").status == 200


def test_only_three_addresses_are_answered_and_only_to_be_read(address):
    assert fetch(address, "/").status == 404
    assert fetch(address, "/metrics", "POST").status == 405
    assert fetch(address, "/livez", "HEAD").text == ""


def test_the_command_asks_the_running_daemon(sandbox, daemon, address):
    wait_for(lambda: fetch(address, "/readyz").status == 200)
    there = {"SEATKEEPER__HEALTH__LISTEN": address}
    assert sandbox.run("health", extra=there).returncode == 0
    assert '"ready": true' in sandbox.run("health", "--ready", extra=there).stdout


def test_the_command_ends_with_1_when_nobody_answers(sandbox):
    nobody = {"SEATKEEPER__HEALTH__LISTEN": "127.0.0.1:9"}
    assert sandbox.run("health", extra=nobody).returncode == 1
    assert sandbox.run("health").returncode == 1


def test_nothing_listens_unless_the_configuration_says_where(sandbox):
    assert load_config(sandbox.config, {}).health.listen is None


@pytest.fixture
def supervisor(tmp_path):
    """Return the socket of a supervisor, and where it is."""
    place = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(place))
        ear.settimeout(20)
        yield ear, str(place)


def hear(ear, wanted):
    """Return what was said until something is."""
    heard = []
    end = time.monotonic() + 20
    while wanted not in heard and time.monotonic() < end:
        heard.append(ear.recv(4096).decode())
    return heard


def test_systemd_is_told_when_it_is_ready_alive_and_stopping(own_sandbox, supervisor, tmp_path):
    ear, place = supervisor
    extra = {**WATCHED, "NOTIFY_SOCKET": place, "WATCHDOG_USEC": "300000000"}
    with running_daemon(own_sandbox, tmp_path / "log", extra) as daemon:
        heard = hear(ear, "READY=1")
        heard += hear(ear, "WATCHDOG=1") if "WATCHDOG=1" not in heard else []
        code, seconds = daemon.end()
        assert (code, seconds < 10) == (0, True)
        assert "STOPPING=1" in hear(ear, "STOPPING=1")
    assert "WATCHDOG=1" in heard


def test_systemd_is_told_that_it_is_ready_while_a_service_is_down(
    own_sandbox, supervisor, tmp_path
):
    ear, place = supervisor
    rule = {"path": ".", "times": 100_000, "service": "dataverse", "status": 503}
    own_sandbox.control("faults", {"rules": [rule]})
    extra = {**WATCHED, "NOTIFY_SOCKET": place}
    with running_daemon(own_sandbox, tmp_path / "log", extra) as daemon:
        assert "READY=1" in hear(ear, "READY=1")
        listen = wait_for(lambda: daemon.said("health answers"))[0]["listen"]
        assert fetch(listen, "/livez").status == 200
        answer = wait_for(lambda: _unready(listen))
        assert "503" in answer.text
        assert daemon.end()[0] == 0


def _unready(listen):
    answer = fetch(listen, "/readyz")
    return answer if answer.status == 503 and "503" in answer.text else None


def test_a_second_signal_ends_at_once(own_sandbox, tmp_path):
    with running_daemon(own_sandbox, tmp_path / "log", WATCHED) as daemon:
        listen = wait_for(lambda: daemon.said("health answers"))[0]["listen"]
        wait_for(lambda: fetch(listen, "/readyz").status == 200)
        rule = {"path": ".", "times": 100_000, "service": "dataverse", "delay_seconds": 15}
        own_sandbox.control("faults", {"rules": [rule]})
        time.sleep(1.5)
        daemon.process.send_signal(signal.SIGTERM)
        time.sleep(0.8)
        code, seconds = daemon.end()
        own_sandbox.control("faults", {"rules": []})
    assert code == 128 + signal.SIGTERM
    assert seconds < 3


def test_a_port_that_is_taken_is_said_at_the_start(own_sandbox, tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        listen = f"127.0.0.1:{other.getsockname()[1]}"
        done = own_sandbox.run("run", extra={"SEATKEEPER__HEALTH__LISTEN": listen})
    assert done.returncode == 1
    assert "This machine refuses something" in done.stderr
