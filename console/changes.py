"""Changes as they were seen, newest first, with what became of each."""

from collections.abc import Callable

from flask import render_template
from flask.typing import ResponseReturnValue

from console import forms
from console.room import Room, part
from sync.judge import status_of
from sync.state import Fact, FactState

_PAGE = 50


def index(room: Room) -> ResponseReturnValue:
    """Show the page."""
    return render_template("changes.html", **_shown(room))


def rows(room: Room) -> ResponseReturnValue:
    """Show the list alone, for the live view."""
    return part("parts/changes.html", **_shown(room))


def _shown(room: Room) -> dict[str, object]:
    before, state = forms.number("before"), forms.choice("state", FactState)
    facts = room.desk.store.look(
        lambda tx: tx.page_facts(before=before, state=state, limit=_PAGE + 1)
    )
    shown = facts[:_PAGE]
    return {
        "facts": shown,
        "status": status_reader(room),
        "names": room.names.of(fact.subscription_id for fact in shown),
        "state": state,
        "before": before,
        "older": shown[-1].ordinal if len(facts) > _PAGE else None,
    }


def status_reader(room: Room) -> Callable[[Fact], str]:
    """Return what tells the status that a change led to."""
    entity = room.desk.mappings().entity("subscription")

    def read(fact: Fact) -> str:
        return status_of(entity, fact.point) or str(list(fact.point.pair))

    return read
