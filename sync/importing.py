"""`import`: make rows of licences that Dynamics does not have, on request (rules.md 1.1, 4.6).

Matched by ids only: the account by the customer's tenant id, the provider by its connection, the
licence by its id. What cannot be matched is refused with the remedy; the others go on. A row is
written like everything else: stored first, under an id that comes from the licence, and only when
it is not there. The next poll gives it its New log; nothing is sent to the provider, and nothing
before `bill_from` is ever charged.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from billing.money import MoneyError
from billing.periods import effective_date
from sync import ids
from sync.by_hand import RefusedByHandError, write_by_hand
from sync.comparing import compare_licence, licence_record
from sync.engine import Engine
from sync.feed import ListedLicence
from sync.importing_reads import Found, read_found
from sync.mapping import Record, Value
from sync.mapping_sides import to_crm
from sync.remote import CREATE_ONLY, Json, Licence, Write
from sync.sides import Baseline

_IMPORTED = {"active": "active", "suspended": "suspended"}
"""What may be imported, and as what; a licence that has ended gets no row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a person asks to be imported."""

    licences: tuple[str, ...] = ()
    """Ids; empty: every active licence without a row, of the customer if one is named."""
    customer: str = ""
    contract: str = ""
    bill_from: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A row that would be made, or why it is not."""

    licence: str
    customer: str
    name: str = ""
    seats: int = 0
    status: str = ""
    row: str = ""
    account: str = ""
    contract: str = ""
    provider: str = ""
    bill_from: date | None = None
    refused: str = ""
    """A sentence with the remedy; empty when it can be imported."""
    done: str = ""
    """`made`, or `stored` when it is sent later; empty in a plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Making:
    """A plan with what it takes to write it."""

    planned: Planned
    record: Record
    licence: Licence | None = None


def plan_import(engine: Engine, wanted: Wanted) -> list[Planned]:
    """Say what would be made; nothing is written."""
    return [one.planned for one in _makings(engine, wanted)]


def run_import(engine: Engine, wanted: Wanted) -> list[Planned]:
    """Make the rows; return what became of each."""
    return [_made(engine, one) for one in _makings(engine, wanted)]


def _makings(engine: Engine, wanted: Wanted) -> list[_Making]:
    found = read_found(engine, wanted.licences, wanted.customer)
    unknown = [_unknown(one) for one in wanted.licences if one.lower() not in found.licences]
    return [
        *(_making(engine, wanted, found, *one) for one in found.licences.items()),
        *unknown,
    ]


def _unknown(licence_id: str) -> _Making:
    told = (
        "Partner Center is not known to hold it. Have everything listed with `seatkeeper drift"
        " --sweep`, or name its customer with --customer."
    )
    return _Making(planned=Planned(licence=licence_id, customer="", refused=told), record={})


def _making(
    engine: Engine,
    wanted: Wanted,
    found: Found,
    licence_id: str,
    pair: tuple[ListedLicence, Licence],
) -> _Making:
    listed, licence = pair
    planned = Planned(
        licence=licence_id,
        customer=listed.customer_id,
        name=listed.name,
        seats=licence.quantity,
        status=licence.status,
        row=ids.imported_id(licence_id),
    )
    refused = next(_refusals(engine, wanted, found, planned, listed.connector), "")
    if refused:
        return _Making(planned=replace(planned, refused=refused), record={})
    account = found.accounts[planned.customer][0]
    contract = found.contract_for(account, wanted.contract)[0]
    zone = contract.time_zone
    planned = replace(
        planned,
        account=account,
        contract=contract.id,
        provider=found.providers[listed.connector][0],
        bill_from=wanted.bill_from or effective_date(engine.now(), zone),
    )
    return _Making(planned=planned, record=_record(engine, planned, licence), licence=licence)


def _refusals(
    engine: Engine, wanted: Wanted, found: Found, planned: Planned, connector: str
) -> Iterator[str]:
    """Yield why a licence cannot be imported, with the remedy."""
    if row := found.rows.get(planned.licence):
        yield (
            f"The subscription row {row} names it already. Activate that row, or take the licence"
            " id from it."
        )
    if planned.status not in _IMPORTED:
        yield f"It is {planned.status} at Partner Center; only an active or suspended one is taken."
    accounts = found.accounts.get(planned.customer, [])
    if not accounts:
        yield (
            f"No account has the customer tenant id {planned.customer}. Enter it on the customer's"
            " account (sk_customertenantid)."
        )
        return
    if len(accounts) > 1:
        yield (
            f"{len(accounts)} accounts have the customer tenant id {planned.customer}. Leave it on"
            " one."
        )
    providers = found.providers.get(connector, [])
    if len(providers) != 1:
        yield (
            f"{len(providers)} automatic providers name the connection {connector!r}; exactly one"
            " is needed. Correct the provider rows."
        )
        return
    if not engine.scope.covers((accounts[0], planned.customer), (providers[0], connector)):
        yield "Its account or provider is not in the scope of the configuration. Add it there."
    yield from _contract_refusals(found, accounts[0], wanted.contract)


def _contract_refusals(found: Found, account: str, named: str) -> Iterator[str]:
    contracts = found.contract_for(account, named)
    if named and not contracts:
        yield f"The account {account} has no billing contract {named}. Name one of its own."
    elif not contracts:
        yield f"The account {account} has no billing contract. Create one, and ask again."
    elif len(contracts) > 1:
        names = ", ".join(f"{one.id} ({one.name})" for one in contracts)
        yield (
            f"The account {account} has {len(contracts)} billing contracts. Name one with"
            f" --contract: {names}."
        )
    else:
        try:
            effective_date(found.now, contracts[0].time_zone)
        except MoneyError as error:
            yield f"{error}."


def _record(engine: Engine, planned: Planned, licence: Licence) -> Record:
    """Return the columns of the new row: what the mapping knows of the licence, and the links."""
    entity = engine.mappings.entity("subscription")
    there = licence_record(entity, licence, {})
    mapped = {name: to_crm(entity.fields[name], value) for name, value in there.items()}
    begun = licence.resource.get("effectiveStartDate") or licence.resource.get("creationDate")
    given: dict[str, Value] = {
        "name": planned.name,
        "customer": planned.account,
        "contract": planned.contract,
        "provider": planned.provider,
        "provider_subscription_id": planned.licence,
        "start_on": _day(begun) or planned.bill_from,
        "bill_from": planned.bill_from,
        "status": _IMPORTED[planned.status],
        "quantity": planned.seats,
    }
    return {name: value for name, value in {**mapped, **given}.items() if value is not None}


def _day(told: Json) -> date | None:
    try:
        return date.fromisoformat(str(told)[:10])
    except ValueError:
        return None


def _made(engine: Engine, making: _Making) -> Planned:
    """Write one row; what is refused meanwhile is told, and nothing stays parked for it."""
    planned = making.planned
    if planned.refused or making.licence is None:
        return planned
    entity = engine.mappings.entity("subscription")
    body = entity.new_body(making.record, engine.mappings.sets)
    write = Write(set=entity.set, id=planned.row, body=body, precondition=CREATE_ONLY)
    try:
        sent = write_by_hand(engine, planned.row, [("import", write)], planned.licence)
    except RefusedByHandError as error:
        engine.ports.store.tx(lambda tx: tx.unpark(planned.row))
        return replace(planned, refused=str(error))
    if sent:
        _adopt(engine, making, making.licence)
    return replace(planned, done="made" if sent else "stored")


def _adopt(engine: Engine, making: _Making, licence: Licence) -> None:
    """Remember what both sides hold now: the base of every later comparison."""
    entity = engine.mappings.entity("subscription")
    record = {**dict.fromkeys(entity.fields), **making.record}
    found = compare_licence(entity, record, licence, None, None)
    baseline = Baseline(
        subscription_id=making.planned.row,
        crm=found.crm,
        partner=found.partner,
        at=engine.now(),
    )
    engine.ports.store.tx(lambda tx: tx.put_baselines([baseline]))
