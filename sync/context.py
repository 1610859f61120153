"""Which rows a decision needs, as reads that travel in one `$batch`, and what they say."""

from collections.abc import Iterator, Mapping, Sequence

from sync import model
from sync.mapping import Entity, Record
from sync.mapping_files import Mappings
from sync.model import Context, Invoice, Line
from sync.remote import Answer, Comparison, Condition, Json, Read, Row

ETAG = "@odata.etag"


def context_reads(
    mappings: Mappings, subscription_id: str, row: Mapping[str, str | None]
) -> list[Read]:
    """Return the reads for one subscription; `row` has the ids of its lookups as last seen.

    The answers go to `read_context` in the same order. A lookup that is empty is read by the
    null id, which no row has, so that the order never changes.
    """
    subscriptions = mappings.entity("subscription")
    return [
        _by_id(subscriptions, subscription_id),
        _by_id(mappings.entity("customer"), row.get("customer")),
        _by_id(mappings.entity("contract"), row.get("contract")),
        _by_id(mappings.entity("provider"), row.get("provider")),
        _logs_of(mappings, subscription_id),
        *_invoices(mappings, row.get("contract")),
        _lines_of(mappings, subscription_id),
        _last_line(mappings, row.get("contract")),
    ]


READS = 9
_RECENT = 5
_NOBODY = "00000000-0000-0000-0000-000000000000"


def _by_id(entity: Entity, row_id: str | None) -> Read:
    return Read(set=entity.set, columns=entity.columns(), id=row_id or _NOBODY)


def _logs_of(mappings: Mappings, subscription_id: str) -> Read:
    """Ask for all logs; whether one is archived decides nothing (rules.md 4.17)."""
    entity = mappings.entity("change_log")
    fields = [name for name in entity.fields if name != "status"]
    where = Condition(column=entity.column("subscription"), value=subscription_id, guid=True)
    return Read(set=entity.set, columns=entity.columns(*fields), where=(where,))


def _invoices(mappings: Mappings, contract_id: str | None) -> Iterator[Read]:
    """Yield two reads: the drafts, and the newest invoices that are no drafts."""
    invoices = mappings.entity("invoice")
    of = Condition(column=invoices.column("contract"), value=contract_id or _NOBODY, guid=True)
    reason = invoices.fields["status"].columns[1]
    draft = invoices.fields["status"].choices["draft"][1]
    yield Read(
        set=invoices.set,
        columns=invoices.columns(),
        where=(of, Condition(column=reason, value=draft)),
        order_by=(invoices.column("cycle_start"),),
    )
    closed = Condition(column=reason, comparison=Comparison.NE, value=draft)
    yield Read(
        set=invoices.set,
        columns=invoices.columns(),
        where=(of, closed),
        order_by=(f"{invoices.column('cycle_start')} desc",),
        top=_RECENT,
    )


def _lines_of(mappings: Mappings, subscription_id: str) -> Read:
    lines = mappings.entity("invoice_line")
    where = Condition(column=lines.column("subscription"), value=subscription_id, guid=True)
    return Read(
        set=lines.set, columns=lines.columns(), where=(where,), expand=(_invoice_of(mappings),)
    )


def _invoice_of(mappings: Mappings) -> tuple[str, tuple[str, ...]]:
    navigation = mappings.entity("invoice_line").fields["invoice"].navigation
    return navigation, mappings.entity("invoice").columns("status", "number")


def _last_line(mappings: Mappings, contract_id: str | None) -> Read:
    """Ask for the highest line number on the contract's drafts."""
    lines, invoices = mappings.entity("invoice_line"), mappings.entity("invoice")
    navigation = lines.fields["invoice"].navigation
    status = invoices.fields["status"]
    where = (
        Condition(
            column=f"{navigation}/{invoices.column('contract')}",
            value=contract_id or _NOBODY,
            guid=True,
        ),
        Condition(column=f"{navigation}/{status.columns[1]}", value=status.choices["draft"][1]),
    )
    number = lines.column("number")
    return Read(set=lines.set, columns=(number,), where=where, order_by=(f"{number} desc",), top=1)


def read_context(mappings: Mappings, answers: Sequence[Answer]) -> Context:
    """Parse the answers to `context_reads`; raise MalformedRowError."""
    subscriptions, customers, contracts, providers, logs, drafts, closed, lines, last = answers
    entity = mappings.entity
    subscription = _first(entity("subscription"), subscriptions)
    customer = _first(entity("customer"), customers)
    contract = _first(entity("contract"), contracts)
    provider = _first(entity("provider"), providers)
    return Context(
        subscription=model.subscription(*subscription) if subscription else None,
        customer_tenant_id=model.text(customer[2]["tenant_id"]) if customer else "",
        contract=model.contract(*contract) if contract else None,
        provider=model.provider(provider[0], provider[2]) if provider else None,
        logs=tuple(
            sorted(
                (model.change_log(*parts) for parts in _all(entity("change_log"), logs)),
                key=lambda log: log.sequence,
            )
        ),
        drafts=read_invoices(mappings, drafts),
        closed=read_invoices(mappings, closed),
        lines=read_lines(mappings, lines.rows),
        last_line_number=_number(mappings, last),
    )


def read_invoices(mappings: Mappings, answer: Answer) -> tuple[Invoice, ...]:
    entity = mappings.entity("invoice")
    return tuple(model.invoice(*parts) for parts in _all(entity, answer))


def read_lines(mappings: Mappings, rows: Sequence[Row]) -> tuple[Line, ...]:
    """Parse lines that carry their invoice expanded."""
    entity, invoices = mappings.entity("invoice_line"), mappings.entity("invoice")
    navigation = entity.fields["invoice"].navigation
    return tuple(
        model.line(*_parts(entity, row), _expanded(invoices, row.get(navigation))) for row in rows
    )


def _expanded(entity: Entity, value: Json) -> Record:
    if not isinstance(value, Mapping):
        return {}
    return entity.record({entity.id_column: "", **value})


def _number(mappings: Mappings, answer: Answer) -> int:
    column = mappings.entity("invoice_line").column("number")
    value = answer.rows[0][column] if answer.rows else None
    return value if isinstance(value, int) else 0


def _parts(entity: Entity, row: Row) -> tuple[str, str, Record]:
    return entity.row_id(row), str(row.get(ETAG, "")), entity.record(row)


def _all(entity: Entity, answer: Answer) -> Iterator[tuple[str, str, Record]]:
    for row in answer.rows:
        yield _parts(entity, row)


def _first(entity: Entity, answer: Answer) -> tuple[str, str, Record] | None:
    return next(_all(entity, answer), None)
