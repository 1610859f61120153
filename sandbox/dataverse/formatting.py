"""Values as a person reads them: labels, names, grouped digits, money, American dates.

Fact sheet section 4: formatted values are those of the caller, dates in the caller's time zone.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from sandbox.dataverse.columns import CODED, Column, Kind, Row, Scalar, Table
from sandbox.dataverse.database import Database
from sandbox.dataverse.money import BASE, CURRENCY


def formatted(database: Database, table: Table, column: Column, row: Row) -> str:
    """Return the value of a column as the service formats it; it is not null."""
    value = row[table.position[column.wire]]
    if column.kind is Kind.MONEY:
        at = None if column.name.endswith("_base") else table.position.get(CURRENCY)
        return _money(database, Decimal(str(value)), None if at is None else row[at])
    if column.kind in CODED:
        option = column.option(value)
        return "" if option is None else option.label
    return FORMATS.get(column.kind, _plain)(database, column, value)


def _name(database: Database, column: Column, value: Scalar) -> str:
    rows = database.tables[column.target]
    target = rows.get(str(value))
    return "" if target is None else str(target[rows.table.position[rows.table.primary_name]])


def _labels(_database: Database, column: Column, value: Scalar) -> str:
    labels = (column.option(int(part)) for part in str(value).split(","))
    return "; ".join(option.label for option in labels if option is not None)


def _plain(_database: Database, _column: Column, value: Scalar) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return f"{value:,.2f}" if isinstance(value, Decimal) else f"{value:,}"


def _money(database: Database, amount: Decimal, currency: Scalar) -> str:
    """Return an amount with the sign and the digits of its currency, else of the base one."""
    currencies = database.tables["transactioncurrency"]
    at = currencies.table.position
    base = (row for row in currencies.all() if row[at["isocurrencycode"]] == BASE)
    row = currencies.get(str(currency)) or next(base)
    digits = int(row[at["currencyprecision"]] or 0)
    sign = "-" if amount < 0 else ""
    return f"{sign}{row[at['currencysymbol']]}{abs(amount):,.{digits}f}"


def _date(_database: Database, _column: Column, value: Scalar) -> str:
    year, month, day = (int(part) for part in str(value)[:10].split("-"))
    return f"{month}/{day}/{year}"


def _instant(database: Database, column: Column, value: Scalar) -> str:
    """Return an instant in the zone of the caller; independent ones are never converted."""
    behaviour = (column.facts.get("DateTimeBehavior") or {}).get("Value")
    moment = datetime.fromisoformat(str(value))
    if behaviour != "TimeZoneIndependent":
        moment = moment.astimezone(ZoneInfo(database.world.settings.caller_time_zone))
    half = "AM" if moment.hour < 12 else "PM"  # noqa: PLR2004 - noon
    date = _date(database, column, moment.isoformat())
    return f"{date} {(moment.hour - 1) % 12 + 1}:{moment:%M} {half}"


FORMATS: dict[Kind, Callable[[Database, Column, Scalar], str]] = {
    Kind.LOOKUP: _name,
    Kind.CHOICES: _labels,
    Kind.DATE: _date,
    Kind.DATETIME: _instant,
}
