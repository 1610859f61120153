"""State and status reason are a pair: section 4 of the fact sheet."""

import pytest

PAUSED, CANCELLED = 126310000, 126310001


@pytest.fixture
def url(crm):
    return f"sk_subscriptions({crm.create('sk_subscriptions', sk_name='Plan')})"


def pair(crm, url):
    row = crm.get(url)
    return row["statecode"], row["statuscode"]


def test_a_new_row_is_active_with_the_default_reason(crm, url):
    assert pair(crm, url) == (0, 1)


def test_a_create_takes_a_pair_and_refuses_a_mismatch(crm):
    row = crm.create("sk_subscriptions", statecode=1, statuscode=CANCELLED)
    assert pair(crm, f"sk_subscriptions({row})") == (1, CANCELLED)
    refused = crm.refusal("POST", "sk_subscriptions", {"statuscode": CANCELLED})
    assert refused == (400, "0x80048408")


def test_both_change_with_one_patch(crm, url):
    crm.patch(url, {"statecode": 1, "statuscode": CANCELLED})
    assert pair(crm, url) == (1, CANCELLED)


def test_a_state_alone_takes_its_default_reason(crm, url):
    crm.patch(url, {"statecode": 1})
    assert pair(crm, url) == (1, 2)


def test_a_reason_of_the_same_state_may_come_alone(crm, url):
    crm.patch(url, {"statuscode": PAUSED})
    assert pair(crm, url) == (0, PAUSED)


def test_a_reason_of_the_other_state_alone_is_refused_with_its_sentence(crm, url):
    assert crm.refusal("PATCH", url, {"statuscode": 2}) == (400, "0x80048408")
    message = crm.message("PATCH", url, {"statuscode": 2})
    assert message.startswith(
        "2 is not a valid status code for state code sk_subscriptionState.Active"
        " on sk_subscription with Id"
    )
    assert pair(crm, url) == (0, 1)


def test_a_setting_lets_a_reason_alone_move_the_state(crm, url, world):
    world.settings.status_reason_moves_state = True
    crm.patch(url, {"statuscode": 2})
    assert pair(crm, url) == (1, 2)


@pytest.mark.parametrize(
    "body", [{"statecode": 5}, {"statuscode": 77}, {"statecode": 1, "statuscode": 1}]
)
def test_values_that_are_no_pair_are_refused(crm, url, body):
    assert crm.refusal("PATCH", url, body) == (400, "0x80048408")


def test_an_archived_log_is_inactive(crm):
    row = crm.create("sk_changelogs", sk_name="Log")
    crm.patch(f"sk_changelogs({row})", {"statecode": 1, "statuscode": 2})
    label = crm.get(f"sk_changelogs({row})", Prefer='odata.include-annotations="*"')
    assert label["statuscode@OData.Community.Display.V1.FormattedValue"] == "Archived"


def test_a_paid_invoice_is_inactive_and_an_issued_one_is_not(crm):
    row = crm.create("sk_invoices", statecode=0, statuscode=126310000)
    crm.patch(f"sk_invoices({row})", {"statecode": 1, "statuscode": 126310001})
    assert pair(crm, f"sk_invoices({row})") == (1, 126310001)
