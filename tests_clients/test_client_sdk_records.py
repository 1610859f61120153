"""Rows through Microsoft's Python SDK, unpatched: write, read, list, upsert, delete."""

import pytest
from PowerPlatform.Dataverse import col
from PowerPlatform.Dataverse.core.errors import HttpError
from PowerPlatform.Dataverse.models import UpsertItem

CUSTOMER = "6f1ab2f0-7b3c-4a54-9d0c-7a1f0f4f7a11"
FORMATTED = "OData.Community.Display.V1.FormattedValue"


def accounts(client, *names):
    return client.records.create("account", [{"name": name} for name in names])


def test_a_row_is_created_read_changed_and_deleted(client):
    made = client.records.create("account", {"name": "Contoso"})
    assert client.records.retrieve("account", made, select=["name"])["name"] == "Contoso"
    client.records.update("account", made, {"name": "Contoso Ltd"})
    assert client.records.retrieve("account", made)["name"] == "Contoso Ltd"
    client.records.delete("account", made)
    assert client.records.retrieve("account", made) is None


def test_a_change_of_a_row_that_is_not_there_creates_nothing(client):
    with pytest.raises(HttpError) as refused:
        client.records.update("account", CUSTOMER, {"name": "x"})
    assert refused.value.status_code == 404
    assert refused.value.details["service_error_code"] == "0x80040217"
    assert len(client.records.list("account", select=["name"])) == 0


def test_an_unknown_column_is_refused_with_the_documented_error(client):
    with pytest.raises(HttpError) as refused:
        client.records.create("account", {"name": "x", "sk_no": 1})
    assert refused.value.status_code == 400
    assert "sk_no" in str(refused.value)


def test_many_rows_are_created_and_changed_at_once(client):
    made = accounts(client, "A", "B", "C")
    assert len(set(made)) == 3
    client.records.update("account", made[:2], [{"name": "A2"}, {"name": "B2"}])
    client.records.update("account", made[2:], {"name": "C2"})
    listed = client.records.list("account", select=["name"], orderby=["name asc"])
    assert [row["name"] for row in listed] == ["A2", "B2", "C2"]


def test_many_rows_are_deleted_one_by_one_and_by_a_job(client):
    made = accounts(client, "A", "B", "C", "D")
    client.records.delete("account", made[:2], use_bulk_delete=False)
    assert len(client.records.list("account")) == 2
    assert client.records.delete("account", made[2:])
    assert len(client.records.list("account")) == 0


def test_a_list_follows_the_pages(client, sandbox):
    accounts(client, *(f"Customer {n}" for n in range(7)))
    since = sandbox.control("journal")["last"]
    pages = list(client.records.list_pages("account", select=["name"], page_size=3))
    assert [len(page) for page in pages] == [3, 3, 1]
    assert len({row["name"] for page in pages for row in page}) == 7
    assert len(sandbox.requests_seen(since)) == 3


def test_a_list_is_filtered_sorted_and_cut(client):
    accounts(client, "Fabrikam", "Contoso & Söhne", "O'Neill + Co")
    found = client.records.list("account", filter=col("name") == "O'Neill + Co", select=["name"])
    assert [row["name"] for row in found] == ["O'Neill + Co"]
    found = client.records.list("account", filter="contains(name,'& S')", select=["name"])
    assert [row["name"] for row in found] == ["Contoso & Söhne"]
    top = client.records.list("account", select=["name"], orderby=["name desc"], top=2)
    assert [row["name"] for row in top] == ["O'Neill + Co", "Fabrikam"]


def test_the_query_builder_reads_pages_with_formatted_values(client):
    client.records.create("sk_subscription", {"sk_name": "S1", "sk_quantity": 5})
    client.records.create("sk_subscription", {"sk_name": "S2", "sk_quantity": 12})
    query = (
        client.query.builder("sk_subscription")
        .select("sk_name", "statuscode")
        .where((col("sk_quantity") > 4) & (col("statecode") == 0))
        .order_by("sk_quantity", descending=True)
        .include_formatted_values()
        .page_size(1)
    )
    rows = [row for page in query.execute_pages() for row in page]
    assert [row["sk_name"] for row in rows] == ["S2", "S1"]
    assert rows[0][f"statuscode@{FORMATTED}"] == "Active"


def test_a_lookup_is_bound_and_expanded(client):
    account = client.records.create("account", {"name": "Contoso"})
    contract = client.records.create(
        "sk_billingcontract",
        {"sk_name": "C-1", "sk_accountid@odata.bind": f"/accounts({account})"},
    )
    read = client.records.retrieve("sk_billingcontract", contract, expand=["sk_accountid"])
    assert read["_sk_accountid_value"] == account
    assert read["sk_accountid"]["name"] == "Contoso"


def test_a_label_of_a_choice_is_written_as_its_value(client):
    made = client.records.create("sk_provider", {"sk_name": "PC", "sk_kind": "Manual"})
    read = client.records.retrieve("sk_provider", made, include_annotations="*")
    assert read["sk_kind"] == 126310001
    assert read[f"sk_kind@{FORMATTED}"] == "Manual"


def test_one_row_is_upserted_by_its_key(client):
    item = UpsertItem(alternate_key={"sk_customertenantid": CUSTOMER}, record={"name": "First"})
    client.records.upsert("account", [item])
    again = UpsertItem(alternate_key={"sk_customertenantid": CUSTOMER}, record={"name": "Second"})
    client.records.upsert("account", [again])
    (row,) = client.records.list("account", select=["name", "sk_customertenantid"])
    assert (row["name"], row["sk_customertenantid"]) == ("Second", CUSTOMER)


def test_many_rows_are_upserted_by_their_keys(client):
    keys = [f"{CUSTOMER[:-1]}{n}" for n in range(3)]
    for name in ("first", "second"):
        client.records.upsert(
            "account",
            [
                UpsertItem(alternate_key={"sk_customertenantid": key}, record={"name": name})
                for key in keys
            ],
        )
    rows = client.records.list("account", select=["name", "sk_customertenantid"])
    assert {row["sk_customertenantid"]: row["name"] for row in rows} == dict.fromkeys(
        keys, "second"
    )


def test_a_status_and_its_reason_are_set_as_a_pair(client):
    made = client.records.create("sk_subscription", {"sk_name": "S", "sk_quantity": 1})
    client.records.update("sk_subscription", made, {"statecode": 1, "statuscode": 2})
    read = client.records.retrieve("sk_subscription", made, include_annotations="*")
    assert (read["statecode"], read["statuscode"]) == (1, 2)
    assert read[f"statuscode@{FORMATTED}"] == "Suspended"
    with pytest.raises(HttpError) as refused:
        client.records.update("sk_subscription", made, {"statecode": 0, "statuscode": 2})
    assert refused.value.details["service_error_code"] == "0x80048408"


def test_throttling_reaches_the_caller_with_its_wait(client, sandbox):
    client.records.list("account")
    rule = {"service": "dataverse", "method": "GET", "path": "accounts", "times": 1}
    sandbox.control("faults", {"rules": [{**rule, "status": 429, "retry_after": 7}]})
    with pytest.raises(HttpError) as refused:
        client.records.list("account")
    assert refused.value.is_transient
    assert refused.value.details["retry_after"] == 7


def test_a_data_frame_is_written_and_read(client):
    made = accounts(client, "A", "B")
    frame = client.records.list("account", select=["name"]).to_dataframe()
    assert sorted(frame["name"]) == ["A", "B"]
    assert sorted(frame["accountid"]) == sorted(made)
