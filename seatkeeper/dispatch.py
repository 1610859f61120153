"""Dispatchers: inline for plans and simulations, threads for the daemon."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor


class InlineDispatcher:
    """One key after another, in order."""

    def run(self, keys: Sequence[str], work: Callable[[str], None]) -> None:
        for key in keys:
            work(key)


class ThreadDispatcher:
    """Several keys at once; a key is never worked on twice at the same time."""

    def __init__(self, workers: int) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="seatkeeper")

    def run(self, keys: Sequence[str], work: Callable[[str], None]) -> None:
        list(self._pool.map(work, dict.fromkeys(keys)))

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
