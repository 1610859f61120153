"""The Dataverse client against recorded answers."""

from datetime import date

import pytest

from sync.remote import (
    CREATE_ONLY,
    Condition,
    CursorExpired,
    Outcome,
    Read,
    ReadHistory,
    Write,
)
from tests.recorded import rows

COLUMNS = ("sk_name", "statecode", "statuscode", "sk_quantity")
SUSPENDED = {"statecode": 1, "statuscode": 2}


def five(world):
    for number in range(1, 6):
        world.dataverse.insert("sk_subscription", rows.subscription_row(number))


def walk(crm, link=None):
    pages = list(crm.pages("sk_subscriptions", COLUMNS, link))
    found = {row["sk_subscriptionid"]: row for page in pages for row in page.rows}
    return found, pages


def test_the_first_read_follows_every_page_and_ends_with_a_delta_link(stage):
    stage.prepare(five)
    found, pages = walk(stage.crm(page_size=2))
    assert set(found) == {rows.subscription(number) for number in range(1, 6)}
    assert [len(page.rows) for page in pages[:3]] == [2, 2, 1]
    assert pages[-1].delta_link.startswith(stage.names.origin)


def test_a_delta_tells_what_changed_and_what_was_deleted(stage):
    stage.prepare(five)
    crm = stage.crm()
    *_, first = walk(crm)[1]
    *_, idle = walk(crm, first.delta_link)[1]

    def change(world):
        world.dataverse.update("sk_subscription", rows.subscription(2), SUSPENDED)
        world.dataverse.delete("sk_subscription", rows.subscription(4))

    stage.prepare(change)
    found, pages = walk(crm, idle.delta_link)
    assert {row_id: row["statuscode"] for row_id, row in found.items()} == {rows.subscription(2): 2}
    assert [gone for page in pages for gone in page.deleted] == [rows.subscription(4)]


def test_an_expired_delta_link_is_told_apart_from_other_refusals(stage):
    stage.prepare(five)
    crm = stage.crm()
    *_, last = walk(crm)[1]
    stage.prepare(lambda world: world.clock.advance(8 * 86_400))
    with pytest.raises(CursorExpired):
        walk(crm, last.delta_link)


def test_the_context_of_a_subscription_travels_in_one_batch(stage):
    stage.prepare(lambda world: rows.lay_out(world, stage.names))
    subscription, absent, lines, history = stage.crm().read(
        [
            Read(
                set="sk_subscriptions",
                columns=COLUMNS,
                id=rows.subscription(),
                expand=(("sk_billingcontractid", ("sk_name",)),),
            ),
            Read(set="sk_subscriptions", columns=COLUMNS, id=rows.subscription(9)),
            Read(
                set="sk_invoicelines",
                columns=("sk_amount",),
                where=(
                    Condition(
                        column="_sk_subscriptionid_value", value=rows.subscription(), guid=True
                    ),
                ),
            ),
            ReadHistory(set="sk_subscriptions", id=rows.subscription()),
        ]
    )
    assert subscription.rows[0]["sk_billingcontractid"]["sk_name"] == "Cloud services"
    assert absent.rows == ()
    assert [str(row["sk_amount"]) for row in lines.rows] == ["125.0000"]
    assert [entry.operation for entry in history.history] == ["create"]


def provider(number, name):
    return Write(
        set="sk_providers",
        id=f"5ea70002-0000-4000-8000-{number:012d}",
        body={"sk_name": name, "sk_kind": 126310001},
        precondition=CREATE_ONLY,
    )


def test_a_change_set_creates_all_rows_and_never_twice(stage):
    crm = stage.crm()
    both = [provider(1, "One"), provider(2, "Two")]
    assert crm.write(both).outcome is Outcome.DONE
    again = crm.write([provider(3, "Three"), both[0]])
    assert (again.outcome, again.status) == (Outcome.PRECONDITION, 412)
    third = Read(set="sk_providers", columns=("sk_name",), id=provider(3, "").id)
    assert crm.read([third])[0].rows == ()


def test_an_update_holds_only_for_the_version_that_was_read(stage):
    stage.prepare(five)
    crm = stage.crm()
    read = Read(set="sk_subscriptions", columns=COLUMNS, id=rows.subscription(1))
    etag = crm.read([read])[0].rows[0]["@odata.etag"]

    def update(quantity):
        body = {"sk_quantity": quantity}
        return Write(set=read.set, id=read.id, body=body, precondition=etag)

    assert crm.write([update(11)]).outcome is Outcome.DONE
    stale = crm.write([update(12)])
    assert (stale.outcome, stale.status) == (Outcome.PRECONDITION, 412)
    assert crm.read([read])[0].rows[0]["sk_quantity"] == 11


def test_the_history_names_each_step_and_who_made_it(stage):
    stage.prepare(five)
    for body in (SUSPENDED, {"statecode": 0, "statuscode": 1}):
        stage.prepare(
            lambda world, body=body: world.dataverse.update(
                "sk_subscription", rows.subscription(1), body, by="Alex Wilber"
            )
        )
    (answer,) = stage.crm().read([ReadHistory(set="sk_subscriptions", id=rows.subscription(1))])
    steps = [(entry.old["statuscode"], entry.new["statuscode"]) for entry in answer.history[-2:]]
    assert steps == [(1, 2), (2, 1)]
    assert {entry.user_name for entry in answer.history[-2:]} == {"Alex Wilber"}


def test_the_metadata_names_tables_columns_and_options(stage):
    crm = stage.crm()
    facts = crm.tables(["sk_provider", "sk_absent"])
    assert set(facts) == {"sk_provider"}
    kind = facts["sk_provider"].columns["sk_kind"]
    assert kind.options == {126310000: "Automatic", 126310001: "Manual", 126310002: "Do Nothing"}
    organisation = crm.organisation(["sk_subscription", "sk_provider"])
    assert organisation.user_id == stage.names.application_user_id
    assert organisation.audited_tables == {"sk_subscription"}


def test_business_time_is_the_date_of_the_answer(stage):
    assert stage.crm().now().date() == date(2026, 6, 16)
