"""Change logs of all customers: what waits for a person, by age; the provisioning status is set."""

from http import HTTPStatus
from uuid import UUID

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from sandbox.pages import days, people, reading, web_api
from sandbox.pages.commands import InvalidForm
from sandbox.pages.grid import Design, Filter, grid
from sandbox.pages.notices import Notice
from sandbox.pages.reading import Row
from sandbox.pages.web_api import RowAt
from sandbox.scenarios.choices import ProvisioningStatus
from sandbox.world import World

TABLE = "sk_changelog"
OPEN = {ProvisioningStatus.AWAITING_PROVISIONING, ProvisioningStatus.FAILED_PROVISIONING}
BY_HAND = {
    ProvisioningStatus.AWAITING_PROVISIONING: "Awaiting Provisioning",
    ProvisioningStatus.PROVISIONED: "Provisioned",
    ProvisioningStatus.FAILED_PROVISIONING: "Failed Provisioning",
}
VIEWS = ("open", "all")


def index(world: World) -> ResponseReturnValue:
    """Show the change logs that are awaiting or have failed, or all."""
    view = request.args.get("view", "open")
    if view not in VIEWS:
        abort(HTTPStatus.NOT_FOUND, "There is no such view; there are open and all.")
    rows = [row for row in _rows(world) if view == "all" or row["sk_provisioningstatus"] in OPEN]
    return render_template(
        "changelogs.html",
        view=view,
        grid=grid(_design(view), rows, request.args),
        open_provisioning=OPEN,
        by_hand=BY_HAND,
    )


def _rows(world: World) -> list[Row]:
    now = world.clock.now()
    subscriptions = {row["sk_subscriptionid"]: row for row in reading.subscriptions(world, 0, 1)}
    found = []
    for log in world.dataverse.rows(TABLE):
        own = subscriptions.get(log["_sk_subscriptionid_value"], {})
        found.append(
            log
            | {
                "subscription": own.get("sk_name") or "",
                "customer": own.get("customer", ""),
                "provider": own.get("provider", ""),
                "age": days.age(log["sk_requestedon"] or log["createdon"], now),
            }
        )
    return found


def _design(view: str) -> Design:
    statuses = reading.options(TABLE, "sk_provisioningstatus")
    return Design(
        columns={
            "age": ("Age", lambda row: (row["age"], row["sk_requestedon"] or row["createdon"])),
            "subscription": ("Subscription", lambda row: row["subscription"]),
            "customer": ("Customer", lambda row: row["customer"]),
            "kind": ("Change", lambda row: row["sk_kind"]),
            "effective": ("Effective on", lambda row: row["sk_effectiveon"]),
            "provider": ("Provider", lambda row: row["provider"]),
            "provisioning": ("Provisioning", lambda row: row["sk_provisioningstatus"]),
        },
        order="-age" if view == "open" else "age",
        searched=lambda row: (row["subscription"], row["customer"], row["sk_message"]),
        filters=(
            Filter(
                name="status",
                title="Provisioning",
                options=statuses,
                of=lambda row: row["sk_provisioningstatus"],
            ),
            Filter(
                name="kind",
                title="Change",
                options=reading.options(TABLE, "sk_kind"),
                of=lambda row: row["sk_kind"],
            ),
        ),
        fixed={"view": view},
    )


def set_provisioning(world: World, row_id: UUID) -> ResponseReturnValue:
    """Set the provisioning status of a change log that waits or has failed."""
    log = reading.one(world, TABLE, str(row_id))
    if log["sk_provisioningstatus"] not in OPEN:
        abort(HTTPStatus.CONFLICT, "This change log is neither awaiting provisioning nor failed.")
    chosen = _provisioning(request.form.get("status", ""))
    seen = RowAt(table=TABLE, id=str(row_id), version=request.form.get("version", ""))
    changes: dict[str, object] = {"sk_provisioningstatus": int(chosen)}
    web_api.patch(world, seen, changes, people.current(world))
    return redirect(_back(log), HTTPStatus.SEE_OTHER)


def _back(log: Row) -> str:
    said = Notice.PROVISIONING.value
    if "in_list" in request.form:
        return url_for("changelogs.index", said=said)
    return url_for("subscriptions.show", row_id=log["_sk_subscriptionid_value"], said=said)


def _provisioning(text: str) -> ProvisioningStatus:
    chosen = next((status for status in BY_HAND if text == str(int(status))), None)
    if chosen is None:
        raise InvalidForm("Choose one of the provisioning statuses.")
    return chosen
