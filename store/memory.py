"""The local state in memory: the twin that tests and simulations may choose.

It keeps the rows that `rows.py` makes for the database, so that values come back as they do from
there; the same contract suite holds both. `twice` runs every function of a transaction a second
time, as a backend may (rules.md 7.2).
"""

import threading
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TypeVar

from store.memory_tables import Tables
from store.memory_tx import MemoryTx
from sync.ports import Tx

T = TypeVar("T")


@dataclass(slots=True)
class MemoryStore:
    """The `Store` port without a file."""

    twice: bool = False
    _tables: Tables = field(default_factory=Tables)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def tx(self, fn: Callable[[Tx], T]) -> T:
        """Run `fn`; any exception takes back what it did."""
        with self._lock:
            if self.twice:
                self._run(fn, keep=False)
            return self._run(fn, keep=True)

    def _run(self, fn: Callable[[Tx], T], *, keep: bool) -> T:
        try:
            result = fn(MemoryTx(self._tables))
        except BaseException:
            self._tables.take_back()
            raise
        if keep:
            self._tables.keep()
        else:
            self._tables.take_back()
        return result

    def look(self, fn: Callable[[Tx], T]) -> T:
        """Run `fn` on what is there; what it writes is taken back."""
        with self._lock:
            return self._run(fn, keep=False)

    def damage(self) -> list[str]:
        """Memory does not break."""
        return []

    def compact(self) -> int:
        """Memory gives nothing back."""
        return 0

    def copy(self) -> "MemoryStore":
        """Return a twin that this one does not see."""
        with self._lock:
            return MemoryStore(twice=self.twice, _tables=deepcopy(self._tables))

    def close(self) -> None:
        """Nothing is open."""
