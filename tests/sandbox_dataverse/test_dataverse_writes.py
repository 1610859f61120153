"""Writing rows: preconditions, upserts, keys, types, lookups, impersonation."""

import pytest

MISSING = "99999999-0000-4000-8000-000000000000"
OWN = "12121212-3434-4565-8787-909090909090"


@pytest.fixture
def account(crm):
    return crm.create("accounts", name="Contoso", sk_customertenantid="T-1")


@pytest.fixture
def subscription(crm):
    return crm.create("sk_subscriptions", sk_name="Plan", sk_quantity=10)


def test_a_create_answers_the_address_of_the_row(crm):
    response = crm.send("POST", "accounts", {"name": "A", "accountid": OWN})
    assert response.status_code == 204
    location = f"https://crm.example:8443/api/data/v9.2/accounts({OWN})"
    assert response.headers["OData-EntityId"] == location


def test_a_create_with_a_taken_id_is_refused(crm):
    crm.create("accounts", name="A", accountid=OWN)
    assert crm.refusal("POST", "accounts", {"accountid": OWN}) == (412, "0x80040237")


def test_a_representation_replaces_the_address(crm):
    headers = {"Prefer": "return=representation"}
    response = crm.send("POST", "accounts?$select=name", {"name": "A"}, headers)
    assert response.status_code == 201
    assert response.json["name"] == "A"
    assert "OData-EntityId" not in response.headers
    assert response.headers["ETag"] == response.json["@odata.etag"]


def test_a_patch_without_conditions_is_an_upsert(crm):
    first = crm.patch(f"accounts({OWN})", {"name": "A"}, Prefer="return=representation")
    second = crm.patch(f"accounts({OWN})", {"name": "B"}, Prefer="return=representation")
    assert (first.status_code, second.status_code) == (201, 200)
    assert crm.get(f"accounts({OWN})")["name"] == "B"


def test_an_upsert_by_key_answers_the_key_form(crm):
    response = crm.patch("accounts(sk_customertenantid='T-9')", {"name": "A"})
    assert response.headers["OData-EntityId"].endswith("/accounts(sk_customertenantid='T-9')")
    assert crm.get("accounts(sk_customertenantid='T-9')")["name"] == "A"


def test_an_update_by_key_drops_key_columns_of_the_body(crm, account):
    crm.patch("accounts(sk_customertenantid='T-1')", {"sk_customertenantid": "T-2", "name": "B"})
    row = crm.get(f"accounts({account})")
    assert (row["sk_customertenantid"], row["name"]) == ("T-1", "B")


def test_if_match_star_updates_but_never_creates(crm, account):
    assert crm.patch(f"accounts({account})", {"name": "B"}, If_Match="*").status_code == 204
    missing = crm.refusal("PATCH", f"accounts({MISSING})", {"name": "B"}, If_Match="*")
    assert missing == (404, "0x80040217")
    by_key = crm.refusal("PATCH", "accounts(sk_customertenantid='x')", {}, If_Match="*")
    assert by_key == (404, "0x80060891")


def test_an_older_etag_is_refused_and_changes_nothing(crm, account, world):
    old = crm.get(f"accounts({account})")["@odata.etag"]
    crm.patch(f"accounts({account})", {"name": "B"}, If_Match=old)
    told = len(world.commits)
    url, body = f"accounts({account})", {"name": "C"}
    assert crm.refusal("PATCH", url, body, If_Match=old) == (412, "0x80060882")
    assert crm.refusal("DELETE", url, If_Match=old) == (412, "0x80060882")
    assert crm.get(url)["name"] == "B"
    assert len(world.commits) == told


def test_if_none_match_star_creates_but_never_updates(crm):
    body = {"name": "A"}
    assert crm.patch(f"accounts({OWN})", body, If_None_Match="*").status_code == 204
    assert crm.refusal("PATCH", f"accounts({OWN})", body, If_None_Match="*") == (412, "")


def test_a_key_that_is_taken_is_refused_without_naming_the_holder(crm, account):
    body = {"name": "B", "sk_customertenantid": "t-1"}
    assert crm.refusal("POST", "accounts", body) == (412, "0x80060892")
    assert account not in crm.message("POST", "accounts", body)


def test_rows_with_an_empty_key_column_take_no_part_in_the_key(crm, world):
    crm.create("accounts", name="A")
    crm.create("accounts", name="B")
    world.settings.null_keys_take_part = True
    assert crm.refusal("POST", "accounts", {"name": "C"}) == (412, "0x80060892")


def test_a_freed_key_can_be_taken_again(crm, account):
    crm.send("DELETE", f"accounts({account})")
    crm.create("accounts", name="B", sk_customertenantid="T-1")


def test_repeating_a_value_still_counts_as_an_update(crm, subscription, world):
    before = crm.get(f"sk_subscriptions({subscription})")
    world.clock.advance(hours=1)
    crm.patch(f"sk_subscriptions({subscription})", {"sk_quantity": 10}, If_Match="*")
    after = crm.get(f"sk_subscriptions({subscription})")
    assert after["versionnumber"] > before["versionnumber"]
    assert (before["modifiedon"], after["modifiedon"]) == (
        "2025-06-16T09:30:15Z",
        "2025-06-16T10:30:15Z",
    )


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param({"sk_quantity": "ten"}, "0x80048d19", id="text for a whole number"),
        pytest.param({"sk_quantity": 1.5}, "0x80048d19", id="fraction for a whole number"),
        pytest.param({"sk_quantity": True}, "0x80048d19", id="truth for a whole number"),
        pytest.param({"sk_quantity": 2**31}, "0x80044331", id="too large"),
        pytest.param({"sk_unitprice": "1"}, "0x80048d19", id="text for a decimal"),
        pytest.param({"sk_autorenew": 1}, "0x80048d19", id="number for a truth"),
        pytest.param(
            {"sk_startdate": "2025-06-16T00:00:00Z"}, "0x80048d19", id="instant for a date"
        ),
        pytest.param({"sk_cancellableuntil": "2025-06-16"}, "0x80048d19", id="date for an instant"),
        pytest.param({"sk_startdate": "1752-12-31"}, "0x80044331", id="before 1753"),
        pytest.param({"sk_refundchoice": 7}, "0x80044331", id="no such option"),
        pytest.param({"sk_name": "x" * 201}, "0x80044331", id="too long"),
        pytest.param({"statecode": None}, "0x80040203", id="empty state"),
        pytest.param({"sk_unknown": 1}, "0x80048d19", id="undeclared"),
        pytest.param({"Sk_Name": "x"}, "0x80048d19", id="names mind their case"),
        pytest.param({"_sk_accountid_value": OWN}, "0x80048d19", id="lookup by value"),
        pytest.param({"sk_account@odata.bind": f"/accounts({OWN})"}, "0x80048d19", id="bad lookup"),
        pytest.param({"sk_accountid@odata.bind": "/sk_providers(1)"}, "0x0", id="no id"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(crm, subscription, body, code):
    assert crm.refusal("PATCH", f"sk_subscriptions({subscription})", body) == (400, code)


def test_instants_are_kept_in_utc_and_whole_seconds(crm, subscription):
    url = f"sk_subscriptions({subscription})"
    for written in ("2025-06-16T12:00:00.900+02:00", "2025-06-16T10:00:00", "2025-06-16T10:00:00Z"):
        crm.patch(url, {"sk_cancellableuntil": written})
        assert crm.get(url)["sk_cancellableuntil"] == "2025-06-16T10:00:00Z"


def test_decimals_are_exact_to_four_places(crm, subscription):
    url = f"sk_subscriptions({subscription})"
    body = b'{"sk_unitprice": 12345678.123450000001, "sk_costprice": -58.33}'
    assert crm.send("PATCH", url, body).status_code == 204
    text = crm.send("GET", f"{url}?$select=sk_unitprice,sk_costprice").get_data(as_text=True)
    assert '"sk_unitprice":12345678.1235,"sk_costprice":-58.3300' in text


@pytest.mark.parametrize(
    "form", ["/accounts({})", "accounts({})", "https://x/api/data/v9.2/accounts({})"]
)
def test_a_lookup_is_bound_by_any_form_of_address(crm, subscription, account, form):
    body = {"sk_accountid@odata.bind": form.format(account)}
    crm.patch(f"sk_subscriptions({subscription})", body)
    assert crm.get(f"sk_subscriptions({subscription})")["_sk_accountid_value"] == account


def test_a_lookup_is_bound_by_an_alternate_key(crm, subscription, account):
    body = {"sk_accountid@odata.bind": "/accounts(sk_customertenantid='T-1')"}
    crm.patch(f"sk_subscriptions({subscription})", body)
    assert crm.get(f"sk_subscriptions({subscription})")["_sk_accountid_value"] == account


def test_a_lookup_to_a_missing_row_is_refused(crm, subscription):
    body = {"sk_accountid@odata.bind": f"/accounts({MISSING})"}
    answer = crm.refusal("PATCH", f"sk_subscriptions({subscription})", body)
    assert answer == (404, "0x80040217")


def test_a_lookup_is_emptied_by_null_or_by_deleting_its_reference(crm, subscription, account):
    url = f"sk_subscriptions({subscription})"
    for empty in (
        lambda: crm.patch(url, {"sk_accountid@odata.bind": None}),
        lambda: crm.patch(url, {"sk_accountid": None}),
        lambda: crm.send("DELETE", f"{url}/sk_accountid/$ref"),
    ):
        body = {"@odata.id": f"accounts({account})"}
        assert crm.send("PUT", f"{url}/sk_accountid/$ref", body).status_code == 204
        assert crm.get(url)["_sk_accountid_value"] == account
        assert empty().status_code == 204
        assert crm.get(url)["_sk_accountid_value"] is None


def test_deleting_a_row_empties_the_lookups_to_it(crm, subscription, account):
    url = f"sk_subscriptions({subscription})"
    crm.patch(url, {"sk_accountid@odata.bind": f"/accounts({account})"})
    assert crm.send("DELETE", f"accounts({account})").status_code == 204
    assert crm.get(url)["_sk_accountid_value"] is None
    assert crm.refusal("GET", f"accounts({account})") == (404, "0x80040217")


def test_one_column_is_set_and_emptied_alone(crm, subscription):
    url = f"sk_subscriptions({subscription})"
    assert crm.send("PUT", f"{url}/sk_quantity", {"value": 12}).status_code == 204
    assert crm.get(url)["sk_quantity"] == 12
    assert crm.send("DELETE", f"{url}/sk_quantity").status_code == 204
    assert crm.get(url)["sk_quantity"] is None


def test_columns_of_the_system_are_passed_over(crm, subscription):
    crm.patch(f"sk_subscriptions({subscription})", {"createdon": "2000-01-01T00:00:00Z"})
    assert crm.get(f"sk_subscriptions({subscription})")["createdon"] == "2025-06-16T09:30:15Z"


def test_impersonation_writes_in_another_name_and_tells_on_whose_behalf(crm, dataverse, account):
    dataverse.insert("account", {"name": "B"}, by="Alex Wilber")
    [alex] = [u for u in dataverse.rows("systemuser") if u["fullname"] == "Alex Wilber"]
    for header in (
        {"CallerObjectId": alex["azureactivedirectoryobjectid"]},
        {"MSCRMCallerID": alex["systemuserid"]},
    ):
        crm.patch(f"accounts({account})", {"name": "C"}, **header)
        row = crm.get(f"accounts({account})")
        assert row["_modifiedby_value"] == alex["systemuserid"]
        assert row["_modifiedonbehalfby_value"] == crm.caller.user_id
    assert crm.refusal("PATCH", f"accounts({account})", {}, MSCRMCallerID=MISSING)[0] == 403


def test_every_mutation_is_journaled_with_before_and_after(crm, world):
    row = crm.create("sk_providers", sk_name="P", sk_kind=126310001)
    crm.patch(f"sk_providers({row})", {"sk_name": "Q"})
    crm.send("DELETE", f"sk_providers({row})")
    seen = [(t, i, b and b["sk_name"], a and a["sk_name"]) for t, i, b, a in world.commits]
    table = "sk_provider"
    assert seen == [(table, row, None, "P"), (table, row, "P", "Q"), (table, row, "Q", None)]


def test_many_rows_are_created_together_or_not_at_all(crm):
    kind = {"@odata.type": "Microsoft.Dynamics.CRM.sk_provider"}
    url = "sk_providers/Microsoft.Dynamics.CRM.CreateMultiple"
    good = {"Targets": [{**kind, "sk_name": "A"}, {**kind, "sk_name": "B"}]}
    assert len(crm.send("POST", url, good).json["Ids"]) == 2
    bad = {"Targets": [{**kind, "sk_name": "C"}, {**kind, "sk_name": "A"}]}
    assert crm.refusal("POST", url, bad) == (412, "0x80060892")
    assert crm.send("GET", "sk_providers/$count").data == b"2"


def test_an_etag_on_a_patch_without_representation_is_a_setting(crm, account, world):
    assert "ETag" not in crm.patch(f"accounts({account})", {"name": "B"}).headers
    world.settings.patch_answers_etag = True
    tag = crm.patch(f"accounts({account})", {"name": "C"}).headers["ETag"]
    assert tag == crm.get(f"accounts({account})")["@odata.etag"]
