"""The `Provider` port over the Partner Center REST API, and the lists that `feed.py` reads.

A write is sent once, with the MS-RequestId that the caller stored before.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import chain
from typing import Final
from urllib.parse import quote, urlsplit
from uuid import UUID

import structlog

from connector.documents import mapping, render, sequence, text
from connector.errors import unsent_or_unclear
from connector.http import Http, Reply
from connector.pace import PER_MINUTE
from connector.partner_center import records, wire
from connector.partner_center.faults import fault_of
from connector.service import Address, Request, Service, TokenSource
from sync.ports import Effects
from sync.remote import (
    Action,
    Licence,
    LicenceRef,
    Outcome,
    Refused,
    RemoteError,
    Row,
    Unavailable,
    WriteResult,
)

OK: Final = 200
ACCEPTED: Final = 202
PAGE_SIZE: Final = 500
LOOKS: Final = 4
FIRST_LOOK_SECONDS: Final = 1.0
"""An accepted change shows after a while: looks after 1, 2, 4 and 8 seconds."""
HEADERS: Final = {
    "Accept": "application/json",
    "MS-Contract-Version": "v1",
    "X-Locale": "en-US",
}

_LATE: Final = 10
"""Calls of a minute that may be under way when it begins."""

log = structlog.get_logger(__name__)


class PartnerCenterClient:
    """One partner tenant."""

    def __init__(self, http: Http, tokens: TokenSource, effects: Effects, url: str) -> None:
        self.on_request: Callable[[], None] = lambda: None
        """Called before every request: somebody counts them."""
        self._effects = effects
        self._reported: set[str] = set()
        self._service = Service(
            http,
            tokens,
            Address(
                base=url.rstrip("/") + "/v1",
                name=f"partner center {urlsplit(url).netloc}",
                headers=HEADERS,
                correlation_headers=("MS-CorrelationId",),
                per_minute=PER_MINUTE - _LATE,
            ),
        )

    def read(self, ref: LicenceRef) -> Licence:
        """Read a subscription."""
        return self.licence(self._get(_path(ref)))

    def compose(
        self, licence: Licence, action: Action, *, quantity: int | None, held: Row | None
    ) -> Row:
        """Return the whole document to send; see `wire.compose`."""
        return wire.compose(licence, action, quantity=quantity, held=held)

    def send(self, ref: LicenceRef, body: Row, *, request_id: str, etag: str) -> WriteResult:
        """Send once; an accepted change is looked for before it counts as done."""
        headers = {"Content-Type": "application/json", "MS-RequestId": request_id}
        if etag:
            headers["If-Match"] = etag if etag.startswith('"') else f'"{etag}"'
        self.on_request()
        try:
            path = _path(ref)
            reply = self._service.send(
                Request(method="PATCH", path=path, headers=headers, body=render(body))
            )
        except Unavailable as error:
            return unsent_or_unclear(error)
        except Refused as error:
            return WriteResult(outcome=Outcome.REFUSED, message=error.message)
        return self._judged(ref, body, reply)

    def licence(self, resource: Row) -> Licence:
        """Parse a document that came back; report once what no documentation names."""
        found = wire.licence(resource)
        for surprise in wire.surprises(found.resource):
            if surprise not in self._reported:
                self._reported.add(surprise)
                log.warning("unknown value, kept as it is", service="Partner Center", said=surprise)
        return found

    def customers(self) -> Iterator[records.Customer]:
        """List the customers of the partner."""
        return map(records.customer, chain.from_iterable(self.customer_pages()))

    def customer_pages(self) -> Iterator[Sequence[Row]]:
        """List the customers of the partner, page by page."""
        return self._pages("customers", {"size": str(PAGE_SIZE)})

    def subscriptions(self, customer_id: str) -> Iterator[tuple[LicenceRef, Licence]]:
        """List all subscriptions of a customer, ended ones included."""
        document = self._get(f"customers/{_guid(customer_id)}/subscriptions")
        for found in map(mapping, sequence(document.get("items"))):
            licence = self.licence(found)
            subscription_id = text(licence.resource.get("id")).lower()
            yield LicenceRef(customer_id=customer_id, subscription_id=subscription_id), licence

    def audit_records(self, since: date) -> Iterator[records.AuditRecord]:
        """List what was done from a day on, as records."""
        found = map(records.audit_record, chain.from_iterable(self.audit_pages(since)))
        return (record for record in found if record is not None)

    def audit_pages(self, since: date) -> Iterator[Sequence[Row]]:
        """List what was done from a day on; the service keeps 90 days and refuses older ones."""
        asked = {"startDate": since.isoformat(), "size": str(PAGE_SIZE)}
        return self._pages("auditrecords", asked)

    def last_date(self) -> datetime | None:
        """Return the `Date` of the last answer."""
        return self._service.last_date()

    def _get(self, path: str, headers: Mapping[str, str] | None = None) -> Row:
        asked = {"MS-RequestId": self._effects.new_id(), **(headers or {})}
        self.on_request()
        reply = self._service.get(path, asked)
        if reply.status != OK:
            raise fault_of(reply).error()
        return wire.normalised(reply.exact())

    def _pages(self, path: str, asked: Mapping[str, str]) -> Iterator[Sequence[Row]]:
        """Follow a collection; links in answers can be malformed, so only tokens are used."""
        document = self._get(_query(path, asked))
        yield [mapping(one) for one in sequence(document.get("items"))]
        while token := records.continuation(document):
            following = _query(path, {**asked, "seekOperation": "Next"})
            document = self._get(following, {records.NEXT: token})
            yield [mapping(one) for one in sequence(document.get("items"))]

    def _judged(self, ref: LicenceRef, body: Row, reply: Reply) -> WriteResult:
        if reply.status == ACCEPTED:
            return self._looked_for(ref, body, reply)
        if reply.status != OK:
            return fault_of(reply).result()
        try:
            return _done(reply, wire.normalised(reply.exact()))
        except Unavailable as error:
            return _unclear(reply, error.message)

    def _looked_for(self, ref: LicenceRef, body: Row, reply: Reply) -> WriteResult:
        """Read where the Location points until an accepted change shows."""
        path = self._location(reply) or _path(ref)
        for look in range(LOOKS):
            self._effects.sleep(FIRST_LOOK_SECONDS * 2**look)
            try:
                found = self._get(path)
            except RemoteError as error:
                return _unclear(reply, f"accepted, but not read back: {error.message}")
            if wire.shows(found, body):
                return _done(reply, found)
        return _unclear(reply, "accepted, but the change does not show yet")

    def _location(self, reply: Reply) -> str:
        """Return the path of a Location, told with or without host and version; "" for none."""
        told = reply.headers.get("Location", "").strip()
        if urlsplit(told).netloc and not self._service.owns(told):
            return ""
        return urlsplit(told).path.strip("/").removeprefix("v1/")


def _done(reply: Reply, body: Row) -> WriteResult:
    return WriteResult(
        outcome=Outcome.DONE,
        status=reply.status,
        correlation_id=reply.correlation_id,
        body=body,
    )


def _unclear(reply: Reply, message: str) -> WriteResult:
    return WriteResult(
        outcome=Outcome.AMBIGUOUS,
        status=reply.status,
        message=message,
        correlation_id=reply.correlation_id,
    )


def _path(ref: LicenceRef) -> str:
    return f"customers/{_guid(ref.customer_id)}/subscriptions/{quote(ref.subscription_id, safe='')}"


def _guid(value: str) -> str:
    try:
        return str(UUID(value))
    except ValueError:
        raise Refused(f"{value!r} is no customer tenant id: check sk_customertenantid") from None


def _query(path: str, asked: Mapping[str, str]) -> str:
    return path + "?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in asked.items())
