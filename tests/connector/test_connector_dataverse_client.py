"""Reading rows, history and metadata: requests sent, answers understood."""

import pytest
import requests

from connector.errors import NoAnswer
from sync.remote import (
    UPDATE_ONLY,
    NotFound,
    ReadHistory,
    Refused,
    SignInFailed,
    Unavailable,
    Write,
)
from tests.connector.dataverse_answers import (
    ID,
    MANY,
    ONE,
    OTHER,
    client_of,
    error,
    multipart,
)
from tests.connector.scripted import (
    DATAVERSE,
    Scripted,
    Told,
    at,
    example,
    refused,
    told,
)

# --- reading -----------------------------------------------------------------------------------


def test_one_read_is_one_get_with_the_headers_that_learn_asks_for():
    adapter = Scripted([told({"name": "Litware"})])
    client_of(adapter).read([ONE])
    assert adapter.urls() == [f"GET /api/data/v9.2/accounts({ID})?$select=name,revenue"]
    sent = adapter.requests[0].headers
    assert (sent["OData-Version"], sent["If-None-Match"]) == ("4.0", "null")
    assert sent["Authorization"] == "Bearer token"
    assert sent["x-ms-client-request-id"] == sent["x-ms-correlation-id"] != ""


def test_money_is_read_exactly():
    adapter = Scripted([Told(body=example("dataverse/04-money-select.response.json"))])
    (answer,) = client_of(adapter).read([MANY])
    assert str(answer.rows[0]["revenue"]) == "20000.0000"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("13-prevent-create-404.response.json", id="by id, without a code"),
        pytest.param("16-altkey-notfound-404.captured.json", id="by key"),
    ],
)
def test_a_row_that_is_not_there_answers_without_rows(body):
    adapter = Scripted([Told(404, example(f"dataverse/{body}"))])
    assert client_of(adapter).read([ONE])[0].rows == ()


def test_a_table_that_is_not_there_is_an_error_even_by_id():
    adapter = Scripted([Told(404, example("dataverse/17-segment-404.response.json"))])
    with pytest.raises(NotFound, match="mappings"):
        client_of(adapter).read([ONE])


def test_several_reads_share_one_batch_and_answer_in_order():
    parts = [(200, {"name": "a"}), (404, error("0x80040217")), (200, {"value": [{"name": "b"}]})]
    adapter = Scripted([multipart(*parts)])
    answers = client_of(adapter).read([ONE, ONE, MANY])
    assert [[row["name"] for row in answer.rows] for answer in answers] == [["a"], [], ["b"]]
    assert adapter.urls() == ["POST /api/data/v9.2/$batch"]
    assert adapter.requests[0].headers["Prefer"] == "odata.continue-on-error"
    assert b"GET /api/data/v9.2/accounts(" in adapter.requests[0].body


def test_more_reads_than_a_batch_holds_are_sent_in_chunks_in_order():
    def answer(request):
        asked = request.body.count(b"GET /api")
        return multipart(*[(200, {"name": asked})] * asked)

    adapter = Scripted(answer)
    answers = client_of(adapter).read([ONE] * 250)
    assert [answer.rows[0]["name"] for answer in answers] == [100] * 200 + [50] * 50
    assert len(adapter.requests) == 3


def test_a_batch_of_reads_is_repeated_after_a_passing_trouble():
    good = multipart((200, {}), (200, {}))
    adapter = Scripted([refused(503), requests.ReadTimeout(), good])
    assert len(client_of(adapter).read([ONE, ONE])) == 2


def test_a_batch_that_answers_too_little_is_unavailable():
    with pytest.raises(Unavailable, match="1 of 2"):
        client_of(Scripted([multipart((200, {}))])).read([ONE, ONE])


def test_a_batch_that_is_refused_as_a_whole_says_why():
    body = example("dataverse/23-batch-error-default-400.response.http").split(b"\r\n\r\n", 1)[1]
    boundary = "batchresponse_156da4b8-cd2c-4862-a911-4aaab97c001a"
    kind = {"Content-Type": f"multipart/mixed; boundary={boundary}"}
    with pytest.raises(Refused, match="validation error"):
        client_of(Scripted([Told(400, body, kind)])).read([ONE, ONE])


def test_a_query_with_more_pages_is_answered_whole():
    next_link = f"{DATAVERSE}/api/data/v9.2/accounts?$skiptoken=%3Ca%3E"
    adapter = Scripted(
        [told({"value": [{"n": 1}], "@odata.nextLink": next_link}), told({"value": [{"n": 2}]})]
    )
    (answer,) = client_of(adapter).read([MANY])
    assert [row["n"] for row in answer.rows] == [1, 2]
    assert adapter.urls()[1] == "GET /api/data/v9.2/accounts?$skiptoken=%3Ca%3E"


def test_no_reads_are_no_request():
    assert client_of(Scripted([])).read([]) == ()


def test_a_missing_privilege_is_a_failed_sign_in_with_advice():
    adapter = Scripted([refused(403, "0x80040220", "prvReadsk_line")])
    with pytest.raises(SignInFailed, match="security role") as caught:
        client_of(adapter).read([ONE])
    assert caught.value.code == "0x80040220"
    assert adapter.requests[0].headers["x-ms-client-request-id"] in str(caught.value)


def test_a_throttled_read_that_stays_throttled_tells_the_wait():
    adapter = Scripted([refused(429, "0x80072322", Retry_After="300")])
    with pytest.raises(Unavailable) as caught:
        client_of(adapter).read([ONE])
    assert caught.value.retry_after_seconds == 300.0


# --- history -----------------------------------------------------------------------------------


def detail(number, at_time, old, new, kind="AttributeAuditDetail"):
    return {
        "@odata.type": f"#Microsoft.Dynamics.CRM.{kind}",
        "OldValue": {"@odata.type": "#x", "statuscode": old, "statuscode@F": "label"},
        "NewValue": {"@odata.type": "#x", "statuscode": new},
        "AuditRecord": {
            "auditid": f"AAAAAAAA-0000-0000-0000-{number:012d}",
            "createdon": at_time,
            "operation": 2,
            "_userid_value": OTHER.upper(),
            "_userid_value@OData.Community.Display.V1.FormattedValue": "Ann",
        },
    }


def history(details, *, more=False, cookie=""):
    found = {"MoreRecords": more, "PagingCookie": cookie, "AuditDetails": details}
    return {"AuditDetailCollection": found}


def test_history_is_told_oldest_first_and_only_of_columns():
    newest_first = [
        detail(3, "2025-06-16T12:00:05Z", 2, 1),
        detail(2, "2025-06-16T12:00:05Z", 1, 2, kind="ShareAuditDetail"),
        detail(1, "2025-06-16T12:00:05Z", 1, 2),
    ]
    adapter = Scripted([told(history(newest_first))])
    (answer,) = client_of(adapter).read([ReadHistory(set="sk_subscriptions", id=ID)])
    assert [entry.id[-1] for entry in answer.history] == ["1", "3"]
    first = answer.history[0]
    assert (first.old, first.new) == ({"statuscode": 1}, {"statuscode": 2})
    assert (first.at, first.operation) == (at("2025-06-16T12:00:05Z"), "update")
    assert (first.user_id, first.user_name) == (OTHER, "Ann")


def test_history_without_the_record_of_a_change_is_no_history():
    """Learn says that AuditRecord may be left out; then nobody can tell when and by whom."""
    known, bare = detail(1, "2025-06-16T12:00:05Z", 1, 2), detail(2, "", 2, 1)
    del bare["AuditRecord"]
    adapter = Scripted([told(history([bare, known]))])
    (answer,) = client_of(adapter).read([ReadHistory(set="sk_subscriptions", id=ID)])
    assert answer.history is None


def test_history_of_several_pages_is_followed_by_cookie():
    adapter = Scripted(
        [
            told(history([detail(2, "2025-06-16T12:00:05Z", 2, 1)], more=True, cookie="<c>")),
            told(history([detail(1, "2025-06-16T12:00:01Z", 1, 2)])),
        ]
    )
    (answer,) = client_of(adapter).read([ReadHistory(set="sk_subscriptions", id=ID)])
    assert [entry.id[-1] for entry in answer.history] == ["1", "2"]
    assert "%22PagingCookie%22%3A%22%3Cc%3E%22" in adapter.urls()[1]


# --- about the environment ---------------------------------------------------------------------


def test_the_organisation_is_asked_for_in_one_request():
    parts = [
        (200, {"OrganizationId": ID.upper(), "UserId": OTHER}),
        (200, {"value": [{"isauditenabled": True}]}),
        (200, {"LogicalName": "sk_subscription", "IsAuditEnabled": {"Value": True}}),
        (200, {"LogicalName": "account", "IsAuditEnabled": {"Value": False}}),
        (404, error("0x80060888")),
    ]
    adapter = Scripted([multipart(*parts)])
    found = client_of(adapter).organisation(["sk_subscription", "account", "absent"])
    assert (found.id, found.user_id) == (ID, OTHER)
    assert found.audited_tables == {"sk_subscription"}
    assert len(adapter.requests) == 1


def test_no_table_is_audited_where_the_organisation_is_not():
    parts = [
        (200, {"OrganizationId": ID, "UserId": OTHER}),
        (200, {"value": [{"isauditenabled": False}]}),
        (200, {"LogicalName": "t", "IsAuditEnabled": {"Value": True}}),
    ]
    assert (
        client_of(Scripted([multipart(*parts)])).organisation(["t"]).audited_tables == frozenset()
    )


def test_tables_are_read_with_columns_and_choices_and_absent_ones_left_out():
    described = {
        "LogicalName": "sk_subscription",
        "EntitySetName": "sk_subscriptions",
        "ChangeTrackingEnabled": True,
        "IsAuditEnabled": {"Value": True},
        "Attributes": [
            {"LogicalName": "statuscode", "AttributeType": "Status", "IsValidForUpdate": True},
            {"LogicalName": "createdon", "AttributeType": "DateTime", "IsValidForUpdate": False},
        ],
    }
    option = {"Value": 126310000, "Label": {"UserLocalizedLabel": {"Label": "Paused"}}}
    choices = {"value": [{"LogicalName": "statuscode", "OptionSet": {"Options": [option]}}]}
    nothing = {"value": []}
    absent = [(404, error("0x80040217"))] * 4
    parts = [*absent, (200, described), (200, nothing), (200, nothing), (200, choices)]
    adapter = Scripted([multipart(*parts)])
    facts = client_of(adapter).tables(["absent", "sk_subscription"])
    assert list(facts) == ["sk_subscription"]
    fact = facts["sk_subscription"]
    assert (fact.set, fact.change_tracking, fact.auditing) == ("sk_subscriptions", True, True)
    assert fact.columns["statuscode"].options == {126310000: "Paused"}
    assert not fact.columns["createdon"].writable


def test_business_time_is_asked_for_when_nothing_was_asked_before():
    adapter = Scripted([told({"UserId": ID})])
    client = client_of(adapter)
    assert client.now() == client.now() == at("2025-06-16T12:00:00Z")
    assert adapter.urls() == ["GET /api/data/v9.2/WhoAmI()"]


def test_an_error_shows_the_kind_of_trouble():
    adapter = Scripted([requests.ReadTimeout()] * 4)
    with pytest.raises(NoAnswer, match="no answer within the time limit"):
        client_of(adapter).read([ONE])


def test_update_only_means_any_version():
    adapter = Scripted([Told(204)])
    client_of(adapter).write([Write(set="t", id=ID, body={}, precondition=UPDATE_ONLY)])
    assert adapter.requests[0].headers["If-Match"] == "*"
    assert adapter.requests[0].headers["If-None-Match"] == "null"
