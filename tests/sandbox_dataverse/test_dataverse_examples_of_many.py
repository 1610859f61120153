"""The documented payloads 20 to 37, batches and definitions among them."""

import json
import re
from pathlib import Path

from tests.sandbox_dataverse.documented import (
    EXAMPLES,
    INDEX,
    SOME_ID,
    document,
    read,
    same_shape,
    shape,
    text,
    url_of,
)
from tests.sandbox_dataverse.sent_definitions import ANNOTATED

NOT_SENT_BY_THE_SANDBOX = {"38-webhook-remoteexecutioncontext.request.json"}


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
    files = Path(__file__).parent.glob("test_dataverse_examples*.py")
    source = "".join(file.read_text(encoding="utf-8") for file in files)
    named = {name for name in INDEX if f'"{name}"' in source}
    assert set(INDEX) - named == set()
    assert {path.name for path in EXAMPLES.iterdir()} == {*INDEX, "index.json"}
