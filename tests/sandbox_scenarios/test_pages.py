"""A person plays the CRM user on the pages; every write bears the person's name."""

import json
from html import unescape
from urllib.parse import quote

import pytest
from werkzeug import Request
from werkzeug.test import EnvironBuilder

from sandbox.scenarios.identity import (
    HERO_AUTOMATIC,
    HERO_AUTOMATIC_AT_PROVIDER,
    HERO_CONTRACT,
    HERO_MANUAL,
)
from sandbox.world import Principal
from tests.sandbox_scenarios.browser import ORIGIN, Sandbox

HERO = f"/app/subscriptions/{HERO_AUTOMATIC}"
CONTRACT = f"/app/contracts/{HERO_CONTRACT}"


def change_history(sandbox: Sandbox, table: str, row_id: str) -> list[dict]:
    """Return the audit details of a row, newest first, as a client reads them."""
    target = {"@odata.type": f"Microsoft.Dynamics.CRM.{table}", f"{table}id": row_id}
    path = "/api/data/v9.2/RetrieveRecordChangeHistory(Target=@t)"
    builder = EnvironBuilder(f"{path}?@t={quote(json.dumps(target))}")
    caller = Principal(
        client="c",
        user_id=sandbox.world.application_user_id,
        name="# Seatkeeper",
        audience="dataverse",
    )
    response = sandbox.world.dataverse.handle(Request(builder.get_environ()), caller)
    return json.loads(response.get_data())["AuditDetailCollection"]["AuditDetails"]


def add_log(sandbox: Sandbox, provisioning: int) -> str:
    return sandbox.world.dataverse.insert(
        "sk_changelog",
        {
            "sk_name": "Deactivation",
            "sk_subscriptionid": HERO_MANUAL,
            "sk_kind": 126310002,
            "sk_quantitychange": -8,
            "sk_provisioningstatus": provisioning,
        },
    )


def draft_of_hero(sandbox: Sandbox) -> str:
    return next(
        row["sk_invoiceid"]
        for row in sandbox.world.dataverse.rows("sk_invoice")
        if row["_sk_billingcontractid_value"] == HERO_CONTRACT and row["statuscode"] == 1
    )


def test_the_start_leads_to_the_active_subscriptions(demo: Sandbox):
    assert demo.browser.get("/app").headers["Location"].endswith("/app/")
    assert demo.browser.get("/app/").headers["Location"].endswith("/app/subscriptions")


@pytest.mark.parametrize(
    "path",
    [
        "/app/subscriptions",
        "/app/subscriptions?view=inactive",
        "/app/subscriptions?page=2",
        "/app/subscriptions?page=999",
        "/app/contracts",
        "/app/partner-center",
        "/app/partner-center?page=2",
        "/app/clock",
        "/app/static/style.css",
        CONTRACT,
        HERO,
        f"{HERO}/pause",
    ],
)
def test_every_page_opens(demo: Sandbox, path: str):
    assert demo.browser.text(path)


def test_every_subscription_and_contract_opens(demo: Sandbox):
    for row in demo.world.dataverse.rows("sk_subscription"):
        assert unescape(row["sk_name"]) in demo.browser.text(
            f"/app/subscriptions/{row['sk_subscriptionid']}"
        )
    for row in demo.world.dataverse.rows("sk_billingcontract"):
        page = demo.browser.text(f"/app/contracts/{row['sk_billingcontractid']}")
        assert "Open invoice" in page


def test_pages_of_an_empty_world_open(sandbox: Sandbox):
    sandbox.world.reset("empty")
    assert "No subscription is in this view." in sandbox.browser.text("/app/subscriptions")
    assert sandbox.browser.text("/app/partner-center")
    assert sandbox.browser.text("/app/contracts")


def test_the_search_finds_by_words_of_name_customer_and_provider_id(demo: Sandbox):
    page = demo.browser.text("/app/subscriptions?q=premium+FABRIKAM")
    assert f"/app/subscriptions/{HERO_AUTOMATIC}" in page
    assert HERO_MANUAL not in page
    by_id = demo.browser.text(f"/app/subscriptions?q={HERO_AUTOMATIC_AT_PROVIDER}")
    assert ">1 subscription<" in by_id


@pytest.mark.parametrize(
    ("choice", "stored"),
    [("126310000", "Use Contract"), ("126310001", "Apply"), ("126310002", "Do Not Refund")],
)
def test_deactivating_writes_status_refund_choice_and_effective_date_at_once(
    demo: Sandbox, choice: str, stored: str
):
    answer = demo.browser
    response = answer.send(
        f"{HERO}/deactivate", f"{HERO}/deactivate", refund=choice, effective_on="2026-06-15"
    )
    assert response.status_code == 303
    row = demo.row("sk_subscription", HERO_AUTOMATIC)
    assert (row["statecode"], row["statuscode"]) == (1, 2)
    assert row["sk_refundchoice"] == int(choice)
    assert row["sk_changeeffectiveon"] == "2026-06-15"
    assert "The subscription is deactivated." in answer.text(response.headers["Location"])
    assert HERO_AUTOMATIC in answer.text("/app/subscriptions?view=inactive&q=fabrikam")
    assert stored in answer.text(HERO)


def test_a_deactivation_is_one_row_of_the_history_under_the_persons_name(demo: Sandbox):
    demo.browser.send(f"{HERO}/deactivate", f"{HERO}/deactivate", refund="126310001")
    newest = change_history(demo, "sk_subscription", HERO_AUTOMATIC)[0]
    by = "_userid_value@OData.Community.Display.V1.FormattedValue"
    assert newest["AuditRecord"][by] == "Alex Wilber"
    assert newest["OldValue"]["statuscode"] == 1
    assert newest["NewValue"]["statuscode"] == 2
    assert newest["AuditRecord"]["_userid_value"] != demo.world.application_user_id


def test_a_later_command_clears_the_effective_date_of_an_earlier_one(demo: Sandbox):
    demo.browser.send(
        f"{HERO}/deactivate", f"{HERO}/deactivate", refund="126310000", effective_on="2026-06-15"
    )
    demo.browser.send(f"{HERO}/activate", f"{HERO}/activate")
    row = demo.row("sk_subscription", HERO_AUTOMATIC)
    assert (row["statecode"], row["statuscode"]) == (0, 1)
    assert row["sk_changeeffectiveon"] is None


@pytest.mark.parametrize(
    ("verbs", "pair"),
    [
        (["pause"], (0, 126310000)),
        (["pause", "resume"], (0, 1)),
        (["cancel"], (1, 126310001)),
        (["pause", "deactivate"], (1, 2)),
        (["cancel", "activate"], (0, 1)),
    ],
)
def test_each_command_leads_to_its_pair_of_status_and_reason(
    demo: Sandbox, verbs: list[str], pair: tuple[int, int]
):
    for verb in verbs:
        response = demo.browser.send(f"{HERO}/{verb}", f"{HERO}/{verb}", refund="126310000")
        assert response.status_code == 303
    row = demo.row("sk_subscription", HERO_AUTOMATIC)
    assert (row["statecode"], row["statuscode"]) == pair


def test_a_form_sent_twice_writes_once(demo: Sandbox):
    demo.browser.send(f"{HERO}/deactivate", f"{HERO}/deactivate", refund="126310000")
    version = demo.row("sk_subscription", HERO_AUTOMATIC)["versionnumber"]
    again = demo.browser.send("/app/clock", f"{HERO}/deactivate", refund="126310000")
    assert again.status_code == 409
    assert demo.row("sk_subscription", HERO_AUTOMATIC)["versionnumber"] == version


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"refund": "7"},
        {"refund": "126310000", "effective_on": "16.06.2026"},
    ],
)
def test_a_form_that_cannot_be_read_writes_nothing(demo: Sandbox, fields: dict[str, str]):
    response = demo.browser.send(f"{HERO}/deactivate", f"{HERO}/deactivate", **fields)
    assert response.status_code == 400
    assert demo.row("sk_subscription", HERO_AUTOMATIC)["statuscode"] == 1


def test_the_quantity_can_be_changed_while_active(demo: Sandbox):
    response = demo.browser.send(HERO, f"{HERO}/quantity", quantity="7")
    assert response.status_code == 303
    assert demo.row("sk_subscription", HERO_AUTOMATIC)["sk_quantity"] == 7


@pytest.mark.parametrize("quantity", ["", "-1", "2.5", "ten", "²", "999999999999999"])
def test_what_is_no_number_of_seats_is_not_written(demo: Sandbox, quantity: str):
    response = demo.browser.send(HERO, f"{HERO}/quantity", quantity=quantity)
    assert response.status_code == 400
    assert demo.row("sk_subscription", HERO_AUTOMATIC)["sk_quantity"] == 10


def test_the_quantity_is_locked_while_paused(demo: Sandbox):
    demo.browser.send(f"{HERO}/pause", f"{HERO}/pause")
    assert demo.browser.send(HERO, f"{HERO}/quantity", quantity="7").status_code == 409
    assert demo.row("sk_subscription", HERO_AUTOMATIC)["sk_quantity"] == 10


@pytest.mark.parametrize("waiting", [126310000, 126310003])
def test_a_person_sets_a_waiting_or_failed_log_to_provisioned(demo: Sandbox, waiting: int):
    log = add_log(demo, waiting)
    page = f"/app/subscriptions/{HERO_MANUAL}"
    action = f"/app/changelogs/{log}/provisioning"
    assert demo.browser.send(page, action, status="126310002").status_code == 303
    row = demo.row("sk_changelog", log)
    assert row["sk_provisioningstatus"] == 126310002
    assert row["_modifiedby_value"] == demo.world.identity.person_id


def test_a_provisioned_log_is_closed_to_people(demo: Sandbox):
    log = add_log(demo, 126310002)
    action = f"/app/changelogs/{log}/provisioning"
    assert demo.browser.send(HERO, action, status="126310000").status_code == 409
    assert action not in demo.browser.text(f"/app/subscriptions/{HERO_MANUAL}")


def test_not_applicable_is_not_for_people_to_set(demo: Sandbox):
    log = add_log(demo, 126310000)
    response = demo.browser.send(HERO, f"/app/changelogs/{log}/provisioning", status="126310001")
    assert response.status_code == 400
    assert demo.row("sk_changelog", log)["sk_provisioningstatus"] == 126310000


def test_an_invoice_is_paid_on_the_contracts_today(demo: Sandbox):
    demo.world.clock.advance(-13 * 3600)  # 01:00 UTC on the 16th is still the 15th in New York
    draft = draft_of_hero(demo)
    assert demo.browser.send(CONTRACT, f"/app/invoices/{draft}/paid").status_code == 303
    row = demo.row("sk_invoice", draft)
    assert (row["statecode"], row["statuscode"]) == (1, 126310001)
    assert row["sk_paidon"] == "2026-06-15"
    assert row["_modifiedby_value"] == demo.world.identity.person_id


def test_a_paid_invoice_cannot_be_paid_again(demo: Sandbox):
    draft = draft_of_hero(demo)
    demo.browser.send(CONTRACT, f"/app/invoices/{draft}/paid")
    assert demo.browser.send(CONTRACT, f"/app/invoices/{draft}/paid").status_code == 409


def test_lines_show_their_explanation_and_their_amount(demo: Sandbox):
    demo.world.dataverse.insert(
        "sk_invoiceline",
        {
            "sk_name": "Refund",
            "sk_invoiceid": draft_of_hero(demo),
            "sk_kind": 126310002,
            "sk_amount": "-58.33",
            "sk_explanation": "125.00 x 14/30 days <b>",
        },
    )
    page = demo.browser.text(CONTRACT)
    assert "-58.33 USD" in page
    assert "125.00 x 14/30 days &lt;b&gt;" in page


def test_names_and_notices_cannot_bring_markup_or_words(demo: Sandbox):
    name = "<script>alert(1)</script>"
    demo.world.dataverse.update("sk_subscription", HERO_AUTOMATIC, {"sk_name": name})
    for path in (HERO, "/app/subscriptions?q=script", f"{HERO}/deactivate", CONTRACT):
        assert "<script>alert" not in demo.browser.text(path)
    assert "Send money" not in demo.browser.text(f"{HERO}?said=Send+money")


def test_the_subscription_shows_what_partner_center_has(demo: Sandbox):
    demo.world.partner_center.change_by_hand(HERO_AUTOMATIC_AT_PROVIDER, {"quantity": 33})
    assert "<dd>33</dd>" in demo.browser.text(HERO)
    assert "12 seats" in demo.browser.text(HERO)
    assert "Not linked to Partner Center." in demo.browser.text(f"/app/subscriptions/{HERO_MANUAL}")


@pytest.mark.parametrize(
    ("fields", "day"),
    [
        ({"days": "5"}, "2026-06-21"),
        ({"days": "-20"}, "2026-05-27"),
        ({"instant": "2027-01-31T10:00"}, "2027-01-31"),
    ],
)
def test_the_clock_moves_by_days_or_to_an_instant(demo: Sandbox, fields: dict[str, str], day: str):
    assert demo.browser.send("/app/clock", "/app/clock", **fields).status_code == 303
    assert demo.world.clock.now().date().isoformat() == day


@pytest.mark.parametrize(
    "fields", [{}, {"days": "x"}, {"days": "99999999"}, {"instant": "soon"}, {"days": "1e3"}]
)
def test_a_clock_form_that_cannot_be_read_leaves_the_clock(demo: Sandbox, fields: dict[str, str]):
    response = demo.browser.send("/app/clock", "/app/clock", **fields)
    assert response.status_code == 400
    assert demo.world.clock.now().date().isoformat() == "2026-06-16"


def test_a_form_without_the_token_is_refused(demo: Sandbox):
    browser = demo.browser
    browser.text(HERO)
    response = browser.client.post(f"{HERO}/pause", data={"form_token": "guess"}, base_url=ORIGIN)
    assert response.status_code == 403
    assert demo.row("sk_subscription", HERO_AUTOMATIC)["statuscode"] == 1


def test_a_form_without_any_cookie_is_refused(demo: Sandbox):
    response = demo.browser.client.post(f"{HERO}/pause", data={"form_token": ""})
    assert response.status_code == 403


def test_pages_carry_security_headers_and_a_strict_cookie(demo: Sandbox):
    response = demo.browser.get(HERO)
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "no-store"
    cookie = response.headers["Set-Cookie"]
    for part in ("Secure", "HttpOnly", "Path=/app", "SameSite=Strict"):
        assert part in cookie


@pytest.mark.parametrize(
    "path",
    [
        "/app/nothing",
        "/app/subscriptions?view=all",
        f"/app/subscriptions/{HERO_CONTRACT}",
        f"{HERO}/explode",
        "/app/subscriptions/not-an-id",
    ],
)
def test_what_is_not_there_answers_404_with_a_page(demo: Sandbox, path: str):
    response = demo.browser.get(path)
    assert response.status_code == 404
    assert "To the subscriptions" in response.text
