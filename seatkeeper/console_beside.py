"""The console in the daemon, where the configuration wants it there."""

from collections.abc import Iterator
from contextlib import contextmanager

from seatkeeper.config import Config


@contextmanager
def console_beside(config: Config) -> Iterator[None]:
    """Answer for the console meanwhile, with connections of its own."""
    if not config.console.daemon:
        yield
        return
    # Lazy: only a daemon with the pages pays for loading them.
    from seatkeeper.console_server import served  # noqa: PLC0415

    with served(config):
        yield
