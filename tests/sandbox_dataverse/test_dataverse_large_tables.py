"""What makes large tables fast changes no answer: the index of versions, pages kept whole."""

import pytest

from sandbox.dataverse import narrowing

TRACKED = "odata.track-changes,odata.maxpagesize=2"
URL = "sk_subscriptions?$select=sk_name,versionnumber"


@pytest.fixture
def rows(crm):
    return [crm.create("sk_subscriptions", sk_name=f"Plan {n}") for n in range(5)]


def walk(crm, url=URL):
    """Follow the pages of a full walk; return the rows."""
    answer, found = crm.get(url, Prefer=TRACKED), []
    while True:
        found += answer["value"]
        if "@odata.nextLink" not in answer:
            return found
        answer = crm.get(answer["@odata.nextLink"], Prefer=TRACKED)


def names(rows):
    return sorted(row["sk_name"] for row in rows)


def versions(crm, option):
    return [row["versionnumber"] for row in crm.get(f"{URL}&{option}")["value"]]


def test_a_second_walk_answers_the_same_rows(crm, rows):
    first = walk(crm)
    assert names(first) == [f"Plan {n}" for n in range(5)]
    assert walk(crm) == first


def test_a_walk_shows_what_was_written_since_the_walk_before(crm, rows):
    walk(crm)
    crm.patch(f"sk_subscriptions({rows[3]})", {"sk_name": "Renamed"})
    assert names(walk(crm)) == ["Plan 0", "Plan 1", "Plan 2", "Plan 4", "Renamed"]


def test_a_walk_leaves_out_what_was_deleted_since_the_walk_before(crm, rows):
    walk(crm)
    crm.send("DELETE", f"sk_subscriptions({rows[0]})")
    assert names(walk(crm)) == ["Plan 1", "Plan 2", "Plan 3", "Plan 4"]


def test_walks_of_other_columns_do_not_share_pages(crm, rows):
    walk(crm)
    assert all("sk_quantity" in row for row in walk(crm, "sk_subscriptions?$select=sk_quantity"))


def test_a_kept_page_still_gives_the_delta_link_of_its_own_time(crm, rows, world):
    crm.get("sk_subscriptions?$select=sk_name", Prefer="odata.track-changes")
    crm.create("sk_providers", sk_name="Another table")
    answer = crm.get("sk_subscriptions?$select=sk_name", Prefer="odata.track-changes")
    assert f"deltatoken={world.version}" in answer["@odata.deltaLink"]


def test_newest_first_is_the_order_of_versions_downwards(crm, rows):
    crm.patch(f"sk_subscriptions({rows[1]})", {"sk_name": "Touched"})
    found = versions(crm, "$orderby=versionnumber desc")
    assert found == sorted(found, reverse=True)
    assert len(found) == 5
    assert versions(crm, "$orderby=versionnumber desc&$top=1") == found[:1]
    assert crm.get(f"{URL}&$orderby=versionnumber desc&$top=1")["value"][0]["sk_name"] == "Touched"


def test_newest_first_goes_on_over_pages(crm, rows):
    url, found = f"{URL}&$orderby=versionnumber desc", []
    while url:
        answer = crm.get(url, Prefer="odata.maxpagesize=2")
        found += [row["versionnumber"] for row in answer["value"]]
        url = answer.get("@odata.nextLink")
    assert found == sorted(found, reverse=True)
    assert len(found) == 5


@pytest.fixture(params=[0, 5000])
def few(request, monkeypatch):
    """Let an index tell up to so many rows; with 0 tables are walked."""
    monkeypatch.setattr(narrowing, "FEW", request.param)


def test_rows_from_a_version_on_are_the_same_with_the_index_and_without(crm, rows, few):
    crm.patch(f"sk_subscriptions({rows[4]})", {"sk_name": "Touched"})
    third = sorted(versions(crm, "$orderby=versionnumber"))[2]
    url, found = f"{URL}&$filter=versionnumber ge {third}", []
    while url:
        answer = crm.get(url, Prefer="odata.maxpagesize=2")
        found += answer["value"]
        url = answer.get("@odata.nextLink")
    assert names(found) == ["Plan 2", "Plan 3", "Touched"]
    ids = [row["sk_subscriptionid"] for row in found]
    assert ids == sorted(ids)


@pytest.fixture
def owned(crm):
    """Return two contracts of two accounts, and five subscriptions that moved about since."""
    mine, other = (crm.create("accounts", name=name) for name in ("Mine", "Other"))
    contract = crm.create("sk_billingcontracts", sk_name="Mine", **owner(mine))
    many = [
        crm.create(
            "sk_subscriptions",
            sk_name=f"Plan {n}",
            **owner(mine),
            **{"sk_billingcontractid@odata.bind": f"/sk_billingcontracts({contract})"},
        )
        for n in range(5)
    ]
    assert len(crm.get(f"{URL}&$filter=_sk_accountid_value eq {mine}")["value"]) == len(many)
    crm.patch(f"sk_subscriptions({many[0]})", owner(other))
    crm.send("DELETE", f"sk_subscriptions({many[1]})")
    crm.send("DELETE", f"sk_subscriptions({many[2]})/sk_accountid/$ref")
    crm.patch(f"sk_subscriptions({many[3]})", {"sk_quantity": 7})
    return {"MINE": mine, "OTHER": other, "CONTRACT": contract}


def owner(account):
    return {"sk_accountid@odata.bind": f"/accounts({account})"}


@pytest.mark.parametrize(
    ("condition", "numbers"),
    [
        ("_sk_accountid_value eq MINE", (3, 4)),
        ("_sk_accountid_value eq 'MINE'", (3, 4)),
        ("_sk_accountid_value eq OTHER", (0,)),
        ("_sk_accountid_value eq CONTRACT", ()),
        ("_sk_accountid_value eq null", (2,)),
        ("_sk_accountid_value ne MINE", (0, 2)),
        ("not (_sk_accountid_value eq MINE)", (0, 2)),
        ("_sk_accountid_value eq MINE or _sk_accountid_value eq OTHER", (0, 3, 4)),
        ("_sk_accountid_value eq MINE or sk_name eq 'Plan 2'", (2, 3, 4)),
        ("_sk_accountid_value eq MINE and sk_quantity eq 7", (3,)),
        ("sk_quantity eq null and _sk_billingcontractid_value eq CONTRACT", (0, 2, 4)),
        ("_sk_accountid_value eq OTHER and _sk_billingcontractid_value eq CONTRACT", (0,)),
        ("sk_billingcontractid/_sk_accountid_value eq MINE", (0, 2, 3, 4)),
        ("sk_billingcontractid/_sk_accountid_value eq OTHER", ()),
        ("sk_billingcontractid/sk_name eq 'Mine' and _sk_accountid_value eq OTHER", (0,)),
    ],
)
def test_rows_by_lookup_are_the_same_with_the_index_and_without(
    crm, owned, condition, numbers, few
):
    for name, row_id in owned.items():
        condition = condition.replace(name, row_id)
    found = crm.get(f"{URL}&$filter={condition}")["value"]
    assert names(found) == [f"Plan {n}" for n in numbers]
    ids = [row["sk_subscriptionid"] for row in found]
    assert ids == sorted(ids)
