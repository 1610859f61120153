"""Each documented payload of `tests/data/dataverse-examples` against the sandbox's own answer.

Values differ; fields, their casing and types, codes and headers do not. What an example needs
beyond the sandbox's tables is defined through the metadata API first.
"""

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "data" / "dataverse-examples"
INDEX = {entry["file"]: entry for entry in json.loads((EXAMPLES / "index.json").read_text())}
SOME_ID = "00000000-0000-0000-0000-000000000001"
NOT_SENT_BY_THE_SANDBOX = {"38-webhook-remoteexecutioncontext.request.json"}
MODEL = "Microsoft.Dynamics.CRM"
ANNOTATED = 'odata.include-annotations="*"'


def text(name):
    return (EXAMPLES / name).read_bytes().decode()


def document(name):
    return json.loads(text(name), parse_float=Decimal)


def shape(value):
    """Return what is compared of a value: names, types, and the form of texts and numbers."""
    match value:
        case dict():
            return {name: shape(inner) for name, inner in value.items()}
        case list():
            return [shape(value[0])] if value else []
        case str():
            return form(value)
        case Decimal():
            return "decimals"
        case _:
            return type(value).__name__


FORMS = {
    "guid": r"[0-9a-f]{8}(-[0-9a-f]{4}){2,3}-[0-9a-f]{12}",
    "etag": r'W/"\d+"',
    "instant": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "address": r"(\[Organization UR[IL]\]|https://[^/]+)/.*",
}


def form(value):
    names = (n for n, pattern in FORMS.items() if re.fullmatch(pattern, value, re.IGNORECASE))
    return next(names, "text")


def same_shape(answer, example):
    """Compare without the addresses, which say the same in other words (tested by themselves)."""
    assert shape(answer) == shape(example)


def labelled(words):
    localized = [{"Label": words, "LanguageCode": 1033}]
    return {"@odata.type": f"{MODEL}.Label", "LocalizedLabels": localized}


def attribute(kind, name, **facts):
    kind = {"@odata.type": f"{MODEL}.{kind}AttributeMetadata"}
    return {**kind, "SchemaName": name, "DisplayName": labelled(name), **facts}


@pytest.fixture
def define(crm):
    """Return what defines a table with a name column, more columns and keys."""

    def table(schema_name, name, *more, keys=(), **facts):
        body = json.loads(text("32-create-table.request.json")) | {"SchemaName": schema_name}
        first = attribute("String", name, IsPrimaryName=True, MaxLength=200)
        answer = crm.send(
            "POST", "EntityDefinitions", {**body, "Attributes": [first, *more], **facts}
        )
        assert answer.status_code == 204, answer.get_data(as_text=True)
        for columns in keys:
            key = {"SchemaName": "_".join(columns) + "_k", "KeyAttributes": columns}
            answer = crm.send(
                "POST", f"EntityDefinitions(LogicalName='{schema_name.lower()}')/Keys", key
            )
            assert answer.status_code == 204, answer.get_data(as_text=True)

    return table


@pytest.fixture
def account_columns(crm):
    options = [{"Value": 1, "Label": labelled("Preferred")}]
    for column in (
        attribute("String", "Telephone1"),
        attribute("String", "Fax"),
        attribute("Money", "Revenue"),
        attribute("Boolean", "CreditOnHold"),
        attribute("Double", "Address1_Latitude"),
        attribute("Memo", "Description"),
        attribute("Picklist", "AccountCategoryCode", OptionSet={"Options": options}),
    ):
        url = "EntityDefinitions(LogicalName='account')/Attributes"
        assert crm.send("POST", url, column).status_code == 204


@pytest.fixture
def records(define):
    keys = [attribute("Integer", "example_Key1"), attribute("Integer", "example_Key2")]
    define("example_Record", "example_Name", *keys, keys=[["example_key1", "example_key2"]])


@pytest.fixture
def samples(define):
    keys = [["sample_keyattribute"]]
    define("sample_Example", "sample_Name", attribute("String", "sample_KeyAttribute"), keys=keys)


@pytest.fixture
def tasks(crm, define):
    define("Task", "Subject", IsActivity=True)
    relationship = json.loads(text("33-create-1N.request.json")) | {
        "SchemaName": "Account_Tasks",
        "ReferencedEntity": "account",
        "ReferencingEntity": "task",
        "ReferencingEntityNavigationPropertyName": "regardingobjectid_account_task",
    }
    relationship["Lookup"]["SchemaName"] = "RegardingObjectId"
    assert crm.send("POST", "RelationshipDefinitions", relationship).status_code == 204
    crm.create("accounts", accountid=SOME_ID, name="A")


def url_of(name):
    return INDEX[name]["path"].partition("/api/data/")[2].partition("/")[2]


def read(crm, name):
    """Return the answer to the request of an example."""
    headers = INDEX[name].get("headers", {}).get("request", {})
    return crm.get(url_of(name), **{n.replace("-", "_"): v for n, v in headers.items()})


def refused(crm, name, body=None, url=None):
    headers = INDEX[name].get("headers", {}).get("request", {})
    method = INDEX[name]["method"]
    response = crm.send(method, url or url_of(name), body, dict(headers))
    assert response.status_code == INDEX[name]["status"]
    return json.loads(response.get_data())["error"]


@pytest.fixture
def tracked(crm, account_columns):
    crm.create("accounts", name="Monte Orton", telephone1="555000", fax="10101")
    return read(crm, "01-track-changes-initial.response.json")


def test_example_01_the_first_tracked_read_ends_in_a_delta_link(tracked):
    example = document("01-track-changes-initial.response.json")
    same_shape(tracked, example)
    pattern = r"accounts\?\$select=name,accountnumber,telephone1,fax&\$deltatoken=\d+%21\d\d%2F"
    for answer in (tracked, example):
        assert re.search(pattern, answer["@odata.deltaLink"], re.IGNORECASE)
        assert answer["@odata.context"].endswith("#accounts(name,accountnumber,telephone1,fax)")


def test_example_02_a_delta_has_changes_and_then_deletes(crm, tracked):
    gone = crm.create("accounts", name="Gone")
    crm.create("accounts", name="New", telephone1="1", fax="2")
    crm.send("DELETE", f"accounts({gone})")
    link = tracked["@odata.deltaLink"].replace("accountnumber,", "")
    answer = crm.get(link)
    example = document("02-delta-with-deleted.response.json")
    assert shape(answer["value"][0]) == shape(example["value"][0])
    assert shape(answer["value"][-1]) == shape(example["value"][-1])
    assert answer.keys() == example.keys()
    for found in (answer, example):
        assert found["@odata.context"].endswith("#accounts(name,telephone1,fax)/$delta")
        assert found["value"][-1]["@odata.context"].endswith("#accounts/$deletedEntity")
        assert found["value"][-1]["reason"] == "deleted"


COOKIE = (
    r"\$select=fullname&\$skiptoken=%3Ccookie%20pagenumber(=|%3D)%222%22%20pagingcookie(=|%3D)%22"
    r"%253ccookie%2520page%253d%25221%2522%253e%253ccontactid%2520last%253d%2522%257b"
    r"[0-9A-F-]{36}%257d%2522%2520first%253d%2522%257b[0-9A-F-]{36}%257d%2522%2520%252f%253e"
)


def test_example_03_a_next_link_has_the_page_and_its_first_and_last_key(crm, define):
    define("Contact", "FullName")
    ids = sorted(crm.create("contacts", fullname=f"Person {n}") for n in range(3))
    name = "03-page1-nextlink.response.json"
    answer, example = read(crm, name), document(name)
    same_shape(answer, example)
    for found in (answer, example):
        assert re.search(COOKIE, found["@odata.nextLink"])
        assert "istracking" in found["@odata.nextLink"]
    assert ids[0].upper() in answer["@odata.nextLink"]
    assert ids[1].upper() in answer["@odata.nextLink"]


def test_example_04_money_brings_its_currency_and_four_decimals(crm, account_columns):
    crm.create("accounts", name="Litware", revenue=20000)
    name = "04-money-select.response.json"
    answer = read(crm, name)
    same_shape(answer, document(name))
    for found in (answer, document(name)):
        assert str(found["value"][0]["revenue"]) == "20000.0000"


def test_example_07_a_created_row_is_shown_and_not_addressed(crm, account_columns):
    name = "07-create-return-representation.response.json"
    example = document(name)
    written = {n: v for n, v in example.items() if n[0] not in "@_" and n != "createdon"}
    headers = {"Prefer": "return=representation"}
    response = crm.send("POST", url_of(name), written, headers)
    assert response.status_code == INDEX[name]["status"]
    answer = json.loads(response.get_data(), parse_float=Decimal)
    same_shape(answer, example)
    kept = ("accountid", "revenue", "address1_latitude", "creditonhold", "accountcategorycode")
    assert {n: answer[n] for n in kept} == {n: example[n] for n in kept}
    assert "OData-EntityId" not in response.headers
    assert response.headers["Preference-Applied"] == "return=representation"


def headers_of(part):
    head = part.replace("\r\n", "\n").strip().partition("\n\n")[0]
    return [line.partition(":")[0] for line in head.splitlines()[1:]]


def test_example_08_a_create_answers_its_address(crm):
    response = crm.send("POST", "accounts", {"name": "A"})
    example = text("08-create-204.response.http")
    assert response.status_code == INDEX["08-create-204.response.http"]["status"]
    assert set(headers_of(example)) <= set(response.headers.keys())
    for address in (response.headers["OData-EntityId"], example.strip()):
        assert re.search(r"/api/data/v9\.\d/accounts\([0-9a-f-]{36}\)$", address)
    assert response.get_data() == b""


def test_example_09_an_upsert_by_key_echoes_the_key_form(crm, records):
    request, _, answer = text("09-upsert-altkey.exchange.http").partition("HTTP/1.1 204")
    line, *_, body = request.strip().splitlines()
    key = re.search(r"example_records\(.*?\)", line)[0]
    for _ in ("created", "updated"):
        response = crm.send("PATCH", key, body.encode(), {"If-None-Match": "null"})
        assert response.status_code == 204
        assert response.headers["OData-EntityId"].endswith(key)
    assert answer.strip().endswith(key)


def test_example_10_an_upsert_that_created_answers_201_and_an_etag(crm, records):
    name = "10-upsert-representation-201.response.json"
    headers = INDEX[name]["headers"]
    response = crm.send("PATCH", url_of(name), {"example_name": "3:3"}, headers["request"])
    assert response.status_code == 201
    same_shape(json.loads(response.get_data()), document(name))
    assert set(headers["response"]) <= set(response.headers.keys())
    assert form(response.headers["ETag"]) == form(headers["response"]["ETag"]) == "etag"
    again = crm.send("PATCH", url_of(name), {"example_name": "3:3"}, headers["request"])
    assert again.status_code == 200


@pytest.mark.parametrize(
    ("name", "code"),
    [
        pytest.param("11-concurrency-412.response.json", "0x80060882", id="11"),
        pytest.param("12-prevent-update-412.response.json", "", id="12"),
    ],
)
def test_examples_11_and_12_a_precondition_that_fails(crm, name, code):
    crm.create("accounts", accountid=SOME_ID, name="A")
    error = refused(crm, name, {"name": "B"})
    assert error["code"] == code
    assert error["message"] == document(name)["error"]["message"]


def test_example_13_a_prevented_create_is_not_found(crm):
    name = "13-prevent-create-404.response.json"
    error = refused(crm, name, {"name": "B"})
    assert error == {"code": "0x80040217", "message": document(name)["error"]["message"]}


def test_example_14_duplicate_rules_hold_when_the_header_turns_them_on(crm, world):
    name = "14-duplicate-detection-412.response.json"
    world.settings.duplicate_columns = "account.name"
    crm.create("accounts", name="Same")
    assert refused(crm, name, {"name": "same"}) == document(name)["error"]
    assert crm.send("POST", "accounts", {"name": "same"}).status_code == 204


def test_example_16_no_row_has_the_key(crm):
    name = "16-altkey-notfound-404.captured.json"
    error = refused(crm, name, url="accounts(sk_customertenantid='absent')")
    assert error == document(name)["error"]


@pytest.mark.parametrize(
    "name", ["17-segment-404.response.json", "18-unknown-select-400.response.json"]
)
def test_examples_17_and_18_a_name_that_is_not_there(crm, name):
    assert refused(crm, name) == document(name)["error"]


def test_example_19_a_wrong_navigation_property(crm, define):
    define("Contact", "FullName")
    name = "19-undeclared-navprop-400.response.json"
    bind = {"fullname": "A", "parentcustomerid@odata.bind": "/accounts(1)"}
    error, example = refused(crm, name, bind), document(name)["error"]
    assert error["code"] == example["code"]
    inner = example["message"].partition("---->")[2].removesuffix(" <truncated for brevity>")
    assert error["message"].partition("---->")[2].startswith(inner)
    assert "Entity :'contacts'" in error["message"]
    assert "Entity :'contacts'" in example["message"]


def post_batch(crm, request, prefer=None):
    head, _, body = request.partition("\r\n\r\n")
    kind = re.search(r"Content-Type: (.*)", head)[1].strip()
    headers = {"Content-Type": kind} | ({"Prefer": prefer} if prefer else {})
    body = body.replace("[Organization Uri]", "https://crm.example:8443")
    return crm.send("POST", "$batch", body.encode(), headers)


def outline(multipart):
    """Return the lines of a multipart body that are not values: heads without ids and bodies."""
    body = re.sub(r"\{.*\}", "{}", multipart.replace("\r\n", "\n"), flags=re.DOTALL)
    lines = [re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", line.strip()) for line in body.split("\n")]
    lines = [re.sub(r"(Location|OData-EntityId|REQ_ID): .*", r"\1", line) for line in lines]
    return sorted(line.removesuffix("; odata.streaming=true") for line in lines if line)


def test_examples_21_and_22_a_change_set_and_a_read_in_one_batch(crm, tasks):
    response = post_batch(crm, text("21-batch-changeset.request.http"))
    example = text("22-batch-changeset.response.http")
    assert response.status_code == 200
    status, _, expected = example.partition("\r\n\r\n")
    assert "200 OK" in status
    got = response.get_data(as_text=True)
    assert outline(got) == outline(expected)
    answers = [json.loads(re.search(r"\{.*\}", body, re.DOTALL)[0]) for body in (got, expected)]
    assert [row["subject"] for row in answers[0]["value"]] != []
    assert {row["subject"] for row in answers[0]["value"]} == {
        row["subject"] for row in answers[1]["value"]
    }
    assert shape(answers[0]) == shape(answers[1])


def test_example_20_a_batch_in_lf_may_be_unreadable(crm, tasks, world):
    request = text("21-batch-changeset.request.http").replace("\r\n\r\n", "\n\n")
    head, _, body = request.replace("\r\n", "\n").rstrip().partition("\n\n")
    headers = {"Content-Type": re.search(r"Content-Type: (.*)", head)[1]}
    assert crm.send("POST", "$batch", body.encode(), headers).status_code == 200
    world.settings.batch_needs_crlf = True
    response = crm.send("POST", "$batch", body.encode(), headers)
    example = text("20-batch-stream-not-readable-400.response.http")
    _, _, expected = example.replace("\r\n", "\n").partition("\n\n")
    assert response.status_code == 400
    assert outline(response.get_data(as_text=True)) == outline(expected)
    assert "Stream was not readable." in response.get_data(as_text=True)


def test_example_23_the_first_failure_ends_the_batch_with_its_status(crm, tasks):
    request = text("21-batch-changeset.request.http").replace("Task 2 in", "T" * 300)
    parts = request.split("--batch_22975cad-7f57-410d-be15-6363209367ea")
    alone = re.search(r"POST /api.*?\r\n\}", request.replace("Task 1 in", "T" * 300), re.DOTALL)[0]
    head = "\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    mark = "--batch_22975cad-7f57-410d-be15-6363209367ea"
    body = f"{parts[0]}{mark}{head}{alone}\r\n{mark}{parts[2]}{mark}--\r\n"
    response = post_batch(crm, body)
    _, _, expected = (
        text("23-batch-error-default-400.response.http").replace("\r\n", "\n").partition("\n\n")
    )
    assert response.status_code == 400
    got = response.get_data(as_text=True)
    assert outline(got) == outline(expected)
    errors = [json.loads(re.search(r"\{.*\}", text_, re.DOTALL)[0]) for text_ in (got, expected)]
    assert errors[0] == errors[1]


def test_examples_25_to_27_many_rows_are_created_and_updated_in_one_request(crm, samples):
    create, update = "25-createmultiple.request.json", "27-updatemultiple.request.json"
    response = crm.send("POST", url_of(create), text(create).encode())
    answer, example = json.loads(response.get_data()), document("26-createmultiple.response.json")
    assert response.status_code == INDEX["26-createmultiple.response.json"]["status"]
    same_shape(answer, example)
    assert answer["@odata.context"].endswith("#Microsoft.Dynamics.CRM.CreateMultipleResponse")
    body = text(update)
    for old, new in zip(example["Ids"], answer["Ids"], strict=True):
        body = body.replace(old, new)
    response = crm.send("POST", url_of(update), body.encode())
    assert (response.status_code, response.get_data()) == (INDEX[update]["status"], b"")
    names = [row["sample_name"] for row in crm.get("sample_examples")["value"]]
    assert sorted(names) == [t["sample_name"] for t in document(update)["Targets"]]


def test_example_28_many_rows_are_upserted_by_key(crm, samples):
    name = "28-upsertmultiple.request.json"
    for _ in ("created", "updated"):
        response = crm.send("POST", url_of(name), text(name).encode())
        assert (response.status_code, response.get_data()) == (INDEX[name]["status"], b"")
    rows = crm.get("sample_examples?$select=sample_name,sample_keyattribute")["value"]
    assert sorted(row["sample_keyattribute"] for row in rows) == ["0000001", "0000002"]


def test_examples_29_and_30_a_status_reason_gets_the_publishers_value(crm, define):
    define("sample_BankAccount", "sample_Name")
    prefix = {"customizationprefix": "sample", "customizationoptionvalueprefix": 72700}
    publisher = crm.create("publishers", uniquename="sample", **prefix)
    bind = {"publisherid@odata.bind": f"/publishers({publisher})"}
    crm.create("solutions", uniquename="examplesolution", version="1.0.0.0", **bind)
    name = "29-insertstatusvalue.request.json"
    response = crm.send("POST", url_of(name), text(name).encode())
    example = document("30-insertstatusvalue.response.json")
    answer = json.loads(response.get_data())
    same_shape(answer, example)
    assert answer["NewOptionValue"] == example["NewOptionValue"]
    row = crm.create("sample_bankaccounts", statecode=1, statuscode=727000000)
    labels = crm.get(f"sample_bankaccounts({row})", Prefer=ANNOTATED)
    assert labels["statuscode@OData.Community.Display.V1.FormattedValue"] == "Frozen"


def test_example_32_a_table_is_created(crm):
    name = "32-create-table.request.json"
    prefix = {"uniquename": "examplesolution", "version": "1.0"}
    crm.create("solutions", **prefix)
    headers = INDEX[name]["headers"]["request"]
    response = crm.send("POST", url_of(name), text(name).encode(), dict(headers))
    assert response.status_code == INDEX[name]["status"]
    assert re.search(r"/EntityDefinitions\([0-9a-f-]{36}\)$", response.headers["OData-EntityId"])
    definition = crm.get("EntityDefinitions(LogicalName='new_bankaccount')")
    sent = document(name)
    for label in ("DisplayName", "DisplayCollectionName", "Description"):
        [localized] = definition[label]["LocalizedLabels"]
        assert localized["Label"] == sent[label]["LocalizedLabels"][0]["Label"]
    assert definition["PrimaryNameAttribute"] == "new_accountname"
    assert {n: definition[n] for n in ("HasActivities", "HasNotes", "OwnershipType")} == {
        n: sent[n] for n in ("HasActivities", "HasNotes", "OwnershipType")
    }


def test_example_33_a_relationship_brings_its_lookup(crm, define):
    define("Contact", "FullName")
    define("new_BankAccount", "new_AccountName")
    name = "33-create-1N.request.json"
    response = crm.send("POST", url_of(name), text(name).encode())
    assert response.status_code == INDEX[name]["status"]
    contact = crm.create("contacts", fullname="Owner")
    bind = {"new_AccountOwner@odata.bind": f"/contacts({contact})"}
    crm.create("new_bankaccounts", new_accountname="Savings", **bind)
    [row] = crm.get("new_bankaccounts?$expand=new_AccountOwner($select=fullname)")["value"]
    assert row["new_AccountOwner"]["fullname"] == "Owner"
    [found] = crm.get(f"contacts({contact})/new_contact_new_bankaccount")["value"]
    assert found["new_accountname"] == "Savings"
    crm.send("DELETE", f"contacts({contact})")
    assert crm.get("new_bankaccounts")["value"] == []  # CascadeConfiguration.Delete


def test_example_34_keys_are_listed_with_their_tables(crm, records):
    name = "34-alternate-keys-metadata.response.json"
    tables = {t["SchemaName"]: t for t in read(crm, name)["value"]}
    example = document(name)
    assert shape(tables["Account"]) == shape(example[0])
    assert shape(tables["example_Record"]) == shape(example[1])
    assert tables["example_Record"]["Keys"][0]["KeyAttributes"] == ["example_key1", "example_key2"]


def test_example_35_a_table_is_asked_for_a_message(crm, samples):
    name = "35-sdkmessagefilter.response.json"
    same_shape(read(crm, name), document(name))
    assert crm.get(url_of(name).replace("sample_example", "sample_absent"))["value"] == []


def test_example_37_impersonation_shows_both_users(crm):
    person = crm.create(
        "systemusers", fullname="Impersonated User", azureactivedirectoryobjectid=SOME_ID
    )
    name = "37-impersonation-read.response.json"
    headers = {"CallerObjectId": SOME_ID}
    response = crm.send("POST", "accounts", {"name": "Sample"}, headers)
    row = response.headers["OData-EntityId"][-37:-1]
    fields = "($select=fullname,azureactivedirectoryobjectid)"
    url = url_of(name).replace("00000000-0000-0000-000000000003", row)
    answer = crm.get(url.replace("($select=fullname)", fields))
    same_shape(answer, document(name))
    assert answer["createdby"]["systemuserid"] == person
    assert answer["owninguser"] == answer["createdby"]
    assert answer["createdonbehalfby"]["systemuserid"] == crm.caller.user_id


def test_every_example_has_its_test():
    source = Path(__file__).read_text(encoding="utf-8")
    named = {name for name in INDEX if f'"{name}"' in source}
    assert set(INDEX) - named <= NOT_SENT_BY_THE_SANDBOX
    assert {path.name for path in EXAMPLES.iterdir()} == {*INDEX, "index.json"}
