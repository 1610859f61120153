"""The Flask application of the pages: routes, errors, how values are shown."""

from collections.abc import Callable
from functools import partial, wraps
from http import HTTPStatus

from flask import Flask, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from jinja2 import StrictUndefined
from werkzeug.exceptions import HTTPException

from sandbox.dataverse.errors import Refused
from sandbox.pages import (
    billing,
    changelogs,
    clock,
    customers,
    days,
    dialog,
    people,
    provider,
    subscriptions,
)
from sandbox.pages.commands import InvalidForm
from sandbox.pages.money import money, number
from sandbox.pages.notices import TEXTS
from sandbox.pages.reading import NoSuchRow, label
from sandbox.pages.safety import protect
from sandbox.pages.web_api import WriteRefused
from sandbox.partner_center.errors import InputRefused
from sandbox.world import World

View = Callable[..., ResponseReturnValue]

ROUTES: tuple[tuple[str, str, View], ...] = (
    ("GET", "/subscriptions", subscriptions.index),
    ("GET", "/subscriptions/<uuid:row_id>", subscriptions.show),
    ("POST", "/subscriptions/<uuid:row_id>/quantity", subscriptions.set_quantity),
    ("POST", "/subscriptions/<uuid:row_id>/details", subscriptions.set_details),
    ("GET", "/subscriptions/<uuid:row_id>/<verb>", dialog.confirm),
    ("POST", "/subscriptions/<uuid:row_id>/<verb>", dialog.perform),
    ("GET", "/customers", customers.index),
    ("GET", "/customers/<uuid:row_id>", customers.show),
    ("GET", "/customers/<uuid:row_id>/deactivate", customers.confirm),
    ("POST", "/customers/<uuid:row_id>/deactivate", customers.perform),
    ("GET", "/changelogs", changelogs.index),
    ("POST", "/changelogs/<uuid:row_id>/provisioning", changelogs.set_provisioning),
    ("GET", "/contracts", billing.index),
    ("GET", "/contracts/<uuid:row_id>", billing.show),
    ("POST", "/contracts/<uuid:row_id>/refunds", billing.set_refunds),
    ("POST", "/invoices/<uuid:row_id>/paid", billing.mark_paid),
    ("GET", "/partner-center", provider.index),
    ("GET", "/partner-center/<uuid:row_id>", provider.show),
    ("POST", "/partner-center/<uuid:row_id>", provider.change),
    ("GET", "/clock", clock.show),
    ("POST", "/clock", clock.move),
    ("POST", "/person", people.change),
)


def create_pages(world: World) -> Flask:
    """Return the WSGI application, to be mounted under /app."""
    app = Flask("sandbox.pages")
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(money=money, number=number, day=days.day, moment=days.moment)
    app.jinja_env.globals.update(label=label, span=days.span)
    app.context_processor(partial(_surroundings, world))
    protect(app)
    app.add_url_rule("/", "home", lambda: redirect(url_for("subscriptions.index")))
    for method, rule, view in ROUTES:
        app.add_url_rule(rule, _endpoint(view), _held(world, view), methods=[method])
    for error in (HTTPException, Refused, WriteRefused, InputRefused, InvalidForm, NoSuchRow):
        app.register_error_handler(error, _explain)
    return app


def _endpoint(view: View) -> str:
    return f"{view.__module__.rpartition('.')[2]}.{view.__name__}"


def _held(world: World, view: View) -> View:
    """Run a view, and the rendering of its template, under the world's lock as the person."""

    @wraps(view)
    def run(**values: object) -> ResponseReturnValue:
        with world.acting(people.current(world).name):
            return view(world, **values)

    return run


def _surroundings(world: World) -> dict[str, object]:
    return {
        "now": world.clock.now(),
        "person": people.current(world),
        "everyone": people.everyone(world),
        "notice": TEXTS.get(request.args.get("said", ""), ""),
    }


def _explain(error: Exception) -> ResponseReturnValue:
    """Show any refusal as a page that says what happened."""
    code = getattr(error, "code", None)
    status = HTTPStatus(code) if isinstance(code, int) else _status(error)
    text = getattr(error, "description", None) or str(error)
    return render_template("error.html", status=status, text=text), status


def _status(error: Exception) -> HTTPStatus:
    return HTTPStatus.NOT_FOUND if isinstance(error, NoSuchRow) else HTTPStatus.BAD_REQUEST
