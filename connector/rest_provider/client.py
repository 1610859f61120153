"""A provider behind the public Work 365 REST provider contract, in five verbs.

```
read        GET    customers/{customer}/subscriptions/{id}
suspend     PATCH  subscriptions/{id}/suspend
reactivate  PATCH  subscriptions/{id}/activate
cancel      DELETE subscriptions/{id}/cancel
quantity    PATCH  subscriptions              the whole subscription, read just before
```
Known from the published sample (github.com/work365apps/restprovider-sample): the key travels in a
header, an unknown subscription answers 204, 400 or 404, and names may be in either case.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, urlsplit

from connector.documents import mapping, read_error, render, text, whole
from connector.errors import MAX_MESSAGE, PERHAPS_EXECUTED, NotSent
from connector.http import PASSING, Call, Http, Reply
from connector.simple_provider import Holding
from sync.remote import (
    Json,
    LicenceRef,
    NotFound,
    Refused,
    RemoteError,
    Row,
    SignInFailed,
    Unavailable,
)

KEY_HEADER: Final = "work-365-rest-provider-api-key"
STATUS: Final[Mapping[str, str]] = {
    "1": "active",
    "2": "suspended",
    "3": "cancelled",
    "4": "expired",
}
_EMPTY: Final = 204
_UNAUTHORISED: Final = frozenset({401, 403})
_BUSY: Final = 503


@dataclass(frozen=True, slots=True, kw_only=True)
class RestAddress:
    """Where the contract is served, and the key to it."""

    url: str
    """The address with the path under which the contract lies, without a slash at the end."""
    key: str = field(repr=False)


class RestProvider:
    """One provider; a `SimpleProvider`."""

    def __init__(self, http: Http, address: RestAddress) -> None:
        self._http = http
        self._address = address
        self._name = f"rest provider {urlsplit(address.url).netloc}"

    def read(self, ref: LicenceRef) -> Holding:
        """Read a subscription of a customer."""
        document = self._document(ref)
        status = text(_value(document, "status")).strip()
        return Holding(
            status=STATUS.get(status, status), quantity=whole(_value(document, "quantity")) or 0
        )

    def suspend(self, ref: LicenceRef, *, request_id: str) -> None:
        """Suspend; it can be activated again."""
        self._write("PATCH", f"subscriptions/{_id(ref)}/suspend", request_id)

    def reactivate(self, ref: LicenceRef, *, request_id: str) -> None:
        """Activate what was suspended."""
        self._write("PATCH", f"subscriptions/{_id(ref)}/activate", request_id)

    def cancel(self, ref: LicenceRef, *, request_id: str) -> None:
        """Cancel for good."""
        self._write("DELETE", f"subscriptions/{_id(ref)}/cancel", request_id)

    def set_quantity(self, ref: LicenceRef, quantity: int, *, request_id: str) -> None:
        """Send the whole subscription with the new total; a thin one would lose the rest."""
        document = dict(self._before(ref))
        name = next((one for one in document if one.lower() == "quantity"), "quantity")
        self._write("PATCH", "subscriptions", request_id, {**document, name: quantity})

    def _before(self, ref: LicenceRef) -> Row:
        """Read what is about to be sent back; while that fails nothing was executed."""
        try:
            return self._document(ref)
        except Unavailable as error:
            raise NotSent(error.message, status=error.status) from error

    def _document(self, ref: LicenceRef) -> Row:
        path = f"customers/{quote(ref.customer_id, safe='')}/subscriptions/{_id(ref)}"
        reply = self._http.safely(self._call("GET", path, {}))
        if reply.status in PASSING:
            raise _unavailable(reply, Unavailable)
        _check(reply)
        found = mapping(reply.exact()) if reply.status != _EMPTY and reply.content else {}
        if not found:
            raise NotFound("the provider does not know the subscription", status=reply.status)
        return found

    def _write(self, method: str, path: str, request_id: str, body: Row | None = None) -> None:
        headers = {"X-Request-Id": request_id}
        if body is not None:
            headers["Content-Type"] = "application/json"
        reply = self._http.once(self._call(method, path, headers, body))
        waits = reply.retry_after_seconds()
        if reply.status in PERHAPS_EXECUTED or (reply.status == _BUSY and waits is None):
            raise _unavailable(reply, Unavailable)
        if reply.status in PASSING:
            raise _unavailable(reply, NotSent)
        _check(reply)

    def _call(
        self, method: str, path: str, headers: Mapping[str, str], body: Row | None = None
    ) -> Call:
        return Call(
            method=method,
            url=f"{self._address.url}/{path}",
            headers={"Accept": "application/json", KEY_HEADER: self._address.key, **headers},
            body=None if body is None else render(body),
            lane=self._name,
        )


def _id(ref: LicenceRef) -> str:
    return quote(ref.subscription_id, safe="")


def _value(document: Row, name: str) -> Json:
    """Return a field, however its name is cased."""
    return next((value for key, value in document.items() if key.lower() == name), None)


def _check(reply: Reply) -> None:
    """Raise what an answer other than success means."""
    if reply.status < 300:  # noqa: PLR2004  # an HTTP status is its own name
        return
    words = _words(reply)
    if reply.status in _UNAUTHORISED:
        raise SignInFailed(f"{words} Check api_key of the provider.", status=reply.status)
    kind: type[RemoteError] = NotFound if reply.status == 404 else Refused  # noqa: PLR2004  # as above
    raise kind(words, status=reply.status)


def _words(reply: Reply) -> str:
    """Return what the provider says, as JSON text, as a problem document, or plain."""
    plain = reply.content.decode("utf-8", "replace").strip()
    try:
        told = read_error(reply.content)
    except ValueError:
        told = plain if not plain.startswith("<") else ""
    document = mapping(told)
    words = text(document.get("detail")) or text(document.get("title")) or text(told)
    return words[:MAX_MESSAGE] or f"The provider answered HTTP {reply.status}."


def _unavailable(reply: Reply, kind: type[Unavailable]) -> Unavailable:
    return kind(
        f"The provider answered HTTP {reply.status}.",
        status=reply.status,
        retry_after_seconds=reply.retry_after_seconds(),
    )
