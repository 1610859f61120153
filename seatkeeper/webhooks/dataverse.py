"""Dataverse's webhook: the key that was registered, compared in constant time; then: poll.

The key comes as the registration says: a query parameter (`WebhookKey` sends `?code=`), or a
header. What the body tells is used for two things: whether the table is one that we poll, and
to know a call that came before.
"""

import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from seatkeeper.webhooks.calls import Call, Reason, RefusedError
from seatkeeper.webhooks.limits import Heard
from seatkeeper.webhooks.nudges import Nudges

LONGEST = 512 * 1024
"""Dataverse leaves the large parts out beyond 256 KB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataverseHook:
    """Takes the calls of Dataverse."""

    key: str = field(repr=False)
    header: str | None
    parameter: str
    tables: Callable[[], frozenset[str]]
    """The tables that are polled; a reload may change them."""
    nudges: Nudges
    heard: Heard = field(default_factory=Heard)
    longest: int = LONGEST

    def take(self, call: Call) -> bool:
        """Take a call in; tell whether it has an effect. Raises RefusedError."""
        if not hmac.compare_digest(self._given(call).encode(), self.key.encode()):
            raise RefusedError(Reason.FORGED)
        context = read_object(call.body)
        table = context.get("PrimaryEntityName")
        if not isinstance(table, str):
            raise RefusedError(Reason.MALFORMED)
        self.heard.once(call.body)
        if table not in self.tables():
            return False
        self.nudges.poll()
        return True

    def _given(self, call: Call) -> str:
        if self.header is not None:
            return call.headers.get(self.header.lower(), "")
        return call.query.get(self.parameter, "")


def read_object(body: bytes) -> dict[str, Any]:
    """Return a JSON object. Raise RefusedError for anything else."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise RefusedError(Reason.MALFORMED) from None
    if not isinstance(told, dict):
        raise RefusedError(Reason.MALFORMED)
    return told
