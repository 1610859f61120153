"""The JSON schemas beside the mapping files: equal to the code, true of the files, told by them."""

import json
import re
from copy import deepcopy
from pathlib import Path

import pytest
import yaml

from seatkeeper.mapping_folder import NO_MAPPINGS, shipped
from sync.mapping_fields import END_KINDS, FIELD_KEYS
from sync.mapping_files import MATCH_KEYS, TABLE_KEYS, TOP_KEYS
from sync.mapping_rights import DIRECTIONS, OWNERS
from sync.mapping_schema import entity_schema, lifecycle_schema
from sync.mapping_trials import SIDES, TRIAL_KEYS
from tests.mappings.small_schema import errors

FILES = sorted(path for path in shipped().rglob("*.yaml") if path.name not in NO_MAPPINGS)
SCHEMAS = {"entity.schema.json": entity_schema, "lifecycle.schema.json": lifecycle_schema}
ROOT = Path(__file__).parents[2]


def load(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def schema_of(path):
    return lifecycle_schema() if path.name == "lifecycle.yaml" else entity_schema()


def plain(value):
    """Return a document as JSON has it: dates are text."""
    return json.loads(json.dumps(value, default=str))


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_shipped_schema_is_the_one_that_the_command_prints(name):
    assert json.loads((shipped() / name).read_text(encoding="utf-8")) == SCHEMAS[name]()


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_shipped_file_keeps_to_its_schema_and_names_it(path):
    assert list(errors(schema_of(path), plain(load(path)))) == []
    first = path.read_text(encoding="utf-8").splitlines()[0]
    named = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
    assert named is not None
    meant = "lifecycle.schema.json" if path.name == "lifecycle.yaml" else "entity.schema.json"
    assert (path.parent / named.group(1)).resolve() == (shipped() / meant).resolve()


def put(document, path, value):
    for part in path[:-1]:
        document = document[part]
    document[path[-1]] = value


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("entty",), "customer"),
        (("entity",), "custmer"),
        (("dataverse", "tabel"), "x"),
        (("match", "id"), "x"),
        (("constants",), {"a": 1.5}),
        (("fields", "quantity", "typ"), "integer"),
        (("fields", "quantity", "type"), "text"),
        (("fields", "quantity", "owner"), "us"),
        (("fields", "quantity", "ends"), "inclusive"),
        (("fields", "quantity", "dataverse"), "sk_Quantity"),
        (("fields", "customer", "to"), "provider"),
        (("fields", "status", "choices"), {"active": [0, 1]}),
        (("fields", "refund_choice", "choices", "aply"), 3),
        (("fields", "status", "choices", "active"), ["0", 1]),
        (("tests", 0, "expekt"), {}),
        (("tests", 3, "differences", "status"), {"crm": "active"}),
        (("tests", 0), {"name": "nothing is expected"}),
    ],
    ids=lambda value: str(value)[:40],
)
def test_the_schema_refuses_what_validate_refuses(path, value):
    document = plain(load(shipped() / "subscription.yaml"))
    put(document, path, value)
    assert list(errors(entity_schema(), document))


@pytest.mark.parametrize("name", ["quantity", "status"])
def test_the_schema_misses_a_field_that_is_needed(name):
    document = plain(load(shipped() / "subscription.yaml"))
    del document["fields"][name]
    assert list(errors(entity_schema(), document)) == [f".fields: {name} is missing"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("transitions", 0, "form"), "active"),
        (("transitions", 0, "from"), "activ"),
        (("transitions", 0, "provider"), "delete"),
        (("transitions", 0, "change_log", "kind"), "off"),
        (("policies", "quantity_decrease"), "later"),
        (("refusals",), {"quantity_zero": "No."}),
    ],
    ids=lambda value: str(value)[:40],
)
def test_the_schema_of_the_lifecycle_refuses_slips(path, value):
    document = deepcopy(load(shipped() / "lifecycle.yaml"))
    put(document, path, value)
    assert list(errors(lifecycle_schema(), document))


def test_every_key_of_the_mapping_language_is_in_the_manual():
    page = (ROOT / "docs" / "mappings.md").read_text(encoding="utf-8")
    words = {word for span in re.findall(r"`([^`\n]+)`", page) for word in span.split()}
    dotted = {f"dataverse.{key}" for key in TABLE_KEYS}
    keys = {*TOP_KEYS, *dotted, *MATCH_KEYS, *FIELD_KEYS, *TRIAL_KEYS}
    assert {*keys, *END_KINDS, *OWNERS, *DIRECTIONS} <= words
    assert all(f"{side}: ..." in page for side in SIDES)
