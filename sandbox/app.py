"""The WSGI application: which service a request is for, its faults, its journal entry."""

import errno
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException
from werkzeug.wsgi import ClosingIterator

from sandbox import answers, control, sign_in
from sandbox.clock import iso
from sandbox.dataverse.protection import Protection, Visit
from sandbox.faults import Drop, Rule, Service
from sandbox.limits import Limiter
from sandbox.partner_center.responses import finish
from sandbox.tokens import Fault, TokenRefused, principal
from sandbox.webhooks.postman import Postman
from sandbox.webhooks.seal import certificate_file
from sandbox.world import Principal, World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_LOG = logging.getLogger(__name__)
_PREFIXES = {
    "/api/data/": Service.DATAVERSE,
    "/v1/": Service.PARTNER_CENTER,
    "/webhooks/v1/": Service.PARTNER_CENTER,
    "/partner/v1/": Service.PARTNER_CENTER,
    "/rest-provider/": Service.REST_PROVIDER,
}
HELD_BY_CALLER = "sandbox.hold"
"""Environment key: a function that takes delay_seconds in place of waiting (in process)."""


class ConnectionDropped(ConnectionResetError):
    """The connection is cut without an answer; the server closes it without a word."""

    def __init__(self) -> None:
        super().__init__(errno.ECONNRESET, "dropped on order")


@dataclass(slots=True, kw_only=True)
class _Exchange:
    """One request to a service and what is known about it for the journal."""

    request: Request
    service: Service
    caller: Principal | None = None
    refused: TokenRefused | None = None
    client: str | None = None
    status: int | None = None
    delivered: bool = True
    visit: Visit | None = None


class App:
    """All services, the control API and the pages behind one origin."""

    def __init__(self, world: World, pages: "WSGIApplication | None" = None) -> None:
        self.world = world
        self.stopping = world.stopping
        self.postman = Postman(world)
        self._pages = pages
        self._limiter = Limiter()
        self._protection = Protection(lambda: world.settings, lambda: _limits_now(world))

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request, then send the events that are due.

        Raises ConnectionDropped when a fault cuts the request off.
        """
        return ClosingIterator(self._reply(environ, start_response), self.postman.deliver)

    def _reply(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/app" or path.startswith("/app/"):
            return self._show(environ, start_response)
        request = Request(environ)
        if path.startswith("/cert/"):
            response = _certificate(request)
        elif path.startswith("/_sandbox"):
            response = control.handle(self.world, request)
        else:
            response = self._serve(_Exchange(request=request, service=service_at(path)))
            response.headers["Date"] = format_datetime(self.world.clock.now(), usegmt=True)
        return response(environ, start_response)

    def _show(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if self._pages is None:
            return Response("This sandbox has no pages.", 404)(environ, start_response)
        environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + "/app"
        environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix("/app")
        return self._pages(environ, start_response)

    def _serve(self, exchange: _Exchange) -> Response:
        world, request = self.world, exchange.request
        with world.lock:
            rule = world.faults.strike(exchange.service, request.method, request.path)
            self._identify(exchange)
        with self._protected(exchange, rule):
            if rule is not None and rule.delay_seconds:
                self._hold(request, rule.delay_seconds)
            with world.acting("sandbox"):
                try:
                    return self._take(exchange, rule)
                finally:
                    self._note(exchange)

    @contextmanager
    def _protected(self, exchange: _Exchange, rule: Rule | None) -> Iterator[None]:
        """Count a request to Dataverse while it runs, from before it waits to its end."""
        if exchange.service is not Service.DATAVERSE or exchange.caller is None:
            yield
            return
        request, began = exchange.request, self.world.clock.real()
        exchange.visit = self._protection.enter(exchange.caller.user_id, request.cookies)
        try:
            yield
        finally:
            spent = self.world.clock.real() - began
            if rule is not None and HELD_BY_CALLER in request.environ:
                spent += timedelta(seconds=rule.delay_seconds)
            self._protection.leave(exchange.visit, spent.total_seconds() * 1000)

    def _hold(self, request: Request, seconds: float) -> None:
        """Keep a request waiting before it is executed, without the lock."""
        hold = request.environ.get(HELD_BY_CALLER, self.stopping.wait)
        hold(seconds)

    def _identify(self, exchange: _Exchange) -> None:
        """Note who calls, also of a request that is going to be dropped."""
        request = exchange.request
        if exchange.service is Service.SIGN_IN:
            exchange.client = request.form.get("client_id") if request.method == "POST" else None
            return
        if exchange.service is Service.REST_PROVIDER:
            return  # it knows a key, and nobody by name
        header = request.headers.get("Authorization")
        try:
            exchange.caller = principal(self.world, header, exchange.service)
            exchange.client = exchange.caller.client
        except TokenRefused as refused:
            exchange.refused = refused
            exchange.client = refused.client

    def _take(self, exchange: _Exchange, rule: Rule | None) -> Response:
        if rule is not None and rule.drop is Drop.BEFORE_COMMIT:
            exchange.delivered = False
            raise ConnectionDropped
        if rule is not None and rule.status is not None and rule.drop is None:
            response = answers.refused_by(self.world, exchange.service, rule)
        else:
            response = self._execute(exchange)
        if exchange.service is Service.PARTNER_CENTER:
            response = finish(self.world, exchange.request, response)
        response.make_sequence()
        exchange.status = response.status_code
        if rule is not None and rule.drop is Drop.AFTER_COMMIT:
            exchange.delivered = False
            raise ConnectionDropped
        return response

    def _execute(self, exchange: _Exchange) -> Response:
        try:
            return self._answer(exchange)
        except HTTPException as error:
            return answers.outage(self.world, exchange.service, error.code or 400, None)
        except Exception:  # noqa: BLE001 - a service answers 500 and goes on, as the real one would
            _LOG.exception("%s %s", exchange.request.method, exchange.request.path)
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            return answers.outage(self.world, exchange.service, status, None)

    def _answer(self, exchange: _Exchange) -> Response:
        world, request, service = self.world, exchange.request, exchange.service
        if service is Service.SIGN_IN:
            return sign_in.handle(world, request)
        if service is Service.REST_PROVIDER:
            return world.rest_provider.handle(request)
        if exchange.caller is None:
            fault = exchange.refused.fault if exchange.refused else Fault.MISSING
            return answers.refused_token(world, service, fault, request)
        if exchange.visit is not None:
            return self._dataverse(exchange, exchange.caller, exchange.visit)
        seconds = self._throttled(request.path)
        if seconds is not None:
            return answers.outage(world, service, HTTPStatus.TOO_MANY_REQUESTS, seconds)
        with world.acting(exchange.caller.client):
            return world.partner_center.handle(request, exchange.caller)

    def _dataverse(self, exchange: _Exchange, caller: Principal, visit: Visit) -> Response:
        with self.world.acting(caller.client):
            if visit.throttled is None:
                response = self.world.dataverse.handle(exchange.request, caller)
            else:
                response = self.world.dataverse.refuse(visit.throttled.refused)
        response.headers.extend(self._protection.headers(visit))
        return response

    def _throttled(self, path: str) -> int | None:
        settings, now = self.world.settings, self.world.clock.real()
        limit = settings.partner_center_per_minute
        key = f"{Service.PARTNER_CENTER} {self.world.tenant_id}"
        if settings.partner_center_limit_per == "customer" and path.startswith("/v1/customers/"):
            key += f" {path.split('/')[3].lower()}"
        return self._limiter.refuse(key, now, limit=limit, window_seconds=60)

    def _note(self, exchange: _Exchange) -> None:
        with self.world.lock:
            self.world.journal.request(
                at=iso(self.world.clock.now()),
                service=exchange.service,
                client=exchange.client,
                method=exchange.request.method,
                path=exchange.request.path,
                status=exchange.status,
                delivered=exchange.delivered,
            )


def _certificate(request: Request) -> Response:
    """Serve a certificate of the sender of events."""
    found = certificate_file(request.path.removeprefix("/cert/"), request.host)
    if found is None:
        return Response("There is no such certificate.", 404)
    return Response(found, content_type="application/x-x509-ca-cert")


def _limits_now(world: World) -> datetime:
    return world.clock.real() if world.settings.limits_clock == "real" else world.clock.now()


def service_at(path: str) -> Service:
    """Return the service that a path belongs to."""
    for prefix, service in _PREFIXES.items():
        if path.startswith(prefix):
            return service
    return Service.SIGN_IN
