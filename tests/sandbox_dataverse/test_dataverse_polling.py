"""Ways to see changes and pages: what sections 3 and 4 of the fact sheet say beside delta links."""

from urllib.parse import quote, unquote

import pytest

from tests.sandbox_dataverse.sent_definitions import TABLE, entity

TRACKED = "odata.track-changes"
ALL = 'odata.include-annotations="*"'
URL = "sk_subscriptions?$select=sk_name"
TOTAL = "@Microsoft.Dynamics.CRM.totalrecordcount"


@pytest.fixture
def rows(crm):
    return sorted(crm.create("sk_subscriptions", sk_name=f"Plan {n}") for n in range(5))


def names(answer):
    return [row["sk_name"] for row in answer["value"]]


def test_polling_by_modifiedon_needs_ge_because_instants_are_whole_seconds(crm, rows, world):
    seen = crm.get(f"sk_subscriptions({rows[0]})")["modifiedon"]
    world.clock.advance(microseconds=400_000)
    crm.patch(f"sk_subscriptions({rows[1]})", {"sk_name": "Same second"})
    order = "$orderby=modifiedon,sk_subscriptionid"
    assert crm.get(f"{URL}&$filter=modifiedon gt {seen}&{order}")["value"] == []
    found = crm.get(f"{URL}&$filter=modifiedon ge {seen}&{order}")
    assert [row["sk_subscriptionid"] for row in found["value"]] == rows
    world.clock.advance(seconds=1)
    crm.patch(f"sk_subscriptions({rows[2]})", {"sk_name": "Later"})
    assert names(crm.get(f"{URL}&$filter=modifiedon gt {seen}&{order}")) == ["Later"]


def test_polling_by_versionnumber_gives_what_was_written_since_in_order(crm, rows):
    mark = crm.get(f"{URL}&$orderby=versionnumber desc&$top=1")["value"][0]["@odata.etag"]
    for row in (rows[3], rows[1]):
        crm.patch(f"sk_subscriptions({row})", {"sk_name": row})
    number = mark.removeprefix('W/"').rstrip('"')
    found = crm.get(f"{URL}&$filter=versionnumber gt {number}&$orderby=versionnumber")
    assert names(found) == [rows[3], rows[1]]


def test_a_row_may_come_twice_in_the_pages_of_a_delta(crm, rows):
    link = crm.get(URL, Prefer=TRACKED)["@odata.deltaLink"]
    for row in rows[:3]:
        crm.patch(f"sk_subscriptions({row})", {"sk_name": "once"})
    page = crm.get(link, Prefer="odata.maxpagesize=2")
    crm.patch(f"sk_subscriptions({rows[0]})", {"sk_name": "twice"})
    rest = crm.get(page["@odata.nextLink"])
    assert names(page) + names(rest) == ["once", "once", "once", "twice"]


def test_a_next_link_without_the_preferred_page_size_gives_the_rest(crm, rows):
    first = crm.get(URL, Prefer="odata.maxpagesize=2")
    assert len(crm.get(first["@odata.nextLink"])["value"]) == 3
    assert len(crm.get(first["@odata.nextLink"], Prefer="odata.maxpagesize=2")["value"]) == 2


def test_each_page_is_evaluated_when_it_is_read(crm, rows):
    first = crm.get(URL, Prefer="odata.maxpagesize=2")
    crm.send("DELETE", f"sk_subscriptions({rows[3]})")
    crm.patch(f"sk_subscriptions({rows[4]})", {"sk_name": "changed"})
    rest = crm.get(first["@odata.nextLink"])
    assert [row["sk_subscriptionid"] for row in rest["value"]] == [rows[2], rows[4]]
    assert names(rest)[-1] == "changed"


def test_rows_repeat_or_vanish_between_pages_of_an_order_that_is_not_unique(crm, rows):
    ordered = f"{URL}&$orderby=sk_name"
    first = crm.get(ordered, Prefer="odata.maxpagesize=2")
    read, ahead = (first["value"][0], rows)
    crm.patch(f"sk_subscriptions({read['sk_subscriptionid']})", {"sk_name": "Plan 9"})
    rest = crm.get(first["@odata.nextLink"])
    again = {row["sk_subscriptionid"] for row in rest["value"]}
    assert read["sk_subscriptionid"] in again
    assert len(again) == len(ahead) - 1


@pytest.fixture
def many(crm, dataverse):
    for _ in range(5001):
        dataverse.insert("sk_provider", {})


def test_a_page_has_at_most_5000_rows_whatever_is_preferred(crm, many):
    for headers in ({}, {"Prefer": "odata.maxpagesize=6000"}):
        answer = crm.get("sk_providers?$select=sk_name", **headers)
        assert len(answer["value"]) == 5000
        assert "@odata.nextLink" in answer


def test_a_count_ends_at_5000_and_says_so(crm, many):
    answer = crm.get("sk_providers?$select=sk_name&$count=true", Prefer=ALL)
    assert (answer["@odata.count"], answer[TOTAL], answer[f"{TOTAL}limitexceeded"]) == (
        5000,
        5000,
        True,
    )
    assert crm.send("GET", "sk_providers/$count").data == b"5000"
    few = crm.get("sk_providers?$count=true&$filter=sk_name eq 'none'", Prefer=ALL)
    assert (few[TOTAL], few[f"{TOTAL}limitexceeded"]) == (0, False)


def test_annotated_collections_say_the_version_of_all_definitions(crm, rows, asset, post):
    def noted():
        return crm.get(URL, Prefer=ALL)["@Microsoft.Dynamics.CRM.globalmetadataversion"]

    assert crm.get(URL, Prefer=ALL)[TOTAL] == -1
    assert TOTAL not in crm.get(URL)
    first = noted()
    crm.patch(f"sk_subscriptions({rows[0]})", {"sk_name": "x"})
    assert noted() == first
    crm.send("PUT", TABLE, crm.get(TABLE) | {"HasNotes": True})
    assert int(noted()) > int(first)


def test_metadata_comes_without_pages(crm):
    answer = crm.get("EntityDefinitions?$select=LogicalName", Prefer="odata.maxpagesize=2")
    assert len(answer["value"]) > 10
    assert "@odata.nextLink" not in answer


def test_a_table_that_cannot_be_tracked_is_not(crm, post):
    managed = {"Value": False, "CanBeChanged": True, "ManagedPropertyLogicalName": "x"}
    post("EntityDefinitions", entity(CanChangeTrackingBeEnabled=managed))
    whole = crm.get(TABLE)
    assert whole["CanChangeTrackingBeEnabled"]["Value"] is False
    refused = crm.refusal("PUT", TABLE, whole | {"ChangeTrackingEnabled": True})
    assert refused == (400, "0x80040203")
    assert crm.refusal("GET", "new_assets", Prefer=TRACKED) == (400, "0x80072491")


def test_the_organisation_says_how_long_delta_links_live(crm, world):
    def days():
        [row] = crm.get("organizations?$select=expirechangetrackingindays")["value"]
        return row["expirechangetrackingindays"]

    assert days() == 7
    world.settings.delta_days = 30
    assert days() == 30


@pytest.fixture
def cached(world, asset, add):
    world.settings.definition_cache_seconds = 30
    world.clock.advance(minutes=1)
    add("String", "new_Late")


@pytest.mark.usefixtures("cached")
def test_a_new_column_may_be_unknown_for_some_seconds(crm, world):
    url = "new_assets?$top=1&$select=new_late"
    assert crm.get("new_assets?$select=new_name")["value"] == []
    assert crm.refusal("GET", url) == (400, "0x0")
    assert crm.get(url, Consistency="Strong")["value"] == []
    world.clock.advance(seconds=30)
    assert crm.get(url)["value"] == []


def test_a_new_table_may_be_unknown_for_some_seconds(crm, world, post):
    world.settings.definition_cache_seconds = 30
    post("EntityDefinitions", entity())
    assert crm.refusal("GET", "new_assets") == (404, "0x8006088a")
    assert crm.get("new_assets", Consistency="Strong")["value"] == []
    world.clock.advance(seconds=30)
    assert crm.get("new_assets")["value"] == []


@pytest.fixture
def owned(crm):
    for name, account in (("A", "Zeta"), ("B", "Alpha"), ("C", "Midas"), ("D", "Beta")):
        made = crm.create("accounts", name=account)
        bind = {"sk_accountid@odata.bind": f"/accounts({made})"}
        crm.create("sk_subscriptions", sk_name=name, **bind)


@pytest.mark.usefixtures("owned")
def test_an_order_by_a_joined_table_loses_the_cookie_and_goes_by_page_number(crm):
    url = f"{URL}&$orderby=sk_accountid/name"
    first = crm.get(url, Prefer="odata.maxpagesize=2")
    link = first["@odata.nextLink"]
    assert 'pagenumber="2" istracking="False"' in unquote(link)
    assert "pagingcookie" not in link
    rest = crm.get(link, Prefer="odata.maxpagesize=2")
    assert names(first) + names(rest) == ["B", "D", "C", "A"]
    assert "@odata.nextLink" not in rest
    assert names(crm.get(link, Prefer="odata.maxpagesize=1")) == ["D"]


@pytest.mark.usefixtures("owned")
def test_pages_by_number_end_at_50000_rows(crm):
    url = f"{URL}&$orderby=sk_accountid/name&$skiptoken="
    for page, size, status in ((10, 5000, 200), (11, 5000, 400), (12, 10, 200)):
        token = quote(f'<cookie pagenumber="{page}" istracking="False" />')
        headers = {"Prefer": f"odata.maxpagesize={size}"}
        assert crm.send("GET", url + token, headers=headers).status_code == status
