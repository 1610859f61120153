"""What the tests of invoices do and look at."""

from dataclasses import replace
from datetime import date

from store.sqlite import SqliteStore
from sync.cycle import run_once
from sync.engine import apart
from sync.invoice_round import run_round
from sync.paying import pay_invoice
from sync.resolving import Choice, resolve
from tests.engine.opening import INVOICE_STATUS
from tests.engine.stage import INVOICE

ARCHIVED, ACTIVE = 2, 1


def goes_round(stage):
    """Run a cycle and the invoices' round, as `run --once` does."""
    run_once(stage.application.engine)
    return run_round(stage.application.engine)


def issues(stage, day):
    """Move to a day and have what is due issued by hand."""
    stage.on(day)
    return stage.invoices_on(day)


def pays(stage, invoice, on="2025-06-18"):
    """Mark an invoice as Paid in Dynamics."""
    stage.writes("sk_invoice", invoice, INVOICE_STATUS["paid"] | {"sk_paidon": on})


def voids(stage, invoice):
    stage.writes("sk_invoice", invoice, INVOICE_STATUS["void"])


def pays_by_command(stage, named, on=None):
    return pay_invoice(stage.application.engine, named, date.fromisoformat(on) if on else None)


def chooses(stage, choice, subject=""):
    return resolve(stage.application.engine, subject or stage.contract, Choice(choice))


def plays(stage, *steps):
    """Save one change a day, and let the daemon run after each."""
    for day, changes in steps:
        stage.on(day)
        stage.edits(**changes)
        stage.runs()


def archived(stage, subscription=""):
    """Tell of each log whether it is archived, in order."""
    return [log["statuscode"] == ARCHIVED for log in stage.logs(subscription)]


def issued(stage):
    """Return the numbers that were given, in order."""
    return sorted(row["sk_number"] for row in stage.table("sk_invoice") if row["sk_number"])


def status_of(invoice):
    return INVOICE[invoice["statuscode"]]


def drafts(stage):
    return [one for one in stage.table("sk_invoice") if status_of(one) == "draft"]


def loses_its_state(stage):
    """Go on with an empty store, adopted anew."""
    engine = apart(stage.application.engine, SqliteStore(":memory:"))
    stage.application.store.close()
    stage.application = replace(stage.application, engine=engine)
    stage.runs()
