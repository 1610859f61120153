"""The paths under /webhooks/v1: one registration per tenant, and validation events."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import orjson
from werkzeug import Response

from sandbox.answers import outage
from sandbox.documents import Document
from sandbox.faults import Service
from sandbox.limits import Limiter
from sandbox.partner_center.calls import Call
from sandbox.partner_center.errors import PartnerRefused
from sandbox.partner_center.responses import json_response
from sandbox.webhooks.events import NAMES, SUBSCRIPTION, TEST, Event
from sandbox.webhooks.outbox import Outbox, Parcel
from sandbox.world import World

_VALIDATIONS_PER_MINUTE = 2
_KEPT_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """Where events go, and which; `host` is the name under which the sandbox was reached."""

    subscriber_id: str
    url: str
    events: tuple[str, ...]
    own_header: bool
    host: str

    def wire(self) -> Document:
        return {
            "SubscriberId": self.subscriber_id,
            "WebhookUrl": self.url,
            "WebhookEvents": list(self.events),
        }


@dataclass(slots=True, kw_only=True)
class _Validation:
    url: str
    asked: datetime
    is_done: bool = False
    results: list[Document] = field(default_factory=list)


class Desk:
    """Registers the callback and queues the events for it."""

    table = "webhook"

    def __init__(self, world: World) -> None:
        self._world = world
        self._limiter = Limiter()
        self._validations: dict[str, _Validation] = {}
        self.registration: Registration | None = None
        self.outbox = Outbox(settings=world.settings)

    def answer(self, call: Call) -> Response:
        """Answer a request. Raises PartnerRefused."""
        match call.request.method, [part.lower() for part in call.parts]:
            case "GET", ["registration", "events"]:
                return _listed(NAMES)
            case "GET", ["registration"]:
                return json_response(self._known().wire())
            case "POST", ["registration"]:
                return self._register(call, self._world.new_id())
            case "PUT", ["registration"]:
                return self._register(call, self._known().subscriber_id)
            case "POST", ["registration", "validationevents"]:
                return self._validate(call.now)
            case "GET", ["registration", "validationevents", key]:
                return json_response(self._result(key, call.now))
            case _:
                raise call.unknown()

    def changed(self, customer_id: str, subscription_id: str, audit: str, now: datetime) -> None:
        """Queue an event for a changed subscription, if somebody wants it."""
        path = f"customers/{customer_id}/subscriptions/{subscription_id}"
        self._put(Event(name=SUBSCRIPTION, resource="subscription", path=path, at=now, audit=audit))

    def announce(self, name: str, resource: str, path: str, now: datetime) -> None:
        """Queue an event of another name, if somebody wants it."""
        self._put(Event(name=name, resource=resource, path=path, at=now))

    def _put(self, event: Event) -> None:
        if self.registration is not None and event.name in self.registration.events:
            self.outbox.put(event, event.at)

    def settle(self, parcel: Parcel, status: int | None, now: datetime) -> None:
        """Note what came of an attempt; `status` is None when nobody answered."""
        is_delivered = status is not None and status < 300  # noqa: PLR2004 - the class of success
        if not is_delivered:
            self.outbox.failed(parcel, now)
        validation = self._validations.get(parcel.event.id or "")
        if validation is not None:
            validation.is_done = True
            validation.results.append(_attempt(status, now))

    def clear(self) -> None:
        """Forget the registration and all events."""
        self.registration = None
        self.outbox.clear()
        self._validations.clear()

    def load(self, document: Document) -> None:
        """Take back a persisted registration."""
        self.registration = Registration(**document | {"events": tuple(document["events"])})

    def _known(self) -> Registration:
        if self.registration is None:
            raise PartnerRefused(404, 1000, "The partner has no registration.")
        return self.registration

    def _register(self, call: Call, subscriber_id: str) -> Response:
        body = call.body()
        made = Registration(
            subscriber_id=subscriber_id,
            url=_checked("WebhookUrl", body.get("webhookUrl"), _is_address),
            events=tuple(_checked("WebhookEvents", body.get("webhookEvents"), _are_events)),
            own_header=body.get("signatureTokenToMsSignatureHeader") is True,
            host=call.request.host,
        )
        self.registration = made
        kept = asdict(made) | {"events": list(made.events)}
        self._world.save(
            service="partner_center", table=self.table, id="registration", document=kept
        )
        return json_response(made.wire())

    def _validate(self, now: datetime) -> Response:
        registration = self._known()
        seconds = self._limiter.refuse(
            "validation", self._world.clock.real(), limit=_VALIDATIONS_PER_MINUTE, window_seconds=60
        )
        if seconds is not None:
            return outage(self._world, Service.PARTNER_CENTER, 429, seconds)
        key = self._world.new_id()
        self._validations[key] = _Validation(url=registration.url, asked=now)
        path = f"registration/validationEvents/{key}"
        self.outbox.put(Event(name=TEST, resource="test", path=path, at=now, id=key), now)
        return json_response({"correlationId": key})

    def _result(self, key: str, now: datetime) -> Document:
        found = self._validations.get(key)
        if found is None or now - found.asked > timedelta(days=_KEPT_DAYS):
            raise PartnerRefused(404, 1000, f"There is no validation event {key}.")
        return {
            "correlationId": key,
            "partnerId": self._world.tenant_id,
            "status": "completed" if found.is_done else "inProgress",
            "callbackUrl": found.url,
            "results": found.results,
        }


def _attempt(status: int | None, now: datetime) -> Document:
    is_answered = status is not None
    return {
        "responseCode": _code(status),
        "responseMessage": "" if is_answered else "The callback could not be reached.",
        "systemError": not is_answered,
        "dateTimeUtc": now.astimezone(UTC).replace(tzinfo=None).isoformat(),
    }


def _code(status: int | None) -> str:
    return {None: "", 200: "OK"}.get(status, str(status))


def _checked(name: str, value: Any, fits: Callable[[Any], bool]) -> Any:  # noqa: ANN401 - JSON
    if not fits(value):
        raise PartnerRefused(400, 3000, f"The property {name} is not valid: {value!r}.")
    return value


def _is_address(value: object) -> bool:
    parts = urlsplit(value) if isinstance(value, str) else None
    return parts is not None and parts.scheme in ("http", "https") and bool(parts.hostname)


def _are_events(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(name in NAMES for name in value)


def _listed(names: list[str]) -> Response:
    return Response(orjson.dumps(names), content_type="application/json; charset=utf-8")
