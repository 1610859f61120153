"""Serve the console, and have its commands carried out."""

import getpass
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import structlog

from console.app import create_console
from console.desk import Document, NotDoneError, Person, Role
from console.sessions import make_link
from seatkeeper.bootstrap import Application, build
from seatkeeper.commands.sessions import run_alone_or_ask, run_and_go_on
from seatkeeper.config import Config
from seatkeeper.console_desk import desk_of
from seatkeeper.instance import AlreadyRunningError
from seatkeeper.listener import Listener, Listening, listen, tls
from seatkeeper.requested import RequestRefusedError
from seatkeeper.yaml_files import ConfigurationError
from sync.cycle import run_once
from sync.mapping import MalformedRowError
from sync.ports import Store
from sync.remote import RemoteError
from sync.state import StateError

ADDRESS = "console_address"
"""Where the console that was started last answers."""
_GO_ON = frozenset({"parked retry", "parked resolve", "apply"})
"""Commands after which a cycle is run when no daemon does it."""
_REFUSED = (
    AlreadyRunningError,
    ConfigurationError,
    MalformedRowError,
    RemoteError,
    RequestRefusedError,
    StateError,
)

log = structlog.get_logger()


@contextmanager
def served(config: Config) -> Iterator[str]:
    """Answer for the console meanwhile; yield its address. Raise OSError when the port is taken."""
    application = build(config, inline=True)
    try:
        listener = _listen(config, application)
        try:
            address = config.console.address or _address(config, listener)
            application.store.tx(lambda tx: tx.set_meta(ADDRESS, address))
            log.info("console answers", listen=listener.address)
            yield address
        finally:
            listener.close()
    finally:
        application.close()


def link_to(store: Store, address: str) -> str:
    """Make a one-time link for who runs this command; it is an administrator here."""
    person = Person(name=getpass.getuser(), role=Role.ADMIN)
    now = datetime.now(UTC)  # noqa: TID251  # links live in real time
    return f"{address}/enter?token={make_link(store, person, now)}"


def _listen(config: Config, application: Application) -> Listener:
    app = create_console(desk_of(application, lambda verb, asked: _ask(config, verb, asked)))
    certificate, key = config.console.certificate_file, config.console.key_file
    listening = Listening(
        name="console",
        threads=8,
        timeout_seconds=10,
        header_bytes=16 * 1024,
        body_bytes=128 * 1024,
        tls=tls(certificate, key) if certificate and key else None,
        failed=lambda message: log.warning("console failed", error=message),
    )
    return listen(config.console.listen, app, listening)


def _address(config: Config, listener: Listener) -> str:
    scheme = "https" if config.console.certificate_file else "http"
    return f"{scheme}://{listener.address}"


def _ask(config: Config, verb: str, asked: Mapping[str, str | None]) -> Sequence[Document]:
    """Have the running daemon do it, or do it here under the lock (rules.md 2.14)."""
    try:
        if verb in _GO_ON:
            return run_and_go_on(config, verb, asked, _cycle)[0]
        return run_alone_or_ask(config, verb, asked)
    except _REFUSED as error:
        raise NotDoneError(str(error)) from error


def _cycle(application: Application) -> int:
    run_once(application.engine)
    return 0
