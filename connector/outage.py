"""Whether a service answers: said once when it stops, and once when it is back."""

import threading

import structlog

log = structlog.get_logger(__name__)


class Outage:
    """What was last said of one service; threads share it."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._failures = 0
        self._lock = threading.Lock()

    def failed(self, reason: str) -> None:
        """Count a call that stayed without an answer of use."""
        with self._lock:
            self._failures += 1
            is_first = self._failures == 1
        if is_first:
            log.warning("service unavailable", service=self._service, reason=reason)

    def answered(self) -> None:
        """Take note that the service works."""
        with self._lock:
            failures, self._failures = self._failures, 0
        if failures:
            log.info("service is back", service=self._service, attempt=failures)
