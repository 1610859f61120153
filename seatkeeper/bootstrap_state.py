"""Open the local state of a configuration: the part of `bootstrap` that needs no client."""

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from seatkeeper.config import Config
from seatkeeper.yaml_files import ConfigurationError, Problem
from store.sqlite import SqliteStore
from sync.ports import Store

if TYPE_CHECKING:
    from store.lease import Lease
    from store.postgres_address import PostgresAddress

_NO_DRIVER = "the database driver is not installed; `pip install 'seatkeeper[postgres]'` adds it"


def open_store(config: Config) -> Store:
    """Open the local state, and make its folder or schema."""
    if place := config.state_place:
        return _postgres(config, place)
    config.state_file.parent.mkdir(parents=True, exist_ok=True)
    _make_private(config.state_file)
    return SqliteStore(config.state_file)


def _make_private(file: Path) -> None:
    """Make a new state's file for its owner only; SQLite gives its log the same rights."""
    with suppress(OSError):  # it is there, or SQLite will say what is wrong
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def look_at_store(config: Config) -> Store:
    """Open the local state to look at; when there is none it is empty, and none is made."""
    if place := config.state_place:
        return _postgres(config, place) if _is_state(config, place) else empty_store()
    return SqliteStore(config.state_file) if config.state_file.exists() else empty_store()


def empty_store() -> SqliteStore:
    """Return a state in memory that nobody keeps."""
    return SqliteStore(":memory:")


def lease_of(config: Config, place: "PostgresAddress", holder: str) -> "Lease":
    """Return the lease of a state in PostgreSQL, not taken yet."""
    demand_driver(config)
    # Lazy: only a state in PostgreSQL needs the driver, which is an extra.
    from store.lease import Lease  # noqa: PLC0415

    return Lease(place, config.state_secret, holder=holder)


def demand_driver(config: Config) -> None:
    """Raise ConfigurationError when the driver that the state needs is not installed."""
    try:
        import psycopg  # noqa: F401, PLC0415  # an extra
    except ImportError as error:
        told = Problem(file=config.state_name, line=None, field="state", message=_NO_DRIVER)
        raise ConfigurationError([told]) from error


def _postgres(config: Config, place: "PostgresAddress") -> Store:
    demand_driver(config)
    from store.postgres import PostgresStore  # noqa: PLC0415  # an extra

    return PostgresStore(place, config.state_secret)


def _is_state(config: Config, place: "PostgresAddress") -> bool:
    demand_driver(config)
    from store.postgres import is_state  # noqa: PLC0415  # an extra

    return is_state(place, config.state_secret)
