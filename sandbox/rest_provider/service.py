"""Subscriptions of a provider that speaks the public Work 365 REST provider contract.

As the published sample does (domain.md 1.5): the key in a header, 403 without the right one;
status 1 active, 2 suspended, 3 cancelled, 4 expired; PATCH replaces the whole subscription; an
unknown id answers 400, or 204 to a read. The key is the sandbox's client secret.
"""

import hmac
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import orjson
from werkzeug import Request, Response

from sandbox.clock import iso
from sandbox.documents import Document

if TYPE_CHECKING:
    from sandbox.world import World

PREFIX = "/rest-provider/"
KEY_HEADER = "work-365-rest-provider-api-key"
SERVICE = "rest_provider"
TABLE = "subscription"
ACTIVE, SUSPENDED, CANCELLED, EXPIRED = 1, 2, 3, 4
_VERBS = {
    ("PATCH", "suspend"): SUSPENDED,
    ("PATCH", "activate"): ACTIVE,
    ("PATCH", "expire"): EXPIRED,
    ("DELETE", "cancel"): CANCELLED,
}


class RestProvider:
    """The subscriptions, by id."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._held: dict[str, Document] = {}

    def add(self, fields: Mapping[str, object]) -> Document:
        """Add a subscription; what is left out gets a believable value."""
        document: Document = {
            "id": self._world.new_id(),
            "name": "Backup",
            "partNumber": "BACKUP-1",
            "autoRenew": True,
            "provisioningFrequency": 1,
            "billingType": 1,
            "customer": {"id": "", "name": None},
            "friendlyName": "Backup",
            "startDate": iso(self._world.clock.now()),
            "status": ACTIVE,
            "quantity": 1,
            "pricing": None,
            **fields,
        }
        self._store(document)
        return document

    def subscription(self, subscription_id: str) -> Document | None:
        return self._held.get(subscription_id)

    def change_by_hand(self, subscription_id: str, changes: Mapping[str, object]) -> None:
        """Change a subscription as somebody at the provider would."""
        self._store({**self._held[subscription_id], **changes})

    def clear(self) -> None:
        self._held.clear()

    def load(self, documents: Iterable[tuple[str, str, Document]]) -> None:
        """Take back what was persisted."""
        self._held = {key: document for table, key, document in documents if table == TABLE}

    def handle(self, request: Request) -> Response:
        """Answer a call; without the right key nothing is looked at."""
        key = request.headers.get(KEY_HEADER)
        if key is None:
            return _plain(403, "Unknown client!")
        if not hmac.compare_digest(key.encode(), self._world.client_secret.encode()):
            return _plain(403, "Invalid client!")
        return self._answer(request, request.path.removeprefix(PREFIX).strip("/").split("/"))

    def _answer(self, request: Request, parts: list[str]) -> Response:
        match (request.method, *parts):
            case ("GET", "customers", customer, "subscriptions"):
                return _json(200, self._of(customer))
            case ("GET", "customers", customer, "subscriptions", name):
                found = [one for one in self._of(customer) if one["id"] == name]
                return _json(200, found[0]) if found else Response(status=204)
            case ("POST", "subscriptions"):
                return _json(200, self.add({**_body(request), "id": self._world.new_id()}))
            case ("PATCH", "subscriptions"):
                return self._replace(_body(request))
            case (method, "subscriptions", name, verb) if (method, verb) in _VERBS:
                return self._set(name, _VERBS[method, verb])
            case _:
                return Response(status=404)

    def _of(self, customer: str) -> list[Document]:
        return [one for one in self._held.values() if one["customer"].get("id") == customer]

    def _replace(self, sent: Document) -> Response:
        earlier = self._held.get(str(sent.get("id")))
        if earlier is None:
            return _json(404, sent)
        self._store(sent)
        return _json(200, earlier)  # the sample answers what it held before

    def _set(self, name: str, status: int) -> Response:
        held = self._held.get(name)
        if held is None:
            return _plain(400, f"Subscription Id {name} not found")
        changed = {**held, "status": status}
        self._store(changed)
        return _json(200, True if status == CANCELLED else changed)

    def _store(self, document: Document) -> None:
        key = str(document["id"])
        before = self._held.get(key)
        self._held[key] = document
        self._world.commit(service=SERVICE, table=TABLE, id=key, before=before, after=document)


def _body(request: Request) -> Document:
    """Read a subscription; names may come in Pascal case, as other clients write them."""
    try:
        told = orjson.loads(request.get_data() or b"{}")
    except orjson.JSONDecodeError:
        return {}
    lower: Callable[[str], str] = lambda name: name[:1].lower() + name[1:]  # noqa: E731  # one use
    return {lower(name): value for name, value in told.items()} if isinstance(told, dict) else {}


def _json(status: int, body: object) -> Response:
    return Response(orjson.dumps(body), status, content_type="application/json; charset=utf-8")


def _plain(status: int, words: str) -> Response:
    return Response(words, status, content_type="text/plain; charset=utf-8")
