"""Subscriptions: a list to find one in, and the story of one."""

from collections.abc import Sequence
from http import HTTPStatus
from uuid import UUID

from flask import abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from console import forms
from console.changes import status_reader
from console.desk import NotDoneError
from console.room import Room, part
from console.timeline import Lane, Teller, minutes
from lifecycle.states import Status
from sync.browsing import TrailQuery
from sync.ports import Tx
from sync.reading_names import Named
from sync.state import Fact, Seen

_PAGE = 50
_STORY = 300
"""How many entries of a story are shown; older ones are in the trail."""


def index(room: Room) -> ResponseReturnValue:
    """List subscriptions by id, or find one by its id or the beginning of its name."""
    wanted = forms.text("q")
    if wanted and (subject := room.desk.store.look(lambda tx: _find(tx, wanted))):
        return redirect(url_for("subscriptions.show", row_id=subject), 303)
    status, after = forms.choice("status", Status), forms.text("after")
    found, trouble = _named(room, wanted) if wanted else ((), "")
    seen = [] if wanted else _page(room, status, after)
    shown = seen[:_PAGE]
    return render_template(
        "subscriptions.html",
        q=wanted,
        found=found,
        trouble=trouble,
        seen=shown,
        names=room.names.of(one.id for one in shown),
        status=status,
        statuses=tuple(Status),
        next_after=shown[-1].id if len(seen) > _PAGE else None,
    )


def show(room: Room, row_id: UUID) -> ResponseReturnValue:
    """Show the story of a subscription, or of a contract, in three lanes."""
    subject = forms.row_id(row_id)
    query = TrailQuery(subject=subject, limit=_STORY)
    seen, facts, parked, page, held = room.desk.store.look(
        lambda tx: (
            tx.seen([subject]).get(subject),
            tx.facts(subject),
            next(iter(tx.parked(subject)), None),
            tx.page_trail(query),
            tx.hold(subject),
        )
    )
    if seen is None and not page.entries and parked is None:
        abort(HTTPStatus.NOT_FOUND, "Nothing is known of this id.")
    teller = Teller(room.desk.sentence, status_reader(room))
    return render_template(
        "subscription.html",
        subject=subject,
        seen=seen,
        named=room.names.of([subject]).get(subject),
        parked=parked,
        is_held=bool(held),
        waiting=_waiting(room, facts),
        minutes=minutes(list(reversed(page.entries)), facts, teller),
        lanes=tuple(Lane),
        has_more=page.after is not None,
    )


def sides(room: Room, row_id: UUID) -> ResponseReturnValue:
    """Show what both sides hold now; asks both services."""
    return _sides(room, forms.row_id(row_id))


def _sides(room: Room, subject: str) -> ResponseReturnValue:
    try:
        found, trouble = room.desk.sides(subject), ""
    except NotDoneError as error:
        found, trouble = (), str(error)
    return part("parts/sides.html", sides=found, trouble=trouble)


def _find(tx: Tx, text: str) -> str | None:
    return tx.find_subject(text.lower()) or tx.find_subject(text)


def _named(room: Room, name: str) -> tuple[Sequence[Named], str]:
    try:
        return room.desk.find(name), ""
    except NotDoneError as error:
        return (), str(error)


def _page(room: Room, status: Status | None, after: str) -> list[Seen]:
    wanted = status.value if status else ""
    return room.desk.store.look(
        lambda tx: tx.page_seen(after=after, status=wanted, limit=_PAGE + 1)
    )


def _waiting(room: Room, facts: Sequence[Fact]) -> list[tuple[Fact, str]]:
    read = status_reader(room)
    return [(fact, read(fact)) for fact in facts if fact.state.value in {"waiting", "planned"}]
