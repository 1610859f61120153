"""Invoices: drafts with why they wait, credits owed, the next invoice, and what was issued."""

from datetime import date, timedelta
from http import HTTPStatus
from uuid import UUID

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from console import forms
from console.desk import NotDoneError
from console.room import Room, part
from console.tables import csv_file
from sync.reading_invoices import MOST
from sync.standing import read_standing

_FIELDS = (
    "number",
    "status",
    "customer",
    "contract",
    "first_day",
    "last_day",
    "issued_on",
    "due_on",
    "paid_on",
    "currency",
    "net",
    "tax",
    "total",
)


def index(room: Room) -> ResponseReturnValue:
    """Show the page; its two lists are asked for by the page."""
    first, last = _month(room)
    return render_template("invoices.html", first=first, last=last)


def drafts(room: Room) -> ResponseReturnValue:
    """List the open invoices; asks Dynamics."""
    try:
        found, trouble = room.desk.drafts(), ""
    except NotDoneError as error:
        found, trouble = (), str(error)
    return part("parts/drafts.html", drafts=found, trouble=trouble, most=MOST)


def issued(room: Room) -> ResponseReturnValue:
    """List what was issued in a span of days; asks Dynamics."""
    first, last = _month(room)
    try:
        found, trouble = room.desk.issued(first, last), ""
    except NotDoneError as error:
        found, trouble = (), str(error)
    context = {"invoices": found, "trouble": trouble, "first": first, "last": last}
    return part("parts/issued.html", **context)


def export(room: Room) -> ResponseReturnValue:
    """Give what was issued to the accountant, as a file."""
    first, last = _month(room)
    try:
        found = room.desk.issued(first, last)
    except NotDoneError as error:
        abort(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
    rows = ([getattr(one, name) for name in _FIELDS] for one in found)
    return csv_file(f"invoices-{first}-{last}.csv", _FIELDS, rows)


def preview(room: Room, row_id: UUID) -> ResponseReturnValue:
    """Show a contract's next invoice as a run would issue it; asks Dynamics, changes nothing."""
    contract = forms.row_id(row_id)
    try:
        found, trouble = room.desk.next_invoice(contract), ""
    except NotDoneError as error:
        found, trouble = None, str(error)
    return render_template("next_invoice.html", contract=contract, bill=found, trouble=trouble)


def run(room: Room) -> ResponseReturnValue:
    """Issue what is due today, of all contracts or of one."""
    contract = request.form.get("contract") or None
    if contract is not None:
        try:
            contract = str(UUID(contract))
        except ValueError:
            abort(HTTPStatus.BAD_REQUEST, "This is no id of a contract; nothing was done.")
    argument: dict[str, str | None] = {"on": None, "contract": contract}
    done = "What is due today was issued; the list says what still waits."
    return room.command("invoice run", argument, done, back=url_for("invoices.index"))


def _month(room: Room) -> tuple[date, date]:
    """Return the wanted days, or the month up to today."""
    standing = room.desk.store.look(read_standing)
    today = (standing.last_poll or room.desk.now()).date()
    first = forms.day("from") or today.replace(day=1)
    last = forms.day("to") or max(first, today)
    if last < first or last - first > timedelta(days=400):
        abort(HTTPStatus.BAD_REQUEST, "The span of days is turned round, or longer than 400 days.")
    return first, last
