"""Query functions, FetchXml and SQL: section 4 of the fact sheet, and what the SDK sends."""

import re
from datetime import UTC, datetime
from urllib.parse import quote, unquote
from xml.etree import ElementTree

import pytest

NOTED = (
    'odata.include-annotations="Microsoft.Dynamics.CRM.fetchxmlpagingcookie,'
    'Microsoft.Dynamics.CRM.morerecords"'
)
CRM = "Microsoft.Dynamics.CRM"


@pytest.fixture
def days(crm, world):
    """Subscriptions whose start is the name; today is Monday, 16 June 2025."""
    for day in (
        *("2024-06-15", "2025-05-31", "2025-06-01", "2025-06-07", "2025-06-08", "2025-06-09"),
        *("2025-06-15", "2025-06-16", "2025-06-17", "2025-06-23", "2025-07-01", "2026-01-01"),
    ):
        instant = {"sk_cancellableuntil": f"{day}T09:00:00Z"}
        crm.create("sk_subscriptions", sk_name=day, sk_startdate=day, **instant)
    world.clock.moment = datetime(2025, 6, 16, 9, 30, tzinfo=UTC)


JUNE = {"2025-06-01", "2025-06-07", "2025-06-08", "2025-06-09", "2025-06-15", "2025-06-16"}
SPANS = [
    ("Today", None, {"2025-06-16"}),
    ("Yesterday", None, {"2025-06-15"}),
    ("Tomorrow", None, {"2025-06-17"}),
    ("Last7Days", None, {"2025-06-09", "2025-06-15", "2025-06-16"}),
    ("Next7Days", None, {"2025-06-16", "2025-06-17", "2025-06-23"}),
    ("ThisWeek", None, {"2025-06-15", "2025-06-16", "2025-06-17"}),
    ("LastWeek", None, {"2025-06-08", "2025-06-09"}),
    ("NextWeek", None, {"2025-06-23"}),
    ("ThisMonth", None, JUNE | {"2025-06-17", "2025-06-23"}),
    ("LastMonth", None, {"2025-05-31"}),
    ("NextMonth", None, {"2025-07-01"}),
    ("LastYear", None, {"2024-06-15"}),
    ("NextYear", None, {"2026-01-01"}),
    ("LastXDays", 1, {"2025-06-15", "2025-06-16"}),
    ("NextXWeeks", 1, {"2025-06-16", "2025-06-17", "2025-06-23"}),
    ("LastXMonths", 1, JUNE | {"2025-05-31"}),
    ("NextXMonths", 1, {"2025-06-16", "2025-06-17", "2025-06-23", "2025-07-01"}),
    ("OlderThanXMonths", 1, {"2024-06-15", "2025-05-31"} - {"2025-05-31"}),
    ("OlderThanXYears", 1, {"2024-06-15"}),
]


@pytest.mark.usefixtures("days")
@pytest.mark.parametrize("column", ["sk_startdate", "sk_cancellableuntil"])
@pytest.mark.parametrize(("name", "number", "expected"), SPANS)
def test_dates_relative_to_today_choose_rows(crm, column, name, number, expected):
    value = "" if number is None else f",PropertyValue={number}"
    url = f"sk_subscriptions?$filter={CRM}.{name}(PropertyName='{column}'{value})"
    assert {row["sk_name"] for row in crm.get(url)["value"]} == expected


@pytest.mark.usefixtures("days")
def test_this_year_and_hours_are_understood(crm):
    year = f"sk_subscriptions?$filter={CRM}.ThisYear(PropertyName='sk_startdate')"
    assert len(crm.get(year)["value"]) == 10
    hours = f"{CRM}.LastXHours(PropertyName='sk_cancellableuntil',PropertyValue=1)"
    found = crm.get(f"sk_subscriptions?$filter={hours}")["value"]
    assert [row["sk_name"] for row in found] == ["2025-06-16"]


@pytest.mark.parametrize("name", ["Never", "LastXDays"])
def test_a_query_function_that_is_unknown_or_lacks_its_number_is_refused(crm, name):
    url = f"sk_subscriptions?$filter={CRM}.{name}(PropertyName='sk_startdate')"
    assert crm.refusal("GET", url) == (400, "0x0")


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("ContainValues(PropertyName='new_tags',PropertyValues=['1'])", {"1", "1,2"}),
        ("ContainValues(PropertyName='new_tags',PropertyValues=['2','3'])", {"1,2", "3"}),
        ("DoesNotContainValues(PropertyName='new_tags',PropertyValues=['1'])", {"3", None}),
    ],
)
def test_choices_of_several_options_are_found_by_their_values(crm, add, function, expected):
    labels = [(1, "Red"), (2, "Green"), (3, "Blue")]
    options = [
        {"Value": v, "Label": {"LocalizedLabels": [{"Label": text, "LanguageCode": 1033}]}}
        for v, text in labels
    ]
    add("MultiSelectPicklist", "new_Tags", OptionSet={"Options": options})
    for tags in ("1", "1,2", "3", ""):
        crm.create("new_assets", new_tags=tags)
    found = crm.get(f"new_assets?$filter={CRM}.{function}", Prefer='odata.include-annotations="*"')[
        "value"
    ]
    assert {row["new_tags"] for row in found} == expected
    noted = {row.get("new_tags@OData.Community.Display.V1.FormattedValue") for row in found}
    assert noted == {
        {"1": "Red", "1,2": "Red; Green", "3": "Blue", None: None}[t] for t in expected
    }


@pytest.fixture
def plans(crm):
    account = crm.create("accounts", name="Contoso")
    for number in range(1, 6):
        bind = {"sk_accountid@odata.bind": f"/accounts({account})"} if number < 3 else {}
        crm.create(
            "sk_subscriptions",
            sk_name=f"Plan {number}",
            sk_quantity=number,
            sk_hold=number == 4,
            sk_offerid=None if number == 5 else "O'Hara",
            **bind,
        )
    return account


def fetch(crm, inner, top="", **headers):
    xml = f"<fetch {top}><entity name='sk_subscription'>{inner}</entity></fetch>"
    return crm.get(f"sk_subscriptions?fetchXml={quote(xml)}", **headers)


def numbers(answer):
    return [row["sk_quantity"] for row in answer["value"]]


CONDITIONS = [
    ("operator='eq' value='3'", [3]),
    ("operator='ne' value='3'", [1, 2, 4, 5]),
    ("operator='gt' value='3'", [4, 5]),
    ("operator='ge' value='4'", [4, 5]),
    ("operator='lt' value='2'", [1]),
    ("operator='le' value='2'", [1, 2]),
    ("operator='between'><value>2</value><value>3</value></condition><x", [2, 3]),
    ("operator='in'><value>2</value><value>5</value></condition><x", [2, 5]),
    ("operator='not-in'><value>2</value><value>5</value></condition><x", [1, 3, 4]),
    ("operator='null'", []),
    ("operator='not-null'", [1, 2, 3, 4, 5]),
]


@pytest.mark.usefixtures("plans")
@pytest.mark.parametrize(("condition", "expected"), CONDITIONS)
def test_fetch_xml_conditions_choose_rows(crm, condition, expected):
    written = f"<condition attribute='sk_quantity' {condition} />".replace("<x />", "")
    order = "<order attribute='sk_quantity' />"
    answer = fetch(crm, f"<attribute name='sk_quantity'/>{order}<filter>{written}</filter>")
    assert numbers(answer) == expected
    if expected:
        assert set(answer["value"][0]) == {"@odata.etag", "sk_quantity", "sk_subscriptionid"}


@pytest.mark.usefixtures("plans")
def test_fetch_xml_filters_nest_and_texts_are_matched(crm):
    inner = (
        "<order attribute='sk_quantity' descending='true' /><filter type='or'>"
        "<condition attribute='sk_hold' operator='eq' value='1' />"
        "<condition attribute='sk_offerid' operator='null' />"
        "<filter><condition attribute='sk_name' operator='like' value='plan _' />"
        "<condition attribute='sk_name' operator='ends-with' value='2' /></filter></filter>"
    )
    assert numbers(fetch(crm, inner)) == [5, 4, 2]
    starts = (
        "<filter><condition attribute='sk_name' operator='begins-with' value='PLAN' /></filter>"
    )
    assert len(numbers(fetch(crm, starts))) == 5
    lookups = "<filter><condition attribute='sk_accountid' operator='not-null' /></filter>"
    assert sorted(numbers(fetch(crm, lookups))) == [1, 2]
    assert numbers(fetch(crm, "<order attribute='sk_quantity' />", "top='2'")) == [1, 2]


@pytest.mark.usefixtures("plans")
def test_fetch_xml_pages_follow_their_cookie_as_the_python_sdk_does(crm):
    order = "<attribute name='sk_quantity'/><order attribute='sk_quantity' descending='true'/>"
    xml = f"<fetch count='2'><entity name='sk_subscription'>{order}</entity></fetch>"
    seen, more = [], True
    while more:
        answer = crm.get(f"sk_subscriptions?fetchXml={quote(xml)}", Prefer=NOTED)
        seen.append(numbers(answer))
        more = answer[f"@{CRM}.morerecords"]
        assert "@odata.nextLink" not in answer
        if more:
            found = ElementTree.fromstring(answer[f"@{CRM}.fetchxmlpagingcookie"])  # noqa: S314 - ours
            cookie = unquote(unquote(found.get("pagingcookie")))
            assert re.match(r'<cookie page="\d"><sk_subscriptionid last="\{', cookie)
            element = ElementTree.fromstring(xml)  # noqa: S314 - ours
            element.set("paging-cookie", cookie)
            element.set("page", found.get("pagenumber"))
            xml = ElementTree.tostring(element, encoding="unicode")
    assert seen == [[5, 4], [3, 2], [1]]


@pytest.mark.usefixtures("plans")
def test_fetch_xml_pages_go_by_number_alone_too(crm):
    order = "<order attribute='sk_quantity' />"
    assert numbers(fetch(crm, order, "count='2' page='2'")) == [3, 4]


@pytest.mark.parametrize(
    ("xml", "code"),
    [
        ("<fetch", "0x80041103"),
        ("<query/>", "0x0"),
        ("<fetch><entity name='account'/></fetch>", "0x0"),
        ("<fetch><entity name='sk_subscription'/><entity/></fetch>", "0x0"),
        ("<fetch aggregate='true'><entity name='sk_subscription'/></fetch>", "0x0"),
        ("<fetch><entity name='sk_subscription'><link-entity/></entity></fetch>", "0x0"),
        ("<fetch count='x'><entity name='sk_subscription'/></fetch>", "0x0"),
        ("<fetch><entity name='sk_subscription'><attribute name='no'/></entity></fetch>", "0x0"),
    ],
)
def test_fetch_xml_that_cannot_be_answered_is_refused(crm, xml, code):
    assert crm.refusal("GET", f"sk_subscriptions?fetchXml={quote(xml)}") == (400, code)


def sql(crm, text, **headers):
    return crm.get(f"sk_subscriptions?sql={quote(text)}", **headers)


SELECTS = [
    ("", [1, 2, 3, 4, 5]),
    ("WHERE sk_quantity = 3", [3]),
    ("where s.sk_quantity <> 3 and sk_quantity >= 2", [2, 4, 5]),
    ("WHERE sk_name LIKE 'plan [12]'", [1, 2]),
    ("WHERE sk_name NOT LIKE '%1'", [2, 3, 4, 5]),
    ("WHERE sk_quantity IN (1, 5) OR sk_hold = 1", [1, 4, 5]),
    ("WHERE NOT (sk_quantity NOT IN (1, 5))", [1, 5]),
    ("WHERE sk_offerid IS NULL", [5]),
    ("WHERE sk_offerid IS NOT NULL AND sk_offerid = 'o''hara'", [1, 2, 3, 4]),
    ("WHERE sk_quantity BETWEEN 2 AND 3", [2, 3]),
    ("WHERE [sk_accountid] IS NOT NULL", [1, 2]),
    ("WHERE statecode = 0 AND sk_quantity > -1 AND sk_unitprice IS NULL", [1, 2, 3, 4, 5]),
]


@pytest.mark.usefixtures("plans")
@pytest.mark.parametrize(("where", "expected"), SELECTS)
def test_a_select_chooses_rows(crm, where, expected):
    head = "SELECT s.sk_quantity, sk_name FROM sk_subscription AS s"
    answer = sql(crm, f"{head} {where} ORDER BY sk_quantity")
    assert numbers(answer) == expected
    assert set(answer["value"][0]) == {
        *("@odata.etag", "sk_quantity", "sk_name", "sk_subscriptionid")
    }


@pytest.mark.usefixtures("plans")
def test_a_select_orders_and_ends_at_its_top(crm):
    query = "SELECT TOP 2 sk_quantity FROM sk_subscription ORDER BY statecode ASC, sk_quantity DESC"
    answer = sql(crm, query)
    assert numbers(answer) == [5, 4]
    assert "@odata.nextLink" not in answer


@pytest.mark.usefixtures("plans")
def test_a_select_without_top_goes_on_by_next_link(crm):
    query = "SELECT sk_quantity FROM sk_subscription ORDER BY sk_quantity"
    answer, seen = sql(crm, query, Prefer="odata.maxpagesize=2"), []
    while True:
        seen += numbers(answer)
        if "@odata.nextLink" not in answer:
            break
        answer = crm.get(answer["@odata.nextLink"], Prefer="odata.maxpagesize=2")
    assert seen == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM sk_subscription",
        "SELECT sk_name FROM account",
        "SELECT sk_name FROM sk_subscription JOIN account ON 1 = 1",
        "SELECT sk_absent FROM sk_subscription",
        "SELECT sk_name FROM sk_subscription WHERE",
        "SELECT sk_name FROM sk_subscription WHERE sk_name = sk_offerid",
        "DELETE FROM sk_subscription",
        "SELECT sk_name FROM sk_subscription; SELECT 1",
    ],
)
def test_sql_that_cannot_be_answered_is_refused(crm, text):
    assert crm.refusal("GET", f"sk_subscriptions?sql={quote(text)}")[0] == 400
