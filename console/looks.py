"""How values look on every page: instants, inclusive days, money, our own names as words."""

from datetime import UTC, date, datetime
from decimal import Decimal

from flask import Flask, g
from jinja2 import StrictUndefined
from markupsafe import Markup

from console.desk import Role
from console.guard import FIELD
from console.room import Room
from sync.state import FactState, Source

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
SOURCES = {
    Source.AUDIT: "audit history",
    Source.OBSERVED: "by comparing two reads",
    Source.NEW_ROW: "new row",
    Source.SCHEDULE: "its date was reached",
    Source.PROVIDER: "at the provider",
    Source.RENEWAL: "renewed at the provider",
}


def dress(app: Flask, room: Room) -> None:
    """Give every template what it needs; a name that is missing is an error."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    looks = Looks(room)
    app.jinja_env.filters.update(
        when=looks.when, age=looks.age, day=looks.day, money=looks.money, words=words
    )
    app.jinja_env.globals.update(days=looks.days, Role=Role, FactState=FactState, source=source)
    app.context_processor(lambda: _surroundings(room))


def _surroundings(room: Room) -> dict[str, object]:
    found = g.get("session")
    token = found.form_token if found else ""
    field = Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, token)
    return {
        "person": found.person if found else None,
        "notices": found.notices if found else (),
        "form_field": field,
        "mode": room.desk.facts().get("mode", ""),
    }


class Looks:
    """The filters that need the formats of the place, or the time."""

    def __init__(self, room: Room) -> None:
        self._desk = room.desk

    def when(self, at: datetime | None) -> Markup:
        """Write an instant in UTC, with the machine's form beside it."""
        if at is None:
            return Markup("")
        utc = at.astimezone(UTC)
        told = f"{self._desk.words.day(utc.date())} {utc:%H:%M}"
        stamp = utc.isoformat(timespec="seconds")
        return Markup('<time datetime="{}" title="{}">{}</time>').format(stamp, stamp, told)

    def age(self, at: datetime | None, now: datetime | None = None) -> str:
        """Say how long ago an instant was."""
        if at is None:
            return "never"
        seconds = max(0, int(((now or self._desk.now()) - at).total_seconds()))
        for unit, name in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
            if seconds >= unit:
                number = seconds // unit
                return f"{number} {name}{'s' if number > 1 else ''} ago"
        return "just now"

    def day(self, day: date | str | None) -> str:
        """Write a day; a text holds it as the trail and plans do."""
        if isinstance(day, str):
            day = date.fromisoformat(day)
        return self._desk.words.day(day)

    def days(self, first: date | None, last: date | None) -> str:
        return self._desk.words.days(first, last)

    def money(self, amount: Decimal | str | None, currency: str = "") -> str:
        """Write an amount; without a currency as a number."""
        if amount is None or amount == "":
            return ""
        value = Decimal(amount)
        return self._desk.words.money(value, currency) if currency else f"{value:+,.2f}"


def words(name: str) -> str:
    """Write one of our own names as words."""
    return name.replace("_", " ").replace("-", " ")


def source(kind: Source) -> str:
    """Say how a change was seen."""
    return SOURCES.get(kind, words(kind))
