"""A stage per test, closed afterwards."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sync.state import TrailEntry
from tests.engine.opening import open_stage, unseen_stage
from tests.engine.stage import Setting, Stage


@pytest.fixture
def opened() -> Iterator[Callable[..., Stage]]:
    """Open stages by the fields of Setting."""
    yield from _opening(open_stage)


@pytest.fixture
def unseen() -> Iterator[Callable[..., Stage]]:
    """Set stages that the daemon has not looked at yet."""
    yield from _opening(unseen_stage)


def _opening(begin: Callable[[Setting], Stage]) -> Iterator[Callable[..., Stage]]:
    stages: list[Stage] = []

    def open_one(**fields: Any) -> Stage:
        stages.append(begin(Setting(**fields)))
        return stages[-1]

    yield open_one
    unforeseen = [one for stage in stages for one in _unforeseen(stage)]
    for stage in stages:
        stage.application.close()
    assert unforeseen == []


def _unforeseen(stage: Stage) -> list[TrailEntry]:
    """Return what the engine set aside because it broke: an error of its own stops no test."""
    entries = stage.application.store.tx(lambda tx: tx.read_trail())
    return [one for one in entries if one.facts.get("code") == "unforeseen"]


@pytest.fixture
def stage(opened: Callable[..., Stage]) -> Stage:
    """Open the default stage."""
    return opened()
