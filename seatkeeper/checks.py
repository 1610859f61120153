"""What `check` finds at the services: sign-in, rights, clock, tables, columns, auditing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from seatkeeper.bootstrap import Application
from seatkeeper.check_machine import clock_result
from seatkeeper.check_results import CheckResult, failed
from seatkeeper.check_rights import check_rights
from seatkeeper.plugins import Extensions
from sync.mapping import Entity, Field, Type
from sync.mapping_needs import WRITTEN
from sync.remote import LicenceRef, NotFound, Organisation, RemoteError, TableFact

_NOBODY = "00000000-0000-0000-0000-000000000000"
TRACKED = ("subscription", "change_log", "invoice")
"""The tables whose changes are followed."""
_TYPES = {
    Type.TEXT: {"String", "Memo"},
    Type.INTEGER: {"Integer", "BigInt", "Decimal"},
    Type.DECIMAL: {"Decimal", "Money", "Double"},
    Type.MONEY: {"Decimal", "Money"},
    Type.BOOLEAN: {"Boolean"},
    Type.DATE: {"DateTime"},
    Type.INSTANT: {"DateTime"},
    Type.CHOICE: {"Picklist"},
    Type.LOOKUP: {"Lookup", "Customer", "Owner"},
}


@dataclass(frozen=True, slots=True)
class Misfit:
    """Something that a table does not have as the mapping has it, and where the mapping says it."""

    path: tuple[str, ...]
    told: str


def check(application: Application) -> list[CheckResult]:
    """Look at both services; one failure hides no other."""
    return [
        *extension_results(application.extensions),
        *_dataverse(application),
        *_providers(application),
    ]


def extension_results(extensions: Extensions) -> Iterator[CheckResult]:
    """Say what other packages add, and what of it cannot be used."""
    for one in extensions.added:
        told = one.broken or one.told
        yield CheckResult(what=one.what, ok=not one.broken, told=f"{told} ({one.package})")


def _dataverse(application: Application) -> Iterator[CheckResult]:
    engine = application.engine
    names = [entity.table for entity in application.mappings.entities.values()]
    try:
        organisation = engine.ports.crm.organisation(names)
    except RemoteError as error:
        yield failed("Dataverse sign-in", error)
        return
    yield CheckResult(what="Dataverse sign-in", ok=True, told=f"organisation {organisation.id}")
    yield from _belongs(application, organisation)
    yield clock_result(engine.now(), datetime.now(UTC))  # noqa: TID251  # the clock itself is judged
    yield from _tables(application, organisation)


def _belongs(application: Application, organisation: Organisation) -> Iterator[CheckResult]:
    known = application.engine.ports.store.tx(lambda tx: tx.meta("organisation"))
    if known not in (None, organisation.id):
        told = f"belongs to organisation {known}; use another state for this one"
        yield CheckResult(what="state", ok=False, told=told)


def _tables(application: Application, organisation: Organisation) -> Iterator[CheckResult]:
    entities = application.mappings.entities
    names = [one.table for one in entities.values()]
    try:
        facts = application.engine.ports.crm.tables(names)
    except RemoteError as error:
        yield failed("definitions of tables", error)
        yield from check_rights(application, frozenset(names))
        return
    yield from check_rights(application, frozenset(facts))
    for entity in entities.values():
        yield from judge_table(entity, facts.get(entity.table))
    table = entities["subscription"].table
    if table in facts:
        yield _auditing(on=table in organisation.audited_tables, table=facts[table].auditing)


def _auditing(*, on: bool, table: bool) -> CheckResult:
    """Say whether transitions come from the audit history; without it they are uncertain."""
    what = "auditing of subscriptions"
    if on:
        return CheckResult(what=what, ok=True, told="on: every transition is seen")
    where = "the environment (Power Platform admin center)" if table else "the table"
    told = f"off: steps between two polls are not seen; turn auditing on for {where}"
    return CheckResult(what=what, ok=True, note=True, told=told)


def judge_table(entity: Entity, fact: TableFact | None) -> Iterator[CheckResult]:
    """Say what of a mapped table is not as the mapping has it."""
    what = f"table {entity.table}"
    if fact is None:
        told = (
            "does not exist; `seatkeeper schema install` makes it, or correct the name in mappings/"
        )
        yield CheckResult(what=what, ok=False, told=told)
        return
    wrong = [one.told for one in misfits(entity, fact)]
    yield from (CheckResult(what=what, ok=False, told=told) for told in wrong)
    if not wrong:
        yield CheckResult(what=what, ok=True, told=f"{len(entity.fields)} fields")


def misfits(entity: Entity, fact: TableFact) -> Iterator[Misfit]:
    """Find what a table of the environment does not have as the mapping has it."""
    if fact.set != entity.set:
        told = (
            f"its entity set is {fact.set}, not {entity.set}; correct mappings/{entity.name}.yaml"
        )
        yield Misfit(("dataverse", "set"), told)
    if entity.id_column not in fact.columns:
        yield Misfit(("dataverse", "id"), f"column {entity.id_column} does not exist")
    if entity.name in TRACKED and not fact.change_tracking:
        told = "change tracking is off; turn it on in the table's properties"
        yield Misfit(("dataverse", "table"), told)
    for field in entity.fields.values():
        path = ("fields", field.name)
        yield from (Misfit((*path, "dataverse"), told) for told in _columns(entity, field, fact))
        yield from (Misfit((*path, "choices", *one), told) for one, told in _options(field, fact))


def _columns(entity: Entity, field: Field, fact: TableFact) -> Iterator[str]:
    for column in field.columns:
        found = fact.columns.get(column)
        if found is None:
            yield f"column {column} (field {field.name}) does not exist"
        elif field.type in _TYPES and found.type not in _TYPES[field.type]:
            yield f"column {column} is {found.type}, but {field.name} is mapped as {field.type}"
        elif not found.writable and field.name in WRITTEN.get(entity.name, ()):
            yield f"column {column} is read-only, but {field.name} is written"


def _options(field: Field, fact: TableFact) -> Iterator[tuple[tuple[str, ...], str]]:
    if field.type not in {Type.CHOICE, Type.STATUS}:
        return
    column = fact.columns.get(field.columns[-1])
    if column is None or not column.options:
        return
    for name, values in field.choices.items():
        if values[-1] not in column.options:
            told = f"column {column.name} has no option {values[-1]} ({field.name}: {name})"
            yield (name,), told


def _providers(application: Application) -> Iterator[CheckResult]:
    """Ask for a subscription that cannot exist: "not found" proves the sign-in."""
    for name, provider in application.engine.ports.providers.items():
        what = f"provider {name} sign-in"
        try:
            provider.read(LicenceRef(customer_id=_NOBODY, subscription_id=_NOBODY))
        except NotFound:
            yield CheckResult(what=what, ok=True, told="accepted; it may read")
        except RemoteError as error:
            yield failed(what, error)
        else:
            yield CheckResult(what=what, ok=True, told="accepted; it may read")
