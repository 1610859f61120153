"""What is broken in PostgreSQL's storage: every row is read, and amcheck asked if it is there."""

from typing import Any

import psycopg

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1"
_INDEXES = (
    "SELECT c.oid::int8, c.relname FROM pg_class c JOIN pg_am a ON a.oid = c.relam"
    " WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'i'"
    " AND a.amname = 'btree' ORDER BY 2"
)
_CHECK = (
    "SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace"
    " WHERE e.extname = 'amcheck'"
    " AND has_function_privilege(format('%I.bt_index_check(regclass)', n.nspname), 'execute')"
)


def damage(connection: psycopg.Connection[Any]) -> list[str]:
    """Return what PostgreSQL says about rows and indexes that it cannot read."""
    found = []
    try:
        tables = [str(row[0]) for row in connection.execute(_TABLES)]
    except psycopg.Error as error:
        return [_said(error)]
    for table in tables:
        # Every row is made into a text, so that values that are kept apart are read too.
        sql = psycopg.sql.SQL("SELECT coalesce(sum(length(t::text)), 0) FROM {} t")
        found += _try(connection, sql.format(psycopg.sql.Identifier(table)), table)
    return found + _broken_indexes(connection)


def _broken_indexes(connection: psycopg.Connection[Any]) -> list[str]:
    place = connection.execute(_CHECK).fetchone()
    if place is None:
        return []
    found = []
    for number, name in connection.execute(_INDEXES).fetchall():
        sql = psycopg.sql.SQL("SELECT {}.bt_index_check({}::oid::regclass)")
        check = sql.format(psycopg.sql.Identifier(place[0]), psycopg.sql.Literal(number))
        found += _try(connection, check, name)
    return found


def _try(connection: psycopg.Connection[Any], sql: psycopg.sql.Composed, name: str) -> list[str]:
    try:
        connection.execute(sql)
    except psycopg.Error as error:
        return [f"{name}: {_said(error)}"]
    return []


def _said(error: psycopg.Error) -> str:
    return " ".join(str(error).split())
