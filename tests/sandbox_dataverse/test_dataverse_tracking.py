"""Change tracking: section 3 of the fact sheet."""

from urllib.parse import quote, unquote

import pytest

TRACKED = "odata.track-changes"
URL = "sk_subscriptions?$select=sk_name"


@pytest.fixture
def rows(crm):
    return [crm.create("sk_subscriptions", sk_name=f"Plan {n}") for n in range(3)]


def delta_link(crm):
    return crm.get(URL, Prefer=TRACKED)["@odata.deltaLink"]


def names(answer):
    return [row.get("sk_name", row.get("reason")) for row in answer["value"]]


def test_the_first_read_gives_all_rows_and_a_delta_link(crm, rows, world):
    response = crm.send("GET", URL, headers={"Prefer": TRACKED})
    assert response.headers["Preference-Applied"] == TRACKED
    assert sorted(names(response.json)) == ["Plan 0", "Plan 1", "Plan 2"]
    token = unquote(response.json["@odata.deltaLink"].partition("$deltatoken=")[2])
    assert token == f"{world.version}!06/16/2025 09:30:15"


def test_a_delta_link_without_changes_is_empty_and_goes_on(crm, rows):
    answer = crm.get(delta_link(crm))
    assert answer["value"] == []
    assert answer["@odata.context"].endswith("$metadata#sk_subscriptions(sk_name)/$delta")
    assert "@odata.deltaLink" in answer


def test_a_delta_link_lists_changes_by_version_and_deletes_last(crm, rows):
    link = delta_link(crm)
    crm.send("DELETE", f"sk_subscriptions({rows[0]})")
    crm.patch(f"sk_subscriptions({rows[2]})", {"sk_name": "third"})
    crm.patch(f"sk_subscriptions({rows[1]})", {"sk_name": "second"})
    answer = crm.get(link)
    assert names(answer) == ["third", "second", "deleted"]
    gone = answer["value"][-1]
    assert gone["id"] == rows[0]
    assert gone["@odata.context"].endswith("$metadata#sk_subscriptions/$deletedEntity")


def test_two_changes_between_polls_look_like_one(crm, rows):
    link = delta_link(crm)
    crm.patch(f"sk_subscriptions({rows[0]})", {"sk_name": "first"})
    crm.patch(f"sk_subscriptions({rows[0]})", {"sk_name": "last"})
    assert names(crm.get(link)) == ["last"]


def test_a_row_created_and_deleted_in_between_shows_only_as_deleted(crm, rows):
    link = delta_link(crm)
    crm.send("DELETE", f"sk_subscriptions({crm.create('sk_subscriptions', sk_name='short')})")
    assert names(crm.get(link)) == ["deleted"]


def test_a_row_that_returns_is_no_longer_deleted(crm, rows):
    link = delta_link(crm)
    crm.send("DELETE", f"sk_subscriptions({rows[0]})")
    crm.create("sk_subscriptions", sk_name="back", sk_subscriptionid=rows[0])
    assert names(crm.get(link)) == ["back"]


def test_rows_with_only_unselected_changes_appear_unless_a_setting_says_otherwise(crm, rows, world):
    link = delta_link(crm)
    crm.patch(f"sk_subscriptions({rows[0]})", {"sk_quantity": 5})
    assert names(crm.get(link)) == ["Plan 0"]
    world.settings.delta_counts_selected_columns_only = True
    assert names(crm.get(link)) == []
    crm.patch(f"sk_subscriptions({rows[0]})", {"sk_name": "other"})
    crm.create("sk_subscriptions", sk_name="new")
    assert names(crm.get(link)) == ["other", "new"]


def test_the_selection_survives_in_the_links(crm, rows):
    answer = crm.get(delta_link(crm))
    assert "$select=sk_name&" in answer["@odata.deltaLink"]


def test_pages_of_a_full_walk_carry_tracking_in_the_token_alone(crm, rows):
    first = crm.get(URL, Prefer=f"{TRACKED},odata.maxpagesize=2")
    assert "@odata.deltaLink" not in first
    last = crm.get(first["@odata.nextLink"])
    assert sorted(names(first) + names(last)) == ["Plan 0", "Plan 1", "Plan 2"]
    assert "@odata.deltaLink" in last


def test_pages_of_a_delta_give_each_change_once(crm, rows):
    link = delta_link(crm)
    for row in rows:
        crm.patch(f"sk_subscriptions({row})", {"sk_name": "changed"})
    extra = [crm.create("sk_subscriptions", sk_name="extra") for _ in range(2)]
    for row in extra:
        crm.send("DELETE", f"sk_subscriptions({row})")
    seen = []
    while link:
        answer = crm.get(link, Prefer="odata.maxpagesize=2")
        assert len(answer["value"]) <= 2
        seen += names(answer)
        link = answer.get("@odata.nextLink")
    assert seen == ["changed"] * 3 + ["deleted"] * 2
    assert crm.get(answer["@odata.deltaLink"])["value"] == []


@pytest.mark.parametrize(("taken", "found"), [("start", ["moved"]), ("end", [])])
def test_a_row_that_changes_on_a_page_already_read(crm, rows, world, taken, found):
    world.settings.delta_token_at = taken
    first = crm.get(URL, Prefer=f"{TRACKED},odata.maxpagesize=2")
    read = first["value"][0]["sk_subscriptionid"]
    crm.patch(f"sk_subscriptions({read})", {"sk_name": "moved"})
    last = crm.get(first["@odata.nextLink"])
    assert names(crm.get(last["@odata.deltaLink"])) == found


def test_tokens_survive_decoding_and_encoding_again(crm, rows):
    link = delta_link(crm)
    crm.patch(f"sk_subscriptions({rows[0]})", {"sk_name": "changed"})
    head, _, token = link.partition("$deltatoken=")
    assert names(crm.get(f"{head}%24deltatoken={quote(unquote(token), safe='')}")) == ["changed"]


@pytest.mark.parametrize(
    "option",
    ["$filter=sk_quantity eq 1", "$orderby=sk_name", "$top=1", "$expand=sk_accountid"],
)
def test_refused_options_are_named(crm, rows, option):
    message = crm.message("GET", f"{URL}&{option}", Prefer=TRACKED)
    name = option.partition("=")[0]
    expected = f'The "{name}" query parameter isn\'t supported when Change Tracking is enabled.'
    assert message == expected


def test_expand_is_refused_on_a_delta_link_too(crm, rows):
    assert crm.refusal("GET", f"{delta_link(crm)}&$expand=sk_accountid")[0] == 400


def test_a_delta_link_dies_with_its_days(crm, rows, world):
    link = delta_link(crm)
    world.clock.advance(days=7)
    assert crm.get(link)["value"] == []
    world.clock.advance(seconds=2)
    assert crm.refusal("GET", link) == (400, "0x80044352")
    world.settings.delta_expired_status = 410
    assert crm.refusal("GET", link) == (410, "0x80044352")


def test_a_delta_link_dies_with_its_world(crm, rows, dataverse):
    link = delta_link(crm)
    dataverse.clear()
    assert crm.refusal("GET", link) == (400, "0x80044352")
    fresh = delta_link(crm)
    assert crm.get(fresh)["value"] == []


def test_changes_can_be_counted(crm, rows):
    token = delta_link(crm).partition("$deltatoken=")[2]
    crm.patch(f"sk_subscriptions({rows[0]})", {"sk_name": "changed"})
    crm.send("DELETE", f"sk_subscriptions({rows[1]})")
    assert crm.send("GET", f"sk_subscriptions/$count?$deltatoken={token}").data == b"2"


def test_a_table_without_tracking_says_so(crm):
    assert crm.refusal("GET", "systemusers", Prefer=TRACKED) == (400, "0x80072491")


def test_a_selected_change_counts_on_a_later_page_too(crm, rows, world):
    world.settings.delta_counts_selected_columns_only = True
    link = delta_link(crm)
    crm.patch(f"sk_subscriptions({rows[0]})", {"sk_name": "first"})
    crm.patch(f"sk_subscriptions({rows[1]})", {"sk_name": "second"})
    page = crm.get(link, Prefer="odata.maxpagesize=1")
    crm.patch(f"sk_subscriptions({rows[1]})", {"sk_quantity": 9})
    assert names(page) + names(crm.get(page["@odata.nextLink"])) == ["first", "second"]


def test_a_page_read_again_shows_only_what_was_written_since_anew(crm, rows):
    crm.get(URL)
    crm.patch(f"sk_subscriptions({rows[0]})", {"sk_name": '},{"@odata.etag":"no"'})
    assert sorted(names(crm.get(URL))) == ["Plan 1", "Plan 2", '},{"@odata.etag":"no"']
