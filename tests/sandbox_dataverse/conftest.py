"""One Dataverse organisation in a small world, asked through its WSGI-shaped front."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from json import dumps, loads
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from werkzeug import Request, Response
from werkzeug.test import EnvironBuilder

from sandbox.dataverse import Dataverse
from sandbox.documents import load
from sandbox.settings import Settings
from tests.sandbox_dataverse.documented import SOME_ID, text
from tests.sandbox_dataverse.sent_definitions import (
    MODEL,
    TABLE,
    attribute,
    entity,
    labelled,
    options,
)

HOST = "https://crm.example:8443"
ROOT = f"{HOST}/api/data/v9.2/"
APPLICATION_USER = "aaaaaaaa-0000-4000-8000-000000000001"


@dataclass
class StandingClock:
    moment: datetime = datetime(2025, 6, 16, 9, 30, 15, 250_000, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def advance(self, **span: float) -> None:
        self.moment += timedelta(**span)


@dataclass(frozen=True)
class Caller:
    user_id: str = APPLICATION_USER
    name: str = "# Seatkeeper"


@dataclass
class SmallWorld:
    """What Dataverse asks of the world, with the journal as a list."""

    clock: StandingClock = field(default_factory=StandingClock)
    settings: Settings = field(default_factory=Settings)
    organisation_id: str = "0f0f0f0f-1111-4222-8333-444444444444"
    application_user_id: str = APPLICATION_USER
    building: bool = False
    version: int = 1000
    commits: list[tuple[str, str, Any, Any]] = field(default_factory=list)
    saved: dict[tuple[str, str], Any] = field(default_factory=dict)

    def new_id(self) -> str:
        return str(uuid4())

    def next_version(self) -> int:
        self.version += 1
        return self.version

    def commit(self, *, service: str, table: str, id: str, before: Any, after: Any) -> None:  # noqa: A002 - the interface
        self.commits.append((table, id, before, after))
        self.save(service=service, table=table, id=id, document=after)

    def save(self, *, service: str, table: str, id: str, document: Any) -> None:  # noqa: A002 - the interface
        self.saved[table, id] = document
        if document is None:
            del self.saved[table, id]


@dataclass
class Client:
    """Sends requests into a Dataverse and reads the answers."""

    dataverse: Dataverse
    caller: Caller = field(default_factory=Caller)

    def send(
        self, method: str, url: str, body: object = None, headers: dict[str, str] | None = None
    ) -> Response:
        parts = urlsplit(url if url.startswith("http") else ROOT + url)
        data = body if isinstance(body, bytes) else None if body is None else _json(body)
        builder = EnvironBuilder(
            method=method,
            path=parts.path,
            query_string=parts.query,
            base_url=HOST,
            data=data,
            headers=headers,
            content_type=None if headers and "Content-Type" in headers else "application/json",
        )
        return self.dataverse.handle(Request(builder.get_environ()), self.caller)

    def get(self, url: str, **headers: str) -> Any:
        """Return the JSON of a successful read; header names with `_` for `-`."""
        response = self.send("GET", url, headers=named(headers))
        assert response.status_code == 200, response.get_data(as_text=True)
        return load(response.get_data())

    def create(self, set_name: str, **values: Any) -> str:
        response = self.send("POST", set_name, values)
        assert response.status_code == 204, response.get_data(as_text=True)
        return response.headers["OData-EntityId"][-37:-1]

    def patch(self, url: str, body: object, **headers: str) -> Response:
        return self.send("PATCH", url, body, named(headers))

    def refusal(
        self, method: str, url: str, body: object = None, **headers: str
    ) -> tuple[int, str]:
        """Return status and code of an error answer."""
        response = self.send(method, url, body, named(headers))
        return response.status_code, loads(response.get_data())["error"]["code"]

    def message(self, method: str, url: str, body: object = None, **headers: str) -> str:
        response = self.send(method, url, body, named(headers))
        return str(loads(response.get_data())["error"]["message"])


def named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def _json(body: object) -> bytes:
    return dumps(body, default=lambda d: float(d) if isinstance(d, Decimal) else str(d)).encode()


@pytest.fixture
def world() -> SmallWorld:
    return SmallWorld()


@pytest.fixture
def dataverse(world: SmallWorld) -> Dataverse:
    return Dataverse(world)


@pytest.fixture
def crm(dataverse: Dataverse) -> Client:
    return Client(dataverse)


@pytest.fixture
def ids(crm: Client) -> Callable[[Any], list[str]]:
    """Return the subscription ids of a collection answer."""
    return lambda answer: [row["sk_subscriptionid"] for row in answer["value"]]


@pytest.fixture
def post(crm):
    def send(url, body, **headers):
        named = {name.replace("_", "."): value for name, value in headers.items()}
        response = crm.send("POST", url, body, named)
        assert response.status_code in {200, 204}, response.get_data(as_text=True)
        return response

    return send


@pytest.fixture
def asset(post):
    post("EntityDefinitions", entity(ChangeTrackingEnabled=True))


@pytest.fixture
def add(post, asset):
    return lambda *given, **facts: post(f"{TABLE}/Attributes", attribute(*given, **facts))


@pytest.fixture
def shared(post):
    choice = {"@odata.type": f"{MODEL}.OptionSetMetadata", "Name": "new_size", "IsGlobal": True}
    given = {**choice, "DisplayName": labelled("Size"), "Options": options(None, None)["Options"]}
    return post("GlobalOptionSetDefinitions", given).headers["OData-EntityId"]


@pytest.fixture
def define(crm):
    """Return what defines a table with a name column, more columns and keys."""

    def table(schema_name, name, *more, keys=(), **facts):
        body = loads(text("32-create-table.request.json")) | {"SchemaName": schema_name}
        first = attribute("String", name, IsPrimaryName=True, MaxLength=200)
        answer = crm.send(
            "POST", "EntityDefinitions", {**body, "Attributes": [first, *more], **facts}
        )
        assert answer.status_code == 204, answer.get_data(as_text=True)
        for columns in keys:
            key = {"SchemaName": "_".join(columns) + "_k", "KeyAttributes": columns}
            answer = crm.send(
                "POST", f"EntityDefinitions(LogicalName='{schema_name.lower()}')/Keys", key
            )
            assert answer.status_code == 204, answer.get_data(as_text=True)

    return table


@pytest.fixture
def account_columns(crm):
    options = [{"Value": 1, "Label": labelled("Preferred")}]
    for column in (
        attribute("String", "Telephone1"),
        attribute("String", "Fax"),
        attribute("Money", "Revenue"),
        attribute("Boolean", "CreditOnHold"),
        attribute("Double", "Address1_Latitude"),
        attribute("Memo", "Description"),
        attribute("Picklist", "AccountCategoryCode", OptionSet={"Options": options}),
    ):
        url = "EntityDefinitions(LogicalName='account')/Attributes"
        assert crm.send("POST", url, column).status_code == 204


@pytest.fixture
def records(define):
    keys = [attribute("Integer", "example_Key1"), attribute("Integer", "example_Key2")]
    define("example_Record", "example_Name", *keys, keys=[["example_key1", "example_key2"]])


@pytest.fixture
def samples(define):
    keys = [["sample_keyattribute"]]
    define("sample_Example", "sample_Name", attribute("String", "sample_KeyAttribute"), keys=keys)


@pytest.fixture
def tasks(crm, define):
    define("Task", "Subject", IsActivity=True)
    relationship = loads(text("33-create-1N.request.json")) | {
        "SchemaName": "Account_Tasks",
        "ReferencedEntity": "account",
        "ReferencingEntity": "task",
        "ReferencingEntityNavigationPropertyName": "regardingobjectid_account_task",
    }
    relationship["Lookup"]["SchemaName"] = "RegardingObjectId"
    assert crm.send("POST", "RelationshipDefinitions", relationship).status_code == 204
    crm.create("accounts", accountid=SOME_ID, name="A")
