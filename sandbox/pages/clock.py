"""The clock of the sandbox: where it stands, and a form that moves it."""

from datetime import timedelta
from http import HTTPStatus

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from sandbox.clock import parse_instant
from sandbox.pages.commands import InvalidForm
from sandbox.pages.notices import Notice
from sandbox.world import World

MOST_DAYS = 3660
SECONDS_A_DAY = int(timedelta(days=1).total_seconds())


def show(world: World) -> ResponseReturnValue:
    del world
    return render_template("clock.html")


def move(world: World) -> ResponseReturnValue:
    """Move the clock by days, or set it to an instant; time-dependent state follows at once."""
    wanted = request.form.get("instant", "").strip()
    try:
        if wanted:
            world.clock.set(parse_instant(wanted))
        else:
            world.clock.advance(_days(request.form.get("days", "")) * SECONDS_A_DAY)
    except (ValueError, OverflowError) as error:
        raise InvalidForm(
            f"Give whole days, {MOST_DAYS} at most, or an instant like 2026-06-16T14:00."
        ) from error
    world.partner_center.catch_up()
    world.keep()
    return redirect(url_for("clock.show", said=Notice.CLOCK.value), HTTPStatus.SEE_OTHER)


def _days(text: str) -> int:
    days = int(text)
    if abs(days) > MOST_DAYS:
        raise ValueError(text)
    return days
