"""Let others watch a running daemon: the health endpoint, where the configuration wants one."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from seatkeeper.bootstrap import Application
from seatkeeper.bootstrap_state import look_at_store
from seatkeeper.credentials import expiries
from seatkeeper.pulse import Pulse

log = structlog.get_logger()


@contextmanager
def watched(application: Application, pulse: Pulse) -> Iterator[None]:
    """Answer for health and metrics meanwhile. Raise OSError when the port is taken."""
    config = application.config
    if config.health.listen is None:
        yield
        return
    # Lazy: only a daemon that is watched pays for loading the server and the metrics.
    from seatkeeper.health import HealthApp  # noqa: PLC0415
    from seatkeeper.listener import Listening, listen  # noqa: PLC0415
    from seatkeeper.metrics import Sources  # noqa: PLC0415

    store = look_at_store(config)
    sources = Sources(
        store=store,
        pulse=pulse,
        tally=application.tally,
        facts=lambda: {"mode": config.mode, "mapping_hash": application.engine.mappings.hash},
        credentials=expiries(config),
    )
    try:
        listening = Listening(
            name="health", threads=3, timeout_seconds=5, header_bytes=8192, body_bytes=8192
        )
        listener = listen(config.health.listen, HealthApp(sources), listening)
        log.info("health answers", listen=listener.address)
        try:
            yield
        finally:
            listener.close()
    finally:
        store.close()
