"""`mapping test`: the tests in the files hold, or are told with file and line."""

import pytest
import yaml

from seatkeeper.mapping_folder import open_folder, open_mappings, read_folder, shipped, trials_of
from sync.mapping_trials import run_trials
from tests.mappings.second_tenant import EXAMPLE
from tests.wiring.written import change, findings, own_mappings


@pytest.fixture
def mine(tmp_path):
    return own_mappings(tmp_path)


def failed(entity, **test):
    """Run one test against a shipped entity; return where it fails and why."""
    found = run_trials(open_mappings(None).entity(entity), [{"name": "a test", **test}])
    return [(".".join(map(str, one.path[2:])), one.told) for one in found]


@pytest.mark.parametrize("folder", [shipped(), EXAMPLE], ids=["shipped", "work365-native"])
def test_the_tests_of_the_shipped_files_hold(command, folder):
    code, said = command("mapping", "test", "--mappings", folder)
    assert code == 0, said
    found = open_folder(folder)
    count = sum(len(trials_of(found, name)) for name in read_folder(found).entities)
    assert count >= 8
    assert f"{count} tests, 0 failed." in said


def test_a_test_that_does_not_hold_is_told_with_its_file_and_line_and_exit_code_1(command, mine):
    path = mine / "subscription.yaml"
    text = path.read_text(encoding="utf-8").replace(
        "expect: {status: paused", "expect: {status: active"
    )
    path.write_text(text, encoding="utf-8")
    code, said = command("mapping", "test", "--mappings", mine)
    assert code == 1
    [line] = [n for n, one in enumerate(text.splitlines(), 1) if "expect: {status: active" in one]
    assert (
        f"{path}:{line}: tests.0.expect.status: a row is read: status is paused, not active" in said
    )
    assert "8 tests, 1 failed." in said


ROW = {"statecode": 0, "statuscode": 1, "sk_quantity": 10, "sk_autorenew": True}


@pytest.mark.parametrize(
    ("test", "where", "told"),
    [
        ({"dataverse": ROW, "expect": {"quantity": 11}}, "expect.quantity", "is 10, not 11"),
        ({"dataverse": ROW, "expect": {"hold": True}}, "expect.hold", "not in what was given"),
        (
            {"dataverse": {"sk_quantity": None}, "expect": {"quantity": 1}},
            "expect.quantity",
            "empty",
        ),
        ({"dataverse": {"sk_quantity": "x"}, "expect": {}}, "", "column sk_quantity holds 'x'"),
        ({"partner_center": {"quantity": "x"}, "expect": {}}, "", "does not fit the type"),
        ({"partner_center": {"quantity": 3}, "expect": {"quantity": 4}}, "expect.quantity", "is 3"),
        (
            {"dataverse": ROW, "partner_center": {"quantity": 3}, "differences": {}},
            "differences",
            "quantity differs: crm 10, partner_center 3; none is expected",
        ),
        (
            {
                "dataverse": ROW,
                "partner_center": {"quantity": 3},
                "differences": {"quantity": {"crm": 10, "partner_center": 4}},
            },
            "differences.quantity",
            "quantity differs: crm 10, partner_center 3",
        ),
        (
            {
                "dataverse": ROW,
                "partner_center": {"quantity": 10},
                "differences": {"quantity": {"crm": 10, "partner_center": 3}},
            },
            "differences.quantity",
            "quantity does not differ",
        ),
    ],
)
def test_what_is_found_instead_is_told(test, where, told):
    [(place, sentence)] = failed("subscription", **test)
    assert place == where
    assert told in sentence


BOTH = {"dataverse": {"sk_quantity": 12, "sk_autorenew": True}}
BOTH["partner_center"] = {"quantity": 11, "autoRenewEnabled": False}


@pytest.mark.parametrize(
    ("base", "courses"),
    [
        (None, {"quantity": "reported", "auto_renew": "reported"}),
        (
            {"quantity": 12, "auto_renew": True},
            {"quantity": "to_crm", "auto_renew": "to_crm"},
        ),
        (
            {"quantity": 11, "auto_renew": False},
            {"quantity": "to_partner_center", "auto_renew": "to_partner_center"},
        ),
        (
            {"quantity": {"crm": 12, "partner_center": 11}, "auto_renew": True},
            {"quantity": "nothing", "auto_renew": "to_crm"},
        ),
        (
            {"quantity": {"crm": 12, "partner_center": 11}, "auto_renew": True},
            {"auto_renew": "to_crm"},
        ),
    ],
    ids=["first seen", "there", "here", "as they were, and named", "as they were"],
)
def test_rule_5_1_the_course_of_each_field_is_that_of_the_daemon(base, courses):
    told = {} if base is None else {"base": base}
    assert failed("subscription", **BOTH, **told, courses=courses) == []
    for name in courses:
        wrong = {**courses, name: "conflict"}
        [(place, sentence)] = failed("subscription", **BOTH, **told, courses=wrong)
        assert place == f"courses.{name}"
        assert sentence.startswith(f"{name} is {courses[name]}: ")


@pytest.mark.parametrize(
    ("courses", "where", "told"),
    [
        ({"auto_renew": "to_crm"}, "courses", "quantity is to_crm: changed at Partner Center"),
        (
            {"auto_renew": "to_crm", "quantity": "to_crm", "term_end": "to_crm"},
            "courses.term_end",
            "term_end is not compared",
        ),
    ],
    ids=["a field that is not named", "a field that is not there"],
)
def test_a_course_that_was_not_expected_is_told(courses, where, told):
    base = {"quantity": 12, "auto_renew": True}
    [(place, sentence)] = failed("subscription", **BOTH, base=base, courses=courses)
    assert place == where
    assert told in sentence


@pytest.mark.parametrize(
    ("row", "resource", "differing"),
    [
        ({"statecode": 0, "statuscode": 126310000}, {"status": "suspended"}, {}),
        ({"statecode": 1, "statuscode": 2}, {"status": "Suspended"}, {}),
        ({"statecode": 1, "statuscode": 126310001}, {"status": "deleted"}, {}),
        (
            {"statecode": 0, "statuscode": 1},
            {"status": "suspended"},
            {"status": {"crm": "active", "partner_center": "suspended"}},
        ),
        ({"sk_termenddate": "2026-01-31"}, {"commitmentEndDate": "2026-01-31T23:59:59Z"}, {}),
        (
            {"sk_autorenew": True},
            {"autoRenewEnabled": False},
            {"auto_renew": {"crm": True, "partner_center": False}},
        ),
    ],
)
def test_rule_5_2_choices_are_compared_in_the_words_of_partner_center(row, resource, differing):
    given = {"dataverse": row, "partner_center": resource}
    assert failed("subscription", **given, differences=differing) == []
    wrong = {} if differing else {"quantity": {"crm": 1, "partner_center": 2}}
    assert failed("subscription", **given, differences=wrong)


@pytest.mark.parametrize(
    ("tests", "field", "told"),
    [
        ({}, "tests", "this must be a list"),
        (["x"], "tests.0", "this must be a mapping"),
        ([{"name": "a", "partner_center": {}}], "tests.0", "nothing is expected"),
        ([{"name": "a", "expect": {}}], "tests.0", "nothing is given"),
        ([{"dataverse": {}, "expect": {}}], "tests.0.name", "a name is missing"),
        ([{"name": "a", "dataverse": [], "expect": {}}], "tests.0.dataverse", "must be a mapping"),
        ([{"name": "a", "dataverse": {}, "expct": {}, "expect": {}}], "tests.0.expct", "'expect'?"),
        (
            [{"name": "a", "dataverse": {}, "expect": {"quantty": 1}}],
            "tests.0.expect.quantty",
            "Did you mean 'quantity'?",
        ),
        (
            [{"name": "a", "dataverse": {}, "differences": {}}],
            "tests.0.differences",
            "one side is missing",
        ),
        (
            [{"name": "a", "partner_center": {}, "courses": {}}],
            "tests.0.courses",
            "one side is missing",
        ),
        (
            [{"name": "a", "dataverse": {}, "expect": {}, "base": {}}],
            "tests.0.base",
            "'base' has no effect here",
        ),
        (
            [
                {
                    "name": "a",
                    "dataverse": {},
                    "partner_center": {},
                    "courses": {"quantity": "to_crn"},
                }
            ],
            "tests.0.courses.quantity",
            "Did you mean 'to_crm'?",
        ),
        (
            [
                {
                    "name": "a",
                    "dataverse": {},
                    "partner_center": {},
                    "differences": {"quantity": {"crm": 1}},
                }
            ],
            "tests.0.differences.quantity",
            "both sides are needed",
        ),
    ],
)
def test_a_slip_in_a_test_is_a_finding_of_validate(mine, tests, field, told):
    change(mine, "subscription.yaml", lambda document: document.update(tests=tests))
    [(_, where, sentence)] = findings(mine)
    assert where == field
    assert told in sentence


def test_dates_instants_and_amounts_of_yaml_are_compared_exactly():
    given = yaml.safe_load(
        "dataverse:\n"
        "  {sk_startdate: 2025-01-01, sk_unitprice: 0.1, modifiedon: 2025-01-01T10:00:00Z}\n"
        "expect: {start_on: 2025-01-01, unit_price: 0.10, modified_at: 2025-01-01T11:00:00+01:00}\n"
    )
    assert failed("subscription", **given) == []
    given["expect"]["unit_price"] = 0.11
    assert failed("subscription", **given) == [("expect.unit_price", "unit_price is 0.1, not 0.11")]
