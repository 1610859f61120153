"""How definitions are asked for, and what the answers say. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from connector.dataverse.metadata import flag
from connector.dataverse.odata import with_options
from connector.documents import mapping, sequence, text, whole
from sync.remote import Row
from sync.schema.found import FoundColumn, FoundKey, FoundOption, FoundTable, Index

STRONG: Final = {"Consistency": "Strong"}
"""Definitions are cached for about half a minute, unless this is asked for."""
MODEL: Final = "Microsoft.Dynamics.CRM"
CHOICES: Final = ("Picklist", "State", "Status")
PATHS: Final = 4 + len(CHOICES)
KEY_FACTS: Final = "LogicalName,SchemaName,KeyAttributes,EntityKeyIndexStatus"
LOOKUP_FACTS: Final = (
    "SchemaName,ReferencingAttribute,ReferencedEntity,ReferencingEntityNavigationPropertyName"
)


def definition(table: str) -> str:
    """Address a table's definition."""
    return f"EntityDefinitions(LogicalName='{quoted(table)}')"


def column_path(table: str, column: str, kind: str) -> str:
    """Address a column as what it is."""
    name = f"Attributes(LogicalName='{quoted(column)}')"
    return f"{definition(table)}/{name}/{MODEL}.{kind}AttributeMetadata"


def quoted(name: str) -> str:
    return name.replace("'", "''")


def table_paths(table: str) -> tuple[str, ...]:
    """Ask for everything of a table that is compared; PATHS requests."""
    described = {"$select": "LogicalName,EntitySetName,ChangeTrackingEnabled,IsAuditEnabled"}
    options = {"$select": "LogicalName", "$expand": "OptionSet"}
    return (
        with_options(definition(table), described),
        f"{definition(table)}/Attributes",
        with_options(f"{definition(table)}/Keys", {"$select": KEY_FACTS}),
        with_options(f"{definition(table)}/ManyToOneRelationships", {"$select": LOOKUP_FACTS}),
        *(
            with_options(f"{definition(table)}/Attributes/{MODEL}.{kind}AttributeMetadata", options)
            for kind in CHOICES
        ),
    )


def found_table(answers: Sequence[Row]) -> FoundTable:
    """Put a table together from the answers to `table_paths`."""
    described, columns, keys, lookups, *choices = answers
    sets = {
        text(one.get("LogicalName")): mapping(one.get("OptionSet"))
        for answer in choices
        for one in members(answer)
    }
    names = {
        text(one.get("ReferencingAttribute")): text(
            one.get("ReferencingEntityNavigationPropertyName")
        )
        for one in members(lookups)
    }
    found = [_column(one, sets, names) for one in members(columns)]
    return FoundTable(
        name=text(described.get("LogicalName")),
        set=text(described.get("EntitySetName")),
        tracked=flag(described.get("ChangeTrackingEnabled")),
        audited=flag(described.get("IsAuditEnabled")),
        columns={column.name: column for column in found},
        keys=tuple(_key(one) for one in members(keys)),
    )


def members(answer: Row) -> list[Row]:
    """Return the documents of a collection."""
    return [mapping(one) for one in sequence(answer.get("value"))]


def _column(column: Row, sets: Mapping[str, Row], names: Mapping[str, str]) -> FoundColumn:
    name = text(column.get("LogicalName"))
    choice = sets.get(name, {})
    return FoundColumn(
        name=name,
        type=text(column.get("AttributeType")),
        date_only=text(mapping(column.get("DateTimeBehavior")).get("Value")) == "DateOnly",
        length=whole(column.get("MaxLength")) or 0,
        precision=whole(column.get("Precision")) or 0,
        audited=flag(column.get("IsAuditEnabled")),
        options=dict(_options(members({"value": choice.get("Options")}))),
        shared=text(choice.get("Name")) if flag(choice.get("IsGlobal")) else "",
        targets=tuple(text(one) for one in sequence(column.get("Targets"))),
        navigation=names.get(name, ""),
    )


def _options(options: Iterable[Row]) -> Iterable[tuple[int, FoundOption]]:
    for option in options:
        value = whole(option.get("Value"))
        label = mapping(mapping(option.get("Label")).get("UserLocalizedLabel"))
        if value is not None:
            yield (
                value,
                FoundOption(
                    label=text(label.get("Label")),
                    state=whole(option.get("State")),
                    default=whole(option.get("DefaultStatus")),
                ),
            )


def _key(key: Row) -> FoundKey:
    index = text(key.get("EntityKeyIndexStatus"))
    return FoundKey(
        name=text(key.get("LogicalName")) or text(key.get("SchemaName")).lower(),
        columns=tuple(text(one) for one in sequence(key.get("KeyAttributes"))),
        index=_INDEX.get(index.replace(" ", "").lower(), Index.PENDING),
    )


_INDEX: Final = {
    "pending": Index.PENDING,
    "inprogress": Index.IN_PROGRESS,
    "active": Index.ACTIVE,
    "failed": Index.FAILED,
}
"""The Web API writes `InProgress`, the documentation `In Progress`."""
