"""One console per module over a world with a story; tests that change something open their own."""

from collections.abc import Iterator

import pytest

from tests.console.desk import Console, open_console, tell_story
from tests.engine.opening import open_stage
from tests.engine.stage import Setting, Stage


@pytest.fixture(scope="module")
def told_stage() -> Iterator[Stage]:
    """Open a stage on which a subscription was deactivated, and another waits for a person."""
    stage = open_stage(Setting())
    tell_story(stage)
    yield stage
    stage.application.close()


@pytest.fixture(scope="module")
def console(told_stage: Stage) -> Console:
    return open_console(told_stage.application)


@pytest.fixture
def own_stage() -> Iterator[Stage]:
    """Open a stage that a test may change."""
    stage = open_stage(Setting())
    stage.runs()
    yield stage
    stage.application.close()
