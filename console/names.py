"""Names for ids: asked for in the background and remembered, so that no page waits for a service.

A page waits a moment; what is not known by then is shown by its id, and by name the next time.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from console.desk import NotDoneError
from sync.reading_names import Named

PATIENCE_SECONDS = 0.05
_MOST = 20_000
_AT_ONCE = 50


@dataclass(slots=True)
class Names:
    """What is known of names."""

    read: Callable[[Sequence[str]], Mapping[str, Named]]
    _known: dict[str, Named | None] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _reading: threading.Lock = field(default_factory=threading.Lock)

    def of(self, ids: Iterable[str], *, patience: float = PATIENCE_SECONDS) -> Mapping[str, Named]:
        """Return the names that are known, having waited a moment for the others."""
        wanted = list(dict.fromkeys(ids))
        with self._lock:
            missing = [one for one in wanted if one not in self._known][:_AT_ONCE]
        if missing:
            reader = threading.Thread(target=self._learn, args=(missing,), daemon=True)
            reader.start()
            reader.join(patience)
        with self._lock:
            found = {one: self._known.get(one) for one in wanted}
        return {one: named for one, named in found.items() if named is not None}

    def _learn(self, ids: Sequence[str]) -> None:
        """Ask for names, one request at a time; without an answer they are asked for again."""
        if not self._reading.acquire(blocking=False):
            return
        try:
            found = self.read(ids)
        except NotDoneError:
            return
        finally:
            self._reading.release()
        with self._lock:
            if len(self._known) > _MOST:
                self._known.clear()
            self._known.update({one: found.get(one) for one in ids})
