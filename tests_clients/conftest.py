"""One sandbox for all tests, an empty world for each, and Microsoft's SDK signed in to it."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from azure.identity import ClientSecretCredential
from PowerPlatform.Dataverse.client import DataverseClient

from tests_clients.process import Sandbox, running


@pytest.fixture(scope="session")
def process() -> Iterator[Sandbox]:
    with running() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(process: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", process.ca_file)
    process.control("reset", {"scenario": "empty"})
    return process


@pytest.fixture
def credential(sandbox: Sandbox) -> Iterator[ClientSecretCredential]:
    """Microsoft's own sign-in library, with the sandbox for login.microsoftonline.com."""
    signed_in = ClientSecretCredential(
        sandbox.tenant_id,
        sandbox.client_id,
        sandbox.client_secret,
        authority=f"https://{urlsplit(sandbox.authority).netloc}",
        disable_instance_discovery=True,
    )
    with signed_in:
        yield signed_in


@pytest.fixture
def client(sandbox: Sandbox, credential: ClientSecretCredential) -> Iterator[DataverseClient]:
    with DataverseClient(sandbox.url, credential) as opened:
        yield opened
