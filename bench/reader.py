"""One first read in a process of its own: `python -m bench.reader KIND CONFIG`; prints JSON.

| kind      | what it does with every page                                               |
|-----------|----------------------------------------------------------------------------|
| plain     | `requests.get(link).json()`, follows the nextLink                          |
| orjson    | the same with `orjson.loads(content)`                                      |
| connector | our client: DataverseClient.pages, with its look before and after the walk |
| detect    | our client and detection: what would be stored of every row is made        |
| bytes     | receives the bytes and looks at none: the floor that server and TLS set    |
| adopt     | our client, detection and the local state: the daemon's first cycle        |
"""

import json
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import orjson
import requests
from requests.adapters import HTTPAdapter

from bench.crm_user import access_token, session
from bench.running import peak_mib
from connector.auth import dataverse_scope
from connector.dataverse.odata import VERSION, tracked_path
from seatkeeper.bootstrap import Application, build, meet
from seatkeeper.config import Config, load_config
from seatkeeper.mapping_folder import open_mappings
from sync.mapping import Entity
from sync.opening import first_rows
from sync.poll import poll_subscriptions
from sync.polled_rows import POLLED
from sync.remote import Cells
from sync.side_watch import followed

TRACKED = "odata.track-changes,odata.maxpagesize=5000"
NEXT_LINK = re.compile(rb'"@odata\.nextLink":"([^"]+)"')


class Timed(HTTPAdapter):
    """Notes how long the service takes until its answer begins."""

    def __init__(self) -> None:
        super().__init__()
        self.waited = 0.0
        self.requests = 0

    def send(self, *arguments: object, **options: object) -> requests.Response:
        begun = time.perf_counter()
        try:
            return super().send(*arguments, **options)  # type: ignore[arg-type]  # handed through
        finally:
            self.waited += time.perf_counter() - begun
            self.requests += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a reader works with; it is signed in already."""

    config: Config
    application: Application
    adapter: Timed
    token: str

    def columns(self) -> tuple[str, ...]:
        return asked(self.application.mappings.entity("subscription"))

    def set_name(self) -> str:
        return self.application.mappings.entity("subscription").set

    def first_link(self) -> str:
        path = tracked_path(self.set_name(), self.columns())
        return f"{self.config.dataverse.url}/api/data/v9.2/{path}"

    def signed_in(self) -> requests.Session:
        """Return a plain session with the headers of a tracked read."""
        made = session(self.config.dataverse.sign_in, self.adapter)
        made.headers["Authorization"] = f"Bearer {self.token}"
        made.headers["Prefer"] = TRACKED
        return made


def plain(place: Place) -> int:
    """Follow the pages as most scripts do."""
    rows, link = 0, place.first_link()
    with place.signed_in() as signed_in:
        while link:
            document = signed_in.get(link, timeout=120).json()
            rows += len(document["value"])
            link = document.get("@odata.nextLink")
    return rows


def by_orjson(place: Place) -> int:
    """Follow the pages as a script does that knows orjson."""
    rows, link = 0, place.first_link()
    with place.signed_in() as signed_in:
        while link:
            document = orjson.loads(signed_in.get(link, timeout=120).content)
            rows += len(document["value"])
            link = document.get("@odata.nextLink")
    return rows


def connector(place: Place) -> int:
    """Follow the pages with our client."""
    crm = place.application.engine.ports.crm
    return sum(len(page.rows) for page in crm.pages(place.set_name(), place.columns(), None))


def detected(place: Place) -> int:
    """Follow the pages with our client, and make of every row what is stored of it."""
    engine, rows = place.application.engine, 0
    entity = place.application.mappings.entity("subscription")
    for page in engine.ports.crm.pages(place.set_name(), place.columns(), None):
        if isinstance(page.rows, Cells):
            made = first_rows(entity, page.rows, engine.now().date())
            rows += len(made.ids) if made else 0
    return rows


def received(place: Place) -> int:
    """Receive every page and look at none."""
    rows, link = 0, place.first_link()
    with place.signed_in() as signed_in:
        while link:
            content = signed_in.get(link, timeout=120).content
            rows += content.count(b'"@odata.etag":')
            found = NEXT_LINK.search(content[:2000])
            link = found[1].decode() if found else ""
    return rows


def adopt(place: Place) -> int:
    """Take the whole table as the baseline, into a state file of its own."""
    return poll_subscriptions(place.application.engine)


READERS: dict[str, Callable[[Place], int]] = {
    "plain": plain,
    "orjson": by_orjson,
    "detect": detected,
    "connector": connector,
    "bytes": received,
    "adopt": adopt,
}


def _token(config: Config) -> str:
    sign_in, scope = config.dataverse.sign_in, dataverse_scope(config.dataverse.url)
    with session(sign_in, HTTPAdapter()) as signing_in:
        return access_token(sign_in, signing_in, scope)


def told(config: Config) -> dict[str, object]:
    """Return what a client of others needs for the same read."""
    entity = open_mappings(None).entity("subscription")
    return {
        "url": config.dataverse.url,
        "ca_file": str(config.dataverse.sign_in.ca_file),
        "token": _token(config),
        "table": entity.table,
        "set": entity.set,
        "columns": [*asked(entity)],
    }


def asked(entity: Entity) -> tuple[str, ...]:
    """Return what the daemon selects when it polls subscriptions."""
    return (*entity.columns(*dict.fromkeys((*POLLED, *followed(entity)))), VERSION)


def measure(kind: str, config_file: Path, state: str) -> dict[str, object]:
    """Read once; sign-in and the first connection are not part of it."""
    adapter = Timed()
    config = load_config(config_file, {}).model_copy(update={"state": f"sqlite:///{state}"})
    application = build(config, adapters={"https://": adapter}, inline=True)
    try:
        token = _token(config)
        meet(application)
        place = Place(config=config, application=application, adapter=adapter, token=token)
        adapter.waited, adapter.requests = 0.0, 0
        begun, cpu = time.perf_counter(), time.process_time()
        rows = READERS[kind](place)
        seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    finally:
        application.close()
    return {
        "rows": rows,
        "seconds": seconds,
        "cpu": cpu,
        "waited": adapter.waited,
        "requests": adapter.requests,
        "peak_mib": peak_mib(),
    }


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], Path(sys.argv[2]), sys.argv[3])))
