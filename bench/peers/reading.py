"""One first read by a client of others, in an environment of its own: `reading.py KIND`.

Takes JSON on standard input (`url`, `ca_file`, `token`, `table`, `set`, `columns`) and prints
JSON. Nothing of ours is imported; sign-in and the first connection are not part of the time.

| kind          | what is called                                                            |
|---------------|---------------------------------------------------------------------------|
| sdk           | Microsoft's SDK: `client.records.list_pages(table, select=, page_size=)`  |
| dataverse-api | `client.entity(table).read(select=, page_size=)`: one list of everything  |
| airbyte       | the stream's `read_records`: every column, for it cannot choose           |
"""

# ruff: noqa: PLC0415, SLF001  # only the client that is asked for is installed; two need a push

import json
import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import requests
from requests.adapters import HTTPAdapter

PAGE = 5000


class Counted:
    """Notes how long the service takes until its answers begin."""

    waited = 0.0
    requests = 0


def count_requests():
    plain = HTTPAdapter.send

    def send(self, *arguments, **options):
        begun = time.perf_counter()
        try:
            return plain(self, *arguments, **options)
        finally:
            Counted.waited += time.perf_counter() - begun
            Counted.requests += 1

    HTTPAdapter.send = send


def sdk(told):
    from PowerPlatform.Dataverse.client import DataverseClient

    token = SimpleNamespace(token=told["token"], expires_on=int(time.time()) + 3600)
    credential = SimpleNamespace(get_token=lambda *_, **__: token)
    client = DataverseClient(told["url"], credential)
    client.records.list(told["table"], select=["statecode"], top=1)  # its metadata, once

    def read():
        pages = client.records.list_pages(told["table"], select=told["columns"], page_size=PAGE)
        return sum(len(page) for page in pages)

    return read


def dataverse_api(told):
    from dataverse_api import DataverseClient
    from dataverse_api.entity import DataverseEntity

    def named(entity, _=None):
        """Stand in for its reading of metadata, which is more than the sandbox knows."""
        entity._DataverseEntity__entity_set_name = told["set"]

    DataverseEntity.update_schema = named
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {told['token']}"
    entity = DataverseClient(session, told["url"]).entity(told["table"])
    return lambda: len(entity.read(select=told["columns"], page_size=PAGE))


def airbyte(told):
    from airbyte_cdk.models import SyncMode
    from airbyte_cdk.sources.streams.http.requests_native_auth import TokenAuthenticator
    from source_microsoft_dataverse.streams import IncrementalMicrosoftDataverseStream

    stream = IncrementalMicrosoftDataverseStream(
        url=told["url"],
        stream_name=told["table"],
        stream_path=told["set"],
        schema={},
        primary_key=[[f"{told['table']}id"]],
        odata_maxpagesize=PAGE,
        config_cursor_field=["modifiedon"],
        authenticator=TokenAuthenticator(told["token"]),
    )
    stream._session.verify = told["ca_file"]
    return lambda: sum(1 for _ in stream.read_records(SyncMode.full_refresh, stream_state={}))


KINDS = {"sdk": sdk, "dataverse-api": dataverse_api, "airbyte": airbyte}


def peak_mib():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def main(kind):
    told = json.load(sys.stdin)
    os.environ["REQUESTS_CA_BUNDLE"] = told["ca_file"]
    count_requests()
    read = KINDS[kind](told)
    Counted.waited, Counted.requests = 0.0, 0
    begun, cpu = time.perf_counter(), time.process_time()
    rows = read()
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    found = {"rows": rows, "seconds": seconds, "cpu": cpu, "peak_mib": peak_mib()}
    print(json.dumps({**found, "waited": Counted.waited, "requests": Counted.requests}))


if __name__ == "__main__":
    main(sys.argv[1])
