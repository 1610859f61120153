"""Print results: tables for people, JSON for programs, both on stdout."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from rich.console import Console
from rich.table import Table

console = Console(soft_wrap=True, highlight=False)


def print_json(value: object) -> None:
    """Print a value as indented JSON; instants, ids and amounts as text."""
    sys.stdout.write(json.dumps(value, indent=2, default=_plain) + "\n")


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    return str(value) if not isinstance(value, Decimal) else f"{value}"


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; long cells wrap."""
    table = Table(title=title, title_justify="left", show_lines=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    Console(highlight=False).print(table)


def say(text: str = "") -> None:
    """Print a line for a person, as it is."""
    console.print(text, markup=False)


def complain(text: str) -> None:
    """Print a line on stderr."""
    sys.stderr.write(text + "\n")
