"""The role that `schema install` makes is enough for everything Seatkeeper does, and no more."""

import pytest

from sandbox.in_process import open_world
from seatkeeper.check_rights import judge_rights
from sync.importing import Wanted, run_import
from sync.remote import SignInFailed
from tests.drift.listening import sweeps
from tests.engine.opening import stage_in
from tests.engine.stage import Setting, kind_of, outcome_of
from tests.schema.installed import Place


@pytest.fixture
def held():
    """Return a stage whose daemon may do only what its role says, and the place of its tables."""
    world, app = open_world("empty")
    place = Place(world, app)
    place.install()
    stage = stage_in(world, app, Setting())
    world.settings.change({"enforce_roles": True})
    stage.runs()
    yield stage, place
    stage.application.close()


def takes_away(place, privilege):
    """Take a privilege from the role, as an administrator."""
    world = place.world
    (row,) = [
        one
        for one in world.dataverse.rows("roleprivileges")
        if one["name"].lower() == privilege.lower()
    ]
    with world.acting(world.identity.person_id):
        world.dataverse.delete("roleprivileges", row["roleprivilegesid"])


def installs_again(place):
    """Run `schema install` again, as an administrator would have it do."""
    place.world.settings.change({"enforce_roles": False})
    place.install()
    place.world.settings.change({"enforce_roles": True})


def test_the_story_of_a_subscription_runs_with_the_role_alone(held):
    stage, _ = held
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    stage.runs()
    stage.on("2025-06-21")
    stage.edits(status="active")
    assert stage.runs().failures == []
    assert [kind_of(one) for one in stage.logs()] == ["deactivation", "activation"]
    assert {outcome_of(one) for one in stage.logs()} == {"provisioned"}
    assert len(stage.lines()) == 2
    stage.on("2025-07-01")
    assert [one.number for one in stage.invoices_on("2025-07-01")] == ["INV-2025-0001"]
    assert stage.parked_codes() == []
    refused = [one for one in stage.world.journal.since(0) if one.status == 403]
    assert refused == []


def test_every_right_is_seen_by_check_and_those_that_are_taken_away_are_named(held):
    _, place = held
    (found,) = judge_rights(place.schema, place.client.rights(), frozenset(place.schema.tables))
    assert found.ok
    takes_away(place, "prvAppendsk_changelog")
    takes_away(place, "prvWritesk_invoice")
    takes_away(place, "prvReadRecordAuditHistory")
    first, second, third = judge_rights(
        place.schema, place.client.rights(), frozenset(place.schema.tables)
    )
    assert "append (prvAppendsk_changelog)" in first.told
    assert "write (prvWritesk_invoice)" in second.told
    assert "prvReadRecordAuditHistory" in third.told


@pytest.mark.parametrize("right", ["Create", "Append"])
def test_a_role_without_a_right_to_change_logs_can_write_none(held, right):
    stage, place = held
    takes_away(place, f"prv{right}sk_changelog")
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    (failure,) = stage.runs().failures
    assert f"prv{right}sk_changelog" in str(failure)
    assert stage.logs() == []


@pytest.fixture
def bought(held):
    """Return the stage, with a licence listed that Dynamics does not know, and the place."""
    stage, place = held
    stage.sound = stage.buys(quantity=7)
    sweeps(stage)
    return stage, place


@pytest.mark.parametrize(("status", "seats"), [("active", 7), ("suspended", 0)])
def test_a_licence_is_imported_with_the_role_alone(bought, status, seats):
    stage, _ = bought
    if status == "suspended":
        stage.world.partner_center.change_by_hand(stage.sound, {"status": status})
    mark = stage.mark
    (made,) = run_import(stage.application.engine, Wanted(licences=(stage.sound,)))
    assert (made.done, made.refused) == ("made", "")
    assert stage.runs().failures == []
    assert stage.kinds(made.row) == [("new", seats)]
    assert [one for one in stage.world.journal.since(mark) if one.status == 403] == []


IMPORTS = [
    ("Create", "sk_subscription"),
    ("Append", "sk_subscription"),
    ("AppendTo", "account"),
    ("AppendTo", "sk_billingcontract"),
    ("AppendTo", "sk_provider"),
]


def test_an_import_without_a_right_makes_nothing_and_check_names_the_right(bought):
    stage, place = bought
    tables = frozenset(place.schema.tables)
    wanted = Wanted(licences=(stage.sound,))
    for right, table in IMPORTS:
        named = f"prv{right}{table}"
        takes_away(place, named)
        with pytest.raises(SignInFailed, match=f"(?i){named} privilege"):
            run_import(stage.application.engine, wanted)
        assert len(stage.table("sk_subscription")) == 1
        (found,) = judge_rights(place.schema, place.client.rights(), tables)
        assert (found.ok, found.what) == (False, f"rights to {table}")
        assert f"({named})" in found.told
        installs_again(place)
    (again,) = run_import(stage.application.engine, wanted)
    assert again.done == "made"
    assert len(stage.table("sk_subscription")) == 2


def test_a_user_without_the_role_may_read_nothing(held):
    stage, place = held
    world = place.world
    with world.acting(world.identity.person_id):
        for one in list(world.dataverse.rows("systemuserroles")):
            world.dataverse.delete("systemuserroles", one["systemuserrolesid"])
    with pytest.raises(SignInFailed, match="privilege"):
        place.client.rights()
    with pytest.raises(SignInFailed, match="prvReadsk_changelog"):
        stage.runs()
