"""Service protection: how much one user may ask of one web server (fact sheet section 6).

Requests and execution time count over a sliding window of 300 seconds, concurrent requests at
once. A client that goes on before the time it was told is refused for longer.
"""

import math
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Protocol

from sandbox.dataverse.errors import Refused

WINDOW = timedelta(seconds=300)
REQUESTS, MILLISECONDS, CONCURRENT = 6000, 1_200_000, 52
LONGEST = 300
SHORTEST = 1

Key = tuple[str, int]


class Settings(Protocol):
    """The switches of the limits."""

    @property
    def service_protection(self) -> bool: ...
    @property
    def dataverse_per_5_minutes(self) -> int: ...
    @property
    def dataverse_execution_ms(self) -> int: ...
    @property
    def dataverse_concurrent(self) -> int: ...
    @property
    def dop_hint(self) -> int: ...
    @property
    def web_servers(self) -> int: ...
    @property
    def affinity_cookie(self) -> str: ...


@dataclass(slots=True, kw_only=True)
class Use:
    """What one user has asked of one server."""

    taken: deque[datetime] = field(default_factory=deque)
    spent: deque[tuple[datetime, float]] = field(default_factory=deque)
    running: int = 0
    pushed: int = 0
    blocked_until: datetime | None = None

    def forget_before(self, start: datetime) -> None:
        while self.taken and self.taken[0] <= start:
            self.taken.popleft()
        while self.spent and self.spent[0][0] <= start:
            self.spent.popleft()

    @property
    def milliseconds(self) -> float:
        return sum(spent for _, spent in self.spent)


@dataclass(slots=True, kw_only=True)
class Throttled:
    """A refusal, and after how many seconds the client may ask again."""

    refused: Refused
    seconds: int


@dataclass(slots=True, kw_only=True)
class Visit:
    """One request on its server; `throttled` says why it is not executed."""

    key: Key
    pinned: bool
    throttled: Throttled | None = None


class Protection:
    """Counts what every user asks of every server; safe to use from many threads."""

    def __init__(self, settings: Callable[[], Settings], now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._now = now
        self._lock = Lock()
        self._uses: defaultdict[Key, Use] = defaultdict(Use)
        self._next_server = 0

    def enter(self, user_id: str, cookies: Mapping[str, str]) -> Visit:
        """Count a request on the server that its cookie names, or refuse it."""
        with self._lock:
            server, pinned = self._server(cookies)
            visit = Visit(key=(user_id, server), pinned=pinned)
            use, now = self._use(visit.key), self._now()
            visit.throttled = self._refusal(use, now)
            if visit.throttled is None:
                use.taken.append(now)
                use.running += 1
                use.pushed = 0
            return visit

    def leave(self, visit: Visit, milliseconds: float) -> None:
        """Count the time that a request took."""
        if visit.throttled is not None:
            return
        with self._lock:
            use = self._uses[visit.key]
            use.running -= 1
            use.spent.append((self._now(), milliseconds))

    def headers(self, visit: Visit) -> dict[str, str]:
        """Return what an answer tells of the limits, and the cookie that pins the client."""
        settings = self._settings()
        with self._lock:
            use = self._use(visit.key)
            requests = (settings.dataverse_per_5_minutes or REQUESTS) - len(use.taken)
            left = (settings.dataverse_execution_ms or MILLISECONDS) - use.milliseconds
        headers = {
            "x-ms-ratelimit-burst-remaining-xrm-requests": str(max(0, requests)),
            "x-ms-ratelimit-time-remaining-xrm-requests": f"{max(0.0, left) / 1000:,.2f}",
        }
        if settings.dop_hint:
            headers["x-ms-dop-hint"] = str(settings.dop_hint)
        if not visit.pinned:
            value = f"{settings.affinity_cookie}=server-{visit.key[1]}"
            headers["Set-Cookie"] = f"{value}; Path=/; Secure; HttpOnly; SameSite=None"
        if visit.throttled is not None:
            headers["Retry-After"] = str(visit.throttled.seconds)
        return headers

    def _server(self, cookies: Mapping[str, str]) -> tuple[int, bool]:
        """Return the server of a request: by its cookie, else the next one in turn."""
        settings = self._settings()
        servers = max(1, settings.web_servers)
        named = cookies.get(settings.affinity_cookie, "").removeprefix("server-")
        if named.isdigit() and int(named) < servers:
            return int(named), True
        self._next_server = (self._next_server + 1) % servers
        return self._next_server, False

    def _use(self, key: Key) -> Use:
        use = self._uses[key]
        use.forget_before(self._now() - WINDOW)
        return use

    def _refusal(self, use: Use, now: datetime) -> Throttled | None:
        found = self._exceeded(use, now)
        if found is None and (use.blocked_until is None or now >= use.blocked_until):
            use.blocked_until = None
            return None
        refused, seconds = found or (_requests(self._limits()[0]), 0.0)
        if use.blocked_until is not None and now < use.blocked_until:
            seconds = max(seconds, (use.blocked_until - now).total_seconds())
        told = min(LONGEST, max(SHORTEST, math.ceil(seconds)) + use.pushed)
        use.pushed += 1
        use.blocked_until = now + timedelta(seconds=told)
        return Throttled(refused=refused, seconds=told)

    def _exceeded(self, use: Use, now: datetime) -> tuple[Refused, float] | None:
        """Return the limit that is reached and when it frees again."""
        requests, milliseconds, concurrent = self._limits()
        if requests and len(use.taken) >= requests:
            return _requests(requests), (use.taken[0] + WINDOW - now).total_seconds()
        if milliseconds and use.milliseconds >= milliseconds:
            return _time(milliseconds), (use.spent[0][0] + WINDOW - now).total_seconds()
        if concurrent and use.running >= concurrent:
            return _concurrent(concurrent), 0.0
        return None

    def _limits(self) -> tuple[int, int, int]:
        """Return the limits in force; 0 is none."""
        settings = self._settings()
        real = settings.service_protection
        return (
            settings.dataverse_per_5_minutes or (REQUESTS if real else 0),
            settings.dataverse_execution_ms or (MILLISECONDS if real else 0),
            settings.dataverse_concurrent or (CONCURRENT if real else 0),
        )


def _requests(limit: int) -> Refused:
    text = f"Number of requests exceeded the limit of {limit} over time window of 300 seconds."
    return Refused(429, "0x80072322", text)


def _time(limit: int) -> Refused:
    text = (
        f"Combined execution time of incoming requests exceeded limit of {limit:,} milliseconds "
        "over time window of 300 seconds. Decrease number of concurrent requests or reduce the "
        "duration of requests and try again later."
    )
    return Refused(429, "0x80072321", text)


def _concurrent(limit: int) -> Refused:
    text = f"Number of concurrent requests exceeded the limit of {limit}."
    return Refused(429, "0x80072326", text)
