"""A small HTTP server for health and metrics, in threads of its own; on loopback by default."""

import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from cheroot import wsgi

from seatkeeper.health import HealthApp
from seatkeeper.listen_address import host_and_port

_THREADS = 3
_TIMEOUT_SECONDS = 5
_LONGEST_HEADER = 8192


class _Quiet(wsgi.Server):
    """The server, without cheroot's own lines on stderr."""

    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:  # noqa: FBT001, FBT002  # cheroot's signature
        """Say nothing: what callers do wrong is theirs."""


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
        self.thread.join(_TIMEOUT_SECONDS)


def listen(address: str, application: HealthApp) -> Listener:
    """Answer on HOST:PORT from now on. Raise OSError when the port is taken."""
    server = _Quiet(
        host_and_port(address),
        application,
        numthreads=_THREADS,
        max=_THREADS,
        timeout=_TIMEOUT_SECONDS,
        shutdown_timeout=_TIMEOUT_SECONDS,
    )
    server.max_request_header_size = _LONGEST_HEADER
    server.max_request_body_size = _LONGEST_HEADER
    server.prepare()
    thread = threading.Thread(target=server.serve, name="health", daemon=True)
    thread.start()
    return Listener(server=server, thread=thread)
