"""Stages for reconciling, closed afterwards."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.reconcile.sides import Sides, open_sides


@pytest.fixture
def sides() -> Iterator[Callable[..., Sides]]:
    """Open stages on which both sides were found alike, by the fields of Setting."""
    opened: list[Sides] = []

    def open_one(**fields: Any) -> Sides:
        opened.append(open_sides(**fields))
        return opened[-1]

    yield open_one
    unforeseen = [
        entry
        for one in opened
        for entry in one.store.tx(lambda tx: tx.read_trail())
        if entry.facts.get("code") == "unforeseen"
    ]
    for one in opened:
        one.stage.application.close()
    assert unforeseen == []
