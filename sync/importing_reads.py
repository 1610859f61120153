"""What an import has to know: licences listed now, and the rows that they may be matched with."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sync import model
from sync.context import ETAG
from sync.engine import Engine
from sync.feed import ListedLicence
from sync.mapping import Entity, MalformedRowError
from sync.model import Contract
from sync.ports import Tx
from sync.provider_rows import read_providers
from sync.remote import Condition, Licence, Read, Row
from sync.sweep import as_listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was read for an import; rows by the ids that licences name them with."""

    now: datetime
    licences: Mapping[str, tuple[ListedLicence, Licence]]
    rows: Mapping[str, str]
    """Subscription rows by the licence that they name."""
    accounts: Mapping[str, list[str]]
    """Account rows by customer tenant id."""
    contracts: Mapping[str, list[Contract]]
    """Contracts by account row."""
    providers: Mapping[str, list[str]]
    """Automatic provider rows by connection."""

    def contract_for(self, account: str, named: str) -> list[Contract]:
        """Return the contracts that a row of an account may go on."""
        mine = self.contracts.get(account, [])
        return [one for one in mine if not named or one.id == named.lower()]


def read_found(engine: Engine, licences: Sequence[str], customer: str) -> Found:
    """List the customers concerned, and read their rows: two requests, and one for each."""
    wanted = frozenset(one.lower() for one in licences)
    targets = engine.ports.store.tx(lambda tx: _targets(tx, engine, wanted, customer.lower()))
    listed = dict(_listed(engine, targets, wanted))
    tenants = sorted({one.customer_id for one, _ in listed.values()})
    rows, accounts = _matches(engine, sorted(listed), tenants)
    if not wanted:
        listed = {key: one for key, one in listed.items() if key not in rows and _lives(one[1])}
    connections: dict[str, list[str]] = {}
    for row, connection in read_providers(engine).items():
        connections.setdefault(connection, []).append(row)
    return Found(
        now=engine.now(),
        licences=listed,
        rows=rows,
        accounts=accounts,
        contracts=_contracts(engine, sorted({one for many in accounts.values() for one in many})),
        providers=connections,
    )


def _lives(licence: Licence) -> bool:
    return licence.status == "active"


def _targets(
    tx: Tx, engine: Engine, wanted: frozenset[str], customer: str
) -> list[tuple[str, str]]:
    """Return the connections and customers whose licences are to be listed."""
    if customer:
        return [(connector, customer) for connector in engine.ports.feeds]
    if wanted:
        known = list(tx.listed(wanted).values())
    else:
        known = [one.licence for one in tx.unmatched(()) if one.licence and one.link is None]
    return sorted({(one.connector, one.customer_id) for one in known})


def _listed(
    engine: Engine, targets: Sequence[tuple[str, str]], wanted: frozenset[str]
) -> Iterator[tuple[str, tuple[ListedLicence, Licence]]]:
    for connector, customer in targets:
        feed = engine.ports.feeds.get(connector)
        for licence_id, licence in feed.licences(customer) if feed else ():
            if not wanted or licence_id in wanted:
                shown = as_listed(connector, customer, engine.now(), licence_id, licence)
                yield licence_id, (shown, licence)


def _matches(
    engine: Engine, licences: Sequence[str], tenants: Sequence[str]
) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Read the rows that name the licences, and the accounts of the customers, in one batch."""
    subscriptions = engine.mappings.entity("subscription")
    customers = engine.mappings.entity("customer")
    named, tenant = subscriptions.column("provider_subscription_id"), customers.column("tenant_id")
    reads = [_by_value(subscriptions, named, one) for one in licences]
    reads += [_by_value(customers, tenant, one) for one in tenants]
    answers = engine.ports.crm.read(reads) if reads else ()
    rows = {
        licence: subscriptions.row_id(row)
        for licence, answer in zip(licences, answers, strict=False)
        for row in answer.rows
    }
    accounts = {
        one: [customers.row_id(row) for row in answer.rows]
        for one, answer in zip(tenants, answers[len(licences) :], strict=True)
    }
    return rows, accounts


def _by_value(entity: Entity, column: str, value: str) -> Read:
    return Read(
        set=entity.set,
        columns=(entity.id_column,),
        where=(Condition(column=column, value=value),),
    )


def _contracts(engine: Engine, accounts: Sequence[str]) -> dict[str, list[Contract]]:
    entity = engine.mappings.entity("contract")
    column = entity.column("customer")
    reads = [
        Read(
            set=entity.set,
            columns=entity.columns(),
            where=(Condition(column=column, value=one, guid=True),),
        )
        for one in accounts
    ]
    answers = engine.ports.crm.read(reads) if reads else ()
    return {
        one: [made for row in answer.rows if (made := _contract(entity, row))]
        for one, answer in zip(accounts, answers, strict=True)
    }


def _contract(entity: Entity, row: Row) -> Contract | None:
    try:
        return model.contract(entity.row_id(row), str(row.get(ETAG, "")), entity.record(row))
    except MalformedRowError:
        return None  # it is no contract that anything could go on
