"""Where the two sides differ, and what is active on one of them alone."""

from collections.abc import Sequence
from datetime import datetime

from flask import render_template, url_for
from flask.typing import ResponseReturnValue

from console import forms
from console.desk import NotDoneError
from console.room import Room, part
from sync.drift import Drift, drift_of
from sync.ports import Tx
from sync.standing import read_standing
from sync.unmatched import Unmatched, find_unmatched

_PAGE = 50


def index(room: Room) -> ResponseReturnValue:
    """List every known difference, oldest first, and what becomes of it."""
    after = forms.text("since"), forms.text("subscription"), forms.text("field")
    standing = room.desk.store.look(read_standing)
    now = standing.last_poll or room.desk.now()
    found, total, suspects = room.desk.store.look(
        lambda tx: (_page(tx, after, now), tx.count_differences(), tx.count_suspects())
    )
    shown = found[:_PAGE]
    return render_template(
        "differences.html",
        differences=shown,
        total=total,
        suspects=suspects,
        is_first=not after[0],
        last=shown[-1] if len(found) > _PAGE else None,
        names=room.names.of(one.subscription for one in shown),
        business_now=now,
    )


def _page(tx: Tx, after: tuple[str, str, str], now: datetime) -> list[Drift]:
    found = tx.page_differences(after=after, limit=_PAGE + 1)
    ids = {one.subscription_id for one in found}
    parked = {one: next((p.code for p in tx.parked(one)), "") for one in ids}
    return [drift_of(one, parked[one.subscription_id], now) for one in found]


def unmatched(room: Room) -> ResponseReturnValue:
    """List what is active on one side alone; its worth is asked of Dynamics."""
    found: Sequence[Unmatched] = room.desk.store.look(find_unmatched)
    shown, trouble = found[:_PAGE], ""
    try:
        shown = room.desk.valued(shown)
    except NotDoneError as error:
        trouble = str(error)
    return part("parts/unmatched.html", unmatched=shown, total=len(found), trouble=trouble)


def sweep(room: Room) -> ResponseReturnValue:
    """Have everything that Partner Center holds listed and compared."""
    done = "Everything is listed now; the page fills as it comes."
    return room.command("drift sweep", {}, done, back=url_for("differences.index"))
