"""What is set aside for a person: why, both sides, and what the person may do about it."""

from collections.abc import Iterator
from http import HTTPStatus
from uuid import UUID

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from console import forms
from console.changes import status_reader
from console.room import Room, part
from sync.ports import Tx
from sync.resolving import Choice, choices
from sync.sides import Difference
from sync.state import FactState, Parked

_PAGE = 50
_UNFINISHED = frozenset({"awaiting", "failed"})
LABELS = {
    Choice.LOOK: "I mended the cause: look again",
    Choice.AGAIN: "Ask the provider again",
    Choice.FORGET: "Do nothing about it any more",
    Choice.REBILL: "Bill the days again",
    Choice.ACCEPT: "It is meant so: accept it",
    Choice.SUSPEND: "Suspend it at the provider",
    Choice.CANCEL: "Cancel it at the provider, for good",
    Choice.SKIP: "Leave the step out",
}
"""The choices that are one button; a conflict has its own form."""


def index(room: Room) -> ResponseReturnValue:
    """List what is parked, oldest first."""
    return render_template("parked.html", **_listed(room))


def rows(room: Room) -> ResponseReturnValue:
    """Show the list alone, for the live view."""
    return part("parts/parked.html", **_listed(room))


def _listed(room: Room) -> dict[str, object]:
    code, since, subject = (forms.text(name) for name in ("code", "since", "subject"))
    found, codes = room.desk.store.look(
        lambda tx: (
            tx.page_parked(code=code, after=(since, subject), limit=_PAGE + 1),
            tx.parked_codes(),
        )
    )
    shown = found[:_PAGE]
    return {
        "parked": shown,
        "codes": codes,
        "code": code,
        "is_first": not since,
        "last": shown[-1] if len(found) > _PAGE else None,
        "names": room.names.of(one.subject for one in shown),
    }


def show(room: Room, row_id: UUID) -> ResponseReturnValue:
    """Show one: what is known here; both sides are asked for by the page."""
    subject = forms.row_id(row_id)
    parked, allowed, differences = room.desk.store.look(lambda tx: _known(tx, subject))
    if parked is None:
        return render_template("not_parked.html", subject=subject)
    return render_template(
        "parked_one.html",
        parked=parked,
        named=room.names.of([subject]).get(subject),
        choices=[(one.value, LABELS[one]) for one in LABELS if one in allowed],
        conflicts=[one for one in differences if one.outcome == "conflict"]
        if Choice.TAKE in allowed
        else [],
        differences=differences,
        held_back=list(room.desk.store.look(lambda tx: list(_held_back(room, tx, subject)))),
    )


def retry(room: Room) -> ResponseReturnValue:
    """Have everything that is parked looked at again."""
    back = url_for("parked.index")
    return room.command(
        "parked retry", {"subject": None}, "All of it is looked at again.", back=back
    )


def resolve(room: Room, row_id: UUID) -> ResponseReturnValue:
    """Do what a person chose."""
    subject = forms.row_id(row_id)
    try:
        chosen = Choice(request.form.get("choice", ""))
    except ValueError:
        abort(HTTPStatus.BAD_REQUEST, "This choice is not known; nothing was done.")
    argument: dict[str, str | None] = {"subject": subject, "choice": chosen.value}
    if chosen is Choice.TAKE:
        argument |= {"take": forms.sent("take"), "field": forms.sent("field")}
    back = url_for("parked.show", row_id=subject)
    return room.command("parked resolve", argument, "Done.", back=back)


def _known(tx: Tx, subject: str) -> tuple[Parked | None, frozenset[Choice], list[Difference]]:
    parked = next(iter(tx.parked(subject)), None)
    allowed: frozenset[Choice] = choices(tx, parked) if parked else frozenset()
    return parked, allowed, tx.differences(subject)


def _held_back(room: Room, tx: Tx, subject: str) -> Iterator[str]:
    read = status_reader(room)
    for fact in tx.facts(subject, FactState.WAITING, FactState.REFUSED):
        when = f"{fact.at:%Y-%m-%d %H:%M} UTC"
        yield f"change of {when}: {read(fact)}, {fact.point.quantity} seats ({fact.state})"
    for log in tx.known_logs(subject):
        if log.provisioning in _UNFINISHED:
            yield f"change log {log.sequence}: {log.kind}, {log.provisioning} provisioning"
    for one in tx.open_operations(subject):
        yield f"operation: {one.action} {one.target} ({one.state})"
