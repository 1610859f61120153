"""SQL and FetchXML through Microsoft's Python SDK, unpatched."""

import pytest


@pytest.fixture
def customers(client):
    ids = client.records.create("account", [{"name": f"Customer {n}"} for n in range(5)])
    for number, account in enumerate(ids[:3]):
        client.records.create(
            "sk_subscription",
            {
                "sk_name": f"S{number}",
                "sk_quantity": 10 * (number + 1),
                "sk_accountid@odata.bind": f"/accounts({account})",
            },
        )
    return ids


def test_sql_selects_filters_sorts_and_cuts(client, customers):
    rows = client.query.sql(
        "SELECT TOP 2 name, accountid FROM account WHERE name LIKE 'Customer%' ORDER BY name DESC"
    )
    assert [row["name"] for row in rows] == ["Customer 4", "Customer 3"]
    assert rows[0]["accountid"] == customers[4]


def test_sql_joins(client, customers):
    rows = client.query.sql(
        "SELECT s.sk_name, a.name FROM sk_subscription s "
        "INNER JOIN account a ON s.sk_accountid = a.accountid "
        "WHERE s.sk_quantity >= 20 ORDER BY s.sk_name"
    )
    assert [row["sk_name"] for row in rows] == ["S1", "S2"]


def test_sql_counts_and_sums(client, customers):
    rows = client.query.sql("SELECT COUNT(*) AS n, SUM(sk_quantity) AS seats FROM sk_subscription")
    assert (rows[0]["n"], rows[0]["seats"]) == (3, 60)


def test_the_columns_that_sql_knows_are_told(client):
    columns = {column["name"]: column for column in client.query.sql_columns("sk_subscription")}
    assert columns["sk_subscriptionid"]["is_pk"]
    assert columns["sk_name"]["is_name"]
    assert columns["sk_quantity"]["type"] == "Integer"
    assert "versionnumber" not in columns


def fetch(*, count="", condition=""):
    return (
        f'<fetch{count}><entity name="account"><attribute name="name" />'
        f'<order attribute="name" />{condition}</entity></fetch>'
    )


def test_fetchxml_filters(client, customers):
    condition = '<filter><condition attribute="name" operator="like" value="%3" /></filter>'
    rows = client.query.fetchxml(fetch(condition=condition)).execute()
    assert [row["name"] for row in rows] == ["Customer 3"]


def test_fetchxml_follows_the_paging_cookie(client, customers):
    pages = list(client.query.fetchxml(fetch(count=' count="2"')).execute_pages())
    assert [[row["name"][-1] for row in page] for page in pages] == [["0", "1"], ["2", "3"], ["4"]]


def test_fetchxml_links_tables(client, customers):
    query = """
      <fetch>
        <entity name="sk_subscription">
          <attribute name="sk_name" />
          <order attribute="sk_name" />
          <link-entity name="account" from="accountid" to="sk_accountid" alias="a">
            <attribute name="name" />
          </link-entity>
        </entity>
      </fetch>"""
    rows = client.query.fetchxml(query).execute()
    assert [(row["sk_name"], row["a.name"]) for row in rows] == [
        (f"S{n}", f"Customer {n}") for n in range(3)
    ]


def test_fetchxml_aggregates(client, customers):
    query = """
      <fetch aggregate="true">
        <entity name="sk_subscription">
          <attribute name="sk_quantity" alias="seats" aggregate="sum" />
        </entity>
      </fetch>"""
    (row,) = client.query.fetchxml(query).execute()
    assert row["seats"] == 60
