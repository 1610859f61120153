"""Retire the file of a state that went elsewhere: kept under another name, and refused."""

from pathlib import Path

from store.moved import MOVED
from store.sqlite import SqliteStore


def retire(state: Path, place: str, stamp: str) -> Path:
    """Rename the file, and leave one in its place that says where the state went."""
    _mark(state, place)
    kept = state.with_name(f"{state.name}.moved-{stamp}")
    state.rename(kept)
    _mark(state, place)
    return kept


def _mark(state: Path, place: str) -> None:
    store = SqliteStore(state)
    store.tx(lambda tx: tx.set_meta(MOVED, place))
    store.close()
