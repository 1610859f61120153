"""The lists of subscriptions, a subscription's form, and what a person does there."""

from http import HTTPStatus
from uuid import UUID

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from sandbox.pages import commands, people, provider, reading
from sandbox.pages.commands import COMMANDS, Command, InvalidForm, Verb
from sandbox.pages.notices import Notice
from sandbox.pages.reading import Row
from sandbox.scenarios.choices import ProvisioningStatus, SubscriptionStatus
from sandbox.world import World

TABLE = "sk_subscription"
VIEWS = {"active": 0, "inactive": 1}
OPEN_PROVISIONING = {
    ProvisioningStatus.AWAITING_PROVISIONING,
    ProvisioningStatus.FAILED_PROVISIONING,
}
BY_HAND = {
    ProvisioningStatus.AWAITING_PROVISIONING: "Awaiting Provisioning",
    ProvisioningStatus.PROVISIONED: "Provisioned",
    ProvisioningStatus.FAILED_PROVISIONING: "Failed Provisioning",
}


def index(world: World) -> ResponseReturnValue:
    """Show Active or Inactive Subscriptions."""
    view = request.args.get("view", "active")
    if view not in VIEWS:
        abort(HTTPStatus.NOT_FOUND, "There is no such view; there are active and inactive.")
    search = request.args.get("q", "")
    found = reading.subscriptions(world, state=VIEWS[view], search=search)
    page = reading.page_of(found, request.args.get("page", 1, type=int))
    return render_template(
        "subscriptions.html",
        view=view,
        search=search,
        page=page,
        providers=reading.names(world, "sk_provider", "sk_name"),
    )


def show(world: World, row_id: UUID) -> ResponseReturnValue:
    """Show a subscription with its change logs and what Partner Center has."""
    row = reading.one(world, TABLE, str(row_id))
    contract = reading.maybe(world, "sk_billingcontract", row["_sk_billingcontractid_value"])
    logs = reading.pointing(world, "sk_changelog", "sk_subscriptionid", str(row_id))
    return render_template(
        "subscription.html",
        row=row,
        contract=contract,
        currency=contract["sk_currencycode"] if contract else "",
        account=reading.maybe(world, "account", row["_sk_accountid_value"]),
        provider=reading.maybe(world, "sk_provider", row["_sk_providerid_value"]),
        commands=commands.offered(_status(row)),
        quantity_locked=_status(row) is not SubscriptionStatus.ACTIVE,
        logs=sorted(logs, key=_newest_first, reverse=True),
        open_provisioning=OPEN_PROVISIONING,
        by_hand=BY_HAND,
        there=provider.holding(world, row["sk_providersubscriptionid"]),
    )


def confirm(world: World, row_id: UUID, verb: str) -> ResponseReturnValue:
    """Ask before a command is carried out."""
    row = reading.one(world, TABLE, str(row_id))
    return render_template(
        "confirm.html",
        row=row,
        command=_offered(row, verb),
        refund_choices=commands.REFUND_CHOICES,
    )


def perform(world: World, row_id: UUID, verb: str) -> ResponseReturnValue:
    """Carry out a command as the person."""
    command = _offered(reading.one(world, TABLE, str(row_id)), verb)
    _write(world, TABLE, str(row_id), commands.changes(command, request.form))
    return _back(str(row_id), command.said)


def set_quantity(world: World, row_id: UUID) -> ResponseReturnValue:
    """Change the number of seats as the person."""
    if _status(reading.one(world, TABLE, str(row_id))) is not SubscriptionStatus.ACTIVE:
        abort(HTTPStatus.CONFLICT, "The quantity can be changed while the subscription is active.")
    written: dict[str, object] = {
        "sk_quantity": commands.quantity(request.form),
        "sk_changeeffectiveon": commands.effective_on(request.form),
    }
    _write(world, TABLE, str(row_id), written)
    return _back(str(row_id), Notice.QUANTITY)


def set_provisioning(world: World, row_id: UUID) -> ResponseReturnValue:
    """Set the provisioning status of a change log that waits or has failed."""
    log = reading.one(world, "sk_changelog", str(row_id))
    if log["sk_provisioningstatus"] not in OPEN_PROVISIONING:
        abort(HTTPStatus.CONFLICT, "This change log is neither awaiting provisioning nor failed.")
    chosen = _provisioning(request.form.get("status", ""))
    _write(world, "sk_changelog", str(row_id), {"sk_provisioningstatus": int(chosen)})
    return _back(log["_sk_subscriptionid_value"], Notice.PROVISIONING)


def _provisioning(text: str) -> ProvisioningStatus:
    chosen = next((status for status in BY_HAND if text == str(int(status))), None)
    if chosen is None:
        raise InvalidForm("Choose one of the provisioning statuses.")
    return chosen


def _status(row: Row) -> SubscriptionStatus:
    return SubscriptionStatus(row["statuscode"])


def _offered(row: Row, verb: str) -> Command:
    """Return the command if the subscription's status has its button."""
    if verb not in set(Verb):
        abort(HTTPStatus.NOT_FOUND, "There is no such command.")
    command = COMMANDS[Verb(verb)]
    if command not in commands.offered(_status(row)):
        abort(HTTPStatus.CONFLICT, "The subscription is not in a status for this any more.")
    return command


def _newest_first(log: Row) -> tuple[int, str]:
    return log["sk_sequence"] or 0, log["createdon"]


def _write(world: World, table: str, row_id: str, changes: dict[str, object]) -> None:
    world.dataverse.update(table, row_id, changes, by=people.person(world))


def _back(row_id: str, said: Notice) -> ResponseReturnValue:
    target = url_for("subscriptions.show", row_id=row_id, said=said.value)
    return redirect(target, HTTPStatus.SEE_OTHER)
