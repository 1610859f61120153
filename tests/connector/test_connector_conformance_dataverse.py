"""The Dataverse client against the sandbox, over every call the engine makes."""

from datetime import date
from uuid import uuid4

import pytest
import requests

from connector.auth import (
    dataverse_scope,
    token_source,
)
from connector.http import Http
from sync.remote import (
    CREATE_ONLY,
    UPDATE_ONLY,
    Comparison,
    Condition,
    CursorExpired,
    Outcome,
    Read,
    ReadHistory,
    Write,
)
from tests.connector.sandboxed import COLUMNS, ORIGIN, sign_in

TABLES = (
    "account",
    "sk_provider",
    "sk_billingcontract",
    "sk_subscription",
    "sk_changelog",
    "sk_invoice",
    "sk_invoiceline",
)
SUSPENDED = {"statecode": 1, "statuscode": 2}


def test_the_organisation_names_its_audited_tables(reach):
    found = reach.crm.organisation(TABLES)
    assert found.audited_tables == {"sk_subscription", "sk_changelog"}
    assert found.user_id == reach.world.identity.application_user_id


def test_the_metadata_of_all_tables_is_read(reach):
    facts = reach.crm.tables([*TABLES, "sk_absent"])
    assert set(facts) == set(TABLES)
    assert all(fact.change_tracking for fact in facts.values())
    status = facts["sk_subscription"].columns["statuscode"]
    assert status.options[126310000] == "Paused"
    assert facts["sk_invoiceline"].set == "sk_invoicelines"
    assert facts["sk_changelog"].columns["sk_kind"].options[126310002] == "Deactivation"


def walk(reach, link=None):
    pages = list(reach.crm.pages("sk_subscriptions", COLUMNS, link))
    return [row for page in pages for row in page.rows], pages


def test_a_full_walk_then_changes_then_nothing(reach):
    rows, pages = walk(reach)
    assert len(pages) > 3
    assert {row["sk_subscriptionid"] for row in rows} == {
        row["sk_subscriptionid"] for row in reach.rows("sk_subscriptionid")
    }
    assert all({"@odata.etag", "versionnumber", "sk_name"} <= row.keys() for row in rows)
    chosen = next(row for row in rows if row["statuscode"] == 1)
    change = Write(
        set="sk_subscriptions",
        id=chosen["sk_subscriptionid"],
        body=SUSPENDED,
        precondition=chosen["@odata.etag"],
    )
    # What the walk read last may come again: the link may stand at the walk's start.
    _, (*_, idle) = walk(reach, pages[-1].delta_link)
    assert reach.crm.write([change]).outcome is Outcome.DONE
    ((changed,), found) = walk(reach, idle.delta_link)
    assert (changed["sk_subscriptionid"], changed["statuscode"]) == (chosen["sk_subscriptionid"], 2)
    before = len(reach.seen("GET"))
    assert walk(reach, found[-1].delta_link)[0] == []
    assert len(reach.seen("GET")) == before + 1


def test_a_deletion_is_told_by_id(reach):
    line_id = str(uuid4())
    columns = ("sk_name",)
    assert (
        reach.crm.write(
            [Write(set="sk_providers", id=line_id, body={"sk_name": "x"}, precondition=CREATE_ONLY)]
        ).outcome
        is Outcome.DONE
    )
    *_, last = reach.crm.pages("sk_providers", columns, None)
    *_, last = reach.crm.pages("sk_providers", columns, last.delta_link)
    delete(reach, f"sk_providers({line_id})")
    *_, last = reach.crm.pages("sk_providers", columns, last.delta_link)
    assert list(last.deleted) == [line_id]


def delete(reach, path):
    effects = reach.effects
    http = Http(effects, None, {"https://": reach.adapter})
    token = token_source(sign_in(reach.world, dataverse_scope(ORIGIN)), http, effects).token()
    with requests.Session() as session:
        session.mount("https://", reach.adapter)
        answer = session.delete(
            f"{ORIGIN}/api/data/v9.2/{path}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=5,
        )
    assert answer.status_code == 204, answer.text


def test_a_link_of_another_world_is_expired(reach):
    link = walk(reach)[1][-1].delta_link
    reach.control("reset", {"scenario": "demo"})
    with pytest.raises(CursorExpired):
        walk(reach, link)


def test_reads_of_every_kind_share_one_batch(reach):
    some = reach.rows("sk_subscriptionid", "statuscode")[0]
    condition = Condition(column="sk_quantity", comparison=Comparison.GE, value=1)
    before = len(reach.seen("POST"))
    by_id, absent, many, history = reach.crm.read(
        [
            Read(
                set="sk_subscriptions",
                columns=COLUMNS,
                id=some["sk_subscriptionid"],
                expand=(("sk_billingcontractid", ("sk_name",)),),
            ),
            Read(set="sk_subscriptions", columns=COLUMNS, id=str(uuid4())),
            Read(
                set="sk_subscriptions",
                columns=COLUMNS,
                where=(condition,),
                order_by=("sk_name desc",),
                top=2,
            ),
            ReadHistory(set="sk_subscriptions", id=some["sk_subscriptionid"]),
        ]
    )
    assert len(reach.seen("POST")) == before + 1
    assert by_id.rows[0]["sk_billingcontractid"]["sk_name"]
    assert absent.rows == ()
    assert len(many.rows) == 2
    assert many.rows[0]["sk_name"] >= many.rows[1]["sk_name"]
    assert history.history == tuple(sorted(history.history, key=lambda entry: entry.at))


def test_the_history_tells_each_step_between_two_polls(reach):
    row_id = reach.rows("statuscode", where=(Condition(column="statuscode", value=1),))[0][
        "sk_subscriptionid"
    ]
    for body in (SUSPENDED, {"statecode": 0, "statuscode": 1}):
        write = Write(set="sk_subscriptions", id=row_id, body=body, precondition=UPDATE_ONLY)
        assert reach.crm.write([write]).outcome is Outcome.DONE
    (answer,) = reach.crm.read([ReadHistory(set="sk_subscriptions", id=row_id)])
    there, back = answer.history[-2:]
    assert (there.old["statuscode"], there.new["statuscode"]) == (1, 2)
    assert (back.old["statuscode"], back.new["statuscode"]) == (2, 1)
    assert there.user_id == reach.world.identity.application_user_id
    assert len({there.id, back.id}) == 2


def provider(name, row_id=None, precondition=CREATE_ONLY):
    return Write(
        set="sk_providers",
        id=row_id or str(uuid4()),
        body={"sk_name": name},
        precondition=precondition,
    )


def there(reach, write):
    return reach.crm.read([Read(set=write.set, columns=("sk_name",), id=write.id)])[0].rows


def test_a_change_set_is_all_or_nothing(reach):
    first, second = provider("a"), provider("b")
    assert reach.crm.write([first, second]).outcome is Outcome.DONE
    again = provider("c")
    result = reach.crm.write([again, first])
    assert result.outcome is Outcome.PRECONDITION
    assert there(reach, again) == ()


def test_an_alternate_key_that_is_taken_is_refused_with_advice(reach):
    assert reach.crm.write([provider("same")]).outcome is Outcome.DONE
    result = reach.crm.write([provider("same")])
    assert result.outcome is Outcome.REFUSED
    assert "key" in result.message


def test_an_update_of_a_row_that_is_gone_is_a_failed_precondition(reach):
    assert (
        reach.crm.write([provider("x", precondition=UPDATE_ONLY)]).outcome is Outcome.PRECONDITION
    )


def test_a_mismatch_of_status_and_reason_is_refused(reach):
    row_id = reach.rows()[0]["sk_subscriptionid"]
    body = {"statecode": 0, "statuscode": 2}
    write = Write(set="sk_subscriptions", id=row_id, body=body, precondition=UPDATE_ONLY)
    result = reach.crm.write([write])
    assert (result.outcome, result.code) == (Outcome.REFUSED, "0x80048408")


@pytest.mark.parametrize("single", [True, False], ids=["a single write", "a change set"])
@pytest.mark.parametrize(
    ("fault", "outcome", "written"),
    [
        ({"drop": "before_commit"}, Outcome.AMBIGUOUS, False),
        ({"drop": "after_commit"}, Outcome.AMBIGUOUS, True),
        ({"delay_seconds": 999}, Outcome.AMBIGUOUS, True),
        ({"status": 429, "retry_after": 4}, Outcome.RETRY, False),
        ({"status": 500}, Outcome.AMBIGUOUS, False),
    ],
)
def test_a_write_that_meets_trouble_never_claims_more_than_it_knows(
    reach, fault, outcome, written, single
):
    writes = [provider("a")] if single else [provider("a"), provider("b")]
    method, path = ("PATCH", "sk_providers") if single else ("POST", "batch")
    reach.crm.now()
    reach.fault(service="dataverse", method=method, path=path, times=1, **fault)
    assert reach.crm.write(writes).outcome is outcome
    assert bool(there(reach, writes[0])) is written


def test_a_read_survives_passing_trouble(reach):
    reach.fault(service="dataverse", method="GET", path="sk_subscriptions", times=2, status=503)
    assert reach.rows()
    reach.fault(
        service="dataverse", method="GET", path="sk_subscriptions", times=2, drop="after_commit"
    )
    assert reach.rows()


def test_business_time_follows_the_clock_of_the_sandbox(reach):
    reach.control("clock", {"now": "2031-01-02T03:04:05Z"})
    assert reach.crm.now().date() == date(2031, 1, 2)


def test_a_new_token_is_fetched_in_the_middle_of_a_page_walk(reach):
    whole = [page.rows for page in reach.crm.pages("sk_subscriptions", COLUMNS, None)]
    pages = reach.crm.pages("sk_subscriptions", COLUMNS, None)
    met = [next(pages).rows]
    asked = len(sign_ins(reach))
    reach.fault(service="dataverse", method="GET", path="sk_subscriptions", times=1, status=401)
    met += [page.rows for page in pages]
    assert met == whole
    assert len(sign_ins(reach)) == asked + 1


def sign_ins(reach):
    return [e for e in reach.seen("POST") if e["service"] == "sign_in"]
