"""A requests adapter that calls the WSGI application without a socket.

Faults behave as over the network, except that nothing waits: a delay longer than the read timeout
raises ReadTimeout at once, after the request was executed.
"""

import io
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse

from sandbox.app import HELD_BY_CALLER, App, ConnectionDropped

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Timeout = float | tuple[float | None, float | None] | None


class InProcessAdapter(HTTPAdapter):
    """Mount it in a session: `session.mount("https://", InProcessAdapter(app))`."""

    def __init__(self, app: App) -> None:
        super().__init__()
        self._app = app

    def send(  # type: ignore[override] # the base class names the arguments that we gather
        self, request: requests.PreparedRequest, timeout: Timeout = None, **_: object
    ) -> requests.Response:
        """Answer a request. Raises ConnectionError and ReadTimeout of requests."""
        delays: list[float] = []
        environ = _environ(request)
        environ[HELD_BY_CALLER] = delays.append
        try:
            answer = _call(self._app, environ)
        except ConnectionDropped as error:
            raise requests.exceptions.ConnectionError(error, request=request) from error
        if exceeded(sum(delays), timeout):
            raise requests.exceptions.ReadTimeout("held longer than the timeout", request=request)
        return self.build_response(request, answer)


def exceeded(delay_seconds: float, timeout: Timeout) -> bool:
    """Say whether a delay is longer than the read timeout."""
    read = timeout[1] if isinstance(timeout, tuple) else timeout
    return read is not None and delay_seconds > read


def _environ(request: requests.PreparedRequest) -> "WSGIEnvironment":
    parts = urlsplit(request.url or "")
    body = _body(request)
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": _path(parts.path),
        "QUERY_STRING": parts.query,
        "REQUEST_URI": f"{parts.path}?{parts.query}" if parts.query else parts.path,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": parts.hostname or "localhost",
        "SERVER_PORT": str(parts.port or 443),
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": parts.netloc,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": parts.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    environ |= _headers(request.headers)
    environ["CONTENT_LENGTH"] = str(len(body))
    return environ


def _path(quoted: str) -> str:
    """Unquote as cheroot does: an encoded slash stays encoded."""
    parts = re.split("%2[fF]", quoted)
    return "%2F".join(unquote_to_bytes(part).decode("latin-1") for part in parts)


def _headers(headers: Mapping[str, str | bytes]) -> dict[str, str]:
    named = {}
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        named[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = text
    return named


def _body(request: requests.PreparedRequest) -> bytes:
    body: Any = request.body
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, bytes):
        return body
    read = getattr(body, "read", None)
    return read() if read else b"".join(body)


def _call(app: App, environ: "WSGIEnvironment") -> HTTPResponse:
    status, headers = "", HTTPHeaderDict()

    def start_response(
        line: str, fields: Iterable[tuple[str, str]], *_: object
    ) -> Callable[[bytes], object]:
        nonlocal status
        status = line
        for name, value in fields:
            headers.add(name, value)
        return io.BytesIO().write

    parts = app(environ, start_response)
    body = b"".join(parts)
    close = getattr(parts, "close", None)
    if close:
        close()
    code, _, reason = status.partition(" ")
    return HTTPResponse(
        io.BytesIO(body), headers, status=int(code), reason=reason, preload_content=False
    )
