"""A service that wants a token: base address, sign-in, business time.

A 401 is answered once with a new token: it says that nothing was executed, so any call may be
sent again. A second 401 is handed on, for the client to name what is wrong.
An outage is told by reads, which were repeated before; a write that failed proves none.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

from connector.errors import NotSent
from connector.http import PASSING, Call, Http, Reply
from connector.outage import Outage
from sync.remote import Unavailable

UNAUTHORIZED = 401


class TokenSource(Protocol):
    """Where access tokens come from."""

    def token(self) -> str:
        """Return a valid token. Raise SignInFailed, Unavailable."""
        ...

    def forget(self) -> None:
        """Drop what is remembered: a service refused it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a service lives, and what each of its calls carries."""

    base: str
    """Without a slash at the end; paths are appended."""
    name: str
    """How it is called in messages; its calls wait together when it is throttled."""
    headers: Mapping[str, str] = field(default_factory=dict)
    correlation_headers: tuple[str, ...] = ()
    per_minute: int | None = None
    """How many calls it takes in a minute; None: its answers tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A call relative to a service; `safe` ones may be repeated."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = field(default=None, repr=False)
    safe: bool = False


class Service:
    """Sends requests in our name."""

    def __init__(self, http: Http, tokens: TokenSource, address: Address) -> None:
        self._http = http
        self._tokens = tokens
        self._address = address
        self._lock = threading.Lock()
        self._outage = Outage(address.name)
        self._last_date: datetime | None = None
        if address.per_minute is not None:
            http.limit(address.name, address.per_minute)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Reply:
        """Read, and repeat after a passing trouble."""
        return self.send(Request(method="GET", path=path, headers=headers or {}, safe=True))

    def send(self, request: Request) -> Reply:
        """Return the answer, whatever its status.

        Raises SignInFailed and Unavailable; for a request that is not safe, NoAnswer means that
        it may have been executed and every other error that it was not.
        """
        try:
            reply = self._answered(request)
        except Unavailable as error:
            if request.safe or isinstance(error, NotSent):
                self._outage.failed(str(error))
            raise
        if reply.status not in PASSING:
            self._outage.answered()
        elif request.safe:
            self._outage.failed(f"HTTP {reply.status}")
        return reply

    def heed(self, parts: Iterable[Reply]) -> None:
        """Slow down when an answer inside a batch asks for it, as for a plain one."""
        for part in parts:
            self._http.heed(self._address.name, part)

    def last_date(self) -> datetime | None:
        """Return the `Date` of the last answer; None before the first."""
        return self._last_date

    def owns(self, url: str) -> bool:
        """Tell whether an absolute link leads to this service; a token goes nowhere else."""
        ours, theirs = urlsplit(self._address.base), urlsplit(url)
        return (ours.scheme, ours.netloc.lower()) == (theirs.scheme, theirs.netloc.lower())

    def _answered(self, request: Request) -> Reply:
        token = self._tokens.token()
        reply = self._dispatch(request, token)
        if reply.status == UNAUTHORIZED:
            reply = self._dispatch(request, self._renewed(token))
        self._last_date = reply.date() or self._last_date
        return reply

    def _dispatch(self, request: Request, token: str) -> Reply:
        absolute = request.path.startswith(("https://", "http://"))
        call = Call(
            method=request.method,
            url=request.path if absolute else f"{self._address.base}/{request.path}",
            headers={
                **self._address.headers,
                **request.headers,
                "Authorization": f"Bearer {token}",
            },
            body=request.body,
            lane=self._address.name,
            correlation_headers=self._address.correlation_headers,
        )
        return self._http.safely(call) if request.safe else self._http.once(call)

    def _renewed(self, refused: str) -> str:
        with self._lock:
            if self._tokens.token() == refused:  # another thread may have renewed it already
                self._tokens.forget()
            return self._tokens.token()
