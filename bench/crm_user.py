"""A CRM user at work: reads and changes subscriptions through the Web API, not through our client.

It also is the one who looks: what the services did is read from the sandbox's own journal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import requests
from requests.adapters import BaseAdapter, HTTPAdapter

from bench.running import Document, Sandbox
from connector.auth import dataverse_scope
from seatkeeper.config import SignInConfig, load_config

ACTIVE = {"statecode": 0, "statuscode": 1}
SUSPENDED = {"statecode": 1, "statuscode": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A row and the licence that belongs to it."""

    id: str
    provider_id: str


class CrmUser:
    """Works on one sandbox, signed in once."""

    def __init__(self, running: Sandbox) -> None:
        config = load_config(running.config_file, {})
        self._root = f"{config.dataverse.url}/api/data/v9.2"
        self._session = session(config.dataverse.sign_in, HTTPAdapter())
        scope = dataverse_scope(config.dataverse.url)
        token = access_token(config.dataverse.sign_in, self._session, scope)
        self._session.headers["Authorization"] = f"Bearer {token}"

    def subscriptions(self, number: int) -> list[Subscription]:
        """Return some subscriptions."""
        query = "sk_subscriptions?$select=sk_providersubscriptionid"
        answer = self._session.get(f"{self._root}/{query}&$top={number}", timeout=60)
        answer.raise_for_status()
        return [
            Subscription(id=row["sk_subscriptionid"], provider_id=row["sk_providersubscriptionid"])
            for row in answer.json()["value"]
        ]

    def change(self, subscription: Subscription, values: Document) -> None:
        """Write to a row, as any client would."""
        url = f"{self._root}/sk_subscriptions({subscription.id})"
        answer = self._session.patch(url, json=values, headers={"If-Match": "*"}, timeout=60)
        answer.raise_for_status()

    def close(self) -> None:
        self._session.close()


def session(sign_in: SignInConfig, adapter: BaseAdapter) -> requests.Session:
    """Return a plain session that trusts the sandbox's authority."""
    made = requests.Session()
    made.trust_env = False
    made.verify = str(sign_in.ca_file)
    made.mount("https://", adapter)
    return made


def access_token(sign_in: SignInConfig, plain: requests.Session, scope: str) -> str:
    """Return an access token by the client credentials grant."""
    secret = sign_in.client_secret
    form = {
        "grant_type": "client_credentials",
        "client_id": sign_in.client_id,
        "client_secret": secret.get_secret_value() if secret else "",
        "scope": scope,
    }
    answer = plain.post(f"{sign_in.authority}/oauth2/v2.0/token", data=form, timeout=60)
    answer.raise_for_status()
    return str(answer.json()["access_token"])


def requests_in(entries: Sequence[Document]) -> list[str]:
    """Return the requests to the two services, sign-in left out, as `METHOD path`."""
    return [
        f"{entry['method']} {entry['path']}"
        for entry in entries
        if entry["type"] == "request" and entry["service"] != "sign_in"
    ]


def committed(entries: Sequence[Document], row_id: str, wanted: Document) -> datetime | None:
    """Return when a row or a licence was first seen with these values."""
    for entry in entries:
        after = entry["after"] or {}
        same_row = entry["type"] == "commit" and entry["id"] == row_id
        if same_row and all(after.get(name) == value for name, value in wanted.items()):
            return datetime.fromisoformat(entry["at"])
    return None
