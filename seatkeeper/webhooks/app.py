"""The WSGI application of the listener: refuse, count, or hand on."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from seatkeeper.webhooks.calls import Call, Reason, RefusedError, read_call
from seatkeeper.webhooks.limits import Limiter

_OK = "200 OK"
_NOBODY = "nobody"

log = structlog.get_logger()

Count = Callable[[str, str], None]
"""Counts a call by service and outcome."""


class Hook(Protocol):
    """What takes the calls of one service."""

    @property
    def longest(self) -> int:
        """Return how many bytes a body may have."""
        ...

    def take(self, call: Call) -> bool:
        """Take a call in; tell whether it has an effect. Raises RefusedError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookApp:
    """Answers calls; what goes wrong in one is told to nobody but the log."""

    hooks: Mapping[str, tuple[str, Hook]]
    """By path: the service's name for the metric, and who takes its calls."""
    limiter: Limiter
    count: Count

    def __call__(
        self, environ: Mapping[str, Any], start_response: Callable[..., object]
    ) -> Iterable[bytes]:
        status = self._answer(environ)
        headers = [("Content-Length", "0"), ("Cache-Control", "no-store")]
        if status != _OK:
            headers.append(("Connection", "close"))  # a body that was not read is not waited for
        start_response(status, headers)
        return []

    def _answer(self, environ: Mapping[str, Any]) -> str:
        address = str(environ.get("REMOTE_ADDR", ""))
        service, hook = self.hooks.get(str(environ.get("PATH_INFO", "")), (_NOBODY, None))
        try:
            outcome = self._taken(environ, address, hook)
        except RefusedError as error:
            if error.reason is not Reason.LIMITED:
                self.limiter.blame(address)
            self.count(service, error.reason.word)
            return error.reason.status
        self.count(service, outcome)
        return _OK

    def _taken(self, environ: Mapping[str, Any], address: str, hook: Hook | None) -> str:
        self.limiter.admit(address)
        if hook is None:
            raise RefusedError(Reason.UNKNOWN)
        if environ.get("REQUEST_METHOD") != "POST":
            raise RefusedError(Reason.METHOD)
        try:
            call = read_call(environ, hook.longest)
            return "taken" if hook.take(call) else "ignored"
        except RefusedError:
            raise
        except Exception as error:  # noqa: BLE001  # nothing that a caller sends breaks a thread
            log.warning("webhook failed", error=type(error).__name__)
            raise RefusedError(Reason.MALFORMED) from None
