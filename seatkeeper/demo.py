"""`seatkeeper demo`: start the sandbox and the daemon, play the story, stay up until Ctrl-C."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from threading import Event

from sandbox.server import Options, Running, start
from seatkeeper import output
from seatkeeper.bootstrap import build
from seatkeeper.config import load_config
from seatkeeper.console_server import ADDRESS, link_to
from seatkeeper.mapping_folder import shipped
from seatkeeper.story import PATIENCE_SECONDS, Scene, StoryError, play
from store.sqlite import SqliteStore

_STOP_SECONDS = 10


def run_demo(*, leave: bool, port: int) -> int:
    """Play the story; return 1 when a step did not lead to what must follow."""
    begun = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="seatkeeper-demo-"))
    with start(Options(mappings=shipped(), port=port)) as running:
        config_file = Path(running.ready["config_file"])
        daemon_log = folder / "daemon.log"
        with _daemon(config_file, daemon_log):
            output.say(f"Sandbox {running.base_url}, daemon log {daemon_log}")
            try:
                _play(running, config_file)
            except StoryError as error:
                output.complain(f"The story stopped: {error}")
                return 1
            output.say(f"\nThe story took {time.monotonic() - begun:.1f} s.")
            _farewell(running)
            if not leave:
                _wait()
    return 0


def _play(running: Running, config_file: Path) -> None:
    settings = load_config(config_file, {})
    looking = build(settings, store=SqliteStore(":memory:"), inline=True)
    try:
        _await_adoption(settings.state_file)

        def invoice_run(on: date) -> list[dict[str, object]]:
            return _command(config_file, "invoice", "run", "--on", on.isoformat(), "--json")

        play(Scene(running=running, looking=looking, invoice_run=invoice_run))
    finally:
        looking.close()


def _await_adoption(state_file: Path) -> None:
    """Wait until the daemon has taken what is there as its baseline."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if state_file.exists():
            store = SqliteStore(state_file)
            adopted = store.tx(lambda tx: tx.meta("last_success"))
            store.close()
            if adopted:
                return
        time.sleep(0.1)
    raise StoryError("the daemon did not start; see its log")


def _command(config_file: Path, *arguments: str) -> list[dict[str, object]]:
    """Run a command as an operator would, beside the running daemon."""
    call = [sys.executable, "-m", "seatkeeper", *arguments, "--config", str(config_file)]
    done = subprocess.run(call, capture_output=True, check=False, text=True)  # noqa: S603  # ourselves
    if done.returncode != 0:
        raise StoryError(
            f"{' '.join(arguments)} ended with {done.returncode}: {done.stderr.strip()}"
        )
    found: list[dict[str, object]] = json.loads(done.stdout)
    return found


@contextmanager
def _daemon(config_file: Path, log_file: Path) -> Iterator[None]:
    call = [sys.executable, "-m", "seatkeeper", "run", "--config", str(config_file)]
    console = {"SEATKEEPER__CONSOLE__DAEMON": "true", "SEATKEEPER__CONSOLE__LISTEN": "127.0.0.1:0"}
    with log_file.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603  # ourselves
            call, stdout=log, stderr=log, start_new_session=True, env={**os.environ, **console}
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(_STOP_SECONDS)


def _farewell(running: Running) -> None:
    output.say(f"CRM pages       {running.base_url}/app/")
    output.say(f"Console         {_console_link(running)}  (opens once, within ten minutes)")
    output.say(f"Dataverse       {running.base_url}/api/data/v9.2/")
    output.say(f"Partner Center  {running.base_url}/v1/")
    output.say(f"Configuration   {running.ready['config_file']}")
    output.say("Now you: open a subscription on the CRM pages, and choose Deactivate.")


def _console_link(running: Running) -> str:
    """Make a one-time link to the console in the daemon."""
    store = SqliteStore(load_config(Path(running.ready["config_file"]), {}).state_file)
    address = store.tx(lambda tx: tx.meta(ADDRESS)) or ""
    link = link_to(store, address)
    store.close()
    return link


def _wait() -> None:
    output.say("Press Ctrl-C to end.")
    try:
        Event().wait()
    except KeyboardInterrupt:
        output.say("Ended.")
