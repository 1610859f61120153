"""`$batch` through Microsoft's Python SDK, unpatched."""


def names(client):
    return sorted(row["name"] for row in client.records.list("account", select=["name"]))


def test_a_change_set_refers_to_the_row_that_it_makes(client):
    batch = client.batch.new()
    with batch.changeset() as together:
        account = together.records.create("account", {"name": "Contoso"})
        together.records.create(
            "sk_billingcontract", {"sk_name": "C-1", "sk_accountid@odata.bind": account}
        )
        together.records.update("account", account, {"name": "Contoso Ltd"})
    result = batch.execute()
    assert [answer.status_code for answer in result.responses] == [204, 204, 204]
    (contract,) = client.records.list("sk_billingcontract", expand=["sk_accountid"])
    assert contract["sk_accountid"]["name"] == "Contoso Ltd"
    assert result.entity_ids[0] == contract["_sk_accountid_value"]


def test_a_change_set_that_fails_leaves_nothing(client):
    batch = client.batch.new()
    with batch.changeset() as together:
        together.records.create("account", {"name": "Contoso"})
        together.records.create("account", {"name": "x", "sk_no": 1})
    result = batch.execute()
    assert [answer.status_code for answer in result.failed] == [400]
    assert names(client) == []


def test_the_first_failure_ends_a_batch(client):
    result = failing(client).execute()
    assert [answer.is_success for answer in result.responses] == [True, False]
    assert names(client) == ["first"]


def test_a_batch_goes_on_when_it_is_asked_to(client):
    result = failing(client).execute(continue_on_error=True)
    assert [answer.is_success for answer in result.responses] == [True, False, True]
    assert result.failed[0].error_code
    assert names(client) == ["first", "third"]


def failing(client):
    batch = client.batch.new()
    batch.records.create("account", {"name": "first"})
    batch.records.create("account", {"name": "second", "sk_no": 1})
    batch.records.create("account", {"name": "third"})
    return batch


def test_a_batch_reads_and_writes_in_every_form(client):
    made = client.records.create("account", [{"name": n} for n in ("a", "b", "c")])
    batch = client.batch.new()
    batch.records.retrieve("account", made[0], select=["name"])
    batch.records.list("account", select=["name"], filter="name eq 'b'")
    batch.records.update("account", made[:2], {"name": "changed"})
    batch.records.create("account", [{"name": "d"}, {"name": "e"}])
    batch.records.delete("account", made[2])
    batch.tables.get("account")
    result = batch.execute()
    read, listed, *_, table = [answer.data for answer in result.responses]
    assert not result.has_errors
    assert read["name"] == "a"
    assert [row["name"] for row in listed["value"]] == ["b"]
    assert table["value"][0]["EntitySetName"] == "accounts"
    assert names(client) == ["changed", "changed", "d", "e"]


def test_a_query_in_sql_travels_in_a_batch(client):
    client.records.create("account", [{"name": n} for n in ("a", "b")])
    batch = client.batch.new()
    batch.query.sql("SELECT name FROM account WHERE name = 'b'")
    (answer,) = batch.execute().responses
    assert [row["name"] for row in answer.data["value"]] == ["b"]
