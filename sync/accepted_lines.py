"""Amounts that wait beside an edited line, once a person accepts them (rules.md 4.9).

Accepted are the amounts that were shown, once: when something else is owed meanwhile, or the same
again later, it is asked anew.
"""

from collections.abc import Collection, Iterable

from sync.model import Line
from sync.ports import Tx


def mark(reason: str, lines: Iterable[Line], emitted: Collection[str]) -> str:
    """Name amounts, and how many lines there ever were when they were shown."""
    return f"{len({*emitted, *(line.id for line in lines)})} {reason}"


def accept(tx: Tx, subject: str, marked: str) -> None:
    """Remember what a person accepted."""
    tx.set_meta(_key(subject), marked)


def accepted(tx: Tx, subject: str) -> str:
    """Return the mark of what was accepted last; empty when nothing was."""
    return tx.meta(_key(subject)) or ""


def _key(subject: str) -> str:
    return f"accepted lines:{subject}"
