"""Start a small HTTP server: cheroot in threads of its own, with TLS where it is given."""

import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from wsgiref.types import WSGIApplication

from cheroot import wsgi
from cheroot.ssl.builtin import BuiltinSSLAdapter

from seatkeeper.listen_address import host_and_port

_LEAVE_SECONDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """How a server answers, and what it takes from a caller."""

    name: str
    """Of its thread."""
    threads: int
    timeout_seconds: int
    header_bytes: int
    body_bytes: int
    """The longest body; 0 where the application judges that itself."""
    tls: BuiltinSSLAdapter | None = None
    failed: Callable[[str], object] = lambda _: None
    """Is told what broke in the application; what callers do wrong is theirs."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A running server."""

    server: Any
    thread: threading.Thread

    @property
    def address(self) -> str:
        """Return HOST:PORT; port 0 has become a real one."""
        host, port = self.server.bind_addr[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def close(self) -> None:
        """Stop answering; what is under way is finished."""
        with suppress(OSError):
            self.server.stop()
        self.thread.join(_LEAVE_SECONDS)


def listen(address: str, application: WSGIApplication, listening: Listening) -> Listener:
    """Answer on HOST:PORT from now on. Raise OSError when the port is taken."""
    server = _Server(
        host_and_port(address),
        application,
        numthreads=listening.threads,
        max=listening.threads,
        timeout=listening.timeout_seconds,
        shutdown_timeout=listening.timeout_seconds,
        server_name="localhost",
    )
    server.max_request_header_size = listening.header_bytes
    server.max_request_body_size = listening.body_bytes
    server.ssl_adapter = listening.tls
    server.failed = listening.failed
    server.prepare()
    thread = threading.Thread(target=server.serve, name=listening.name, daemon=True)
    thread.start()
    return Listener(server=server, thread=thread)


def tls(certificate: Path, key: Path) -> BuiltinSSLAdapter:
    """Read a certificate and its key, both PEM. Raise OSError when they cannot be used."""
    adapter = BuiltinSSLAdapter(str(certificate), str(key))
    adapter.context.minimum_version = ssl.TLSVersion.TLSv1_2
    return adapter


class _Server(wsgi.Server):
    """The server, without cheroot's own lines on stderr."""

    failed: Callable[[str], object]

    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002  # cheroot's signature
        """Say nothing of callers that go away; hand on what broke here."""
        if traceback:
            self.failed(msg)
