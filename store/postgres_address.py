"""Where a state in PostgreSQL is: an address without a password, a schema, the length of a lease.

`postgresql://user@host:port/database?schema=seatkeeper&lease_seconds=15`: `schema` and
`lease_seconds` are ours, other parameters are libpq's.
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

SCHEMES = ("postgresql", "postgres")
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,39}")
_DEFAULT_SCHEMA = "seatkeeper"
_LEASE_SECONDS = 15.0
_LEAST_SECONDS = 1.0
_MOST_SECONDS = 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresAddress:
    """Where the state is."""

    address: str
    """For libpq; no password is in it."""
    schema: str = _DEFAULT_SCHEMA
    lease_seconds: float = _LEASE_SECONDS

    def __str__(self) -> str:
        parts = urlsplit(self.address)
        host = dict(parse_qsl(parts.query)).get("host", "this machine")
        place = parts.netloc.rpartition("@")[2] or host
        return f"database {parts.path.strip('/')} at {place}, schema {self.schema}"


def is_postgres(text: str) -> bool:
    """Tell whether an address is one of PostgreSQL's."""
    return text.startswith(tuple(f"{scheme}:" for scheme in SCHEMES))


def read_address(text: str) -> PostgresAddress:
    """Read what `state` says; raise ValueError that tells what to correct."""
    parts = urlsplit(text)
    if parts.scheme not in SCHEMES:
        raise ValueError("an address that begins with postgresql:// is needed")
    given = parse_qsl(parts.query, keep_blank_values=True)
    if parts.password is not None or any(name == "password" for name, _ in given):
        raise ValueError(
            "no password may stand in the address; write it under state_password (a reference to"
            " where it is kept), or in the file that PGPASSFILE names"
        )
    if not parts.path.strip("/"):
        raise ValueError("the name of the database is missing: postgresql://user@host/database")
    ours = {name: value for name, value in given if name in {"schema", "lease_seconds"}}
    theirs = [(name, value) for name, value in given if name not in ours]
    return PostgresAddress(
        address=urlunsplit(parts._replace(query=urlencode(theirs))),
        schema=_schema(ours.get("schema", _DEFAULT_SCHEMA)),
        lease_seconds=_seconds(ours.get("lease_seconds", str(_LEASE_SECONDS))),
    )


def _schema(name: str) -> str:
    if not _SCHEMA.fullmatch(name) or name.startswith("pg_"):
        raise ValueError(
            f"{name!r} cannot be the schema: small letters, digits and _ are allowed, at most 40,"
            " not pg_ at the beginning"
        )
    return name


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not _LEAST_SECONDS <= seconds <= _MOST_SECONDS:
        raise ValueError("lease_seconds must be a number from 1 to 3600")
    return seconds
