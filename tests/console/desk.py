"""A console over a world in process: a person's browser without a browser."""

import json
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from console.app import create_console
from console.desk import Desk, NotDoneError, Person, Role
from console.sessions import make_link
from seatkeeper.console_desk import desk_of
from seatkeeper.requested import RequestRefusedError, run_request
from sync.cycle import run_once
from sync.standing import LAST_POLL

TOKEN = re.compile(r'name="form_token" value="([^"]+)"')
REAL = datetime(2026, 1, 5, 9, tzinfo=UTC)


@dataclass
class Clock:
    """Real time, as the test wants it."""

    at: datetime = REAL

    def __call__(self):
        return self.at

    def passes(self, minutes):
        self.at += timedelta(minutes=minutes)


def desk_over(application, clock, **changes):
    """Return the desk of an application whose commands are run at once, as by a daemon."""

    def ask(verb, asked):
        try:
            results = json.loads(run_request(application.engine, verb, json.dumps(asked)))
        except RequestRefusedError as error:
            raise NotDoneError(str(error)) from error
        run_once(application.engine)
        return results

    return replace(desk_of(application, ask, now=clock), **changes)


@dataclass
class Browser:
    """One person's browser: its cookies, and the token of the page it saw last."""

    client: FlaskClient
    token: str = ""
    answers: list[TestResponse] = field(default_factory=list)

    def get(self, path, **options):
        answer = self.client.get(path, buffered=True, **options)
        if found := TOKEN.search(answer.text if "html" in answer.content_type else ""):
            self.token = found.group(1)
        return answer

    def post(self, path, token=None, **form):
        given = {"form_token": self.token if token is None else token, **form}
        answer = self.client.post(path, data=given)
        return self.get(answer.location) if answer.status_code == 303 else answer


@dataclass
class Console:
    """The application, and browsers at it."""

    desk: Desk
    clock: Clock

    def __post_init__(self):
        self.app = create_console(self.desk)
        self.app.testing = True

    def stranger(self):
        return Browser(self.app.test_client())

    def link(self, role=Role.ADMIN, name="Ada Lovelace"):
        """Make a one-time link, and return its token."""
        return make_link(self.desk.store, Person(name=name, role=role), self.clock())

    def enters(self, role=Role.ADMIN, name="Ada Lovelace"):
        """Come in by a link."""
        token, browser = self.link(role, name), self.stranger()
        assert browser.get(f"/enter?token={token}").status_code == 303
        browser.get("/")
        return browser


def tell_story(stage):
    """Play a deactivation, and leave another subscription for a person; it was polled just now."""
    stage.runs()
    stage.sound = stage.subscribes()
    stage.runs()
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    stage.edits(row=stage.sound, sk_quantity=0)
    stage.runs()
    now = stage.application.engine.now().isoformat()
    stage.application.store.tx(lambda tx: tx.set_meta(LAST_POLL, now))


def open_console(application, **changes):
    clock = Clock()
    return Console(desk_over(application, clock, **changes), clock)
