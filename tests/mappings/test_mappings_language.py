"""What the mapping language can say: bound lookups, last days, constants, and every slip in it."""

from datetime import date
from decimal import Decimal

import pytest

from seatkeeper.mapping_folder import open_mappings, shipped
from sync.mapping import MalformedRowError
from tests.mappings.second_tenant import EXAMPLE
from tests.wiring.written import change, findings, own_mappings

ID = "11111111-2222-3333-4444-555555555555"


@pytest.fixture(scope="module")
def second():
    return open_mappings(EXAMPLE)


@pytest.fixture
def mine(tmp_path):
    return own_mappings(tmp_path)


def edited(folder, file, path, **changes):
    def edit(document):
        for part in path:
            document = document[part]
        document.update(changes)

    change(folder, file, edit)


def test_a_bound_lookup_is_read_by_its_column_and_written_by_its_property(second):
    contract = second.entity("contract")
    assert contract.column("customer") == "_contoso_accountid_value"
    body = contract.body({"customer": ID}, second.sets)
    assert body == {"contoso_AccountId@odata.bind": f"/accounts({ID})"}
    assert contract.record({contract.id_column: ID, "_contoso_accountid_value": ID.upper()}) == {
        "customer": ID
    }


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("contoso_AccountId@odata.bind", "_contoso_accountid_value"),
        ("transactioncurrencyid@odata.bind", "_transactioncurrencyid_value"),
        ("contoso_name", "contoso_name"),
    ],
)
def test_what_a_body_wrote_is_looked_up_in_its_column(second, name, column):
    assert second.entity("contract").written_column(name) == column


def test_a_last_day_is_read_as_the_day_after_and_written_back(second):
    invoice = second.entity("invoice")
    row = {invoice.id_column: ID, "contoso_cyclelastday": "2025-07-31"}
    assert invoice.record(row) == {"cycle_end": date(2025, 8, 1)}
    assert invoice.body({"cycle_end": date(2025, 8, 1)}, {}) == {
        "contoso_cyclelastday": "2025-07-31"
    }
    assert invoice.body({"cycle_end": None}, {}) == {"contoso_cyclelastday": None}


def test_a_day_after_is_read_as_the_last_day(mine):
    edited(mine, "contract.yaml", ("fields", "end_on"), ends="exclusive")
    contract = open_mappings(mine).entity("contract")
    row = {contract.id_column: ID, "sk_enddate": "2026-01-01"}
    assert contract.record(row) == {"end_on": date(2025, 12, 31)}


def test_constants_are_written_with_new_rows_only(second):
    line = second.entity("invoice_line")
    assert line.new_body({"number": 1}, {}) == {
        "quantity": 1,
        "isproductoverridden": True,
        "ispriceoverridden": True,
        "lineitemnumber": 1,
    }
    assert line.body({"number": 1}, {}) == {"lineitemnumber": 1}


def test_a_whole_number_may_stand_in_a_column_for_decimals(second):
    line = second.entity("invoice_line")
    assert line.record({line.id_column: ID, "contoso_seats": Decimal("10.000")}) == {"quantity": 10}
    with pytest.raises(MalformedRowError, match="type integer"):
        line.record({line.id_column: ID, "contoso_seats": Decimal("10.5")})


@pytest.mark.parametrize(
    ("file", "place", "slip", "told"),
    [
        ("contract", "customer", {"bind": 3}, "bind: 3 is no name"),
        ("contract", "name", {"bind": "x"}, "bind: 'bind' has no effect here. It is for a lookup"),
        ("contract", "name", {"to": "customer"}, "to: 'to' has no effect here. It is for a lookup"),
        ("contract", "name", {"choices": {"a": 1}}, "choices: 'choices' has no effect here"),
        ("contract", "name", {"ends": "inclusive"}, "ends: 'ends' has no effect here. It is for"),
        ("contract", "end_on", {"ends": "last"}, "ends: unknown end 'last'. Use inclusive or"),
        ("contract", "customer", {"to": "provider"}, "to: 'provider' does not fit. customer needs"),
        (
            "contract",
            "customer",
            {"dataverse": "sk_AccountId"},
            "dataverse: 'sk_AccountId' is no logical name. Write 'sk_accountid'; the name of a"
            " navigation property goes to `bind`.",
        ),
        (
            "contract",
            "currency",
            {"dataverse": "sk_name"},
            "dataverse: column 'sk_name' is already 'name'",
        ),
        (
            "subscription",
            "quantity",
            {"partner_center": ["quantity"]},
            "partner_center: ['quantity'] is no name",
        ),
        (
            "subscription",
            "quantity",
            {"partner_choices": {"a": "b"}},
            "partner_choices: this must be a mapping beside `choices`",
        ),
        (
            "subscription",
            "quantity",
            {"direction": "to_dynamics"},
            "direction: unknown direction 'to_dynamics'. Use one of: both, to_partner_center,",
        ),
        ("subscription", "quantity", {"enforce": "always"}, "enforce: 'always' is no yes or no"),
        ("subscription", "auto_renew", {"enforce": True}, "enforce: 'enforce' needs an owner"),
        ("subscription", "hold", {"direction": "none"}, "direction: 'direction' has no effect"),
        (
            "subscription",
            "contract",
            {"partner_center": "order"},
            "partner_center: a lookup cannot be compared",
        ),
        (
            "subscription",
            "status",
            {"write_back": {"suspended": "suspendd"}},
            "write_back.suspended: 'suspendd' is not known. Did you mean 'suspended'?",
        ),
        (
            "subscription",
            "status",
            {"write_back": {}},
            "write_back: 2 choices are called 'suspended' there. Name the choice that",
        ),
        (
            "subscription",
            "term_end",
            {"partner_end": "inclusiv"},
            "partner_end: unknown end 'inclusiv'. Did you mean 'inclusive'?",
        ),
        (
            "subscription",
            "start_on",
            {"partner_end": "exclusive"},
            "partner_end: 'partner_end' has no effect here",
        ),
        (
            "subscription",
            "cancellable_until",
            {"partner_end": "exclusive"},
            "partner_end: 'partner_end' has no effect here",
        ),
        (
            "subscription",
            "auto_renew",
            {"partner_center": "autoRenewEnabld"},
            "partner_center: Partner Center has no field 'autoRenewEnabld'",
        ),
        (
            "subscription",
            "auto_renew",
            {"partner_center": "scheduledNextTermInstruction.quantity"},
            "partner_center: Partner Center has no field 'scheduledNextTermInstruction'",
        ),
        (
            "subscription",
            "name",
            {"template": "{nam}", "direction": "to_partner_center"},
            "template: unknown field 'nam'. Did you mean 'name'?",
        ),
        (
            "subscription",
            "name",
            {"template": "{customer}", "direction": "to_partner_center"},
            "template: 'customer' cannot stand here",
        ),
        (
            "subscription",
            "name",
            {"template": "{name:>9}", "direction": "to_partner_center"},
            "template: 'name' has a format",
        ),
        (
            "subscription",
            "name",
            {"template": "{name", "direction": "to_partner_center"},
            "template: it cannot be read",
        ),
        (
            "subscription",
            "name",
            {"template": "{name}"},
            "template: it flows one way only. Write owner: crm and direction",
        ),
        (
            "subscription",
            "auto_renew",
            {"template": "{name}", "owner": "crm", "direction": "to_partner_center"},
            "template: it makes a text",
        ),
        (
            "subscription",
            "auto_renew",
            {"constant": "no", "owner": "crm", "direction": "to_partner_center"},
            "constant: 'no' does not fit",
        ),
        (
            "subscription",
            "term_end",
            {"constant": "2026-01-01", "owner": "crm", "direction": "to_partner_center"},
            "constant: a date cannot be a constant",
        ),
        (
            "subscription",
            "name",
            {"constant": "a", "template": "b", "direction": "to_partner_center"},
            "constant: there is a template, too",
        ),
        (
            "subscription",
            "auto_renew",
            {"constant": True},
            "constant: it flows one way only",
        ),
        (
            "subscription",
            "auto_renew",
            {"partner_center": "a..b"},
            "partner_center: 'a..b' is no name",
        ),
        (
            "subscription",
            "quantity",
            {"write_back": {"a": "b"}},
            "write_back: this must be a mapping beside `choices`",
        ),
    ],
)
def test_a_slip_in_the_newer_keys_of_a_field_is_found(mine, file, place, slip, told):
    edited(mine, f"{file}.yaml", ("fields", place), **slip)
    [(named, where, sentence)] = findings(mine)
    assert named == f"{file}.yaml"
    assert f"{where}: {sentence}".startswith(f"fields.{place}.{told}")


def test_a_choice_of_partner_center_that_is_none_of_ours_is_found(mine):
    path = ("fields", "status", "partner_choices")
    edited(mine, "subscription.yaml", path, cancled="deleted")
    [(_, where, sentence)] = findings(mine)
    assert where == "fields.status.partner_choices.cancled"
    assert "Did you mean 'cancelled'?" in sentence


def test_a_choice_that_partner_center_has_no_word_for_is_found(mine):
    change(
        mine,
        "subscription.yaml",
        lambda d: d["fields"]["status"]["partner_choices"].pop("expired"),
    )
    [(_, where, sentence)] = findings(mine)
    assert where == "fields.status.partner_choices"
    assert "'expired' is missing. Say what Partner Center calls it." in sentence


@pytest.mark.parametrize(
    ("file", "slip", "field", "told"),
    [
        ("invoice.yaml", {"constants": {"a": 1.5}}, "constants.a", "Use text, a whole number"),
        ("invoice.yaml", {"constants": ["a"]}, "constants", "this must be a mapping"),
        ("invoice.yaml", {"constants": {"sk_name": "x"}}, "constants.sk_name", "Keep one of them."),
        ("contract.yaml", {"constants": {"a": 1}}, "constants", "has no effect here"),
        ("customer.yaml", {"match": {"dataverze": "x"}}, "match.dataverze", "mean 'dataverse'?"),
        ("customer.yaml", {"match": {"dataverse": 1}}, "match.dataverse", "1 is no name"),
        ("customer.yaml", {"match": "id"}, "match", "this must be a mapping"),
        ("customer.yaml", {"entity": "custmer"}, "entity", "Did you mean 'customer'?"),
    ],
)
def test_a_slip_beside_the_fields_is_found(mine, file, slip, field, told):
    edited(mine, file, (), **slip)
    [(named, where, sentence)] = findings(mine)
    assert (named, where) == (file, field)
    assert told in sentence


def test_a_misspelt_field_is_suggested_for_the_one_that_is_missing(mine):
    change(mine, "invoice.yaml", lambda d: d["fields"].update(curency=d["fields"].pop("currency")))
    [(_, _, sentence)] = findings(mine)
    assert sentence == "field 'currency' is missing. Is 'curency' meant?"


def test_a_misspelt_type_or_owner_is_suggested(mine):
    edited(mine, "customer.yaml", ("fields", "name"), type="txt", owner="crn")
    told = {field: sentence for _, field, sentence in findings(mine)}
    assert told["fields.name.type"].endswith("Did you mean 'text'?")
    assert told["fields.name.owner"].endswith("Did you mean 'crm'?")


def test_a_file_that_is_no_yaml_hides_no_finding_in_another(mine):
    (mine / "provider.yaml").write_text("fields: {a: 1\n", encoding="utf-8")
    (mine / "invoice.yaml").unlink()
    edited(mine, "customer.yaml", (), mtach={})
    assert [file for file, _, _ in findings(mine)] == [
        "customer.yaml",
        "invoice.yaml",
        "provider.yaml",
    ]


def test_a_file_with_another_ending_is_not_passed_over_in_silence(mine):
    (mine / "extra.yml").write_text("entity: customer\n", encoding="utf-8")
    [(file, _, sentence)] = findings(mine)
    assert (file, sentence.split(".")[0]) == ("extra.yml", "only files that end in ")


def test_the_tables_of_schema_install_are_no_mapping(mine):
    (mine / "schema.yaml").write_text("tables: {}\n", encoding="utf-8")
    assert open_mappings(mine).hash == open_mappings(shipped()).hash
