"""Definitions as they are saved: what a client defined is there again after a restart."""

from dataclasses import asdict
from typing import Any

from sandbox.dataverse.columns import AlternateKey, Column, Kind, Option, Table

Document = dict[str, Any]


def stored_table(table: Table) -> Document:
    """Return a definition as it is saved."""
    return asdict(table)


def read_table(document: Document) -> Table:
    """Read a definition as it was saved."""
    columns = tuple(_column(column) for column in document["columns"])
    keys = tuple(_key(key) for key in document["keys"])
    return Table(**{**document, "columns": columns, "keys": keys})


def read_options(documents: list[Document]) -> tuple[Option, ...]:
    return tuple(Option(**document) for document in documents)


def _column(document: Document) -> Column:
    kind, options = Kind(document["kind"]), read_options(document["options"])
    return Column(**{**document, "kind": kind, "options": options})


def _key(document: Document) -> AlternateKey:
    pending = document["pending"]
    read = {"columns": tuple(document["columns"]), "pending": pending and tuple(pending)}
    return AlternateKey(**{**document, **read})
