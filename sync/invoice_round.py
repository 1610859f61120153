"""The invoices' own round, every 5 minutes: what people closed, and what is due (rules.md 1.3)."""

from dataclasses import dataclass, field

from sync.archiving import archive_logs
from sync.engine import Engine
from sync.invoice_run import Issued, run_due_invoices
from sync.poll_invoices import has_adopted, poll_invoices
from sync.remote import RemoteError


@dataclass(slots=True, kw_only=True)
class InvoiceReport:
    """What a round saw, did and could not do."""

    closed: int = 0
    archived: int = 0
    issued: list[Issued] = field(default_factory=list)
    failures: list[RemoteError] = field(default_factory=list)


def run_round(engine: Engine) -> InvoiceReport:
    """See payments and voidings, archive what they settle, and issue what is due.

    Called after a cycle, so that what changed is on the draft before it is issued. The first
    round adopts, and issues nothing (rules.md 1.1).
    """
    report = InvoiceReport()
    try:
        first = not has_adopted(engine)
        report.closed = poll_invoices(engine)
        report.archived = archive_logs(engine)
        if not first:
            report.issued = run_due_invoices(engine)
    except RemoteError as error:
        report.failures.append(error)
    _tell(engine, report)
    return report


def _tell(engine: Engine, report: InvoiceReport) -> None:
    for one in report.issued:
        if one.number:
            facts = {"invoice": one.number, "total": str(one.total), "currency": one.currency}
            engine.ports.log.info("invoice issued", subject=one.contract_id, **facts)
    if report.archived:
        engine.ports.log.info("change logs archived", rows=report.archived)
