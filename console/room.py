"""What all pages share: the desk, the names, the sessions, the plan that was made last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from flask import g, redirect, render_template, request
from flask.typing import ResponseReturnValue

from console.desk import Desk, Document, NotDoneError
from console.names import Names
from console.sessions import Session, Sessions

COOKIE = "seatkeeper_session"


@dataclass(frozen=True, slots=True, kw_only=True)
class MadePlan:
    """A plan, and when it was made (real time)."""

    document: Mapping[str, object]
    made_at: datetime


@dataclass(slots=True)
class Room:
    """One running console."""

    desk: Desk
    names: Names = field(init=False)
    sessions: Sessions = field(init=False)
    plan: MadePlan | None = None
    begun: dict[str, tuple[Document, datetime]] = field(default_factory=dict)
    """Sign-ins that wait for their answer, by the hash of their cookie."""

    def __post_init__(self) -> None:
        settings = self.desk.settings
        self.names = Names(self.desk.names)
        self.sessions = Sessions(
            now=self.desk.now,
            lasts=timedelta(minutes=settings.session_minutes),
            idle=timedelta(minutes=settings.idle_minutes),
        )

    @property
    def cookie_name(self) -> str:
        """Return the cookie's name; where all is https, the browser binds it to this host."""
        return f"__Host-{COOKIE}" if self.desk.settings.is_secure else COOKIE

    @property
    def cookie(self) -> str:
        return request.cookies.get(self.cookie_name, "")

    def command(
        self, verb: str, argument: Mapping[str, str | None], done: str, *, back: str
    ) -> ResponseReturnValue:
        """Have a command carried out in the person's name; say how it went on the next page."""
        asked = {**argument, "by": session().person.name}
        try:
            results = self.desk.ask(verb, asked)
        except NotDoneError as error:
            self.sessions.tell(self.cookie, "refused", str(error))
        else:
            self.sessions.tell(self.cookie, "done", _said(results) or done)
        return redirect(back, 303)


def part(template: str, **context: object) -> str:
    """Render a part of a page; as a page of its own for a browser without script."""
    if "HX-Request" in request.headers:
        return render_template(template, **context)
    return render_template("part.html", part=template, **context)


def session() -> Session:
    """Return the session of the request; the guard let nobody in without one."""
    return cast("Session", g.session)


def _said(results: Sequence[Document]) -> str:
    return " ".join(str(one["said"]) for one in results if "said" in one)
