"""Issue 6.7: a provider behind the public Work 365 REST provider contract, against the sandbox."""

import json
from datetime import time, timedelta

import pytest
from pydantic import SecretStr

from connector.http import Http
from connector.rest_provider.client import KEY_HEADER, RestAddress, RestProvider
from sandbox.faults import read_rule
from sandbox.in_process import InProcessAdapter, open_world
from seatkeeper.bootstrap import build, meet
from seatkeeper.config import ProviderConfig
from seatkeeper.providers import (
    LicenceRef,
    NotFound,
    NotSent,
    Refused,
    SignInFailed,
    Unavailable,
)
from seatkeeper.requested import run_request
from seatkeeper.tally import service_of
from sync.partner_round import run_partner_round, sweep_on, swept_providers
from sync.sweep_state import SweepPlan
from tests.connector.scripted import Clockwork, Scripted, told
from tests.engine.opening import stage_in
from tests.engine.stage import Setting, cash, outcome_of

ORIGIN = "https://localhost"
URL = f"{ORIGIN}/rest-provider"
CUSTOMER = "e5ad7633-cd72-ec11-8943-0022480b34e2"


@pytest.fixture(scope="module")
def sandbox():
    return open_world("empty")


@pytest.fixture
def world(sandbox):
    world, _ = sandbox
    world.rest_provider.clear()
    world.faults.replace([])
    return world


@pytest.fixture
def provider(sandbox, world):
    http = Http(Clockwork(), adapters={"https://": InProcessAdapter(sandbox[1])})
    return RestProvider(http, RestAddress(url=URL, key=world.client_secret))


@pytest.fixture
def held(world):
    fields = {"customer": {"id": CUSTOMER, "name": None}, "quantity": 10, "pricing": {"cost": 2}}
    return LicenceRef(customer_id=CUSTOMER, subscription_id=world.rest_provider.add(fields)["id"])


def fails(world, **rule):
    world.faults.replace([read_rule({"service": "rest_provider", **rule})])


def of(world, ref):
    return world.rest_provider.subscription(ref.subscription_id)


# --- the contract ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "word"), [(1, "active"), (2, "suspended"), (3, "cancelled"), (4, "expired")]
)
def test_a_status_is_a_number(world, provider, held, number, word):
    world.rest_provider.change_by_hand(held.subscription_id, {"status": number})
    found = provider.read(held)
    assert (found.status, found.quantity) == (word, 10)


@pytest.mark.parametrize(("verb", "status"), [("suspend", 2), ("reactivate", 1), ("cancel", 3)])
def test_each_verb_has_its_effect(world, provider, held, verb, status):
    getattr(provider, verb)(held, request_id="r")
    assert of(world, held)["status"] == status


def test_a_new_quantity_leaves_the_rest_as_it_is(world, provider, held):
    before = of(world, held)
    provider.set_quantity(held, 12, request_id="r")
    assert of(world, held) == {**before, "quantity": 12}


def test_names_may_stand_in_either_case():
    pascal = {"Id": "s", "Status": 1, "Quantity": 10, "Pricing": None}
    adapter = Scripted([told(pascal), told(pascal), told(pascal)])
    http = Http(Clockwork(), adapters={"https://": adapter})
    other = RestProvider(http, RestAddress(url=URL, key="k"))
    ref = LicenceRef(customer_id="c", subscription_id="s")
    assert other.read(ref).quantity == 10
    other.set_quantity(ref, 12, request_id="r")
    sent = adapter.requests[-1]
    assert json.loads(sent.body) == {**pascal, "Quantity": 12}
    assert (sent.headers[KEY_HEADER], sent.headers["X-Request-Id"]) == ("k", "r")


# --- trouble -----------------------------------------------------------------------------------


def test_an_unknown_subscription_is_not_found_by_a_read_and_refused_to_a_verb(provider):
    nobody = LicenceRef(customer_id=CUSTOMER, subscription_id="Sub 404")
    with pytest.raises(NotFound):
        provider.read(nobody)
    with pytest.raises(Refused, match="Subscription Id Sub 404 not found"):
        provider.suspend(nobody, request_id="r")


def test_a_subscription_of_another_customer_is_not_found(provider, held):
    with pytest.raises(NotFound):
        provider.read(LicenceRef(customer_id="another", subscription_id=held.subscription_id))


def test_a_wrong_key_is_a_sign_in_that_fails(sandbox, world, held):
    http = Http(Clockwork(), adapters={"https://": InProcessAdapter(sandbox[1])})
    other = RestProvider(http, RestAddress(url=URL, key="wrong"))
    with pytest.raises(SignInFailed, match="Invalid client! Check api_key"):
        other.read(held)


def test_the_key_is_shown_nowhere(world):
    assert world.client_secret not in repr(RestAddress(url=URL, key=world.client_secret))


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        ({"status": 500}, Unavailable),
        ({"status": 503}, Unavailable),
        ({"status": 503, "retry_after": 3}, NotSent),
        ({"status": 429, "retry_after": 3}, NotSent),
        ({"status": 400}, Refused),
        ({"drop": "after_commit"}, Unavailable),
    ],
    ids=["500", "503", "503 told to wait", "429", "400", "no answer"],
)
def test_a_verb_that_fails_says_whether_it_may_have_been_executed(
    world, provider, held, rule, error
):
    fails(world, method="PATCH", **rule)
    with pytest.raises(error) as caught:
        provider.suspend(held, request_id="r")
    assert isinstance(caught.value, NotSent) is (error is NotSent)


def test_a_quantity_that_cannot_be_read_first_was_certainly_not_sent(world, provider, held):
    fails(world, method="GET", status=500)
    with pytest.raises(NotSent):
        provider.set_quantity(held, 12, request_id="r")


def test_a_read_that_fails_for_a_while_is_repeated(world, provider, held):
    fails(world, method="GET", status=503, times=1)
    assert provider.read(held).status == "active"


# --- the whole way -----------------------------------------------------------------------------


@pytest.fixture
def rest_stage():
    """Return a stage whose subscription lives at a provider of kind rest."""
    world, app = open_world("empty")
    stage = stage_in(world, app, Setting())
    old = stage.application
    rest = ProviderConfig(
        kind="rest", url=ORIGIN, path="/rest-provider/", api_key=SecretStr(world.client_secret)
    )
    stage.application = build(
        old.config.model_copy(update={"providers": {"partner-center": rest}}),
        store=old.store,
        effects=old.engine.ports.effects,
        adapters={"https://": InProcessAdapter(app)},
        inline=True,
    )
    meet(stage.application)
    fields = {"customer": {"id": stage.tenant, "name": None}, "quantity": 10}
    stage.licence_id = world.rest_provider.add(fields)["id"]
    stage.edits(sk_providersubscriptionid=stage.licence_id)
    stage.runs()
    stage.on("2025-06-16")
    yield stage
    stage.application.close()


def there(stage):
    return stage.world.rest_provider.subscription(stage.licence_id)


def test_the_story_goes_all_the_way_at_a_provider_of_kind_rest(rest_stage):
    stage = rest_stage
    stage.edits(status="suspended")
    stage.runs()
    assert (there(stage)["status"], outcome_of(stage.log())) == (2, "provisioned")
    assert stage.amounts() == cash("-58.33")
    assert "keeps billing" not in stage.log()["sk_message"]
    stage.on("2025-06-21")
    stage.edits(status="active")
    stage.runs()
    assert (there(stage)["status"], outcome_of(stage.log())) == (1, "provisioned")
    stage.edits(sk_quantity=7)
    stage.runs()
    assert (there(stage)["quantity"], outcome_of(stage.log())) == (7, "provisioned")
    stage.edits(status="cancelled")
    stage.runs()
    assert (there(stage)["status"], outcome_of(stage.log())) == (3, "provisioned")
    assert stage.parked() is None


@pytest.mark.parametrize(
    "rule",
    [
        {"drop": "after_commit"},
        {"drop": "before_commit"},
        {"status": 500},
        {"status": 429, "retry_after": 1},
    ],
    ids=["the answer is lost", "the request is lost", "500", "throttled"],
)
def test_a_write_that_goes_wrong_once_is_done_in_the_end(rest_stage, rule):
    stage = rest_stage
    stage.fails(service="rest_provider", method="PATCH", times=1, **rule)
    stage.edits(status="suspended")
    stage.runs()
    stage.on("2025-06-16", "12:30")
    stage.runs()
    assert (there(stage)["status"], outcome_of(stage.log())) == (2, "provisioned")
    assert (stage.kinds(), stage.amounts()) == ([("deactivation", -10)], cash("-58.33"))


def test_while_it_is_down_the_log_waits_and_the_money_does_not(rest_stage):
    stage = rest_stage
    stage.fails(service="rest_provider", status=503)
    stage.edits(status="suspended")
    stage.runs()
    assert (outcome_of(stage.log()), stage.amounts()) == ("awaiting", cash("-58.33"))


def test_what_it_refuses_parks_the_subscription_with_its_words(rest_stage):
    stage = rest_stage
    stage.fails(service="rest_provider", method="PATCH", status=400)
    stage.edits(status="suspended")
    stage.runs()
    assert (outcome_of(stage.log()), stage.parked().code) == ("failed", "provisioning-failed")
    assert "Bad Request" in stage.parked().reason


def test_what_was_done_there_by_hand_comes_over_within_a_day(rest_stage):
    stage = rest_stage
    engine, store = stage.application.engine, stage.application.store
    engine.sweeps = SweepPlan(at=time(2), jitter=timedelta(0))
    run_partner_round(engine)
    stage.runs()
    stage.world.rest_provider.change_by_hand(stage.licence_id, {"status": 2})
    stage.on("2025-06-17", "01:59")
    stage.runs()
    run_partner_round(engine)
    assert store.tx(lambda tx: tx.suspects()) == []
    stage.on("2025-06-17", "02:00")
    stage.runs()
    sweep_on(engine)
    stage.runs()
    assert (stage.now_row["statecode"], stage.now_row["statuscode"]) == (1, 2)
    assert stage.kinds() == [("deactivation", -10)]
    assert stage.log()["sk_origin"] == 126310001
    mark = stage.mark
    sweep_on(engine)
    stage.runs()
    assert not any("rest_provider" in one for one in stage.requests_since(mark))


def test_what_it_knows_nothing_of_is_not_compared(rest_stage):
    stage = rest_stage
    stage.edits(sk_autorenew=True, sk_termenddate="2025-12-31", sk_cancellableuntil=None)
    store = stage.application.store
    run_partner_round(stage.application.engine, whole=True)
    stage.runs()
    assert store.tx(lambda tx: tx.differences()) == []
    assert store.tx(lambda tx: tx.baseline(stage.subscription)).partner == {
        "quantity": 10, "status": "active"
    }  # fmt: skip


def test_drift_sweep_has_each_licence_read_where_nothing_is_listed(rest_stage):
    stage = rest_stage
    engine = stage.application.engine
    assert run_request(engine, "drift sweep", "{}") == '[{"service": "partner-center"}]'
    sweep_on(engine)
    assert stage.application.store.tx(lambda tx: tx.suspects())
    assert stage.application.store.tx(swept_providers) == []


def test_dataverse_that_does_not_answer_leaves_the_round_for_the_next_time(rest_stage):
    stage = rest_stage
    engine = stage.application.engine
    engine.sweeps = SweepPlan(at=time(2))
    stage.fails(service="dataverse", status=503)
    assert list(sweep_on(engine).failures) == ["partner-center"]
    stage.fails()
    assert sweep_on(engine).failures == {}
    assert stage.application.store.tx(lambda tx: tx.suspects())


def test_its_calls_are_counted_apart():
    assert service_of("rest provider backup.example.com") == "rest_provider"
