"""What a person may write into an address or a form, read strictly."""

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import TypeVar
from uuid import UUID

from flask import abort, request

E = TypeVar("E", bound=StrEnum)
LONGEST = 200


def text(name: str) -> str:
    """Return a short text of the address, without what does not print."""
    given = request.args.get(name, "").strip()
    if len(given) > LONGEST or not given.isprintable():
        abort(HTTPStatus.BAD_REQUEST, f"{name} is too long, or holds what does not print.")
    return given


def sent(name: str) -> str:
    """Return a short text of the form."""
    given = request.form.get(name, "").strip()
    if len(given) > LONGEST or not given.isprintable():
        abort(HTTPStatus.BAD_REQUEST, f"{name} is too long, or holds what does not print.")
    return given


def number(name: str) -> int | None:
    """Return a whole number of the address, if one is given."""
    given = text(name)
    if not given:
        return None
    if not given.isascii() or not given.isdigit() or len(given) > 18:  # noqa: PLR2004  # fits 64 bits
        abort(HTTPStatus.BAD_REQUEST, f"{name} is no number.")
    return int(given)


def choice(name: str, kind: type[E]) -> E | None:
    """Return one of a closed set, if one is given."""
    given = text(name)
    try:
        return kind(given) if given else None
    except ValueError:
        abort(HTTPStatus.BAD_REQUEST, f"{name} is not known.")


def day(name: str) -> date | None:
    """Return a day of the address, if one is given."""
    given = text(name)
    try:
        return date.fromisoformat(given) if given else None
    except ValueError:
        abort(HTTPStatus.BAD_REQUEST, f"{name} is no date; write it as 2025-06-30.")


def begins(day: date | None) -> datetime | None:
    """Return the instant at which a day begins, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) if day else None


def ends(day: date | None) -> datetime | None:
    """Return the first instant after a day, in UTC."""
    begin = begins(day)
    return begin + timedelta(days=1) if begin else None


def row_id(given: UUID) -> str:
    """Return an id as the state holds it."""
    return str(given)
