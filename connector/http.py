"""One exchange with a host: sessions, time limits, waiting when told to, safe repeats.

Knows nothing of tokens or of what an answer means; `service.py` and the clients do.
`once` never repeats. `safely` repeats what may be repeated: reads, and token requests.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urlsplit

import requests
import structlog
import tenacity
import urllib3
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import get_environ_proxies

from connector.documents import read_exact, read_fast
from connector.lanes import Lanes
from connector.meter import Exchange, Meter, Unmetered
from connector.transport import failure_of
from sync.ports import Effects
from sync.remote import Json, Unavailable

PASSING = frozenset({408, 429, 500, 502, 503, 504})
"""Answers after which the same read may well succeed."""
PARALLELISM = "x-ms-dop-hint"
"""How many calls at once Dataverse recommends (Learn: send parallel requests)."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long to wait for what, in seconds."""

    connect_seconds: float = 10.0
    read_seconds: float = 60.0
    attempts: int = 4
    first_pause_seconds: float = 0.5
    total_pause_seconds: float = 60.0
    """All pauses of one call together; a host that asks for more is left to the caller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request. Headers and body may hold secrets and are never shown."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    lane: str = ""
    """Calls of one lane wait together when one of them is throttled; by default the host's."""
    correlation_headers: tuple[str, ...] = ()
    """Headers that carry a new correlation id with every attempt."""
    direct: bool = False
    """Past every proxy (a managed identity's link-local address)."""

    def place(self) -> str:
        """Return where it goes, without the query."""
        parts = urlsplit(self.url)
        return f"{self.method} {parts.hostname}{parts.path}"

    def queue(self) -> str:
        """Return the lane in which the call waits."""
        return self.lane or urlsplit(self.url).netloc


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer, whatever its status."""

    status: int
    headers: Mapping[str, str] = field(default_factory=CaseInsensitiveDict)
    content: bytes = field(default=b"", repr=False)
    correlation_id: str = ""

    def date(self) -> datetime | None:
        """Return the `Date` header as an aware instant."""
        return http_date(self.headers.get("Date", ""))

    def fast(self) -> Json:
        """Return the body, fractions as floats. Raise Unavailable when it is no JSON."""
        return self._read(read_fast)

    def exact(self) -> Json:
        """Return the body, fractions as Decimal. Raise Unavailable when it is no JSON."""
        return self._read(read_exact)

    def _read(self, reader: Callable[[bytes], Json]) -> Json:
        try:
            return reader(self.content)
        except ValueError as error:
            raise Unavailable(
                "the answer is not JSON; a proxy or a sign-in page may have answered instead",
                status=self.status,
                correlation_id=self.correlation_id,
            ) from error

    def retry_after_seconds(self) -> float | None:
        """Return how long to wait; a date is measured against the answer's own `Date`."""
        told = self.headers.get("Retry-After", "").strip()
        if told.isdigit():
            return float(told)
        until, answered = http_date(told), self.date()
        return max((until - answered).total_seconds(), 0.0) if until and answered else None


def http_date(value: str) -> datetime | None:
    """Parse an HTTP date; None when it is none."""
    try:
        instant = parsedate_to_datetime(value)
    except ValueError:
        return None
    return instant.replace(tzinfo=instant.tzinfo or UTC).astimezone(UTC)


class Http:
    """Sessions to all hosts of a run; one per thread, for requests promises no more."""

    def __init__(
        self,
        effects: Effects,
        ca_file: str | None = None,
        adapters: Mapping[str, BaseAdapter] | None = None,
        *,
        limits: Limits | None = None,
        meter: Meter | None = None,
    ) -> None:
        self._effects = effects
        self._meter = meter or Unmetered()
        self._ca_file = ca_file
        self._adapters = dict(adapters or {})
        self._limits = limits or Limits()
        self._local = threading.local()
        self._lanes = Lanes(effects, self._limits.total_pause_seconds)
        self._proxies: dict[str, dict[str, str]] = {}

    def once(self, call: Call) -> Reply:
        """Send once. Raise NotSent when nothing left the house, NoAnswer when it is unclear."""
        with self._lanes.passing(call.queue(), call.place()):
            correlation_id = self._effects.new_id()
            begun = self._effects.monotonic()
            try:
                reply = self._exchange(call, correlation_id)
            except requests.RequestException as error:
                self._count(call, None, begun)
                failure = failure_of(error, call.place(), correlation_id)
                log.debug("no answer", place=call.place(), why=failure.message, id=correlation_id)
                raise failure from None  # the original shows URLs and proxies with their passwords
            self._count(call, reply.status, begun)
            if reply.status >= 400:  # noqa: PLR2004  # an HTTP status is its own name
                log.debug("refused", place=call.place(), status=reply.status, id=correlation_id)
            self.heed(call.queue(), reply)
            return reply

    def safely(self, call: Call) -> Reply:
        """Send, and repeat after a passing trouble; return the last answer or raise."""
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(Unavailable)
            | tenacity.retry_if_result(lambda reply: reply.status in PASSING),
            wait=self._pause,
            stop=self._enough,
            sleep=self._effects.sleep,
            retry_error_callback=_last,
        )
        return retrying(self.once, call)

    def heed(self, queue: str, reply: Reply) -> None:
        """Slow the whole lane down when the answer asks for it."""
        hint = reply.headers.get(PARALLELISM, "")
        if hint.isdigit() and int(hint) > 0:
            self._lanes.narrow(queue, int(hint))
        seconds = reply.retry_after_seconds()
        if seconds and reply.status in PASSING:
            self._lanes.close(queue, seconds)
            self._meter.throttled(queue, seconds)

    def limit(self, queue: str, per_minute: int) -> None:
        """Send no more than so many calls of a lane in any minute; the others wait."""
        self._lanes.limit(queue, per_minute)

    def session(self) -> requests.Session:
        """Return this thread's session."""
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = self._new_session()
        return session

    def _count(self, call: Call, status: int | None, begun: float) -> None:
        exchange = Exchange(
            lane=call.queue(),
            method=call.method,
            path=urlsplit(call.url).path,
            status=status,
            seconds=self._effects.monotonic() - begun,
        )
        self._meter.exchanged(exchange)

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        # An exported REQUESTS_CA_BUNDLE would overrule `verify`; proxies are looked up by hand.
        session.trust_env = False
        session.verify = self._ca_file or True
        # Dataverse pins a client to one server by cookie; without it the load spreads.
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for prefix, adapter in self._adapters.items():
            session.mount(prefix, adapter)
        return session

    def _exchange(self, call: Call, correlation_id: str) -> Reply:
        headers = dict(call.headers) | dict.fromkeys(call.correlation_headers, correlation_id)
        with self.session().request(
            call.method,
            call.url,
            headers=headers,
            data=call.body,
            proxies={} if call.direct else self._proxies_to(call.url),
            timeout=(self._limits.connect_seconds, self._limits.read_seconds),
            allow_redirects=False,
            stream=True,
        ) as response:
            return Reply(
                status=response.status_code,
                headers=response.headers,
                content=_body(response),
                correlation_id=correlation_id,
            )

    def _proxies_to(self, url: str) -> dict[str, str]:
        """Return the proxies of the environment for a host; it is looked through once a host."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._proxies:
            self._proxies[origin] = get_environ_proxies(origin)
        return self._proxies[origin]

    def _pause(self, state: tenacity.RetryCallState) -> float:
        told = _told(state)
        steps = 2.0 ** (state.attempt_number - 1)
        own = self._limits.first_pause_seconds * steps * (0.5 + self._effects.random() / 2)
        return own if told is None else told

    def _enough(self, state: tenacity.RetryCallState) -> bool:
        paused = state.idle_for + state.upcoming_sleep
        return (
            state.attempt_number >= self._limits.attempts
            or paused > self._limits.total_pause_seconds
        )


def _body(response: requests.Response) -> bytes:
    """Read the body in one piece: pieces of any size cost a page of 3 MB half as much again.

    Whatever breaks here, the request was received: never an error that says it was not sent.
    """
    try:
        content: bytes = response.raw.read(decode_content=True)
    except urllib3.exceptions.HTTPError as error:
        raise requests.exceptions.ChunkedEncodingError(error) from error
    return content


def _told(state: tenacity.RetryCallState) -> float | None:
    outcome = state.outcome
    if outcome is None:
        return None
    if not outcome.failed:
        reply: Reply = outcome.result()
        return reply.retry_after_seconds()
    error = outcome.exception()
    return error.retry_after_seconds if isinstance(error, Unavailable) else None


def _last(state: tenacity.RetryCallState) -> Reply:
    outcome = state.outcome
    if outcome is None:
        raise RuntimeError("tenacity gave up before the first attempt")
    reply: Reply = outcome.result()
    return reply
