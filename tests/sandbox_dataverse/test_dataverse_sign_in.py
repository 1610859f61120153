"""Sign-in as section 1 of the fact sheet has it, before the first request to Dataverse."""

import pytest
import requests

from sandbox.in_process import InProcessAdapter, open_world

ORIGIN = "https://localhost"


@pytest.fixture
def world_and_app():
    return open_world("empty")


@pytest.fixture
def session(world_and_app):
    made = requests.Session()
    made.trust_env = False
    made.mount("https://", InProcessAdapter(world_and_app[1]))
    yield made
    made.close()


@pytest.fixture
def ask(world_and_app, session):
    world = world_and_app[0]
    form = {"grant_type": "client_credentials", "scope": f"{ORIGIN}/.default"}
    form |= {"client_id": world.client_id, "client_secret": world.client_secret}
    url = f"{ORIGIN}/{world.tenant_id}/oauth2/v2.0/token"
    return lambda **other: session.post(url, data=form | other, timeout=5)


def test_a_token_answer_has_its_life_and_no_refresh_token(ask):
    answer = ask().json()
    assert set(answer) == {"token_type", "expires_in", "ext_expires_in", "access_token"}
    assert (answer["token_type"], answer["expires_in"], answer["ext_expires_in"]) == (
        "Bearer",
        3599,
        3599,
    )


def test_a_scope_without_default_gets_no_token(ask):
    refused = ask(scope=ORIGIN)
    assert refused.status_code == 400
    assert refused.json()["error"] == "invalid_scope"


def test_the_openid_configuration_has_what_msal_reads(world_and_app, session):
    tenant = f"{ORIGIN}/{world_and_app[0].tenant_id}"
    found = session.get(f"{tenant}/v2.0/.well-known/openid-configuration", timeout=5).json()
    assert found["issuer"].startswith(tenant)
    assert found["token_endpoint"] == f"{tenant}/oauth2/v2.0/token"
    assert found["authorization_endpoint"].startswith(tenant)


def test_one_token_serves_every_request_of_the_application_user(world_and_app, ask, session):
    session.headers["Authorization"] = f"Bearer {ask().json()['access_token']}"
    first = session.get(f"{ORIGIN}/api/data/v9.2/WhoAmI()", timeout=5).json()
    made = session.post(f"{ORIGIN}/api/data/v9.2/accounts", json={"name": "A"}, timeout=5)
    row = session.get(made.headers["OData-EntityId"], timeout=5).json()
    assert first["UserId"] == world_and_app[0].application_user_id
    assert row["_createdby_value"] == row["_ownerid_value"] == first["UserId"]
    assert row["_createdonbehalfby_value"] is None
