"""`schema install` in a bare organisation: it makes everything, once, and can be run again."""

from decimal import Decimal

import pytest

from seatkeeper.checks import check
from sync.remote import Refused, SignInFailed, Unavailable
from tests.engine.opening import stage_in
from tests.engine.stage import Setting, cash, outcome_of
from tests.schema.installed import TABLES, bare, options, shape, with_tables

STEPS = 38


@pytest.fixture
def place():
    return bare()


@pytest.fixture(scope="module")
def done():
    """Return an organisation in which all was installed; tests only look at it."""
    made = bare()
    made.install()
    return made


@pytest.mark.parametrize("table", TABLES)
def test_an_installed_table_is_the_one_of_the_design(done, table):
    assert shape(done, table) == shape(with_tables(), table)


@pytest.mark.parametrize("table", TABLES)
def test_installed_options_are_those_of_the_design(done, table):
    reference = with_tables()
    for kind in ("Picklist", "State", "Status"):
        found, wanted = options(done, table, kind), options(reference, table, kind)
        unused = {2: ("Not used", 1, None)} if (table, kind) == ("sk_invoice", "Status") else {}
        assert {name: dict(sorted(one.items())) for name, one in found.items()} == {
            name: dict(sorted((one | unused).items())) for name, one in wanted.items()
        }


def test_one_pass_is_enough(done):
    assert len(done.told) == STEPS


def test_a_second_run_writes_nothing(done):
    mark = done.world.journal.last
    assert done.install().steps == ()
    assert done.writes_since(mark) == []


def test_nothing_is_ever_deleted(done):
    assert not [one for one in done.writes_since() if "DELETE" in one or "Delete" in one]


def test_what_is_made_becomes_a_part_of_the_solution_of_our_publisher(done):
    [solution] = done.sends(
        "GET", "solutions?$filter=uniquename eq 'seatkeeper'&$expand=publisherid"
    )["value"]
    assert solution["publisherid"]["customizationprefix"] == "sk"
    assert solution["publisherid"]["customizationoptionvalueprefix"] == 12631
    assert solution["description"] == "Seatkeeper's tables."


def test_the_role_has_what_each_table_needs_for_all_rows_and_no_more(done):
    [role] = done.sends("GET", "roles?$filter=name eq 'Seatkeeper'")["value"]
    path = f"roles({role['roleid']})/Microsoft.Dynamics.CRM.RetrieveRolePrivilegesRole()"
    held = done.sends("GET", path)["RolePrivileges"]
    assert {one["Depth"] for one in held} == {"Global"}
    names = {one["PrivilegeName"] for one in held}
    assert not [name for name in names if name.startswith(("prvDelete", "prvAssign", "prvShare"))]
    assert {name for name in names if "sk_subscription" in name} == {
        "prvReadsk_subscription",
        "prvWritesk_subscription",
        "prvAppendTosk_subscription",
        "prvCreatesk_subscription",  # `seatkeeper import` makes rows, with their lookups
        "prvAppendsk_subscription",
    }
    assert {name for name in names if name.endswith(("Account", "sk_provider"))} == {
        "prvReadAccount",
        "prvReadsk_provider",
        "prvAppendToAccount",
        "prvAppendTosk_provider",
    }
    assert "prvReadRecordAuditHistory" in names
    user = done.world.application_user_id
    answer = done.sends("GET", f"systemusers({user})/systemuserroles_association?$select=name")
    assert [one["name"] for one in answer["value"]] == ["Seatkeeper"]


def test_a_table_is_published_after_it_was_changed(done):
    writes = done.writes_since()
    published = max(n for n, one in enumerate(writes) if one == "POST PublishXml")
    changes = [n for n, one in enumerate(writes) if "EntityDefinitions" in one or "Value" in one]
    assert max(changes) < published


class Killed(BaseException):
    """The process ends here."""


def at(place, number, act):
    """Act when the step of that number is announced."""

    def tell(words):
        place.told.append(words)
        if len(place.told) == number:
            act()

    return tell


@pytest.mark.parametrize("drop", ["before_commit", "after_commit"])
@pytest.mark.parametrize("number", range(1, STEPS, 6))
def test_a_lost_answer_in_the_middle_is_overcome(place, drop, number):
    rule = {"service": "dataverse", "method": "POST", "path": "(?<!batch)$"}
    place.install(at(place, number, lambda: place.fails(**rule, times=1, drop=drop)))
    assert sum("Trying again" in one for one in place.told) == 1
    assert place.words() == []
    assert shape(place, "sk_subscription") == shape(with_tables(), "sk_subscription")


@pytest.mark.parametrize("number", range(2, STEPS, 7))
def test_a_run_that_died_in_the_middle_is_finished_by_the_next(place, number):
    def die():
        raise Killed

    with pytest.raises(Killed):
        place.install(at(place, number, die))
    left = place.words()
    assert left
    assert place.install().steps == ()
    assert any(words.startswith("publish account, sk_provider") for words in left)
    assert shape(place, "sk_invoice") == shape(with_tables(), "sk_invoice")


def test_what_an_unfinished_run_changed_is_published_by_the_next(place):
    place.install()
    [solution] = place.sends("GET", "solutions?$filter=uniquename eq 'seatkeeper'")["value"]
    told = {"description": "The installation of Seatkeeper's tables is under way."}
    place.sends("PATCH", f"solutions({solution['solutionid']})", told)
    assert place.words() == [
        f"publish {', '.join(TABLES)}",
        "note in solution seatkeeper that the installation has ended",
    ]


def test_trouble_that_stays_ends_the_run_with_its_name(place):
    place.fails(service="dataverse", method="POST", path="RelationshipDefinitions", status=503)
    with pytest.raises(Unavailable):
        place.install()
    assert sum("Trying again" in one for one in place.told) == 4
    place.fails()
    assert place.install().steps == ()


def test_a_throttled_run_waits_as_long_as_it_is_told(place):
    place.fails(
        service="dataverse", method="POST", path="roles$", status=429, retry_after=17, times=1
    )
    assert place.install().steps == ()
    assert 17 in place.effects.slept


def test_a_refusal_ends_the_run_at_once(place):
    place.fails(service="dataverse", method="POST", path="RelationshipDefinitions", status=400)
    with pytest.raises(Refused):
        place.install()
    assert len(place.told) == 10


def test_a_missing_privilege_is_a_matter_of_signing_in(place):
    place.fails(service="dataverse", method="POST", path="publishers", status=403)
    with pytest.raises(SignInFailed):
        place.install()


def test_keys_are_waited_for_until_they_can_be_used(place):
    place.world.settings.change({"key_index_seconds": 45})
    place.install()
    assert sum("waiting for alternate keys" in one for one in place.told) >= 4
    assert set(shape(place, "account")["keys"].values()) == {"Active"}


def test_keys_that_take_too_long_are_named(place):
    place.world.settings.change({"key_index_seconds": 4000})
    with pytest.raises(Unavailable, match=r"account .sk_customertenantid"):
        place.install()
    place.world.clock.advance(4000)
    assert place.install().steps == ()


def test_a_key_over_two_equal_values_is_named_and_built_when_they_differ():
    place = with_tables()
    keys = "EntityDefinitions(LogicalName='sk_provider')/Keys(LogicalName='sk_name_key')"
    place.sends("DELETE", keys)
    with place.world.acting("someone"):
        first, _ = (place.world.dataverse.insert("sk_provider", {"sk_name": "P"}) for _ in "12")
    with pytest.raises(Refused, match=r"sk_provider .sk_name.*Two rows hold the same value"):
        place.install()
    with place.world.acting("someone"):
        place.world.dataverse.update("sk_provider", first, {"sk_name": "Q"})
    assert place.words()[1] == "build alternate key sk_name_key of sk_provider again"
    assert place.install().steps == ()


def test_definitions_that_are_cached_for_a_while_do_no_harm(place):
    place.world.settings.change({"definition_cache_seconds": 30})
    assert place.install().steps == ()


def test_labels_are_in_the_language_of_the_environment(place):
    with place.world.acting("someone"):
        organisation = place.world.organisation_id
        place.world.dataverse.update("organization", organisation, {"languagecode": 1031})
    place.install()
    column = "EntityDefinitions(LogicalName='sk_invoice')/Attributes(LogicalName='sk_total')"
    [shown] = place.sends("GET", column)["DisplayName"]["LocalizedLabels"]
    assert (shown["Label"], shown["LanguageCode"]) == ("Total", 1031)


def test_tables_that_are_there_are_left_as_they_are():
    place = with_tables()
    before = {table: shape(place, table) for table in TABLES}
    place.install()
    assert {table: shape(place, table) for table in TABLES} == before
    assert not [one for one in place.writes_since() if "Definitions" in one]


# --- the whole story ----------------------------------------------------------------------------


def test_after_an_installation_check_finds_nothing_and_the_whole_story_runs(place):
    place.install()
    stage = stage_in(place.world, place.app, Setting())
    try:
        results = check(stage.application)
        assert [one.told for one in results if not one.ok] == []
        assert len(results) >= 9
        stage.runs()
        stage.on("2025-06-16")
        stage.edits(status="suspended")
        stage.runs()
        assert stage.licence()["status"] == "suspended"
        stage.on("2025-06-21")
        stage.edits(status="active")
        stage.runs()
        assert stage.kinds() == [("deactivation", -10), ("activation", 10)]
        assert [outcome_of(log) for log in stage.logs()] == ["provisioned", "provisioned"]
        assert stage.licence()["status"] == "active"
        assert stage.amounts() == cash("-58.33", "37.50")
        [issued] = stage.invoices_on("2025-07-01")
        assert issued.total == Decimal("104.17")
    finally:
        stage.application.close()


def test_a_bare_organisation_has_the_standard_tables_only(place):
    assert place.client.read(place.schema).tables.keys() == {"account"}
    assert "sk_customertenantid" not in shape(place, "account")["columns"]
    assert len(place.words()) == STEPS
