"""The dialog between a command of the command bar and its effect."""

from datetime import date
from http import HTTPStatus
from uuid import UUID

from flask import abort, render_template, request
from flask.typing import ResponseReturnValue

from sandbox.pages import commands, days, preview, reading, subscriptions
from sandbox.pages.commands import COMMANDS, Command, Verb
from sandbox.pages.notices import Notice
from sandbox.pages.reading import Row
from sandbox.world import World


def confirm(world: World, row_id: UUID, verb: str) -> ResponseReturnValue:
    """Ask before a command is carried out, and say what it would mean."""
    row = reading.one(world, subscriptions.TABLE, str(row_id))
    command = _offered(row, verb)
    on = commands.day(request.form, "effective_on")
    return render_template(
        "dialog.html",
        **subscriptions.form(world, str(row_id)),
        command=command,
        preview=preview.of(world, row, date.fromisoformat(on) if on else None),
        given_date=on or "",
        given_refund=request.form.get("refund", ""),
        refund_choices=commands.REFUND_CHOICES,
    )


def perform(world: World, row_id: UUID, verb: str) -> ResponseReturnValue:
    """Carry out a command as the person; with `preview` only show what it would mean."""
    if "preview" in request.form:
        return confirm(world, row_id, verb)
    row = reading.one(world, subscriptions.TABLE, str(row_id))
    command = _offered(row, verb)
    contract = reading.maybe(world, "sk_billingcontract", row["_sk_billingcontractid_value"])
    today = days.today(world.clock.now(), contract)
    written = commands.changes(command, request.form, today)
    said = command.said if "statuscode" in written else Notice.PLANNED
    return subscriptions.save(world, str(row_id), written, said)


def _offered(row: Row, verb: str) -> Command:
    """Return the command if the subscription's status has its button."""
    if verb not in set(Verb):
        abort(HTTPStatus.NOT_FOUND, "There is no such command.")
    command = COMMANDS[Verb(verb)]
    if command not in commands.offered(subscriptions.status_of(row)):
        abort(HTTPStatus.CONFLICT, "The subscription is not in a status for this any more.")
    return command
