"""What every test leaves as it found it."""

from collections.abc import Iterator

import pytest
import structlog

_LONG = frozenset({"simulation", "durability", "acceptance"})


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no process is left alone with it at the end."""
    items.sort(key=lambda item: _LONG.isdisjoint(item.path.parts))


@pytest.fixture(autouse=True)
def logging_as_delivered() -> Iterator[None]:
    """Begin and end with unconfigured logs: a command sets them to the streams of its own test."""
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()
