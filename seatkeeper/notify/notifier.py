"""Looks, tells, and remembers what it told. Whatever happens to a message, the work goes on.

A message counts as told once its transport took it; a process that is killed between the two
tells it once more.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import structlog

from seatkeeper.notify.concerns import Watch, read_concerns
from seatkeeper.notify.judging import Habits, Message, Word, due_messages, scrubbed
from sync.ports import Store

log = structlog.get_logger()


class UntoldError(Exception):
    """A message did not go out; the sentence names no address."""


class Transport(Protocol):
    """Carries messages to people."""

    def tell(self, title: str, body: str) -> None:
        """Carry one message. Raises UntoldError."""
        ...


@dataclass(slots=True, kw_only=True)
class Notifier:
    """The messages of one daemon; the store is a connection of its own."""

    store: Store
    transport: Transport
    habits: Habits
    watch: Callable[[], Watch]
    secrets: Iterable[str] = ()
    failing: bool = False

    def look(self) -> None:
        """Tell what is due; a failure is logged once, and tried again at the next look."""
        try:
            self._look()
        except Exception as error:  # noqa: BLE001  # telling people never stops the work
            if not self.failing:
                log.warning("notification failed", error=_words(error))
            self.failing = True
        else:
            if self.failing:
                log.info("notifications go out again")
            self.failing = False

    def _look(self) -> None:
        watch = self.watch()
        concerns, told = self.store.look(lambda tx: (read_concerns(tx, watch), tx.told()))
        for message in due_messages(concerns, told, self.habits, watch.now):
            self._tell(scrubbed(message, self.secrets))

    def _tell(self, message: Message) -> None:
        self.transport.tell(message.title, message.body)
        if message.word is Word.ALL_CLEAR:
            self.store.tx(lambda tx: tx.drop_told([one.topic for one in message.told]))
        else:
            self.store.tx(lambda tx: tx.put_told(message.told))
        log.info(
            "notified", code=message.kind.value, state=message.word.value, rows=len(message.told)
        )


def _words(error: Exception) -> str:
    """Return what may be logged of an error: only our own sentences, for others may hold keys."""
    return str(error) if isinstance(error, UntoldError) else type(error).__name__
