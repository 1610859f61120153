"""`seatkeeper check`: sign-in of each service, tables, columns, options; all findings at once."""

from collections.abc import Iterator
from dataclasses import dataclass

from seatkeeper.bootstrap import Application
from sync.mapping import Entity, Field, Type
from sync.mapping_needs import WRITTEN
from sync.remote import LicenceRef, NotFound, RemoteError, SignInFailed, TableFact

_NOBODY = "00000000-0000-0000-0000-000000000000"
TRACKED = ("subscription", "change_log")
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


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One thing that was looked at."""

    what: str
    ok: bool
    told: str
    sign_in: bool = False
    """The failure is one of signing in (exit code 77)."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """Something that a table does not have as the mapping has it, and where the mapping says it."""

    path: tuple[str, ...]
    told: str


def check(application: Application) -> list[CheckResult]:
    """Look at everything; one failure hides no other."""
    dataverse, tables = _dataverse(application)
    return [*dataverse, *tables, *_providers(application)]


def _dataverse(application: Application) -> tuple[list[CheckResult], list[CheckResult]]:
    engine = application.engine
    entities = application.mappings.entities
    names = [entity.table for entity in entities.values()]
    try:
        organisation = engine.ports.crm.organisation(names)
        facts = engine.ports.crm.tables(names)
    except RemoteError as error:
        return [_failed("Dataverse sign-in", error)], []
    signed_in = CheckResult(
        what="Dataverse sign-in", ok=True, told=f"organisation {organisation.id}"
    )
    results: list[CheckResult] = []
    known = engine.ports.store.tx(lambda tx: tx.meta("organisation"))
    if known not in (None, organisation.id):
        told = f"belongs to organisation {known}; use another state for this one"
        results.append(CheckResult(what="state", ok=False, told=told))
    for entity in entities.values():
        found = facts.get(entity.table)
        results += judge_table(entity, found)
    audited = entities["subscription"].table in organisation.audited_tables
    told = (
        "on: every transition is seen"
        if audited
        else (
            "off: steps between two polls are not seen; turn auditing on for the table and"
            " the organisation"
        )
    )
    results.append(CheckResult(what="auditing of subscriptions", ok=True, told=told))
    return [signed_in], results


def judge_table(entity: Entity, fact: TableFact | None) -> Iterator[CheckResult]:
    """Say what of a mapped table is not as the mapping has it."""
    what = f"table {entity.table}"
    if fact is None:
        told = "does not exist; create it, or correct the name in mappings/"
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
            yield CheckResult(what=what, ok=True, told="accepted")
        except RemoteError as error:
            yield _failed(what, error)
        else:
            yield CheckResult(what=what, ok=True, told="accepted")


def _failed(what: str, error: RemoteError) -> CheckResult:
    return CheckResult(
        what=what, ok=False, told=str(error), sign_in=isinstance(error, SignInFailed)
    )
