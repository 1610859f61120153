"""`mapping copy`: the files that ship, where an admin may change them."""

from seatkeeper.mapping_folder import open_mappings
from seatkeeper.schema_file import open_schema


def test_a_copy_is_the_mappings_that_ship_with_their_schemas_and_tables(command, tmp_path):
    folder = tmp_path / "mappings" / "mine"
    code, said = command("mapping", "copy", folder)
    assert code == 0
    assert open_mappings(folder).hash == open_mappings(None).hash
    schemas = {one.name for one in folder.glob("*.schema.json")}
    assert schemas == {"entity.schema.json", "lifecycle.schema.json"}
    assert open_schema(folder)[1].file == str(folder / "schema.yaml")
    assert said.splitlines()[-1] == f"Name it in the configuration: `mappings: {folder}`."


def test_a_folder_that_holds_something_is_left_as_it_is(command, tmp_path):
    (tmp_path / "subscription.yaml").write_text("mine", encoding="utf-8")
    code, said = command("mapping", "copy", tmp_path)
    assert code == 1
    assert "is not empty" in said
    assert [one.name for one in tmp_path.iterdir()] == ["subscription.yaml"]
    assert (tmp_path / "subscription.yaml").read_text(encoding="utf-8") == "mine"
