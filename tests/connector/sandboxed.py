"""A sandbox in memory, and both clients signed in to it."""

from dataclasses import dataclass

import requests

from connector.auth import (
    ClientSecret,
    SignIn,
)
from connector.dataverse.client import DataverseClient
from connector.partner_center.client import PartnerCenterClient
from sandbox.in_process import InProcessAdapter
from sync.remote import (
    Read,
)
from tests.connector.scripted import Clockwork

ORIGIN = "https://localhost"
COLUMNS = ("sk_name", "statecode", "statuscode", "sk_quantity", "sk_unitprice")


@dataclass
class Reach:
    """A world, and both clients signed in to it."""

    world: object
    adapter: InProcessAdapter
    effects: Clockwork
    crm: DataverseClient
    partner: PartnerCenterClient

    def control(self, path, body):
        with requests.Session() as session:
            session.mount("https://", self.adapter)
            answer = session.post(f"{ORIGIN}/_sandbox/{path}", json=body, timeout=5)
        assert answer.ok, answer.text
        return answer.json()

    def fault(self, **rule):
        self.control("faults", {"rules": [rule]})

    def seen(self, method=None):
        with requests.Session() as session:
            session.mount("https://", self.adapter)
            entries = session.get(f"{ORIGIN}/_sandbox/journal", timeout=5).json()["entries"]
        return [e for e in entries if e["type"] == "request" and method in (None, e["method"])]

    def rows(self, *columns, **options):
        read = Read(set="sk_subscriptions", columns=columns or COLUMNS, **options)
        return self.crm.read([read])[0].rows


def sign_in(world, scope, credential=None):
    return SignIn(
        scope=scope,
        credential=credential or ClientSecret(secret=world.client_secret),
        client_id=world.client_id,
        authority=f"{ORIGIN}/{world.tenant_id}",
    )
