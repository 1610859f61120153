"""FetchXml with link-entity and totals, SQL with joins: what clients send beyond one table."""

from decimal import Decimal
from urllib.parse import quote

import pytest

FORMATTED = "OData.Community.Display.V1.FormattedValue"
COOKIE = "@Microsoft.Dynamics.CRM.fetchxmlpagingcookie"
MORE = "@Microsoft.Dynamics.CRM.morerecords"
NOTED = 'odata.include-annotations="*"'


@pytest.fixture(autouse=True)
def plans(crm):
    """Five plans of 1 to 5 seats: 1 and 2 of Contoso, 3 of Fabrikam, 4 and 5 of nobody."""
    contoso, fabrikam = (crm.create("accounts", name=name) for name in ("Contoso", "Fabrikam"))
    owners = [contoso, contoso, fabrikam, None, None]
    for number, owner in enumerate(owners, 1):
        bind = {"sk_accountid@odata.bind": f"/accounts({owner})"} if owner else {}
        crm.create("sk_subscriptions", sk_name=f"Plan {number}", sk_quantity=number, **bind)
    return contoso


def fetch(crm, inner, top="", **headers):
    xml = f"<fetch {top}><entity name='sk_subscription'>{inner}</entity></fetch>"
    return crm.get(f"sk_subscriptions?fetchXml={quote(xml)}", **headers)


def sql(crm, text, **headers):
    return crm.get(f"sk_subscriptions?sql={quote(text)}", **headers)


NAME = "<attribute name='sk_name'/><order attribute='sk_name'/>"
ENDS = "name='account' from='accountid' to='sk_accountid'"


def named(answer, key="a.name"):
    return [(row["sk_name"][-1], row.get(key)) for row in answer["value"]]


BOTH = [("1", "Contoso"), ("2", "Contoso"), ("3", "Fabrikam")]
OWN = "<attribute name='name'/>"
ONE = "<filter><condition attribute='name' operator='eq' value='Fabrikam'/></filter>"


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        (f"<link-entity {ENDS} alias='a'>{OWN}</link-entity>", BOTH),
        (
            f"<link-entity {ENDS} alias='a' link-type='outer'>{OWN}</link-entity>",
            [*BOTH, ("4", None), ("5", None)],
        ),
        (f"<link-entity {ENDS} alias='a'>{OWN}{ONE}</link-entity>", [("3", "Fabrikam")]),
        (
            f"<link-entity {ENDS} alias='a' link-type='outer'>{OWN}{ONE}</link-entity>",
            [("1", None), ("2", None), ("3", "Fabrikam"), ("4", None), ("5", None)],
        ),
        (
            f"<link-entity {ENDS} alias='a' link-type='outer'>{OWN}</link-entity>"
            "<filter><condition entityname='a' attribute='name' operator='null'/></filter>",
            [("4", None), ("5", None)],
        ),
    ],
    ids=["inner", "outer", "filtered", "outer and filtered", "without a partner"],
)
def test_a_link_entity_joins_by_its_two_columns(crm, link, expected):
    assert named(fetch(crm, NAME + link)) == expected


def test_a_linked_column_goes_by_its_own_alias_when_it_has_one(crm):
    link = f"<link-entity {ENDS}><attribute name='name' alias='customer'/></link-entity>"
    assert named(fetch(crm, NAME + link), "customer") == BOTH


def test_a_joined_row_is_a_row_of_its_table_with_etag_and_formatted_values(crm):
    link = f"<link-entity {ENDS} alias='a'><attribute name='statecode'/></link-entity>"
    row = fetch(crm, NAME + link, Prefer=NOTED)["value"][0]
    assert row["@odata.etag"].startswith('W/"')
    assert row["sk_subscriptionid"]
    assert (row["a.statecode"], row[f"a.statecode@{FORMATTED}"]) == (0, "Active")


def test_an_empty_linked_column_is_left_out(crm):
    link = f"<link-entity {ENDS} alias='a' link-type='outer'>{OWN}</link-entity>"
    assert ["a.name" in row for row in fetch(crm, NAME + link)["value"]] == [True] * 3 + [False] * 2


def test_links_nest_from_the_many_to_the_one_and_back(crm):
    back = "<link-entity name='sk_subscription' from='sk_accountid' to='accountid' alias='s'>"
    inner = f"{back}<attribute name='sk_name'/></link-entity>"
    link = f"<link-entity {ENDS} alias='a'>{inner}</link-entity>"
    found = [(n, s[-1]) for n, s in named(fetch(crm, NAME + link), "s.sk_name")]
    assert sorted(found) == [("1", "1"), ("1", "2"), ("2", "1"), ("2", "2"), ("3", "3")]


def test_pages_of_joined_rows_go_on_by_cookie_and_number(crm):
    link, pages, cookie = f"<link-entity {ENDS} alias='a'/>", [], ""
    for page in (1, 2):
        top = f"count='2' page='{page}' {cookie}"
        answer = fetch(crm, NAME + link, top, Prefer=NOTED)
        pages.append(([row["sk_name"][-1] for row in answer["value"]], answer[MORE]))
        told = answer.get(COOKIE, "").partition('pagingcookie="')[2].partition('"')[0]
        cookie = f"paging-cookie='{told}'"
    assert pages == [(["1", "2"], True), (["3"], False)]
    assert COOKIE not in answer


TOTALS = "aggregate='true'"


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        ("name='sk_quantity' aggregate='sum'", 15),
        ("name='sk_quantity' aggregate='avg'", 3),
        ("name='sk_quantity' aggregate='min'", 1),
        ("name='sk_quantity' aggregate='max'", 5),
        ("name='sk_subscriptionid' aggregate='count'", 5),
        ("name='sk_accountid' aggregate='count'", 5),
        ("name='sk_accountid' aggregate='countcolumn'", 3),
        ("name='sk_accountid' aggregate='countcolumn' distinct='true'", 2),
        ("name='sk_unitprice' aggregate='sum'", None),
    ],
)
def test_a_total_counts_what_its_name_says(crm, attribute, expected):
    (row,) = fetch(crm, f"<attribute {attribute} alias='n'/>", TOTALS)["value"]
    assert row == {"n": expected}


def test_totals_by_groups_of_a_linked_table_are_ordered_by_alias(crm):
    seats = "<attribute name='sk_quantity' alias='seats' aggregate='sum'/>"
    order = "<order alias='seats' descending='true'/>"
    link = f"<link-entity {ENDS} alias='a'><attribute name='name' alias='customer' groupby='true'/>"
    answer = fetch(crm, f"{seats}{order}{link}</link-entity>", TOTALS)
    contoso, fabrikam = ({"seats": 3, "customer": n} for n in ("Contoso", "Fabrikam"))
    assert [row["seats"] for row in answer["value"]] == [3, 3]
    assert contoso in answer["value"]
    assert fabrikam in answer["value"]


@pytest.mark.parametrize(
    ("inner", "top"),
    [
        ("<link-entity name='absent' from='a' to='b'/>", ""),
        (f"<link-entity {ENDS} link-type='any'/>", ""),
        ("<link-entity name='account' from='no' to='sk_accountid'/>", ""),
        ("<link-entity name='account' from='accountid' to='no'/>", ""),
        (f"<link-entity {ENDS} alias='a'/><link-entity {ENDS} alias='A'/>", ""),
        (f"<link-entity {ENDS}><attribute name='no'/></link-entity>", ""),
        (f"<link-entity {ENDS}><value/></link-entity>", ""),
        ("<attribute name='sk_quantity' aggregate='sum'/>", TOTALS),
        ("<attribute name='sk_quantity' alias='n'/>", TOTALS),
        ("<attribute name='sk_quantity' alias='n' aggregate='median'/>", TOTALS),
        ("<attribute name='sk_name' alias='n' aggregate='sum'/>", TOTALS),
        (
            "<attribute name='sk_quantity' alias='n' aggregate='sum'/><order attribute='sk_name'/>",
            TOTALS,
        ),
    ],
)
def test_a_joined_fetch_that_cannot_be_answered_is_refused(crm, inner, top):
    xml = f"<fetch {top}><entity name='sk_subscription'>{inner}</entity></fetch>"
    assert crm.refusal("GET", f"sk_subscriptions?fetchXml={quote(xml)}")[0] == 400


PLAIN, TOTAL = "s.sk_quantity AS n", "SUM(sk_quantity) n"
ONCE, TWICE = "DISTINCT a.statecode n", "a.name"
HEAD = "SELECT s.sk_quantity AS n, a.name FROM sk_subscription s"
ON = "JOIN account AS a ON s.sk_accountid = a.accountid"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{HEAD} {ON} ORDER BY n", [(1, "Contoso"), (2, "Contoso"), (3, "Fabrikam")]),
        (f"{HEAD} INNER {ON} WHERE a.name LIKE 'F%'", [(3, "Fabrikam")]),
        (f"{HEAD} LEFT OUTER {ON} WHERE a.accountid IS NULL ORDER BY n", [(4, None), (5, None)]),
        (f"{HEAD} LEFT {ON} ORDER BY s.sk_quantity DESC OFFSET 3 ROWS", [(2, "Contoso")] * 1
         + [(1, "Contoso")]),
        (f"{HEAD} {ON} ORDER BY n OFFSET 1 ROWS FETCH NEXT 1 ROWS ONLY", [(2, "Contoso")]),
        (f"{HEAD.replace('SELECT', 'SELECT TOP 1')} {ON} ORDER BY a.name DESC", [(3, "Fabrikam")]),
        ("SELECT COUNT(*) AS n, SUM(sk_quantity) name FROM sk_subscription", [(5, 15)]),
        ("SELECT COUNT(DISTINCT sk_accountid) n, MAX([sk_name]) AS name FROM sk_subscription",
         [(2, "Plan 5")]),
        (f"{HEAD.replace(PLAIN, TOTAL)} {ON} WHERE sk_quantity > 1 GROUP BY a.name "
         "ORDER BY name DESC",
         [(3, "Fabrikam"), (2, "Contoso")]),
        (f"{HEAD.replace(PLAIN, ONCE)} {ON} ORDER BY a.name",
         [(0, "Contoso"), (0, "Fabrikam")]),
    ],
)  # fmt: skip
def test_a_select_joins_and_totals(crm, text, expected):
    assert [(row["n"], row["name"]) for row in sql(crm, text)["value"]] == expected


def test_a_joined_select_goes_on_by_next_link(crm):
    answer, seen = sql(crm, f"{HEAD} {ON} ORDER BY n", Prefer="odata.maxpagesize=2"), []
    seen.append([row["n"] for row in answer["value"]])
    answer = crm.get(answer["@odata.nextLink"], Prefer="odata.maxpagesize=2")
    seen.append([row["n"] for row in answer["value"]])
    assert "@odata.nextLink" not in answer
    assert seen == [[1, 2], [3]]


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD} RIGHT {ON}",
        f"{HEAD} JOIN account a ON s.sk_accountid = s.sk_name",
        f"{HEAD} JOIN account a ON a.name = a.accountid",
        f"{HEAD} JOIN account a",
        f"{HEAD} {ON} HAVING n > 1",
        "SELECT sk_name, COUNT(*) FROM sk_subscription",
        f"{HEAD.replace(PLAIN, TWICE)} {ON}",
        "SELECT COUNT(sk_absent) FROM sk_subscription",
        "SELECT SUM(*) FROM sk_subscription",
        "SELECT DISTINCT name FROM account",
        "SELECT DISTINCT sk_name",
        "SELECT DISTINCT sk_name FROM sk_subscription OFFSET x ROWS",
    ],
)
def test_a_joined_select_that_cannot_be_answered_is_refused(crm, text):
    assert crm.refusal("GET", f"sk_subscriptions?sql={quote(text)}")[0] == 400


def test_an_average_is_exact(crm):
    (row,) = sql(crm, "SELECT AVG(sk_quantity) n FROM sk_subscription WHERE sk_quantity < 3")[
        "value"
    ]
    assert Decimal(str(row["n"])) == Decimal("1.5")
