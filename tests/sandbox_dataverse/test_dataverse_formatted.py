"""Formatted values, lookups and dates as clients read them: section 4 of the fact sheet."""

from decimal import Decimal

import pytest

from sandbox.settings import SettingRefused
from tests.sandbox_dataverse.sent_definitions import TABLE

ALL = 'odata.include-annotations="*"'
FORMATTED = "OData.Community.Display.V1.FormattedValue"
CRM = "Microsoft.Dynamics.CRM"


@pytest.fixture
def money(crm, add):
    add("Money", "new_Cost")

    def made(amount, code="USD"):
        [row] = crm.get(f"transactioncurrencies?$filter=isocurrencycode eq '{code}'")["value"]
        crm.patch(
            f"transactioncurrencies({row['transactioncurrencyid']})",
            {"exchangerate": Decimal("0.5") if code == "EUR" else 1},
        )
        bind = f"transactioncurrencies({row['transactioncurrencyid']})"
        made = crm.create(
            "new_assets", new_cost=Decimal(amount), **{"transactioncurrencyid@odata.bind": bind}
        )
        return crm.get(f"new_assets({made})", Prefer=ALL)

    return made


@pytest.mark.parametrize(
    ("amount", "code", "text", "base"),
    [
        ("20000", "USD", "$20,000.00", "$20,000.00"),
        ("-58.33", "USD", "-$58.33", "-$58.33"),
        ("10", "EUR", "€10.00", "$20.00"),
    ],
)
def test_money_is_formatted_in_the_currency_of_its_row(money, amount, code, text, base):
    row = money(amount, code)
    assert row[f"new_cost@{FORMATTED}"] == text
    assert row[f"new_cost_base@{FORMATTED}"] == base


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("UTC", "6/16/2025 10:30 PM"),
        ("Europe/Berlin", "6/17/2025 12:30 AM"),
        ("America/New_York", "6/16/2025 6:30 PM"),
    ],
)
def test_instants_are_formatted_in_the_time_zone_of_the_caller(crm, world, zone, text):
    world.settings.change({"caller_time_zone": zone})
    instant = "2025-06-16T22:30:00Z"
    made = crm.create("sk_subscriptions", sk_cancellableuntil=instant, sk_startdate="2025-06-16")
    row = crm.get(f"sk_subscriptions({made})", Prefer=ALL)
    assert row["sk_cancellableuntil"] == instant
    assert row[f"sk_cancellableuntil@{FORMATTED}"] == text
    assert row[f"sk_startdate@{FORMATTED}"] == "6/16/2025"


def test_a_time_zone_that_there_is_not_is_refused(world):
    with pytest.raises(SettingRefused, match="Europe/Berlin"):
        world.settings.change({"caller_time_zone": "Mars/Olympus"})
    assert world.settings.caller_time_zone == "UTC"


def behaving(value):
    return {"Format": "DateAndTime", "DateTimeBehavior": {"Value": value}}


def test_independent_instants_are_never_converted(crm, add, world):
    add("DateTime", "new_At", **behaving("TimeZoneIndependent"))
    world.settings.caller_time_zone = "Europe/Berlin"
    made = crm.create("new_assets", new_at="2025-06-16T22:30:00Z")
    row = crm.get(f"new_assets({made})", Prefer=ALL)
    assert (row["new_at"], row[f"new_at@{FORMATTED}"]) == (
        "2025-06-16T22:30:00Z",
        "6/16/2025 10:30 PM",
    )


def test_the_behaviour_of_a_date_column_changes_only_once(crm, add):
    add("DateTime", "new_At", **behaving("UserLocal"))
    url = f"{TABLE}/Attributes(LogicalName='new_at')"
    whole = crm.get(f"{url}/{CRM}.DateTimeAttributeMetadata")
    changed = whole | behaving("TimeZoneIndependent")
    assert crm.send("PUT", url, changed).status_code == 204
    cast = f"{url}/{CRM}.DateTimeAttributeMetadata?$select=DateTimeBehavior"
    assert crm.get(cast)["DateTimeBehavior"] == {"Value": "TimeZoneIndependent"}
    again = crm.refusal("PUT", url, whole | behaving("UserLocal"))
    assert again == (400, "0x80040203")


def test_an_instant_with_z_and_an_offset_is_refused(crm):
    row = {"sk_cancellableuntil": "2025-06-16T10:00:00+02:00Z"}
    assert crm.refusal("POST", "sk_subscriptions", row) == (400, "0x80048d19")


def test_a_lookup_says_its_table_and_its_navigation_property(crm, tasks):
    [account] = crm.get("accounts")["value"]
    bind = {"regardingobjectid_account_task@odata.bind": f"/accounts({account['accountid']})"}
    task = crm.create("tasks", subject="Call", **bind)
    row = crm.get(f"tasks({task})?$select=_regardingobjectid_value", Prefer=ALL)
    lookup = "_regardingobjectid_value"
    assert row[f"{lookup}@{CRM}.lookuplogicalname"] == "account"
    assert row[f"{lookup}@{CRM}.associatednavigationproperty"] == "regardingobjectid_account_task"
    assert row[f"{lookup}@{FORMATTED}"] == "A"


@pytest.mark.parametrize("name", ["sk_accountid", "_sk_accountid_value"])
def test_a_lookup_is_not_emptied_by_deleting_its_column(crm, name):
    account = crm.create("accounts", name="A")
    bind = {"sk_accountid@odata.bind": f"/accounts({account})"}
    row = crm.create("sk_subscriptions", **bind)
    assert crm.refusal("DELETE", f"sk_subscriptions({row})/{name}") == (404, "0x8006088a")
    assert crm.get(f"sk_subscriptions({row})")["_sk_accountid_value"] == account


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        ("contains(name,'%25o%25s')", {"Contoso", "O'Hara & Sons"}),
        ("startswith(name,'[CL]')", {"Contoso", "Litware"}),
        ("startswith(name,'_it')", {"Litware"}),
        ("name eq 'o''hara %26 sons'", {"O'Hara & Sons"}),
    ],
)
def test_texts_match_in_any_case_with_the_wildcards_of_sql(crm, filter_, expected):
    for name in ("Contoso", "Litware", "O'Hara & Sons"):
        crm.create("accounts", name=name)
    found = crm.get(f"accounts?$select=name&$filter={filter_}")["value"]
    assert {row["name"] for row in found} == expected
