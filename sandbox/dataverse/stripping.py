"""Makes an organisation as it is bought: without the tables of Seatkeeper, and its publisher."""

from dataclasses import replace

from sandbox.dataverse.catalogue import Catalogue
from sandbox.dataverse.columns import Table
from sandbox.dataverse.database import Database

PREFIX = "sk_"
DEFAULT = {
    "friendlyname": "Default Publisher for contoso",
    "uniquename": "DefaultPublishercontoso",
    "customizationprefix": "new",
    "customizationoptionvalueprefix": 10_000,
}
"""The publisher that a new organisation has."""


def strip(database: Database) -> None:
    """Drop our tables, our columns of standard tables with their keys, and our publisher."""
    tables = [rows.table for rows in database.tables.values()]
    with database.transaction():
        for table in tables:
            if table.logical.startswith(PREFIX):
                database.drop(table)
            elif any(column.name.startswith(PREFIX) for column in table.columns):
                database.define(_standard(table))
    Catalogue(database, DEFAULT).ensure("publishers")


def _standard(table: Table) -> Table:
    columns = tuple(column for column in table.columns if not column.name.startswith(PREFIX))
    names = {column.name for column in columns}
    keys = tuple(key for key in table.keys if names >= set(key.columns))
    return replace(table, columns=columns, keys=keys)
