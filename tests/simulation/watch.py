"""What is seen on the wire of a run, and cannot be seen in the sandbox's journal alone.

Was the intent stored before the call; was an unclear write looked for before it went again.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import requests

from sandbox.journal import EntryType
from sandbox.world import World
from store.sqlite import SqliteStore
from tests.durability.site import Wire

UNCLEAR = frozenset({500, 502, 504})
PATIENCE = 120.0
"""Seconds in which an unclear provider write may still show (rules.md 2.8)."""
_WRITTEN = re.compile(rb"(?:PATCH|POST|DELETE) [^\r\n]*?\(([0-9a-f-]{36})\)")
_READ = re.compile(rb"GET [^\r\n]*?\(([0-9a-f-]{36})\)")
_IN_PATH = re.compile(r"\(([0-9a-f-]{36})\)")


class Told:
    """A log that keeps what it is told, and prints nothing."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, object]]] = []

    def info(self, event: str, /, **facts: object) -> None:
        self.told.append((event, facts))

    warning = info

    @property
    def events(self) -> list[str]:
        return [event for event, _ in self.told]


@dataclass(slots=True, kw_only=True)
class Sent:
    """One request, while its answer is awaited."""

    targets: frozenset[str]
    body: bytes
    is_write: bool
    is_provider: bool = False
    mark: int = 0
    at: float = 0.0
    """Business time, by which the engine waits."""


@dataclass(slots=True, kw_only=True)
class Watch:
    """Everything noted during one run."""

    world: World
    log: Any = field(default_factory=Told)
    unintended: list[str] = field(default_factory=list)
    """Writes without an earlier intent in the store (I5)."""
    unseen: list[str] = field(default_factory=list)
    """Writes that went again though nobody looked for the first one (I2)."""
    tokens: set[str] = field(default_factory=set)
    writes: int = 0
    _unclear: list[Sent] = field(default_factory=list)
    _waited: list[Sent] = field(default_factory=list)
    """Unclear provider writes, which may still show."""

    def forget(self) -> None:
        """Forget what was unclear: the state was lost or put back, and nobody can know."""
        self._unclear.clear()
        self._waited.clear()

    def before(self, request: requests.PreparedRequest, store: SqliteStore) -> Sent:
        """Note a request that goes out now."""
        self.tokens.add(str(request.headers.get("Authorization", "")).removeprefix("Bearer "))
        sent = _sent(request)
        sent.mark, sent.at = self.world.journal.last, self.world.clock.now().timestamp()
        if sent.is_write:
            self.writes += 1
            self._check_intent(sent, store)
            self._check_seen(sent)
        return sent

    def _check_intent(self, sent: Sent, store: SqliteStore) -> None:
        sql = "SELECT target FROM operations WHERE state = 'sent'"
        stored = {row["target"].split("/")[-1] for row in store._connection.execute(sql)}
        if missing := sent.targets - stored:
            self.unintended.append(f"nothing stored says that {sorted(missing)} is written")

    def _check_seen(self, sent: Sent) -> None:
        for earlier in self._unclear:
            if earlier.targets & sent.targets:
                self.unseen.append(f"{sorted(sent.targets)} went again unseen")
        for earlier in self._waited:
            seconds = sent.at - earlier.at
            shows = earlier.targets & set(self.committed(earlier.mark))
            if earlier.targets & sent.targets and 0 <= seconds < PATIENCE and not shows:
                self.unseen.append(f"{sorted(sent.targets)} went again after {seconds:.0f} s")

    def ended(self, sent: Sent, status: int | None) -> None:
        """Note how a request ended; `status` None: nobody has got an answer."""
        if sent.is_write and (status is None or status in UNCLEAR):
            self._unclear.append(sent)
            self._waited += [sent] if sent.is_provider else []
        elif not sent.is_write and status is not None and status not in UNCLEAR:
            self._unclear = [one for one in self._unclear if not one.targets & sent.targets]

    def committed(self, mark: int) -> Iterator[str]:
        """Return the ids of rows that we changed after a mark of the journal."""
        for entry in self.world.journal.since(mark):
            if entry.type is EntryType.COMMIT and entry.client == self.world.client_id:
                yield str(entry.id)


def _sent(request: requests.PreparedRequest) -> Sent:
    body = request.body or b""
    body = body.encode() if isinstance(body, str) else bytes(body)
    if request.method == "POST":
        written = {found.decode() for found in _WRITTEN.findall(body)}
        read = {found.decode() for found in _READ.findall(body)}
        return Sent(targets=frozenset(written or read), body=body, is_write=bool(written))
    path = str(request.url).split("?", maxsplit=1)[0]
    named = _IN_PATH.findall(path) or [path.rsplit("/", 1)[-1]]
    return Sent(
        targets=frozenset(named),
        body=body,
        is_write=request.method != "GET",
        is_provider="/v1/customers/" in path,
    )


class WatchedWire(Wire):
    """The way to the sandbox, watched."""

    watch: Watch
    town: Any

    def send(self, request, **options):
        assert not self.is_closed, "a request inside a transaction (rules.md 2.2)"
        if "/oauth2/" in request.url or "/.well-known/" in request.url:
            return self._sandbox.send(request, **options)
        self.tally.point()
        self.before(request)
        self.sent.append(request)
        sent = self.watch.before(request, self.town.durable)
        status = None
        try:
            response = self._sandbox.send(request, **options)
            self.tally.point()
            status = response.status_code
        finally:
            self.watch.ended(sent, status)
        return response
