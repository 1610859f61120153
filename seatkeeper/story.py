"""The story that `seatkeeper demo` plays: what a CRM user does, and what is then in both services.

The person's steps go into the sandbox as that person's; everything printed was read back over
HTTPS by clients of their own, never taken from the daemon.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from sandbox.pages.people import person
from sandbox.scenarios.identity import (
    HERO_AUTOMATIC,
    HERO_AUTOMATIC_AT_PROVIDER,
    HERO_CONTRACT,
    HERO_CUSTOMER_TENANT,
    HERO_MANUAL,
)
from sandbox.server import Running
from seatkeeper import output
from seatkeeper.bootstrap import Application
from sync.mapping import Record
from sync.remote import Condition, Licence, LicenceRef, Read
from sync.wording import money_words

DAY = 86_400
PATIENCE_SECONDS = 20.0


class StoryError(Exception):
    """A step did not lead to what must follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The stage: the sandbox, and clients that look at it."""

    running: Running
    looking: Application
    invoice_run: Callable[[date], list[dict[str, object]]]

    def act(self, table: str, row_id: str, changes: dict[str, object]) -> None:
        """Write as the CRM user, so that the audit history says who it was."""
        world = self.running.world
        with world.acting(world.identity.person_id):
            world.dataverse.update(table, row_id, changes, by=person(world))

    def days_pass(self, days: int) -> None:
        world = self.running.world
        with world.lock:
            world.clock.advance(days * DAY)

    def rows(self, entity: str, field: str, row_id: str) -> list[Record]:
        """Read the rows of an entity that point to a row."""
        mapped = self.looking.mappings.entity(entity)
        where = (Condition(column=mapped.column(field), value=row_id, guid=True),)
        read = Read(set=mapped.set, columns=mapped.columns(), where=where)
        answer = self.looking.engine.ports.crm.read([read])[0]
        return [{**mapped.record(row), "id": mapped.row_id(row)} for row in answer.rows]

    def row(self, entity: str, row_id: str) -> Record:
        mapped = self.looking.mappings.entity(entity)
        read = Read(set=mapped.set, columns=mapped.columns(), id=row_id)
        return mapped.record(self.looking.engine.ports.crm.read([read])[0].rows[0])

    def log(self, subscription: str, kind: str) -> Record | None:
        logs = self.rows("change_log", "subscription", subscription)
        return next((log for log in reversed(logs) if log["kind"] == kind), None)

    def licence(self) -> Licence:
        ref = LicenceRef(
            customer_id=HERO_CUSTOMER_TENANT, subscription_id=HERO_AUTOMATIC_AT_PROVIDER
        )
        return self.looking.engine.ports.providers["partner-center"].read(ref)

    def currency(self) -> str:
        return str(self.row("contract", HERO_CONTRACT)["currency"])

    def draft(self) -> Record | None:
        invoices = self.rows("invoice", "contract", HERO_CONTRACT)
        return next((one for one in invoices if one["status"] == "draft"), None)


def play(scene: Scene) -> None:
    """Play all steps; raise StoryError when something that must follow does not."""
    for number, (title, step) in enumerate(_STEPS, start=1):
        output.say(f"\n{number}. {title}")
        for line in step(scene):
            output.say(f"   {line}")


def _opening(scene: Scene) -> Iterator[str]:
    yield from _subscription(scene, HERO_AUTOMATIC)
    yield from _partner_center(scene)


def _deactivate_automatic(scene: Scene) -> Iterator[str]:
    scene.act(
        "sk_subscription",
        HERO_AUTOMATIC,
        {"statecode": 1, "statuscode": 2, "sk_refundchoice": 126310001},
    )
    log = _await(lambda: _settled(scene, HERO_AUTOMATIC, "deactivation"))
    yield from _subscription(scene, HERO_AUTOMATIC)
    yield from _log(log)
    yield from _lines(scene, log)
    yield from _partner_center(scene)


def _deactivate_manual(scene: Scene) -> Iterator[str]:
    scene.act("sk_subscription", HERO_MANUAL, {"statecode": 1, "statuscode": 2})
    log = _await(lambda: scene.log(HERO_MANUAL, "deactivation"))
    yield from _log(log)


def _provision_by_hand(scene: Scene) -> Iterator[str]:
    log = scene.log(HERO_MANUAL, "deactivation")
    if log is None:
        raise StoryError("the manual change log is gone")
    scene.act("sk_changelog", str(log["id"]), {"sk_provisioningstatus": 126310002})
    yield from _log(_await(lambda: _settled(scene, HERO_MANUAL, "deactivation")))


def _pay(scene: Scene) -> Iterator[str]:
    scene.days_pass(2)
    draft = scene.draft()
    if draft is None:
        raise StoryError("the contract has no open invoice")
    today = scene.looking.engine.now().date().isoformat()
    changes = {"statecode": 1, "statuscode": 126310001, "sk_paidon": today}
    scene.act("sk_invoice", str(draft["id"]), changes)
    paid = scene.row("invoice", str(draft["id"]))
    yield f"Dynamics: invoice {paid['name']}: {paid['status']} on {paid['paid_on']}"


def _activate(scene: Scene) -> Iterator[str]:
    scene.days_pass(3)
    scene.act("sk_subscription", HERO_AUTOMATIC, {"statecode": 0, "statuscode": 1})
    log = _await(lambda: _settled(scene, HERO_AUTOMATIC, "activation"))
    yield from _subscription(scene, HERO_AUTOMATIC)
    yield from _log(log)
    yield from _lines(scene, log)
    yield from _partner_center(scene)


def _invoice(scene: Scene) -> Iterator[str]:
    draft = scene.draft()
    if draft is None or not isinstance(draft["cycle_start"], date):
        raise StoryError("the contract has no open invoice")
    scene.invoice_run(draft["cycle_start"])
    issued = scene.row("invoice", str(draft["id"]))
    currency = scene.currency()
    yield f"Dynamics: invoice {issued['number']}: {issued['status']}, due {issued['due_on']}"
    for line in sorted(scene.rows("invoice_line", "invoice", str(draft["id"])), key=_number):
        yield f"   {money_words(currency, line['amount'])}: {line['name']}"
        yield f"      {line['explanation']}"
    net, tax, total = (
        money_words(currency, issued[name]) for name in ("net_total", "tax_total", "total")
    )
    yield f"   net {net}, tax {tax}, total {total}"
    mine = [
        line
        for line in scene.rows("invoice_line", "invoice", str(draft["id"]))
        if line["subscription"] == HERO_AUTOMATIC and line["kind"] == "recurring"
    ]
    if not mine:
        raise StoryError("the subscription is not on the next automatic invoice")


_STEPS = (
    ("Before: an active subscription with an automatic provider.", _opening),
    ("The CRM user deactivates it, and chooses Apply Refund.", _deactivate_automatic),
    ("The CRM user deactivates a subscription of a manual provider.", _deactivate_manual),
    ("A person provisions it by hand and sets the change log to Provisioned.", _provision_by_hand),
    ("Two days later the open invoice is marked as paid.", _pay),
    ("Three days later the CRM user activates the subscription again.", _activate),
    ("The next automatic invoice carries the subscription.", _invoice),
)


def _number(line: Record) -> int:
    number = line["number"]
    return number if isinstance(number, int) else 0


def _settled(scene: Scene, subscription: str, kind: str) -> Record | None:
    """Return the log once its provisioning is stamped."""
    log = scene.log(subscription, kind)
    return log if log is not None and log["provisioned_at"] is not None else None


def _await(find: Callable[[], Record | None]) -> Record:
    """Look until the daemon has done its part."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        found = find()
        if found is not None:
            return found
        time.sleep(0.1)
    raise StoryError(f"nothing followed within {PATIENCE_SECONDS:.0f} s; see the daemon's log")


# --- what was read back ------------------------------------------------------------------------


def _subscription(scene: Scene, row_id: str) -> Iterator[str]:
    row = scene.row("subscription", row_id)
    yield f"Dynamics: {row['name']}, {row['quantity']} seats: {row['status']}"


def _log(log: Record) -> Iterator[str]:
    yield (
        f"Dynamics: change log {log['name']}: {log['provisioning']}, effective"
        f" {log['effective_on']}, by {log['requested_by']}"
    )
    if log["message"]:
        yield f"   {log['message']}"


def _lines(scene: Scene, log: Record) -> Iterator[str]:
    lines = scene.rows("invoice_line", "change_log", str(log["id"]))
    if not lines:
        yield "Dynamics: no line on the open invoice"
    for line in lines:
        amount = money_words(scene.currency(), line["amount"])
        yield f"Dynamics: line on the open invoice: {line['kind']} {amount}"
        yield f"   {line['explanation']}"


def _partner_center(scene: Scene) -> Iterator[str]:
    licence = scene.licence()
    planned = licence.held.get("scheduledNextTermInstructions")
    change = "a scheduled change" if planned else "no scheduled change"
    renew = "on" if licence.auto_renew else "off"
    yield (
        f"Partner Center: {licence.status}, {licence.quantity} seats, auto-renew {renew}, {change}"
    )
