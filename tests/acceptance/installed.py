"""The installed command as an operator calls it, and an outside client of the sandbox.

A process of its own for what is about processes (start, signals, locks, the story); else the same
command in this process, which spares each call the time in which Python loads it.
"""

import io
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import msal
import requests

from seatkeeper.cli import run_command

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "seatkeeper"]
PATIENCE_SECONDS = 20


def environment(extra=None):
    """Return a clean environment: nothing of the machine's own configuration."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SEATKEEPER")}
    return {**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "200", **(extra or {})}


def seatkeeper(*arguments, folder, extra=None, timeout=60):
    """Run the command and return how it ended."""
    return subprocess.run(  # noqa: S603  # ourselves
        [*COMMAND, *map(str, arguments)],
        cwd=folder,
        env=environment(extra),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def called(*arguments, folder, extra=None):
    """Run the command in this process and return how it ended."""
    words, out, err = [str(one) for one in arguments], io.StringIO(), io.StringIO()
    around = _surroundings(environment(extra))
    with chdir(folder), around, redirect_stdout(out), redirect_stderr(err):
        code = run_command(words)
    return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())


@contextmanager
def _surroundings(wanted):
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(wanted)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def wait_for(find, seconds=PATIENCE_SECONDS):
    """Look until something is there."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = find()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"nothing came within {seconds} s")


class Sandbox:
    """A running sandbox, reached with plain requests and msal only."""

    def __init__(self, ready):
        self.ready = ready
        self.url = ready["dataverse_url"]
        self.config = Path(ready["config_file"])
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = ready["ca_file"]
        self.sign_in()

    def sign_in(self):
        """Get a token; it lives for an hour."""
        ready = self.ready
        with requests.Session() as http:
            http.trust_env = False
            http.verify = ready["ca_file"]
            client = msal.ConfidentialClientApplication(
                ready["client_id"],
                client_credential=ready["client_secret"],
                authority=ready["authority"],
                instance_discovery=False,
                http_client=http,
            )
            answer = client.acquire_token_for_client([f"{self.url}/.default"])
        self.token = answer["access_token"]

    def run(self, *arguments, extra=None):
        """Run a command with the sandbox's configuration; the daemon takes a process's signals."""
        if arguments[0] == "run" and "--once" not in arguments:
            return self.start(*arguments, extra=extra)
        call = [*arguments, "--config", self.config]
        return called(*call, folder=self.config.parent, extra=extra)

    def start(self, *arguments, extra=None):
        """Run a command with the sandbox's configuration in a process of its own."""
        call = [*arguments, "--config", self.config]
        return seatkeeper(*call, folder=self.config.parent, extra=extra)

    def document(self, *arguments, extra=None):
        """Run a command with --json; return its exit code and what it printed."""
        done = self.run(*arguments, "--json", extra=extra)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    def control(self, path, body=None):
        url = f"{self.url}/_sandbox/{path}"
        answer = (
            self.session.get(url, timeout=30)
            if body is None
            else self.session.post(url, json=body, timeout=30)
        )
        assert answer.ok, answer.text
        return answer.json()

    def crm(self, method, path, body=None, **headers):
        answer = self.session.request(
            method,
            f"{self.url}/api/data/v9.2/{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.token}", **headers},
            timeout=30,
        )
        assert answer.ok, answer.text
        return answer.json() if answer.content else {}

    def rows(self, table, where):
        return self.crm("GET", f"{table}?$filter={where}")["value"]

    def logs(self, subscription):
        return self.rows("sk_changelogs", f"_sk_subscriptionid_value eq {subscription}")

    def deactivate(self, subscription, **columns):
        changes = {"statecode": 1, "statuscode": 2, **columns}
        self.crm("PATCH", f"sk_subscriptions({subscription})", changes)

    def last(self):
        return self.control("journal?since=0")["last"]

    def commits(self, since):
        entries = self.control(f"journal?since={since}")["entries"]
        return [one for one in entries if one["type"] == "commit"]

    def state_files(self):
        """Return the bytes of every file in the sandbox's folder but the keys and the secrets."""
        return {path.name: path.read_bytes() for path in sorted(self.config.parent.glob("state-*"))}


@contextmanager
def running_sandbox(folder):
    """Run a sandbox in a process of its own."""
    ready = folder / "ready.json"
    log = folder / "sandbox.log"
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603  # ourselves
            [*COMMAND, "sandbox", "--port", "0", "--ready-file", str(ready)],
            cwd=folder,
            env=environment(),
            stdout=out,
            stderr=out,
        )
    try:
        wait_for(lambda: ready.exists() or process.poll() is not None)
        assert ready.exists(), log.read_text(encoding="utf-8")
        sandbox = Sandbox(json.loads(ready.read_text(encoding="utf-8")))
        try:
            yield sandbox
        finally:
            sandbox.session.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


class Daemon:
    """A running daemon and what it says."""

    def __init__(self, process, log):
        self.process, self.log = process, log

    def said(self, event=""):
        lines = self.log.read_text(encoding="utf-8").splitlines()
        events = [json.loads(line) for line in lines if line.startswith("{")]
        return [one for one in events if one["event"] == event] if event else events

    def end(self, number=signal.SIGTERM):
        """Send a signal; return the exit code and the seconds it took."""
        begun = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE_SECONDS)
        return code, time.monotonic() - begun


@contextmanager
def running_daemon(sandbox, log, extra=None, arguments=()):
    """Run the daemon of a sandbox's configuration until the block ends."""
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603  # ourselves
            [*COMMAND, "run", *arguments, "--config", str(sandbox.config)],
            cwd=sandbox.config.parent,
            env=environment(extra),
            stdout=out,
            stderr=out,
        )
    try:
        yield Daemon(process, log)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
