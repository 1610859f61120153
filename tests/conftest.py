"""What every test leaves as it found it."""

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Put the configuration of the logs back: a command sets it to the streams of its own test."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)
