"""Archive change logs with nothing more to bill (rules.md 4.17).

```
log                                             archived
refund declined or removed, pause, resume       when its provisioning is closed
fewer seats, nothing to refund, no line         when its provisioning is closed
any other                                       when no line of it is on a draft or issued invoice
```
The timeline reads archived logs like any other, so nothing is lost by it. What is to be archived
is asked of Dataverse, so a crash in between does no harm.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sync.apply import send_all
from sync.aside import Failures
from sync.context import ETAG
from sync.engine import Engine
from sync.mapping import Entity
from sync.operations import GROUP_NOTE, operations_for
from sync.paused import is_paused
from sync.remote import Answer, Comparison, Condition, Read, Row, Write
from sync.state import InvoiceWork, KnownInvoice, Operation

_DECLINED = (
    "declined_by_subscription",
    "declined_by_contract",
    "declined_by_setting",
    "removed_by_person",
)
_LINELESS = ("pause", "resume")
_CLOSED = ("provisioned", "not_applicable")
_AT_ONCE = 50
"""Logs that are looked at and written together."""


@dataclass(frozen=True, slots=True)
class _Log:
    id: str
    etag: str
    subscription_id: str


def archive_logs(engine: Engine) -> int:
    """Archive what may be; return how many. Raises RemoteError."""
    if engine.observe or is_paused(engine):
        return 0
    count = _archive(engine, _settled_at_once(engine))
    for invoice in engine.ports.store.tx(lambda tx: tx.invoices_with(InvoiceWork.ARCHIVE)):
        count += _archive(engine, _on_invoice(engine, invoice))
        _forget_work(engine, invoice)
    return count


def _forget_work(engine: Engine, invoice: KnownInvoice) -> None:
    done = replace(invoice, work=InvoiceWork.NOTHING)
    engine.ports.store.tx(lambda tx: tx.put_invoices([done]))


# --- which logs ----------------------------------------------------------------------------------


def _settled_at_once(engine: Engine) -> list[_Log]:
    """Return active logs of which a look at the log alone says that nothing is billed."""
    entity = engine.mappings.entity("change_log")
    wanted = [
        *(_is(entity, "refund_decision", one) for one in _DECLINED),
        *(_is(entity, "kind", one) for one in _LINELESS),
        (
            *_is(entity, "refund_decision", "nothing_to_refund"),
            Condition(column=entity.column("quantity_change"), comparison=Comparison.LE, value=-1),
        ),
    ]
    reads = [_active(entity, closed, where) for where in wanted for closed in _CLOSED]
    return _logs(entity, engine.ports.crm.read(reads))


def _active(entity: Entity, closed: str, where: Sequence[Condition]) -> Read:
    status = entity.fields["status"]
    active = Condition(column=status.columns[1], value=status.choices["active"][1])
    conditions = (active, *_is(entity, "provisioning", closed), *where)
    return Read(
        set=entity.set, columns=entity.columns("change_key", "subscription"), where=conditions
    )


def _is(entity: Entity, field: str, choice: str) -> tuple[Condition, ...]:
    mapped = entity.fields[field]
    return (Condition(column=mapped.columns[0], value=mapped.choices[choice][0]),)


def _on_invoice(engine: Engine, invoice: KnownInvoice) -> list[_Log]:
    """Return the active logs that have a line on an invoice and are provisioned."""
    lines, logs = (engine.mappings.entity(name) for name in ("invoice_line", "change_log"))
    column = lines.column("change_log")
    of = Condition(column=lines.column("invoice"), value=invoice.id, guid=True)
    (answer,) = engine.ports.crm.read([Read(set=lines.set, columns=(column,), where=(of,))])
    named = sorted({str(row[column]).lower() for row in answer.rows if row.get(column)})
    columns = logs.columns("change_key", "subscription", "status", "provisioning")
    answers = engine.ports.crm.read([Read(set=logs.set, columns=columns, id=one) for one in named])
    status, outcome = logs.fields["status"], logs.fields["provisioning"]
    closed = {outcome.choices[one][0] for one in _CLOSED}
    found = [
        answer
        for answer in answers
        for row in answer.rows
        if row.get(status.columns[1]) == status.choices["active"][1]
        and row.get(outcome.columns[0]) in closed
    ]
    return _logs(logs, found)


def _logs(entity: Entity, answers: Iterable[Answer]) -> list[_Log]:
    """Return our own logs; those of others have no change key."""
    rows = [row for answer in answers for row in answer.rows]
    subscription = entity.column("subscription")
    ours = (row for row in rows if row.get(entity.column("change_key")) and row.get(subscription))
    found = {
        entity.row_id(row): _Log(
            entity.row_id(row), str(row.get(ETAG, "")), str(row[subscription]).lower()
        )
        for row in ours
    }
    return [found[one] for one in sorted(found)]


# --- writing -------------------------------------------------------------------------------------


def _archive(engine: Engine, logs: Sequence[_Log]) -> int:
    count = 0
    for start in range(0, len(logs), _AT_ONCE):
        chunk = _without_open_lines(engine, logs[start : start + _AT_ONCE])
        count += _write(engine, chunk)
    return count


def _without_open_lines(engine: Engine, logs: Sequence[_Log]) -> list[_Log]:
    """Leave out logs with a line that is not paid yet."""
    lines, invoices = (engine.mappings.entity(name) for name in ("invoice_line", "invoice"))
    navigation = lines.fields["invoice"].navigation
    reads = [
        Read(
            set=lines.set,
            columns=(lines.id_column,),
            where=(Condition(column=lines.column("change_log"), value=log.id, guid=True),),
            expand=((navigation, invoices.columns("status")),),
        )
        for log in logs
    ]
    answers = engine.ports.crm.read(reads)
    return [
        log
        for log, answer in zip(logs, answers, strict=True)
        if not any(_is_open(invoices, row.get(navigation)) for row in answer.rows)
    ]


def _is_open(invoices: Entity, invoice: object) -> bool:
    if not isinstance(invoice, Mapping):
        return False
    status = invoices.fields["status"]
    closed = {status.choices[one] for one in ("paid", "void")}
    return tuple(invoice.get(column) for column in status.columns) not in closed


def _write(engine: Engine, logs: Sequence[_Log]) -> int:
    """Store and send; a log that changed meanwhile is met again at the next look."""
    entity = engine.mappings.entity("change_log")
    body = entity.body({"status": "archived"}, engine.mappings.sets)
    groups = [_operations(engine, entity, body, log) for log in logs]
    engine.ports.store.tx(lambda tx: tx.add_operations(one for group in groups for one in group))
    failures = Failures()
    send_all(engine, [[group] for group in groups], failures)
    if failures.errors:
        raise failures.errors[0]
    return len(groups)


def _operations(engine: Engine, entity: Entity, body: Row, log: _Log) -> list[Operation]:
    group = f"{GROUP_NOTE}:{engine.ports.effects.new_id()}"
    write = Write(set=entity.set, id=log.id, body=body, precondition=log.etag)
    return operations_for(log.subscription_id, group, [("archive log", write)])
