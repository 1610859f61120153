"""A stage whose provider is listened to, closed afterwards."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from store.sqlite import SqliteStore
from tests.engine.opening import open_stage
from tests.engine.stage import Setting, Stage


@pytest.fixture
def opened() -> Iterator[Callable[..., Stage]]:
    """Open stages by the fields of Setting."""
    stages: list[Stage] = []

    def open_one(**fields: Any) -> Stage:
        stages.append(open_stage(Setting(**fields)))
        return stages[-1]

    yield open_one
    for stage in stages:
        stage.application.close()


@pytest.fixture
def stage(opened: Callable[..., Stage]) -> Stage:
    """Open the default stage."""
    return opened()


@pytest.fixture
def store() -> Iterator[SqliteStore]:
    opened = SqliteStore(":memory:")
    yield opened
    opened.close()
