"""`mapping validate --live`: what the tables of the environment lack, with file, line and field."""

import shutil
from dataclasses import replace

import pytest

from seatkeeper.live_mappings import live_problems, notes
from seatkeeper.mapping_folder import open_folder, read_folder
from tests.mappings.second_tenant import EXAMPLE
from tests.mappings.work365_tables import WORK365
from tests.wiring.written import change

TABLES = {table.logical: table for table in WORK365}


@pytest.fixture
def mine(tmp_path):
    return shutil.copytree(EXAMPLE, tmp_path / "mappings")


def told(tenant, place=EXAMPLE):
    folder = open_folder(place)
    crm = tenant.application.engine.ports.crm
    found = live_problems(crm, read_folder(folder), folder)
    return [(one.file.rsplit("/", 1)[1], one.line, one.field, one.message) for one in found]


def redefine(tenant, table, **columns):
    """Change columns of a table; None takes one away."""
    known = TABLES[table]
    changed = []
    for column in known.columns:
        facts = columns.get(column.name, {})
        if facts is not None:
            changed.append(replace(column, **facts))
    tenant.world.dataverse.define(replace(known, columns=tuple(changed)))


def line_of(file, text, place=EXAMPLE):
    lines = (place / file).read_text(encoding="utf-8").splitlines()
    [found] = [number for number, line in enumerate(lines, 1) if text in line]
    return found


def test_a_column_that_is_missing_is_told_with_its_line(tenant):
    redefine(tenant, "invoicedetail", description=None)
    line = line_of("invoice_line.yaml", "dataverse: description")
    assert told(tenant) == [
        (
            "invoice_line.yaml",
            line,
            "fields.explanation.dataverse",
            "column description (field explanation) does not exist.",
        )
    ]


def test_a_column_of_another_type_is_told(tenant):
    kind = TABLES["invoice"].by_name["duedate"].kind
    redefine(tenant, "invoice", name={"kind": kind})
    [(file, _, field, message)] = told(tenant)
    assert (file, field) == ("invoice.yaml", "fields.name.dataverse")
    assert message == "column name is DateTime, but name is mapped as text."


def test_a_column_that_is_read_only_though_it_is_written_is_told(tenant):
    redefine(tenant, "invoice", contoso_total={"writable": False})
    [(_, _, field, message)] = told(tenant)
    assert field == "fields.total.dataverse"
    assert message == "column contoso_total is read-only, but total is written."


def test_a_read_only_column_that_is_only_read_is_fine(tenant):
    redefine(tenant, "work365_subscription", contoso_unitprice={"writable": False})
    assert told(tenant) == []


def test_an_option_that_is_missing_is_told_at_its_choice(tenant):
    reasons = TABLES["invoice"].by_name["statuscode"].options
    kept = tuple(one for one in reasons if one.value != 100003)
    redefine(tenant, "invoice", statuscode={"options": kept})
    [(_, _, field, message)] = told(tenant)
    assert field == "fields.status.choices.void"
    assert message == "column statuscode has no option 100003 (status: void)."


def test_a_required_column_that_nothing_fills_is_told(tenant, mine):
    change(mine, "invoice_line.yaml", lambda document: document["constants"].pop("quantity"))
    [(file, _, field, message)] = told(tenant, mine)
    assert (file, field) == ("invoice_line.yaml", "constants")
    assert message.startswith("column quantity is required, and nothing fills it; map it")


def test_a_property_in_the_wrong_case_is_told_with_the_right_one(tenant, mine):
    change(
        mine,
        "contract.yaml",
        lambda document: document["fields"]["customer"].update(bind="contoso_accountid"),
    )
    [(_, _, field, message)] = told(tenant, mine)
    assert field == "fields.customer"
    assert message == (
        "column contoso_accountid is bound as contoso_AccountId, not contoso_accountid;"
        " say it in `bind`."
    )


def test_a_table_without_change_tracking_is_told(tenant):
    table = TABLES["work365_subscription"]
    tenant.world.dataverse.define(replace(table, change_tracking=False))
    [(_, _, field, message)] = told(tenant)
    assert field == "dataverse.table"
    assert message.startswith("change tracking is off")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("table", "invoyce", "table invoyce does not exist."),
        ("set", "invoyces", "its entity set is invoices, not invoyces"),
        ("id", "invoyceid", "column invoyceid does not exist."),
    ],
)
def test_a_wrong_name_of_the_table_is_told_at_its_key(tenant, mine, key, value, message):
    change(mine, "invoice.yaml", lambda document: document["dataverse"].update({key: value}))
    [(file, _, field, found)] = told(tenant, mine)
    assert (file, field) == ("invoice.yaml", f"dataverse.{key}")
    assert found.startswith(message)


def test_a_match_without_an_alternate_key_is_noted_and_no_error(tenant):
    crm = tenant.application.engine.ports.crm
    mappings = read_folder(open_folder(EXAMPLE))
    assert notes(crm, mappings) == []
    tenant.world.dataverse.define(replace(TABLES["account"], keys=()))
    [note] = notes(crm, mappings)
    assert note.startswith("account has no alternate key on contoso_customertenantid")
    assert told(tenant) == []
