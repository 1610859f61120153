"""The documented payloads 01 to 19 against the answers of the sandbox."""

import json
import re
from decimal import Decimal

import pytest

from tests.sandbox_dataverse.documented import (
    INDEX,
    SOME_ID,
    document,
    form,
    read,
    refused,
    same_shape,
    shape,
    text,
    url_of,
)


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
