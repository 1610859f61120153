"""A bare organisation in memory, and what installs the tables in it."""

from collections.abc import Callable
from dataclasses import dataclass, field

import requests

from sandbox.app import App
from sandbox.faults import read_rule
from sandbox.in_process import InProcessAdapter, open_world
from sandbox.journal import EntryType
from sandbox.world import World
from seatkeeper.bootstrap import definitions
from seatkeeper.installing import install
from seatkeeper.schema_file import open_schema
from sync.schema.planning import Plan, make_plan
from sync.schema.wanted import Schema
from tests.connector.scripted import Clockwork
from tests.engine.opening import ORIGIN, _configuration
from tests.engine.stage import Setting

TABLES = (
    *("account", "sk_provider", "sk_billingcontract", "sk_subscription"),
    *("sk_changelog", "sk_invoice", "sk_invoiceline"),
)
API = f"{ORIGIN}/api/data/v9.2"


class Moving(Clockwork):
    """Effects whose sleep also moves the clock of the world."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        with self.world.lock:
            self.world.clock.advance(seconds)


@dataclass
class Place:
    """A world, the client of it, and what was told."""

    world: World
    app: App
    schema: Schema = field(default_factory=lambda: open_schema(None)[0])
    told: list[str] = field(default_factory=list)

    def __post_init__(self):
        self.effects = Moving(self.world)
        self.adapter = InProcessAdapter(self.app)
        config = _configuration(self.world, Setting())
        self.client = definitions(config, self.effects, {"https://": self.adapter})

    def plan(self) -> Plan:
        return make_plan(self.schema, self.client.read(self.schema))

    def words(self) -> list[str]:
        return [step.words() for step in self.plan().steps]

    def install(self, tell: Callable[[str], None] | None = None) -> Plan:
        return install(self.client, self.schema, self.effects, tell or self.told.append)

    def sends(self, method, path, body=None, **headers):
        """Send a request as another client of the same application."""
        token = self.client._wire.service._tokens.token()
        with requests.Session() as session:
            session.mount("https://", self.adapter)
            sent = {"Authorization": f"Bearer {token}", **headers}
            answer = session.request(method, f"{API}/{path}", json=body, headers=sent, timeout=5)
        assert answer.ok, answer.text
        return answer.json() if answer.content else {}

    def writes_since(self, number=0):
        """Return what was sent that could change something, as `METHOD path`."""
        return [
            f"{one.method} {str(one.path).partition('v9.2/')[2]}"
            for one in self.world.journal.since(number)
            if one.type is EntryType.REQUEST
            and one.service == "dataverse"
            and one.method != "GET"
            and "$batch" not in str(one.path)
        ]

    def fails(self, **rule):
        with self.world.lock:
            self.world.faults.replace([read_rule(rule)] if rule else [])


def bare() -> Place:
    return Place(*open_world("bare"))


def with_tables() -> Place:
    """Return an organisation that has the tables of the sandbox."""
    return Place(*open_world("empty"))


def described(place, table):
    path = f"EntityDefinitions(LogicalName='{table}')"
    return place.sends("GET", f"{path}?$expand=Attributes,Keys,ManyToOneRelationships")


def shape(place, table):
    """Return what of a definition must be the same, whoever made the table."""
    found = described(place, table)
    columns = {
        one["LogicalName"]: (
            one["AttributeType"],
            one.get("MaxLength"),
            one.get("Precision"),
            (one.get("DateTimeBehavior") or {}).get("Value"),
            one.get("Targets"),
            one["IsAuditEnabled"]["Value"] if found["IsAuditEnabled"]["Value"] else None,
            one["IsPrimaryName"],
        )
        for one in found["Attributes"]
    }
    return {
        "columns": columns,
        "head": {
            name: found[name]
            for name in ("EntitySetName", "ChangeTrackingEnabled", "PrimaryNameAttribute")
        },
        "audited": found["IsAuditEnabled"]["Value"],
        "keys": {tuple(one["KeyAttributes"]): one["EntityKeyIndexStatus"] for one in found["Keys"]},
        "lookups": {
            one["ReferencingAttribute"]: (
                one["ReferencingEntityNavigationPropertyName"],
                one["ReferencedEntity"],
                one["CascadeConfiguration"]["Delete"],
            )
            for one in found["ManyToOneRelationships"]
        },
    }


def options(place, table, kind):
    path = f"EntityDefinitions(LogicalName='{table}')/Attributes/Microsoft.Dynamics.CRM.{kind}"
    answer = place.sends("GET", f"{path}AttributeMetadata?$select=LogicalName&$expand=OptionSet")
    return {
        one["LogicalName"]: {
            option["Value"]: (
                option["Label"]["UserLocalizedLabel"]["Label"],
                option.get("State"),
                option.get("DefaultStatus"),
            )
            for option in one["OptionSet"]["Options"]
        }
        for one in answer["value"]
    }
