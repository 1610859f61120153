"""`schema install --solution` writes a package with every table, column, key, reason and right."""

from xml.etree import ElementTree
from zipfile import ZipFile

import pytest

from seatkeeper.cli import run_command
from seatkeeper.commands.exits import Exit
from seatkeeper.schema_file import open_schema
from sync.schema.wanted import Kind


@pytest.fixture(scope="module")
def schema():
    return open_schema(None)[0]


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """Return the parsed files of the package that the command writes without a configuration."""
    folder = tmp_path_factory.mktemp("solution")
    path = folder / "seatkeeper.zip"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert run_command(["schema", "install", "--solution", str(path)]) == Exit.OK
    with ZipFile(path) as file:
        assert file.testzip() is None
        return {name: ElementTree.fromstring(file.read(name)) for name in file.namelist()}  # noqa: S314  # ours


@pytest.fixture(scope="module")
def entities(package):
    found = package["customizations.xml"].iterfind("Entities/Entity/EntityInfo/entity")
    return {one.get("Name"): one for one in found}


def texts(parent, path):
    return [one.text for one in parent.iterfind(path)]


def test_the_package_has_the_three_files_of_a_solution(package):
    assert list(package) == ["[Content_Types].xml", "solution.xml", "customizations.xml"]
    default = next(iter(package["[Content_Types].xml"]))
    assert default.get("Extension") == "xml"


def test_the_manifest_names_publisher_solution_and_every_component(package, schema):
    manifest = package["solution.xml"].find("SolutionManifest")
    assert (manifest.findtext("UniqueName"), manifest.findtext("Managed")) == ("seatkeeper", "0")
    assert manifest.findtext("Publisher/CustomizationPrefix") == "sk"
    assert manifest.findtext("Publisher/CustomizationOptionValuePrefix") == "12631"
    roots = manifest.findall("RootComponents/RootComponent")
    assert {one.get("schemaName") for one in roots if one.get("type") == "1"} == set(schema.tables)
    (role,) = [one.get("id") for one in roots if one.get("type") == "20"]
    (held,) = package["customizations.xml"].findall("Roles/Role")
    assert (held.get("id"), held.get("name")) == (role, "Seatkeeper")


def test_every_table_has_every_column_with_its_type_and_size(entities, schema):
    assert set(entities) == set(schema.tables)
    kinds = {Kind.TEXT: "nvarchar", Kind.CHOICE: "picklist", Kind.LOOKUP: "lookup"}
    for name, table in schema.tables.items():
        found = {one.get("PhysicalName"): one for one in entities[name].iterfind("attributes/*")}
        assert set(table.columns) <= set(found), name
        for column in table.columns.values():
            one = found[column.name]
            assert one.findtext("Type") == kinds.get(column.kind, one.findtext("Type"))
            assert one.findtext("LogicalName") == column.name
            if column.length:
                assert one.findtext("MaxLength") == str(column.length)
            if column.kind is Kind.DATE:
                assert (one.findtext("Format"), one.findtext("Behavior")) == ("date", "2")
            values = {int(option.get("value")) for option in one.iterfind("optionset/options/*")}
            assert values == (
                set(column.options) or ({0, 1} if column.kind is Kind.BOOLEAN else set())
            )


def test_our_tables_are_tracked_audited_and_keyed_as_the_schema_says(entities, schema):
    for name, table in schema.tables.items():
        entity = entities[name]
        keys = {
            tuple(texts(one, "EntityKeyAttributes/*")) for one in entity.iterfind("EntityKeys/*")
        }
        assert keys == {key.columns for key in table.keys}, name
        if table.standard:
            assert entity.find("EntitySetName") is None
            continue
        assert entity.findtext("EntitySetName") == table.set
        assert entity.findtext("ChangeTrackingEnabled") == "1"
        assert entity.findtext("IsAuditEnabled") == str(int(table.audited))
        assert entity.findtext("attributes/*[1]/Type") == "primarykey"


def test_status_reasons_belong_to_their_states(entities, schema):
    for name, table in schema.tables.items():
        listed = {
            (int(one.get("value")), int(one.get("state")))
            for one in entities[name].iterfind("attributes/*/optionset/statuses/status")
        }
        assert listed == {(reason.value, reason.state) for reason in table.reasons}, name
    states = entities["sk_subscription"].findall("attributes/*/optionset/states/state")
    assert [one.get("defaultstatus") for one in states] == ["1", "2"]


def test_every_lookup_has_its_relationship(package, schema):
    found = {
        (one.findtext("ReferencingEntityName"), one.findtext("ReferencingAttributeName")): one
        for one in package["customizations.xml"].iterfind("EntityRelationships/*")
    }
    wanted = {
        (table.name, column.name): column.target
        for table in schema.tables.values()
        for column in table.columns.values()
        if column.kind is Kind.LOOKUP
    }
    assert {key: one.findtext("ReferencedEntityName") for key, one in found.items()} == wanted
    for (_, column), one in found.items():
        assert one.findtext("CascadeDelete") == "RemoveLink"
        roles = one.findall("EntityRelationshipRoles/*")
        named = {role.findtext("RelationshipRoleType"): role for role in roles}
        assert named["1"].findtext("NavigationPropertyName") == column


def test_the_role_has_the_privileges_of_the_schema_and_no_other(package, schema):
    given = package["customizations.xml"].findall("Roles/Role/RolePrivileges/*")
    assert {one.get("name") for one in given} == set(schema.privileges())
    assert {one.get("level") for one in given} == {"Global"}


def test_the_same_schema_gives_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.zip", "b.zip"):
        run_command(["schema", "install", "--solution", name])
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_a_configuration_that_is_named_must_be_there(tmp_path):
    call = ["schema", "install", "--config", str(tmp_path / "none.yaml"), "--solution", "x.zip"]
    assert run_command(call) == Exit.CONFIGURATION
