"""Money columns: the currency of a row, its rate, and amounts in the organisation's currency.

Fact sheet section 4: `<column>_base` = column / exchangerate; an omitted currency is the base one.
"""

from decimal import Decimal

from sandbox.dataverse.audit import Values
from sandbox.dataverse.columns import Column, Kind, Table
from sandbox.dataverse.database import Database
from sandbox.dataverse.values import four_places

CURRENCY = "_transactioncurrencyid_value"
BASE = "USD"


def with_base_money(database: Database, table: Table, values: Values) -> Values:
    """Return the values of a row with currency, rate and base amounts; other tables pass by."""
    money = [c for c in table.columns if c.kind is Kind.MONEY and c.writable]
    if not money:
        return values
    currencies = database.tables["transactioncurrency"]
    at = currencies.table.position
    known = {row[0]: row for row in currencies.all()}
    base = next((key for key, row in known.items() if row[at["isocurrencycode"]] == BASE), None)
    currency = values.get(CURRENCY) or base
    row = known.get(currency)
    rate = Decimal(1) if row is None else Decimal(str(row[at["exchangerate"]] or 1))
    bases = {f"{column.name}_base": _converted(values, column, rate) for column in money}
    return {**values, CURRENCY: currency, "exchangerate": four_places(rate), **bases}


def _converted(values: Values, column: Column, rate: Decimal) -> Decimal | None:
    amount = values.get(column.name)
    return None if amount is None else four_places(Decimal(str(amount)) / rate)
