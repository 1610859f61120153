"""What a person chose about the newest change of a subscription; kept until the next choice."""

from collections.abc import Iterable

from sync.ports import Tx

_SEPARATOR = " "


def remember(tx: Tx, subject: str, change_key: str, choice: str) -> None:
    """Remember a choice for one change."""
    tx.set_meta(_key(subject), f"{choice}{_SEPARATOR}{change_key}")


def chosen(tx: Tx, subject: str, change_keys: Iterable[str]) -> str:
    """Return what was chosen for one of these changes; empty when nothing was."""
    choice, _, change_key = (tx.meta(_key(subject)) or "").partition(_SEPARATOR)
    return choice if change_key in set(change_keys) else ""


def _key(subject: str) -> str:
    return f"choice:{subject}"
