"""Who may come in: one-time links, sessions that end, and the token of every form.

Sessions live in memory: a restart signs everybody out. A link is kept as a hash in the local
state, so that only who may write the state can make one, and it opens once.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe

from console.desk import Person, Role
from sync.ports import Store, Tx

_LINKS = "console_links"
LINK_MINUTES = 10
_MOST_LINKS = 20
_MOST_SESSIONS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One signed-in browser. `form_token` proves that a form came from our own page."""

    person: Person
    form_token: str
    ends_at: datetime
    idle_at: datetime
    notices: tuple[tuple[str, str], ...] = ()
    """What to say on the next page: (`done` or `refused`, sentence)."""


@dataclass(slots=True, kw_only=True)
class Sessions:
    """The sessions of one console, by the hash of their cookie."""

    now: Callable[[], datetime]
    lasts: timedelta
    idle: timedelta
    _known: dict[str, Session] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, person: Person) -> str:
        """Sign a person in; return the value of the cookie."""
        cookie, now = token_urlsafe(32), self.now()
        session = Session(
            person=person,
            form_token=token_urlsafe(32),
            ends_at=now + self.lasts,
            idle_at=now + self.idle,
        )
        with self._lock:
            self._forget_ended(now)
            self._known[hashed(cookie)] = session
        return cookie

    def find(self, cookie: str, *, awake: bool = True) -> Session | None:
        """Return the session of a cookie while it lasts; being used by a person keeps it awake."""
        key, now = hashed(cookie), self.now()
        with self._lock:
            session = self._known.get(key)
            if session is None:
                return None
            if now >= min(session.ends_at, session.idle_at):
                del self._known[key]
                return None
            if awake:
                self._known[key] = replace(session, idle_at=now + self.idle, notices=())
            return session

    def tell(self, cookie: str, kind: str, sentence: str) -> None:
        """Have the next page of a session say something."""
        key = hashed(cookie)
        with self._lock:
            if (session := self._known.get(key)) is not None:
                notices = (*session.notices, (kind, sentence))
                self._known[key] = replace(session, notices=notices)

    def end(self, cookie: str) -> None:
        with self._lock:
            self._known.pop(hashed(cookie), None)

    def _forget_ended(self, now: datetime) -> None:
        ended = [key for key, one in self._known.items() if now >= min(one.ends_at, one.idle_at)]
        oldest = list(self._known)[: max(0, len(self._known) - _MOST_SESSIONS)]
        for key in {*ended, *oldest}:
            del self._known[key]


def hashed(secret: str) -> str:
    """Return what is kept in place of a secret."""
    return sha256(secret.encode()).hexdigest()


def make_link(store: Store, person: Person, now: datetime) -> str:
    """Make a one-time link for a person; return its secret part."""
    token = token_urlsafe(32)
    ends_at = (now + timedelta(minutes=LINK_MINUTES)).isoformat()
    link = {
        "hash": hashed(token),
        "name": person.name,
        "role": person.role.name,
        "ends_at": ends_at,
    }

    def tx_keep(tx: Tx) -> None:
        kept = [*_links(tx, now), link][-_MOST_LINKS:]
        tx.set_meta(_LINKS, json.dumps(kept))

    store.tx(tx_keep)
    return token


def open_link(store: Store, token: str, now: datetime) -> Person | None:
    """Use a one-time link up; return whom it was made for, None when it opens nothing."""
    wanted = hashed(token)

    def tx_open(tx: Tx) -> Person | None:
        links = _links(tx, now)
        found = next((one for one in links if one["hash"] == wanted), None)
        if found is None:
            return None
        tx.set_meta(_LINKS, json.dumps([one for one in links if one is not found]))
        return Person(name=found["name"], role=Role[found["role"]])

    return store.tx(tx_open)


def _links(tx: Tx, now: datetime) -> list[dict[str, str]]:
    links: list[dict[str, str]] = json.loads(tx.meta(_LINKS) or "[]")
    return [one for one in links if datetime.fromisoformat(one["ends_at"]) > now]
