"""Facts of sections 1 to 5 and 7 of the sheet that no other file is about; settings included."""

import json
from urllib.parse import quote

import pytest

from tests.sandbox_dataverse.sent_definitions import TABLE, entity

MODEL = "Microsoft.Dynamics.CRM"
TRACKED = "odata.track-changes"
ALL = 'odata.include-annotations="*"'


@pytest.fixture
def account(crm):
    return crm.create("accounts", name="Contoso", sk_customertenantid="T-1")


@pytest.fixture
def row(crm):
    return crm.create("sk_subscriptions", sk_name="Plan", sk_quantity=10)


def test_acting_for_another_user_needs_a_privilege(crm, account, world):
    world.settings.may_impersonate = False
    refused = crm.refusal("PATCH", f"accounts({account})", {}, CallerObjectId=account)
    assert refused == (403, "0x80040220")


def test_change_tracking_needs_read_on_the_whole_table(crm, account, world):
    link = crm.get("accounts", Prefer=TRACKED)["@odata.deltaLink"]
    world.settings.organisation_read = False
    assert crm.refusal("GET", "accounts", Prefer=TRACKED) == (403, "0x80040220")
    assert crm.refusal("GET", link) == (403, "0x80040220")
    assert len(crm.get("accounts")["value"]) == 1


def test_statuses_that_are_not_published_are_settings(crm, account, world):
    world.settings.delta_untracked_status = 405
    world.settings.delta_option_status = 501
    assert crm.refusal("GET", "systemusers", Prefer=TRACKED) == (405, "0x80072491")
    assert crm.refusal("GET", "accounts?$top=1", Prefer=TRACKED) == (501, "0x0")


def test_a_token_may_be_judged_by_its_time_alone(crm, account, world, dataverse):
    link = crm.get("accounts", Prefer=TRACKED)["@odata.deltaLink"]
    dataverse.clear()
    assert crm.refusal("GET", link) == (400, "0x80044352")
    world.settings.delta_checks_time_only = True
    assert crm.get(link)["value"] == []


def test_the_delta_link_may_be_missing_beside_annotations(crm, account, world):
    asked = {"Prefer": f"{TRACKED},{ALL}"}
    assert "@odata.deltaLink" in crm.get("accounts", **asked)
    world.settings.delta_link_missing_with_annotations = True
    assert "@odata.deltaLink" not in crm.get("accounts", **asked)
    assert "@odata.deltaLink" in crm.get("accounts", Prefer=TRACKED)


@pytest.fixture
def transitions(crm):
    """Let 1 be followed by 126310000 only, by the definitions."""
    table = "EntityDefinitions(LogicalName='sk_subscription')"
    whole = crm.get(table) | {"EnforceStateTransitions": True}
    assert crm.send("PUT", table, whole).status_code == 204
    allowed = '<allowedtransition sourcestatusid="1" tostatusid="126310000"/>'
    data = f"<allowedtransitions>{allowed}</allowedtransitions>"
    column = {
        "@odata.type": f"{MODEL}.StatusAttributeMetadata",
        "SchemaName": "statuscode",
        "OptionSet": {"Options": [{"Value": 1, "TransitionData": data}]},
    }
    url = f"{table}/Attributes(LogicalName='statuscode')"
    assert crm.send("PUT", url, column).status_code == 204
    return data


@pytest.mark.usefixtures("transitions")
def test_transitions_are_kept_and_not_enforced_unless_a_setting_says_so(crm, row, world):
    suspended, paused = {"statecode": 1, "statuscode": 2}, {"statuscode": 126310000}
    assert crm.patch(f"sk_subscriptions({row})", suspended).status_code == 204
    crm.patch(f"sk_subscriptions({row})", {"statecode": 0, "statuscode": 1})
    world.settings.enforce_status_transitions = True
    refused = crm.refusal("PATCH", f"sk_subscriptions({row})", suspended)
    assert refused == (400, "0x80048408")
    assert crm.patch(f"sk_subscriptions({row})", paused).status_code == 204


def test_transition_data_is_in_the_metadata(crm, transitions):
    table = "EntityDefinitions(LogicalName='sk_subscription')"
    url = f"{table}/Attributes/{MODEL}.StatusAttributeMetadata?$expand=OptionSet"
    first = crm.get(url)["value"][0]["OptionSet"]["Options"][0]
    assert (first["Value"], first["TransitionData"]) == (1, transitions)


@pytest.mark.usefixtures("transitions")
@pytest.mark.parametrize(
    ("state", "reason", "valid"),
    [("Active", "126310000", True), ("Inactive", "2", False), ("Active", "2", False)],
)
def test_a_function_tells_whether_a_transition_is_valid(crm, row, state, reason, valid):
    target = quote(json.dumps({"@odata.id": f"sk_subscriptions({row})"}))
    call = "IsValidStateTransition(Entity=@e,NewState=@s,NewStatus=@r)"
    answer = crm.get(f"{call}?@e={target}&@s='{state}'&@r='{reason}'")
    assert answer["IsValid"] is valid


def test_minus_one_means_the_default_reason_of_the_state(crm, row):
    crm.patch(f"sk_subscriptions({row})", {"statecode": 1, "statuscode": -1})
    assert crm.get(f"sk_subscriptions({row})")["statuscode"] == 2


def test_an_inactive_row_can_still_be_updated(crm, row):
    crm.patch(f"sk_subscriptions({row})", {"statecode": 1, "statuscode": 2})
    assert crm.patch(f"sk_subscriptions({row})", {"sk_quantity": 3}).status_code == 204


def line(name, **values):
    return {"sk_name": name, **values}


def test_one_post_creates_a_row_with_its_children_and_its_parent(crm):
    body = {
        "sk_name": "INV-1",
        "sk_billingcontractid": {"sk_name": "Contract"},
        "sk_invoiceline_sk_invoiceid_sk_invoice": [line("One"), line("Two")],
    }
    response = crm.send("POST", "sk_invoices", body)
    assert response.status_code == 204
    expand = "$expand=sk_invoiceline_sk_invoiceid_sk_invoice($select=sk_name),sk_billingcontractid"
    [found] = crm.get(f"sk_invoices?{expand}")["value"]
    lines = found["sk_invoiceline_sk_invoiceid_sk_invoice"]
    assert sorted(made["sk_name"] for made in lines) == ["One", "Two"]
    assert found["sk_billingcontractid"]["sk_name"] == "Contract"
    assert found["sk_invoiceid"] in response.headers["OData-EntityId"]


def test_a_child_that_is_refused_undoes_its_parent(crm):
    children = [line("One"), line("x" * 201)]
    body = {"sk_name": "INV-1", "sk_invoiceline_sk_invoiceid_sk_invoice": children}
    assert crm.refusal("POST", "sk_invoices", body) == (400, "0x80044331")
    assert crm.get("sk_invoices")["value"] == crm.get("sk_invoicelines")["value"] == []


@pytest.mark.parametrize(
    ("extra", "prefer", "status"),
    [("", "", 304), ("&$expand=ownerid", "", 200), ("", ALL, 200)],
)
def test_304_needs_a_read_without_expand_and_annotations(crm, account, extra, prefer, status):
    url = f"accounts({account})?$select=name{extra}"
    tag = crm.get(f"accounts({account})")["@odata.etag"]
    headers = {"If-None-Match": tag} | ({"Prefer": prefer} if prefer else {})
    assert crm.send("GET", url, headers=headers).status_code == status


def test_errors_have_details_for_who_prefers_annotations(crm):
    url = "accounts(99999999-0000-4000-8000-000000000000)"
    plain = crm.send("GET", url).json["error"]
    detailed = crm.send("GET", url, headers={"Prefer": ALL}).json["error"]
    assert set(plain) == {"code", "message"}
    assert detailed["code"] == plain["code"]
    names = {name.removeprefix("@Microsoft.PowerApps.CDS.") for name in detailed}
    assert {"ErrorDetails.OperationStatus", "HelpLink", "TraceText"} <= names
    assert detailed["@Microsoft.PowerApps.CDS.InnerError.Message"] == plain["message"]


def test_expand_is_ignored_on_the_representation_of_a_patch(crm, account):
    url = f"accounts({account})?$select=name&$expand=ownerid"
    answer = crm.patch(url, {"name": "B"}, Prefer="return=representation")
    assert (answer.status_code, answer.json["name"]) == (200, "B")
    assert "ownerid" not in answer.json


def test_a_table_without_optimistic_concurrency_refuses_an_etag(crm, post):
    post("EntityDefinitions", entity(IsOptimisticConcurrencyEnabled=False))
    made = crm.create("new_assets", new_name="A")
    tag = crm.get(f"new_assets({made})")["@odata.etag"]
    refused = crm.refusal("PATCH", f"new_assets({made})", {"new_name": "B"}, If_Match=tag)
    assert refused == (400, "0x8006088d")
    assert crm.get(TABLE)["IsOptimisticConcurrencyEnabled"] is False


@pytest.mark.parametrize(
    "headers",
    [
        {"Consistency": "Strong"},
        {"If-None-Match": "null"},
        {"MSCRM.SuppressDuplicateDetection": "true"},
        {"MSCRM.BypassBusinessLogicExecution": "CustomSync,CustomAsync"},
        {"MSCRM.BypassCustomPluginExecution": "true"},
        {"MSCRM.SuppressCallbackRegistrationExpanderJob": "true"},
        {"MSCRM.SessionToken": "207:8#142792105#7=-1"},
        {"x-ms-client-request-id": "11111111-2222-4333-8444-555555555555"},
        {"x-ms-correlation-id": "11111111-2222-4333-8444-555555555555"},
        {"OData-Version": "4.0", "OData-MaxVersion": "4.0", "Accept": "application/json"},
        {"Prefer": "respond-async"},
    ],
    ids=lambda headers: next(iter(headers)),
)
def test_headers_that_change_no_answer_are_accepted(crm, account, headers):
    assert crm.send("GET", f"accounts({account})", headers=headers).status_code == 200
    answer = crm.send("PATCH", f"accounts({account})?tag=Mine", {"name": "B"}, dict(headers))
    assert answer.status_code == 204
    assert crm.get(f"accounts({account})")["name"] == "B"


def test_a_tag_changes_no_answer(crm):
    assert crm.send("POST", "accounts?tag=Seat%20keeper", {"name": "A"}).status_code == 204
    assert [r["name"] for r in crm.get("accounts?$select=name&tag=x")["value"]] == ["A"]


def test_an_upsert_that_creates_takes_the_values_of_the_body(crm):
    crm.patch("accounts(sk_customertenantid='url')", {"sk_customertenantid": "body"})
    assert crm.get("accounts")["value"][0]["sk_customertenantid"] == "body"


def test_upsert_multiple_refuses_key_columns_in_the_body_only_when_it_creates(crm, account):
    kind = {"@odata.type": f"{MODEL}.account", "sk_customertenantid": "T-1", "name": "New"}
    url = f"accounts/{MODEL}.UpsertMultiple"
    known = {**kind, "@odata.id": "accounts(sk_customertenantid='T-1')"}
    new = {**kind, "@odata.id": "accounts(sk_customertenantid='T-2')"}
    assert crm.send("POST", url, {"Targets": [known]}).status_code == 204
    assert crm.refusal("POST", url, {"Targets": [known, new]}) == (400, "0x80040216")
    assert len(crm.get("accounts")["value"]) == 1


@pytest.mark.parametrize("action", ["CreateMultiple", "UpdateMultiple", "UpsertMultiple"])
def test_targets_need_their_type(crm, action):
    url = f"accounts/{MODEL}.{action}"
    assert crm.refusal("POST", url, {"Targets": [{"name": "A"}]}) == (400, "0x80048d19")


def test_delete_multiple_is_for_elastic_tables_only(crm):
    url = f"accounts/{MODEL}.DeleteMultiple"
    assert crm.refusal("POST", url, {"Targets": []}) == (404, "0x8006088a")


def test_a_batch_in_json_is_not_supported(crm):
    body = {"requests": [{"id": "1", "method": "GET", "url": "accounts"}]}
    assert crm.refusal("POST", "$batch", body) == (400, "0x80048d19")


def test_a_read_in_a_batch_may_be_long(crm, account):
    names = " or ".join(f"name eq '{'x' * 90} {n}'" for n in range(500))
    url = f"accounts?$select=name&$filter={quote(names)} or name eq 'contoso'".replace(" ", "%20")
    assert len(url) > 60_000
    lines = ["--b", "Content-Type: application/http", "Content-Transfer-Encoding: binary", ""]
    body = "\r\n".join([*lines, f"GET /api/data/v9.2/{url} HTTP/1.1", "", "", "--b--", ""])
    headers = {"Content-Type": "multipart/mixed; boundary=b"}
    answer = crm.send("POST", "$batch", body.encode(), headers)
    assert answer.status_code == 200
    assert '"name":"Contoso"' in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "query",
    [
        "$select=name&$filter=name+eq+'A+%26+B'",
        "%24select=name&%24filter=name%20eq%20'A%20%26%20B'",
        "$select=name&$filter=name eq %27A %26 B%27",
        "$select=name&$filter=contains%28name%2C%27%26%27%29",
        "$select=name&$filter=name eq @p&@p='A %26 B'",
    ],
)
def test_queries_are_read_in_every_way_that_clients_write_them(crm, query):
    crm.create("accounts", name="A & B")
    crm.create("accounts", name="A")
    assert [r["name"] for r in crm.get(f"accounts?{query}")["value"]] == ["A & B"]


def test_several_preferences_travel_in_one_header(crm, account):
    asked = f"odata.maxpagesize=1,{ALL},odata.track-changes"
    response = crm.send("GET", "accounts", headers={"Prefer": asked})
    applied = response.headers["Preference-Applied"]
    for part in ("odata.maxpagesize=1", ALL, "odata.track-changes"):
        assert part in applied


@pytest.mark.parametrize(
    ("pattern", "kinds"),
    [
        ("OData.Community.Display.V1.FormattedValue", 1),
        ("Microsoft.Dynamics.CRM.*", 2),
        ("*", 3),
        ("Microsoft.Dynamics.CRM.lookuplogicalname,OData.*", 2),
    ],
)
def test_annotations_are_chosen_by_name_or_wildcard(crm, account, pattern, kinds):
    prefer = f'odata.include-annotations="{pattern}"'
    found = crm.get(f"accounts({account})?$select=_ownerid_value", Prefer=prefer)
    notes = [name for name in found if name.startswith("_ownerid_value@")]
    assert len(notes) == kinds


def test_a_delta_link_needs_no_prefer_header_and_keeps_its_page_size_by_it(crm):
    link = crm.get("accounts?$select=name", Prefer=TRACKED)["@odata.deltaLink"]
    for number in range(3):
        crm.create("accounts", name=str(number))
    assert len(crm.get(link)["value"]) == 3
    assert len(crm.get(link, Prefer="odata.maxpagesize=2")["value"]) == 2


def test_rows_are_owned_by_who_created_them(crm, account):
    answer = crm.get(f"accounts({account})?$expand=owninguser($select=fullname)")
    assert answer["owninguser"]["fullname"] == "# Seatkeeper"
    assert answer["owninguser"]["ownerid"] == answer["owninguser"]["systemuserid"]
