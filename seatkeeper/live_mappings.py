"""`mapping validate --live`: hold the mapping files against the metadata of the environment."""

from collections.abc import Iterator

from lifecycle.rules import Finding
from seatkeeper.checks import Misfit, misfits
from seatkeeper.mapping_folder import Folder
from seatkeeper.yaml_files import Problem
from sync.mapping import Entity, Type
from sync.mapping_files import FileFinding, Mappings
from sync.mapping_needs import CREATED
from sync.ports import Crm
from sync.remote import TableRules

_GIVEN_BY_DATAVERSE = frozenset({"ownerid", "statecode"})
"""Required columns that Dataverse fills in itself."""


def live_problems(crm: Crm, mappings: Mappings, folder: Folder) -> list[Problem]:
    """Return what the environment does not have as the files say, with file and line."""
    names = [entity.table for entity in mappings.entities.values()]
    facts, rules = crm.tables(names), crm.rules(names)
    problems = []
    for name, entity in mappings.entities.items():
        fact = facts.get(entity.table)
        if fact is None:
            absent = Misfit(("dataverse", "table"), f"table {entity.table} does not exist")
            found = [absent]
        else:
            known = rules[entity.table]
            found = [*misfits(entity, fact), *_unmet(entity, known), *_unbound(entity, known)]
        file = folder.file_of(name)
        told = (Finding(one.path, one.told, "") for one in found)
        problems += [folder.problem(FileFinding(file, one)) for one in told]
    return problems


def notes(crm: Crm, mappings: Mappings) -> list[str]:
    """Tell what is no error: two rows could name the same thing."""
    entities = [one for one in mappings.entities.values() if one.match.get("dataverse")]
    rules = crm.rules([one.table for one in entities])
    return [
        f"{one.table} has no alternate key on {one.match['dataverse']}:"
        " two rows can name the same thing at Partner Center"
        for one in entities
        if one.table in rules and {one.match["dataverse"]} not in rules[one.table].keys
    ]


def _unmet(entity: Entity, rules: TableRules) -> Iterator[Misfit]:
    """Find columns without which Dataverse creates no row, and that nothing fills."""
    if entity.name not in CREATED:
        return
    filled = {column for field in entity.fields.values() for column in field.columns}
    filled |= {name.removesuffix("@odata.bind") for name in entity.constants}
    filled |= {entity.id_column, f"{entity.table}id", *_GIVEN_BY_DATAVERSE}
    for column in sorted(rules.required - filled):
        told = f"column {column} is required, and nothing fills it; map it, or add it to constants"
        yield Misfit(("constants",), told)


def _unbound(entity: Entity, rules: TableRules) -> Iterator[Misfit]:
    """Find lookups whose navigation property has another name than the mapping says."""
    for field in entity.fields.values():
        known = rules.navigations.get(field.columns[0], frozenset())
        if field.type is Type.LOOKUP and known and field.navigation not in known:
            told = f"column {field.columns[0]} is bound as {' or '.join(sorted(known))}"
            yield Misfit(
                ("fields", field.name), f"{told}, not {field.navigation}; say it in `bind`"
            )
