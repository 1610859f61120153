"""`mappings/schema.yaml`: it has everything that the mappings and the design name."""

import shutil

import pytest
import yaml

from sandbox.dataverse.columns import Kind as There
from sandbox.dataverse.tables import TABLES
from seatkeeper.checks import _TYPES
from seatkeeper.mapping_folder import open_mappings, shipped
from seatkeeper.schema_file import SCHEMA, open_schema
from seatkeeper.yaml_files import ConfigurationError
from sync.mapping import Type
from sync.schema.columns import ACCEPTED
from sync.schema.reading import read_schema
from sync.schema.wanted import Kind

SHIPPED, _ = open_schema(None)
PLATFORM = {"createdon", "modifiedon", "statecode", "statuscode", "name"}
KINDS = {
    Kind.TEXT: There.STRING,
    Kind.MEMO: There.MEMO,
    Kind.INTEGER: There.INTEGER,
    Kind.DECIMAL: There.DECIMAL,
    Kind.BOOLEAN: There.BOOLEAN,
    Kind.DATE: There.DATE,
    Kind.INSTANT: There.DATETIME,
    Kind.CHOICE: There.CHOICE,
    Kind.LOOKUP: There.LOOKUP,
}
OURS = [table for table in TABLES if table.logical.startswith("sk_")]


@pytest.mark.parametrize("table", OURS, ids=lambda table: table.logical)
def test_a_table_of_the_design_is_described_column_for_column(table):
    wanted = SHIPPED.tables[table.logical]
    own = [column for column in table.columns if column.name.startswith("sk_")]
    shapes = {
        column.name: (
            column.kind,
            column.max_length if column.kind in {There.STRING, There.MEMO} else 0,
            {option.value: option.label for option in column.options},
            column.target,
        )
        for column in own
        if column.name != f"{table.logical}id"
    }
    assert shapes == {
        column.name: (KINDS[column.kind], column.length, column.options, column.target)
        for column in wanted.columns.values()
    }
    assert wanted.set == table.set_name
    assert {key.columns for key in wanted.keys} == {key.columns for key in table.keys}
    assert wanted.audited is table.audited


@pytest.mark.parametrize("name", ["sk_subscription", "sk_changelog", "sk_invoice"])
def test_status_reasons_are_those_of_the_design(name):
    table = next(table for table in OURS if table.logical == name)
    reasons = {(o.value, o.label, o.state) for o in table.by_name["statuscode"].options}
    assert {(r.value, r.label, r.state) for r in SHIPPED.tables[name].reasons} == reasons
    defaults = {o.value: o.default_status for o in table.by_name["statecode"].options}
    assert {r.state: r.value for r in SHIPPED.tables[name].defaults()} == defaults


def test_every_mapped_column_and_value_is_described():
    for entity in open_mappings(None).entities.values():
        table = SHIPPED.tables[entity.table]
        assert table.set == entity.set
        for field in entity.fields.values():
            if field.type is Type.STATUS:
                reasons = {(reason.state, reason.value) for reason in table.reasons}
                assert set(field.choices.values()) <= reasons, field.name
            elif field.columns[0] not in PLATFORM:
                column = table.columns[field.columns[0]]
                assert ACCEPTED[column.kind] & _TYPES[field.type], field.name
                assert {values[-1] for values in field.choices.values()} <= set(column.options)


def broken(folder, edit):
    """Return what is wrong with a changed copy, as (line, field, sentence)."""
    mine = shutil.copytree(shipped(), folder / "mappings")
    document = yaml.safe_load((mine / SCHEMA).read_text(encoding="utf-8"))
    edit(document)
    (mine / SCHEMA).write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    with pytest.raises(ConfigurationError) as raised:
        open_schema(mine)
    return [(one.line, one.field, f"{one.message} {one.remedy}") for one in raised.value.problems]


def invoice(document, column):
    return document["tables"]["sk_invoice"]["columns"][column]


@pytest.mark.parametrize(
    ("edit", "field", "said"),
    [
        (lambda d: invoice(d, "sk_name").update(typ="text"), "sk_name.typ", "'type'"),
        (lambda d: invoice(d, "sk_name").update(type="txt"), "sk_name.type", "'text'"),
        (lambda d: invoice(d, "sk_name").pop("length"), "sk_name.length", "type text needs it"),
        (lambda d: invoice(d, "sk_name").update(length=0), "sk_name.length", "whole number"),
        (lambda d: invoice(d, "sk_name").pop("label"), "sk_name.label", "missing"),
        (
            lambda d: invoice(d, "sk_billingcontractid").update(to="sk_contract"),
            "sk_billingcontractid.to",
            "'sk_contract' is no table here",
        ),
    ],
    ids=["unknown key", "unknown type", "no length", "length 0", "no label", "no such table"],
)
def test_a_slip_in_the_file_is_named_with_line_and_field(tmp_path, edit, field, said):
    [(line, where, told)] = broken(tmp_path, edit)
    assert where == f"tables.sk_invoice.columns.{field}"
    assert said in told
    assert line is not None


def test_all_slips_are_named_at_once(tmp_path):
    def edit(document):
        document["publisher"].pop("prefix")
        document["role"]["privileges"] = []
        document["tables"]["sk_provider"]["rights"] = ["reed"]
        document["tables"]["sk_provider"]["keys"] = {"k": ["sk_nam"]}
        document["tables"]["sk_invoice"]["status"] = {2: {1: "Draft"}}

    assert sorted(where for _, where, _ in broken(tmp_path, edit)) == [
        "publisher.prefix",
        "role.privileges",
        "tables.sk_invoice.status.2",
        "tables.sk_provider.keys.k",
        "tables.sk_provider.rights",
    ]


@pytest.mark.parametrize("document", [None, [], "text", {}, {"tables": {}}])
def test_a_file_that_is_something_else_is_refused(document):
    schema, findings = read_schema(document)
    assert schema is None
    assert findings


def test_a_folder_of_mappings_without_the_file_uses_the_one_that_ships(tmp_path):
    assert open_schema(tmp_path)[0] == SHIPPED
