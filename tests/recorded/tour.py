"""What is asked of a tenant, the same while recording and on replay. Reads only, unless told.

For each mapped table its definition and its first rows; the first page of what is tracked;
who we are; a delta link of the providers; one contract, the history of one subscription, and
that subscription at its provider.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import islice
from typing import Any

from vcr.errors import CannotOverwriteExistingCassetteException  # type: ignore[import-untyped]  # vcrpy ships no types

from seatkeeper.check_results import CheckResult
from seatkeeper.checks import TRACKED, judge_table
from sync.mapping import Entity, MalformedRowError
from sync.mapping_files import Mappings
from sync.ports import Crm, Provider
from sync.remote import (
    LicenceRef,
    Outcome,
    Read,
    ReadHistory,
    RemoteError,
    Row,
    TableFact,
    Write,
)

MESSAGE = "Seatkeeper recording"
NOT_RECORDED = "was not recorded; record anew with this mapping"
ROWS = 50
"""So many of each table are read."""
FEW_PAGES = 20
"""The providers are walked to their delta link, but not further than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Whose history, contract and licence are looked at; empty where there is none."""

    subscription: str = ""
    contract: str = ""
    provider: str = ""
    customer: str = ""
    licence: str = ""
    written: bool = False

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Chosen":
        return cls(**{one.name: document[one.name] for one in fields(cls)})

    def document(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """The clients, and the mapping that says what to ask."""

    crm: Crm
    providers: Mapping[str, Provider]
    mappings: Mappings


Step = Callable[[], Iterator[CheckResult]]


class Tour:
    """Goes through a tenant and writes down what it finds; one failure hides no other."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self.findings: list[CheckResult] = []
        self._rows: dict[str, Sequence[Row]] = {}

    def tables(self) -> None:
        """Look at every table of the mapping."""
        for entity in self._side.mappings.entities.values():
            self._do(f"table {entity.table}", lambda entity=entity: self._table(entity))  # type: ignore[misc]  # a default binds the loop's value
        self._do("who we are", self._organisation)
        self._do("changes of the providers", self._changes)

    def one(self, chosen: Chosen) -> None:
        """Look at one subscription from all sides; write to it only when it was chosen for that."""
        if chosen.contract:
            self._do("contract", lambda: self._contract(chosen.contract))
        if chosen.written:
            self._do("write", lambda: self._written(chosen.subscription))
        if chosen.subscription:
            self._do("history", lambda: self._history(chosen.subscription))
        if chosen.licence:
            self._do("licence", lambda: self._licence(chosen))

    def choose(self, subscription: str = "", *, written: bool = False) -> Chosen:
        """Choose the named subscription, else the first that has a provider's id."""
        entity = self._side.mappings.entity("subscription")
        rows = self._rows.get("subscription", ())
        found = next((row for row in rows if self._fits(entity, row, subscription)), None)
        if found is None:
            return Chosen(subscription=subscription, written=written)
        return self._chosen(entity, found, written=written)

    def name_of(self, subscription: str) -> str:
        """Read the name of a subscription."""
        return self._other("subscription", subscription).get("name", "")

    def _fits(self, entity: Entity, row: Row, wanted: str) -> bool:
        if wanted:
            return entity.row_id(row) == wanted.lower()
        return bool(row.get(entity.column("provider_subscription_id")))

    def _chosen(self, entity: Entity, row: Row, *, written: bool) -> Chosen:
        def of(name: str) -> str:
            return str(row.get(entity.column(name)) or "")

        licence, customer = of("provider_subscription_id"), self._other("customer", of("customer"))
        provider = self._other("provider", of("provider"))
        name = provider.get("connector", "")
        known = name if name in self._side.providers else ""
        tenant = customer.get("tenant_id", "")
        return Chosen(
            subscription=entity.row_id(row),
            contract=of("contract"),
            provider=known,
            customer=tenant,
            licence=licence if known and tenant else "",
            written=written,
        )

    def _other(self, name: str, row_id: str) -> dict[str, str]:
        """Read a row that another one looks up, as text by our own names."""
        if not row_id:
            return {}
        entity = self._side.mappings.entity(name)
        read = Read(set=entity.set, columns=entity.columns(), id=row_id)
        rows = self._side.crm.read([read])[0].rows
        record = entity.record(rows[0]) if rows else {}
        return {key: str(value) for key, value in record.items() if value is not None}

    def _do(self, what: str, step: Step) -> None:
        try:
            self.findings += step()
        except CannotOverwriteExistingCassetteException:
            self.findings.append(CheckResult(what=what, ok=False, told=NOT_RECORDED))
        except (RemoteError, MalformedRowError) as error:
            self.findings.append(CheckResult(what=what, ok=False, told=str(error)))

    def _table(self, entity: Entity) -> Iterator[CheckResult]:
        fact = self._side.crm.tables([entity.table]).get(entity.table)
        yield from judge_table(entity, fact)
        if fact is not None:
            yield from self._rows_of(entity, fact)
        if fact is not None and entity.name in TRACKED:
            columns = (entity.id_column, *_status(entity))
            page = next(self._side.crm.pages(entity.set, columns, None))
            told = f"{len(page.rows)} rows on the first page"
            yield CheckResult(what=f"changes of {entity.table}", ok=True, told=told)

    def _rows_of(self, entity: Entity, fact: TableFact) -> Iterator[CheckResult]:
        columns = [name for name in entity.columns() if _physical(name) in fact.columns]
        read = Read(set=entity.set, columns=tuple(columns), top=ROWS)
        rows = self._rows[entity.name] = self._side.crm.read([read])[0].rows
        wrong = [told for row in rows if (told := _misread(entity, row))]
        what = f"rows of {entity.table}"
        yield from (CheckResult(what=what, ok=False, told=told) for told in dict.fromkeys(wrong))
        first = rows[0] if rows else {}
        for name in sorted(set(columns) - set(first)) if first else ():
            yield CheckResult(what=what, ok=False, told=f"column {name} {NOT_RECORDED}")
        told = f"{len(rows) - len(wrong)} of {len(rows)} read"
        yield CheckResult(what=what, ok=not wrong, told=told)

    def _organisation(self) -> Iterator[CheckResult]:
        table = self._side.mappings.entity("subscription").table
        found = self._side.crm.organisation([table])
        told = "subscriptions are audited" if found.audited_tables else "auditing is off"
        yield CheckResult(what="who we are", ok=True, told=told)

    def _changes(self) -> Iterator[CheckResult]:
        entity = self._side.mappings.entity("provider")
        columns = entity.columns()
        *_, last = islice(self._side.crm.pages(entity.set, columns, None), FEW_PAGES)
        if last.delta_link is None:
            told = f"no delta link within {FEW_PAGES} pages"
            yield CheckResult(what="changes of the providers", ok=True, told=told)
            return
        changed = sum(len(p.rows) for p in self._side.crm.pages(entity.set, (), last.delta_link))
        told = f"the delta link was followed, {changed} rows"
        yield CheckResult(what="changes of the providers", ok=True, told=told)

    def _contract(self, contract: str) -> Iterator[CheckResult]:
        record = self._other("contract", contract)
        told = f"{len(record)} fields hold a value" if record else "not there"
        yield CheckResult(what="contract", ok=bool(record), told=told)

    def _history(self, subscription: str) -> Iterator[CheckResult]:
        entity = self._side.mappings.entity("subscription")
        (answer,) = self._side.crm.read([ReadHistory(set=entity.set, id=subscription)])
        told = f"{len(answer.history or ())} entries of audit history"
        yield CheckResult(what="history", ok=True, told=told)

    def _licence(self, chosen: Chosen) -> Iterator[CheckResult]:
        ref = LicenceRef(customer_id=chosen.customer, subscription_id=chosen.licence)
        licence = self._side.providers[chosen.provider].read(ref)
        told = f"{licence.status}, {licence.quantity} seats at the provider"
        yield CheckResult(what="licence", ok=True, told=told)

    def _written(self, subscription: str) -> Iterator[CheckResult]:
        """Set the message, be refused with the version from before, and set it back."""
        entity = self._side.mappings.entity("subscription")
        column = entity.column("sync_message")
        before = self._row(entity, subscription, column)
        done = self._set(entity, before, {column: MESSAGE})
        stale = self._set(entity, before, {column: MESSAGE})
        after = self._row(entity, subscription, column)
        back = self._set(entity, after, {column: before.get(column)})
        seen = (done, stale, back)
        ok = seen == (Outcome.DONE, Outcome.PRECONDITION, Outcome.DONE)
        told = ", ".join(f"{outcome.value}" for outcome in seen)
        yield CheckResult(what="write", ok=ok, told=f"set, refused, set back: {told}")

    def _row(self, entity: Entity, row_id: str, column: str) -> Row:
        columns = (entity.id_column, column)
        return self._side.crm.read([Read(set=entity.set, columns=columns, id=row_id)])[0].rows[0]

    def _set(self, entity: Entity, row: Row, body: Row) -> Outcome:
        write = Write(
            set=entity.set,
            id=entity.row_id(row),
            body=body,
            precondition=str(row["@odata.etag"]),
        )
        return self._side.crm.write([write]).outcome


def _status(entity: Entity) -> tuple[str, ...]:
    return entity.fields["status"].columns if "status" in entity.fields else ()


def _physical(selected: str) -> str:
    return selected.removeprefix("_").removesuffix("_value") if selected[0] == "_" else selected


def _misread(entity: Entity, row: Row) -> str:
    try:
        entity.record(row)
    except MalformedRowError as error:
        return f"column {error.column}: a value that the mapping does not know. {error.remedy}"
    return ""
