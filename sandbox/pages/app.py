"""The Flask application of the pages: routes, errors, how values are shown."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial, wraps
from http import HTTPStatus

from flask import Flask, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from iso4217 import Currency
from jinja2 import StrictUndefined
from werkzeug.exceptions import HTTPException

from sandbox.dataverse.errors import Refused
from sandbox.pages import billing, clock, provider, subscriptions
from sandbox.pages.commands import InvalidForm
from sandbox.pages.notices import TEXTS
from sandbox.pages.reading import NoSuchRow, label
from sandbox.pages.safety import protect
from sandbox.world import World

View = Callable[..., ResponseReturnValue]

ROUTES: tuple[tuple[str, str, View], ...] = (
    ("GET", "/subscriptions", subscriptions.index),
    ("GET", "/subscriptions/<uuid:row_id>", subscriptions.show),
    ("POST", "/subscriptions/<uuid:row_id>/quantity", subscriptions.set_quantity),
    ("GET", "/subscriptions/<uuid:row_id>/<verb>", subscriptions.confirm),
    ("POST", "/subscriptions/<uuid:row_id>/<verb>", subscriptions.perform),
    ("POST", "/changelogs/<uuid:row_id>/provisioning", subscriptions.set_provisioning),
    ("GET", "/contracts", billing.index),
    ("GET", "/contracts/<uuid:row_id>", billing.show),
    ("POST", "/invoices/<uuid:row_id>/paid", billing.mark_paid),
    ("GET", "/partner-center", provider.index),
    ("GET", "/clock", clock.show),
    ("POST", "/clock", clock.move),
)


def create_pages(world: World) -> Flask:
    """Return the WSGI application, to be mounted under /app."""
    app = Flask("sandbox.pages")
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.filters.update(money=money, number=number)
    app.jinja_env.globals.update(label=label)
    app.context_processor(partial(_surroundings, world))
    protect(app)
    app.add_url_rule("/", "home", lambda: redirect(url_for("subscriptions.index")))
    for method, rule, view in ROUTES:
        app.add_url_rule(rule, _endpoint(view), _held(world, view), methods=[method])
    for error in (HTTPException, Refused, InvalidForm, NoSuchRow):
        app.register_error_handler(error, _explain)
    return app


def _endpoint(view: View) -> str:
    return f"{view.__module__.rpartition('.')[2]}.{view.__name__}"


def _held(world: World, view: View) -> View:
    """Run a view, and the rendering of its template, under the world's lock as the person."""

    @wraps(view)
    def run(**values: object) -> ResponseReturnValue:
        with world.acting(world.settings.person):
            return view(world, **values)

    return run


def _surroundings(world: World) -> dict[str, object]:
    return {
        "now": world.clock.now(),
        "person": world.settings.person,
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


def money(amount: Decimal | None, currency: str | None) -> str:
    """Write an amount with the digits of its currency, or more when it has more."""
    if amount is None:
        return ""
    usual = Currency(currency).exponent or 0 if currency else 2
    kept = -int(amount.normalize().as_tuple().exponent)
    return f"{amount:,.{max(usual, kept)}f} {currency or ''}".rstrip()


def number(value: Decimal | int | None) -> str:
    """Write a number without the zeros behind it."""
    return "" if value is None else f"{Decimal(value).normalize():f}"
