"""The mapping files: every slip is found at once, with file, field and what was meant."""

import pytest

from lifecycle.states import Status
from seatkeeper.mapping_folder import open_mappings, shipped
from seatkeeper.yaml_files import ConfigurationError
from sync.mapping import Type
from sync.mapping_files import read_entity
from sync.mapping_needs import CHOICES, NEEDED
from tests.wiring.written import change, findings, own_mappings


@pytest.fixture
def mine(tmp_path):
    return own_mappings(tmp_path)


def test_the_shipped_mappings_are_valid_and_map_every_entity():
    mappings = open_mappings(None)
    assert set(mappings.entities) == set(NEEDED)
    assert mappings.sets["subscription"] == "sk_subscriptions"


def test_a_changed_file_changes_the_hash_and_nothing_else_does(mine):
    before = open_mappings(mine).hash
    assert open_mappings(shipped()).hash == before
    (mine / "NOTES.txt").write_text("for us", encoding="utf-8")
    assert open_mappings(mine).hash == before
    with (mine / "provider.yaml").open("a", encoding="utf-8") as file:
        file.write("# ours\n")
    assert open_mappings(mine).hash != before


def test_a_finding_names_the_line_of_the_field(mine):
    path = mine / "provider.yaml"
    text = path.read_text(encoding="utf-8").replace("type: text}", "type: txt}")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as raised:
        open_mappings(mine)
    wanted = [n for n, line in enumerate(text.splitlines(), start=1) if "type: txt" in line]
    assert [one.line for one in raised.value.problems] == wanted


def test_findings_of_all_files_come_at_once(mine):
    change(mine, "provider.yaml", lambda d: d["fields"].pop("kind"))
    change(mine, "customer.yaml", lambda d: d.update(mtach={}))
    assert findings(mine) == [
        ("customer.yaml", "mtach", "unknown key 'mtach'. Did you mean 'match'?"),
        ("provider.yaml", "fields", "field 'kind' is missing. Map it to a column."),
    ]


@pytest.mark.parametrize(
    ("slip", "field", "told"),
    [
        ({"typ": "text"}, "fields.name.typ", "Did you mean 'type'?"),
        ({"type": "txt"}, "fields.name.type", "unknown type 'txt'"),
        ({"type": ["text"]}, "fields.name.type", "unknown type ['text']"),
        ({"type": "integer"}, "fields.name.type", "name needs 'text'."),
        ({"dataverse": None}, "fields.name.dataverse", "a column name is missing"),
        ({"dataverse": []}, "fields.name.dataverse", "[] does not fit"),
        ({"dataverse": ["a", "b"]}, "fields.name.dataverse", "Name one."),
        ({"owner": "us"}, "fields.name.owner", "Use one of: crm, partner_center, manual."),
        ({"owner": ["crm"]}, "fields.name.owner", "unknown owner"),
    ],
)
def test_a_slip_in_a_field_is_found(mine, slip, field, told):
    change(mine, "provider.yaml", lambda d: d["fields"]["name"].update(slip))
    ((file, where, sentence),) = findings(mine)
    assert (file, where) == ("provider.yaml", field)
    assert told in sentence


@pytest.mark.parametrize(
    ("choices", "field", "told"),
    [
        (None, "choices", "choices are missing"),
        ({"automatic": 1, "manual": 2}, "choices", "'do_nothing' is missing"),
        (
            {"automatic": 1, "manual": 2, "do_nothing": 3, "manuel": 4},
            "choices.manuel",
            "Did you mean 'manual'?",
        ),
        (
            {"automatic": 1, "manual": 1, "do_nothing": 3},
            "choices.manual",
            "already 'automatic'",
        ),
        ({"automatic": "1", "manual": 2, "do_nothing": 3}, "choices.automatic", "does not fit"),
        ({"automatic": True, "manual": 2, "do_nothing": 3}, "choices.automatic", "does not fit"),
        ({"automatic": [1, 2], "manual": 2, "do_nothing": 3}, "choices.automatic", "1 whole"),
    ],
)
def test_a_slip_in_the_choices_is_found(mine, choices, field, told):
    change(mine, "provider.yaml", lambda d: d["fields"]["kind"].update(choices=choices))
    ((file, where, sentence),) = findings(mine)
    assert (file, where) == ("provider.yaml", f"fields.kind.{field}")
    assert told in sentence


def test_a_status_is_a_pair_of_columns(mine):
    change(mine, "invoice.yaml", lambda d: d["fields"]["status"].update(dataverse="statuscode"))
    told = {field: sentence for _, field, sentence in findings(mine)}
    assert "status and the status reason" in told["fields.status.dataverse"]


def test_a_lookup_points_to_a_known_entity(mine):
    change(mine, "contract.yaml", lambda d: d["fields"]["customer"].update(to="custmer"))
    ((_, field, sentence),) = findings(mine)
    assert (field, "unknown entity 'custmer'" in sentence) == ("fields.customer.to", True)


@pytest.mark.parametrize("key", ["table", "set", "id"])
def test_a_table_needs_its_name_set_and_id(mine, key):
    change(mine, "provider.yaml", lambda d: d["dataverse"].pop(key))
    ((_, field, _),) = findings(mine)
    assert field == f"dataverse.{key}"


def test_an_entity_that_is_mapped_twice_or_unknown_is_found(mine):
    (mine / "provider2.yaml").write_bytes((mine / "provider.yaml").read_bytes())
    change(mine, "contract.yaml", lambda d: d.update(entity="contrct"))
    assert [(file, field) for file, field, _ in findings(mine)] == [
        ("contract.yaml", "entity"),
        ("provider2.yaml", "entity"),
    ]


@pytest.mark.parametrize("name", ["lifecycle.yaml", "provider.yaml"])
def test_a_file_that_is_missing_is_named(mine, name):
    (mine / name).unlink()
    assert [file for file, _, _ in findings(mine)] == [name]


def test_a_folder_that_is_missing_is_named(tmp_path):
    assert findings(tmp_path / "none") == [
        ("none", "mappings", "this folder of mappings does not exist. ")
    ]


def test_syntax_errors_of_all_files_come_at_once(mine):
    for name in ("provider.yaml", "invoice.yaml"):
        (mine / name).write_text("fields: {a: 1\n", encoding="utf-8")
    assert [file for file, _, _ in findings(mine)] == ["invoice.yaml", "provider.yaml"]


@pytest.mark.parametrize("document", [None, [], "text", {"entity": ["provider"]}, {1: 2}])
def test_any_document_gives_findings_and_never_an_exception(document):
    entity, found = read_entity(document)
    assert entity is None
    assert found


@pytest.mark.parametrize("place", sorted(CHOICES))
def test_the_engine_names_the_choices_of_a_choice_it_needs(place):
    entity, field = place
    assert NEEDED[entity][field] in (Type.CHOICE, Type.STATUS)


def test_every_choice_that_the_engine_needs_has_its_names():
    needed = {
        (entity, name)
        for entity, fields in NEEDED.items()
        for name, kind in fields.items()
        if kind in (Type.CHOICE, Type.STATUS)
    }
    assert needed == set(CHOICES)
    assert set(CHOICES["subscription", "status"]) == set(Status)
