"""The Flask application: its routes with the role that each one needs, and its errors."""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus

from flask import Flask, render_template
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from console import (
    changes,
    differences,
    guard,
    invoices,
    looks,
    mappings,
    overview,
    parked,
    plans,
    sign_in,
    subscriptions,
    trail,
)
from console.desk import Desk, Role
from console.room import Room
from sync.state import StateError

View = Callable[..., ResponseReturnValue]
V, O, A = Role.VIEWER, Role.OPERATOR, Role.ADMIN  # noqa: E741  # one letter each keeps the table readable

ROUTES: tuple[tuple[str, str, View, Role], ...] = (
    ("GET", "/", overview.index, V),
    ("GET", "/overview", overview.live, V),
    ("GET", "/overview/next-invoice", overview.next_due, V),
    ("POST", "/pause", overview.pause, O),
    ("POST", "/resume", overview.resume, O),
    ("GET", "/changes", changes.index, V),
    ("GET", "/changes/rows", changes.rows, V),
    ("GET", "/subscriptions", subscriptions.index, V),
    ("GET", "/subscriptions/<uuid:row_id>", subscriptions.show, V),
    ("GET", "/subscriptions/<uuid:row_id>/sides", subscriptions.sides, V),
    ("GET", "/parked", parked.index, V),
    ("GET", "/parked/rows", parked.rows, V),
    ("GET", "/parked/<uuid:row_id>", parked.show, V),
    ("POST", "/parked/<uuid:row_id>", parked.resolve, O),
    ("POST", "/parked/retry", parked.retry, O),
    ("GET", "/differences", differences.index, V),
    ("GET", "/differences/unmatched", differences.unmatched, V),
    ("POST", "/differences/sweep", differences.sweep, O),
    ("GET", "/plan", plans.show, V),
    ("GET", "/plan.json", plans.document, V),
    ("POST", "/plan", plans.make, O),
    ("POST", "/plan/accept", plans.accept, A),
    ("GET", "/invoices", invoices.index, V),
    ("GET", "/invoices/drafts", invoices.drafts, V),
    ("GET", "/invoices/issued", invoices.issued, V),
    ("GET", "/invoices/issued.csv", invoices.export, V),
    ("GET", "/contracts/<uuid:row_id>/next-invoice", invoices.preview, V),
    ("POST", "/invoices/run", invoices.run, O),
    ("GET", "/mappings", mappings.show, V),
    ("GET", "/mappings/defects", mappings.defects, V),
    ("GET", "/trail", trail.index, V),
    ("GET", "/trail/rows", trail.rows, V),
    ("GET", "/trail.csv", trail.as_csv, V),
    ("GET", "/trail.json", trail.as_json, V),
    ("POST", "/sign-out", sign_in.leave, V),
)
OPEN_ROUTES: tuple[tuple[str, str, View], ...] = (
    ("GET", "/sign-in", sign_in.show),
    ("GET", "/enter", sign_in.enter),
    ("GET", "/sign-in/begin", sign_in.begin),
    ("GET", "/sign-in/answer", sign_in.answer),
)


def create_console(desk: Desk) -> Flask:
    """Return the WSGI application."""
    app, room = Flask("console"), Room(desk)
    for method, rule, view, _ in ROUTES:
        app.add_url_rule(rule, _endpoint(view), partial(view, room), methods=[method])
    for method, rule, view in OPEN_ROUTES:
        app.add_url_rule(rule, _endpoint(view), partial(view, room), methods=[method])
    guard.protect(app, room, {_endpoint(view): role for _, _, view, role in ROUTES})
    looks.dress(app, room)
    app.register_error_handler(HTTPException, _explain)
    app.register_error_handler(StateError, _state)
    return app


def _endpoint(view: View) -> str:
    return f"{view.__module__.rpartition('.')[2]}.{view.__name__}"


def _explain(error: HTTPException) -> ResponseReturnValue:
    """Say what happened, in the person's words; what they sent is not repeated."""
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    return _page(status, error.description or "")


def _state(_: Exception) -> ResponseReturnValue:
    text = "The local state cannot be read just now; the daemon's log says why."
    return _page(HTTPStatus.SERVICE_UNAVAILABLE, text)


def _page(status: HTTPStatus, text: str) -> ResponseReturnValue:
    return render_template("error.html", status=status, text=text), status
