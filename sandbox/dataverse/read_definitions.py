"""Reads the definitions that clients send: tables, columns, options and labels."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sandbox.dataverse.columns import AlternateKey, Column, Kind, Option, Scalar, Table
from sandbox.dataverse.errors import bad_definition
from sandbox.dataverse.tables import every

Document = Mapping[str, Any]

KINDS = {
    "String": Kind.STRING,
    "Memo": Kind.MEMO,
    "Integer": Kind.INTEGER,
    "BigInt": Kind.VERSION,
    "Decimal": Kind.DECIMAL,
    "Double": Kind.DOUBLE,
    "Money": Kind.MONEY,
    "DateTime": Kind.DATETIME,
    "Boolean": Kind.BOOLEAN,
    "Picklist": Kind.CHOICE,
    "MultiSelectPicklist": Kind.CHOICES,
    "Lookup": Kind.LOOKUP,
}
LENGTHS = {Kind.STRING: 100, Kind.MEMO: 2000}
NEEDED = (
    *("SchemaName", "DisplayName", "DisplayCollectionName", "OwnershipType"),
    *("IsActivity", "HasActivities", "HasNotes", "Attributes"),
)
TABLE_SHAPE = frozenset(
    {"MetadataId", "LogicalName", "SchemaName", "EntitySetName", "LogicalCollectionName"}
    | {"CollectionSchemaName", "PrimaryIdAttribute", "PrimaryNameAttribute", "ObjectTypeCode"}
    | {"IsCustomEntity", "TableType", "ChangeTrackingEnabled", "IsAuditEnabled", "Attributes"}
    | {"Keys", "OneToManyRelationships", "ManyToOneRelationships", "ManyToManyRelationships"}
)
"""What follows from the shape of a table and is therefore not kept as it was written."""

COLUMN_SHAPE = frozenset(
    {"MetadataId", "LogicalName", "SchemaName", "EntityLogicalName", "AttributeType"}
    | {"AttributeTypeName", "IsPrimaryId", "IsPrimaryName", "IsCustomAttribute", "Targets"}
    | {"IsValidForRead", "IsValidForCreate", "IsValidForUpdate", "GlobalOptionSet"}
)
OPTION_SHAPE = frozenset({"Value", "State", "DefaultStatus", "InvariantName"})


def facts_of(document: Document, shape: frozenset[str]) -> dict[str, Any]:
    """Return what of a definition is kept as it was written; annotations are not."""
    return {n: fact for n, fact in document.items() if n not in shape and "@" not in n}


def text_of(label: object, otherwise: str) -> str:
    """Return the text of a label in the language of the user, or in its first one."""
    found = label if isinstance(label, dict) else {}
    first = [found.get("UserLocalizedLabel"), *(found.get("LocalizedLabels") or [])]
    return next((str(one["Label"]) for one in first if one and one.get("Label")), otherwise)


def merged_label(before: object, after: object) -> object:
    """Return a label in which the languages that the new one leaves out are kept."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return after
    texts = {t["LanguageCode"]: t for t in before.get("LocalizedLabels") or []}
    texts |= {t["LanguageCode"]: t for t in after.get("LocalizedLabels") or []}
    return {**after, "LocalizedLabels": list(texts.values())}


def merged_facts(before: Document, after: Document) -> dict[str, Any]:
    """Return new facts with the labels of other languages of the old ones."""
    return {
        name: merged_label(before.get(name), fact) if _is_label(fact) else fact
        for name, fact in after.items()
    }


def _is_label(fact: object) -> bool:
    return isinstance(fact, dict) and "LocalizedLabels" in fact


def complete_label(label: object) -> object:
    """Return a label with the text for the user, which clients leave out."""
    if not _is_label(label) or not isinstance(label, dict):
        return label
    first = next(iter(label["LocalizedLabels"]), None)
    return {**label, "UserLocalizedLabel": label.get("UserLocalizedLabel") or first}


def written_facts(document: Document, shape: frozenset[str]) -> dict[str, Any]:
    return {n: complete_label(fact) for n, fact in facts_of(document, shape).items()}


def kind_of(document: Document) -> Kind:
    """Return the kind of a column by `@odata.type`; raise Refused for one that is not emulated."""
    name = str(document.get("@odata.type", "")).rpartition(".")[2]
    name = name.removeprefix("Complex").removesuffix("AttributeMetadata")
    if name not in KINDS:
        raise bad_definition(f"The attribute type '{name}' is not supported.")
    behaviour = (document.get("DateTimeBehavior") or {}).get("Value")
    if name == "DateTime" and behaviour == "DateOnly":
        return Kind.DATE
    return KINDS[name]


def read_column(document: Document, options: tuple[Option, ...] = (), choice: str = "") -> Column:
    """Return the column that a definition describes; its options were read before."""
    named, kind = _schema_name(document), kind_of(document)
    facts = written_facts(document, COLUMN_SHAPE)
    if kind is not Kind.BOOLEAN:
        facts.pop("OptionSet", None)
    return Column(
        name=named.lower(),
        named=named,
        kind=kind,
        max_length=int(document.get("MaxLength") or LENGTHS.get(kind, 100)),
        options=options,
        default=_default(document, kind),
        global_choice=choice,
        facts=facts,
    )


def _schema_name(document: Document) -> str:
    named = document.get("SchemaName")
    if not isinstance(named, str) or not named.isidentifier():
        raise bad_definition("The required field 'SchemaName' is missing or no name.")
    return named


def _default(document: Document, kind: Kind) -> Scalar:
    if kind is Kind.BOOLEAN:
        return bool(document.get("DefaultValue"))
    value = document.get("DefaultFormValue")
    return value if kind is Kind.CHOICE and isinstance(value, int) and value >= 0 else None


def read_options(documents: Iterable[Document], first: int) -> tuple[Option, ...]:
    """Return the options of a choice; those without a value get the next of the publisher's."""
    options: list[Option] = []
    for document in documents:
        value = document.get("Value")
        number = next_value(options, first) if value is None else int(value)
        label = text_of(document.get("Label"), str(number))
        facts = written_facts(document, OPTION_SHAPE)
        options.append(Option(value=number, label=label, facts=facts))
    return tuple(options)


def next_value(options: Iterable[Option], first: int) -> int:
    """Return the value that the server gives to a new option: the publisher's prefix counts."""
    return max((option.value + 1 for option in options if option.value >= first), default=first)


def with_money(columns: Iterable[Column]) -> list[Column]:
    """Return columns with what a money column brings: its base value, currency and rate."""
    known, added = {column.name: column for column in columns}, list(columns)
    money = [c for c in added if c.kind is Kind.MONEY and c.writable]
    bases = (f"{column.name}_base" for column in money)
    missing = [name for name in bases if name not in known]
    added += [Column(name=name, kind=Kind.MONEY, writable=False) for name in missing]
    if money and "transactioncurrencyid" not in known:
        currency = "transactioncurrencyid"
        added.append(Column(name=currency, kind=Kind.LOOKUP, target="transactioncurrency"))
        added.append(Column(name="exchangerate", kind=Kind.DECIMAL, writable=False))
    return added


def read_new_table(document: Document, columns: list[Column], code: int) -> Table:
    """Return the table of a definition, given its columns; raise Refused for one without a name."""
    missing = [name for name in NEEDED if document.get(name) is None]
    if missing:
        raise bad_definition(f"The required field '{missing[0]}' is missing.")
    named = _schema_name(document)
    first = _name_column(document)
    ordered = sorted(with_money(columns), key=lambda column: column.name != first)
    table = Table(
        logical=named.lower(),
        set_name=str(document.get("EntitySetName") or plural(named.lower())),
        label=text_of(document["DisplayName"], named),
        schema_name=named,
        columns=every(named.lower(), ordered),
        change_tracking=bool(document.get("ChangeTrackingEnabled")),
        audited=_is_on(document.get("IsAuditEnabled")),
        code=code,
        name_column=first,
        facts=written_facts(document, TABLE_SHAPE),
    )
    return _as_activity(table) if document.get("IsActivity") else table


def _name_column(document: Document) -> str:
    names = [_schema_name(a) for a in document["Attributes"] if a.get("IsPrimaryName")]
    if len(names) != 1:
        raise bad_definition("A table needs exactly one attribute with IsPrimaryName.")
    return names[0].lower()


def _as_activity(table: Table) -> Table:
    """Return an activity: its key is `activityid`, whatever its name."""
    head, *rest = table.columns
    return replace(table, columns=(replace(head, name="activityid"), *rest))


def _is_on(managed: object) -> bool:
    return bool(managed.get("Value")) if isinstance(managed, dict) else bool(managed)


def changed_table(table: Table, document: Document, *, merge_labels: bool) -> Table:
    """Return a table after a PUT of its whole definition; raise Refused for what cannot be."""
    tracking = bool(document.get("ChangeTrackingEnabled", table.change_tracking))
    if table.change_tracking and not tracking:
        raise bad_definition("Change tracking cannot be turned off again.")
    if tracking and not table.change_tracking and not _may_be_tracked(table):
        raise bad_definition(f"Change tracking cannot be enabled for '{table.logical}'.")
    facts = written_facts(document, TABLE_SHAPE)
    audited = document.get("IsAuditEnabled")
    return replace(
        table,
        label=text_of(document.get("DisplayName"), table.label),
        change_tracking=tracking,
        audited=table.audited if audited is None else _is_on(audited),
        facts=merged_facts(table.facts, facts) if merge_labels else facts,
    )


def _may_be_tracked(table: Table) -> bool:
    return _is_on(table.facts.get("CanChangeTrackingBeEnabled", True))


def changed_column(column: Column, document: Document, *, merge_labels: bool) -> Column:
    """Return a column after a PUT of its whole definition; its type stays."""
    _check_behaviour(column, document)
    facts = written_facts(document, COLUMN_SHAPE)
    if column.kind is not Kind.BOOLEAN:
        facts.pop("OptionSet", None)
    return replace(
        column,
        options=_kept_options(column.options, document),
        max_length=int(document.get("MaxLength") or column.max_length),
        default=_default(document, column.kind) if column.kind is Kind.BOOLEAN else column.default,
        facts=merged_facts(column.facts, facts) if merge_labels else facts,
    )


def _check_behaviour(column: Column, document: Document) -> None:
    """Raise Refused for dates that change their behaviour a second time, or to dates only."""
    before = (column.facts.get("DateTimeBehavior") or {}).get("Value", "UserLocal")
    after = (document.get("DateTimeBehavior") or {}).get("Value", before)
    if before not in (after, "UserLocal"):
        raise bad_definition("The behavior of a date column can be changed only once.")
    if after != before and after == "DateOnly":
        raise bad_definition("The change to DateOnly is not emulated by the sandbox.")


def _kept_options(options: tuple[Option, ...], document: Document) -> tuple[Option, ...]:
    """Return options with the transition data that a PUT gives them; the rest has its actions."""
    given = (document.get("OptionSet") or {}).get("Options") or []
    data = {o.get("Value"): o["TransitionData"] for o in given if o.get("TransitionData")}
    return tuple(
        replace(o, facts={**o.facts, "TransitionData": data[o.value]}) if o.value in data else o
        for o in options
    )


def read_key(document: Document, table: Table) -> AlternateKey:
    """Return the key of a definition; raise Refused when a column is none that can be in a key."""
    named, columns = _schema_name(document), document.get("KeyAttributes")
    if not isinstance(columns, list) or not 1 <= len(columns) <= 16:  # noqa: PLR2004 - the limit
        raise bad_definition("A key has from 1 to 16 columns.")
    for name in columns:
        column = table.by_name.get(name)
        if column is None or column.kind not in KEYED:
            raise bad_definition(f"The column '{name}' cannot be part of a key.")
    if sum(_bytes(table.by_name[name]) for name in columns) > MOST_KEY_BYTES:
        raise bad_definition(f"The columns of a key hold at most {MOST_KEY_BYTES} bytes.")
    shape = frozenset({"SchemaName", "LogicalName", "KeyAttributes", "MetadataId"})
    facts = written_facts(document, shape)
    return AlternateKey(name=named.lower(), named=named, columns=tuple(columns), facts=facts)


def _bytes(column: Column) -> int:
    """Return what a column takes in an index of SQL Server: texts two bytes a character."""
    return 2 * column.max_length if column.kind is Kind.STRING else SIZES.get(column.kind, 8)


MOST_KEY_BYTES = 900
SIZES = {Kind.INTEGER: 4, Kind.CHOICE: 4, Kind.LOOKUP: 16, Kind.DECIMAL: 13}
KEYED = frozenset(
    {Kind.DECIMAL, Kind.INTEGER, Kind.VERSION, Kind.STRING, Kind.DATE, Kind.DATETIME}
    | {Kind.LOOKUP, Kind.CHOICE}
)


def plural(name: str) -> str:
    """Return the name of a set as the platform makes it from a logical name."""
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return name[:-1] + "ies"
    return name + ("es" if name.endswith(("s", "x", "z", "ch", "sh")) else "s")
