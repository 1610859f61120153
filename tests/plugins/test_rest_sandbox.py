"""The sandbox's REST provider answers as the published sample of the contract does."""

import json

import pytest
from werkzeug.test import Client

from sandbox.in_process import open_world
from sandbox.rest_provider.service import KEY_HEADER, RestProvider

CUSTOMER = "e5ad7633-cd72-ec11-8943-0022480b34e2"


@pytest.fixture(scope="module")
def sandbox():
    return open_world("empty")


@pytest.fixture
def call(sandbox):
    world, app = sandbox
    world.rest_provider.clear()
    client = Client(app)

    def send(method, path, body=None, key=world.client_secret):
        headers = {KEY_HEADER: key} if key else {}
        data = json.dumps(body) if body is not None else None
        return client.open(f"/rest-provider/{path}", method=method, headers=headers, data=data)

    return send


def made(call, **fields):
    return call("POST", "subscriptions", {"Customer": {"Id": CUSTOMER}, **fields}).json


def test_a_subscription_is_made_with_an_id_of_its_own(sandbox, call):
    document = made(call, Quantity=3, Id="mine")
    assert (document["quantity"], document["status"]) == (3, 1)
    assert document["id"] != "mine"
    assert sandbox[0].rest_provider.subscription(document["id"]) == document


def test_a_customer_sees_its_own_subscriptions(sandbox, call):
    mine = sandbox[0].rest_provider.add({"customer": {"id": CUSTOMER}})
    sandbox[0].rest_provider.add({"customer": {"id": "another"}})
    assert call("GET", f"customers/{CUSTOMER}/subscriptions").json == [mine]
    assert call("GET", f"customers/{CUSTOMER}/subscriptions/{mine['id']}").json == mine
    assert call("GET", f"customers/another/subscriptions/{mine['id']}").status_code == 204


@pytest.mark.parametrize(
    ("method", "verb", "status"),
    [("PATCH", "suspend", 2), ("PATCH", "activate", 1), ("PATCH", "expire", 4)],
)
def test_a_verb_answers_the_subscription(call, method, verb, status):
    name = made(call)["id"]
    assert call(method, f"subscriptions/{name}/{verb}").json["status"] == status


def test_a_cancellation_answers_true(sandbox, call):
    name = made(call)["id"]
    assert call("DELETE", f"subscriptions/{name}/cancel").json is True
    assert sandbox[0].rest_provider.subscription(name)["status"] == 3


def test_a_change_replaces_the_whole_and_answers_what_was_there(sandbox, call):
    before = made(call)
    sent = {"Id": before["id"], "Quantity": 9}
    assert call("PATCH", "subscriptions", sent).json == before
    assert sandbox[0].rest_provider.subscription(before["id"]) == {
        "id": before["id"],
        "quantity": 9,
    }


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PATCH", "subscriptions/nobody/suspend", 400),
        ("PATCH", "subscriptions", 404),
        ("GET", "invoices", 404),
        ("GET", "subscriptions/nobody/suspend", 404),
    ],
    ids=["an unknown one", "an unknown one to replace", "not emulated", "the wrong method"],
)
def test_what_is_not_there_is_said(call, method, path, status):
    assert call(method, path, {}).status_code == status


@pytest.mark.parametrize(("key", "words"), [("", "Unknown client!"), ("x", "Invalid client!")])
def test_without_the_key_nothing_is_answered(call, key, words):
    reply = call("GET", f"customers/{CUSTOMER}/subscriptions", key=key)
    assert (reply.status_code, reply.text) == (403, words)


def test_what_was_kept_is_there_again(sandbox, call):
    document = made(call)
    again = RestProvider(sandbox[0])
    again.load([("subscription", document["id"], document), ("other", "x", {})])
    assert again.subscription(document["id"]) == document
    assert again.subscription("x") is None


def test_a_change_is_in_the_journal(sandbox, call):
    mark = sandbox[0].journal.last
    made(call)
    kinds = [entry.service for entry in sandbox[0].journal.since(mark)]
    assert kinds == ["rest_provider", "rest_provider"]
