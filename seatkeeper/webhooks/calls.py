"""A call as it came in, and why one is refused. No reason tells the caller anything new."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from urllib.parse import parse_qs


class Reason(Enum):
    """Why a call is refused: the word of the metric, and the status of the answer."""

    UNKNOWN = "unknown", "404 Not Found"
    METHOD = "method", "405 Method Not Allowed"
    OVERSIZED = "oversized", "413 Content Too Large"
    MALFORMED = "malformed", "400 Bad Request"
    FORGED = "forged", "401 Unauthorized"
    REPLAYED = "replayed", "409 Conflict"
    LIMITED = "limited", "429 Too Many Requests"

    @property
    def word(self) -> str:
        return self.value[0]

    @property
    def status(self) -> str:
        return self.value[1]


class RefusedError(Exception):
    """A call has no effect."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.word)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What came in. Headers, query and body may hold keys and are never shown."""

    headers: Mapping[str, str] = field(repr=False)
    """By lower-case name."""
    query: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


def read_call(environ: Mapping[str, Any], longest: int) -> Call:
    """Read a call. Raise RefusedError for one that is too long, or does not say how long it is."""
    told = environ.get("CONTENT_LENGTH") or ""
    if not told.isdecimal():
        raise RefusedError(Reason.MALFORMED)
    if int(told) > longest:
        raise RefusedError(Reason.OVERSIZED)
    body = environ["wsgi.input"].read(int(told))
    if len(body) != int(told):
        raise RefusedError(Reason.MALFORMED)
    asked = parse_qs(environ.get("QUERY_STRING", ""), max_num_fields=20)
    return Call(
        headers={
            name.removeprefix("HTTP_").replace("_", "-").lower(): value
            for name, value in environ.items()
            if name.startswith("HTTP_")
        },
        query={name: values[0] for name, values in asked.items()},
        body=body,
    )
