"""Serve the console: cheroot in threads of its own, with TLS where a certificate is given."""

import getpass
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import structlog
from cheroot import wsgi
from cheroot.ssl.builtin import BuiltinSSLAdapter

from console.app import create_console
from console.desk import Document, NotDoneError, Person, Role
from console.sessions import make_link
from seatkeeper.bootstrap import Application, build
from seatkeeper.commands.sessions import run_alone_or_ask, run_and_go_on
from seatkeeper.config import Config
from seatkeeper.console_desk import desk_of
from seatkeeper.instance import AlreadyRunningError
from seatkeeper.listen_address import host_and_port
from seatkeeper.listener import Listener
from seatkeeper.requested import RequestRefusedError
from seatkeeper.yaml_files import ConfigurationError
from sync.cycle import run_once
from sync.mapping import MalformedRowError
from sync.ports import Store
from sync.remote import RemoteError
from sync.state import StateError

ADDRESS = "console_address"
"""Where the console that was started last answers."""
_THREADS = 8
_TIMEOUT_SECONDS = 10
_LONGEST_HEADER = 16 * 1024
_LONGEST_BODY = 128 * 1024
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
    server = _Server(
        host_and_port(config.console.listen),
        app,
        numthreads=_THREADS,
        max=_THREADS,
        timeout=_TIMEOUT_SECONDS,
        shutdown_timeout=_TIMEOUT_SECONDS,
        server_name="localhost",
    )
    server.max_request_header_size = _LONGEST_HEADER
    server.max_request_body_size = _LONGEST_BODY
    certificate, key = config.console.certificate_file, config.console.key_file
    if certificate and key:
        server.ssl_adapter = _tls(certificate, key)
    server.prepare()
    thread = threading.Thread(target=server.serve, name="console", daemon=True)
    thread.start()
    return Listener(server=server, thread=thread)


def _tls(certificate: Path, key: Path) -> BuiltinSSLAdapter:
    return BuiltinSSLAdapter(str(certificate), str(key))


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


class _Server(wsgi.Server):
    """The server, without cheroot's own lines on stderr."""

    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002  # cheroot's signature
        """Say nothing of callers that go away; what breaks here is logged."""
        if traceback:
            log.warning("console failed", error=msg)
