"""The first page: how things stand, what needs a human, and what went through lately."""

from datetime import datetime

from flask import render_template, url_for
from flask.typing import ResponseReturnValue

from console import charts, forms
from console.charts import Width
from console.desk import NotDoneError
from console.room import Room, part
from sync.scope import OUTSIDE
from sync.standing import Standing, read_standing

_INTERVALS = {Width.HOUR: 24, Width.DAY: 30}


def index(room: Room) -> ResponseReturnValue:
    """Show the whole page."""
    return render_template("overview.html", **_shown(room))


def live(room: Room) -> ResponseReturnValue:
    """Show the part that changes."""
    return part("parts/overview.html", **_shown(room))


def next_due(room: Room) -> ResponseReturnValue:
    """Say when the next invoice is due: asked of Dynamics."""
    try:
        return part("parts/next_due.html", due=room.desk.next_due(), trouble="")
    except NotDoneError as error:
        return part("parts/next_due.html", due=None, trouble=str(error))


def pause(room: Room) -> ResponseReturnValue:
    return room.command("pause", {}, "Paused: nothing is sent.", back=url_for("overview.index"))


def resume(room: Room) -> ResponseReturnValue:
    return room.command("resume", {}, "It goes on.", back=url_for("overview.index"))


def _shown(room: Room) -> dict[str, object]:
    standing = room.desk.store.look(read_standing)
    width = Width.DAY if forms.text("span") == "month" else Width.HOUR
    now = standing.last_poll or room.desk.now()
    drawn = _charts(room, width, now)
    return {
        "standing": standing,
        "parked": _for_a_person(standing),
        "outside": standing.parked.get(OUTSIDE.code, 0),
        "charts": drawn,
        "is_month": width is Width.DAY,
        "business_now": now,
        "facts": room.desk.facts(),
    }


def _for_a_person(standing: Standing) -> int:
    return sum(number for code, number in standing.parked.items() if code != OUTSIDE.code)


def _charts(room: Room, width: Width, now: datetime) -> list[charts.Chart]:
    starts = charts.edges(width, now, _INTERVALS[width])
    changes, sent = room.desk.store.look(
        lambda tx: (tx.changes_between(starts), tx.sent_between(starts))
    )
    return [
        charts.chart("Changes seen", changes, width, starts),
        charts.chart("Writes sent", sent, width, starts),
    ]
