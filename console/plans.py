"""What would be done next: made on demand from a copy of the state, accepted by its hash."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import cast

from flask import abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from console import forms
from console.desk import NotDoneError
from console.room import MadePlan, Room
from sync.preview import canonical

_SHOWN = 200


def show(room: Room) -> ResponseReturnValue:
    """Show the plan that was made last."""
    made = room.plan
    changes = _changes(made.document)[:_SHOWN] if made else []
    return render_template(
        "plan.html",
        made=made,
        changes=changes,
        total=len(_changes(made.document)) if made else 0,
        guards=cast("Sequence[object]", made.document["guards"]) if made else (),
        names=room.names.of(str(one["subscription"]) for one in changes),
    )


def make(room: Room) -> ResponseReturnValue:
    """Make a plan; it asks both services and changes nothing."""
    try:
        room.plan = MadePlan(document=room.desk.plan(), made_at=room.desk.now())
    except NotDoneError as error:
        room.sessions.tell(room.cookie, "refused", str(error))
    return redirect(url_for("plans.show"), 303)


def accept(room: Room) -> ResponseReturnValue:
    """Accept the plan with the hash that the person saw; it is refused when the world has moved."""
    made = room.plan
    if made is None or forms.sent("hash") != made.document["hash"]:
        abort(HTTPStatus.CONFLICT, "This is not the plan that was made last; look at it again.")
    text = canonical(made.document)
    back = url_for("plans.show")
    return room.command(
        "apply", {"plan": text}, "The plan is accepted, and carried out.", back=back
    )


def document(room: Room) -> ResponseReturnValue:
    """Give the plan as `seatkeeper plan --json` prints it."""
    if room.plan is None:
        abort(HTTPStatus.NOT_FOUND, "No plan was made yet.")
    text = json.dumps(json.loads(canonical(room.plan.document)), indent=2)
    headers = {
        "Content-Type": "application/json",
        "Content-Disposition": 'attachment; filename="plan.json"',
    }
    return text, headers


def _changes(document: Mapping[str, object]) -> list[Mapping[str, object]]:
    return cast("list[Mapping[str, object]]", document["changes"])
