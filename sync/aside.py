"""Keep trouble with the rows it belongs to: nothing that goes wrong with one stops another."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sync.engine import Engine
from sync.parking import park
from sync.ports import Tx
from sync.remote import RemoteError
from sync.settling import Trouble
from sync.state import StateError


@dataclass(slots=True)
class Failures:
    """The services' failures of a piece of work, in the order in which they came."""

    errors: list[RemoteError] = field(default_factory=list)

    def run(self, engine: Engine, subjects: Iterable[str], work: Callable[[], None]) -> None:
        """Do the work; keep a service's failure, and park the subjects for what nobody foresaw."""
        try:
            work()
        except RemoteError as error:
            self.errors.append(error)
        except StateError:
            raise  # nothing can be stored, not even that it is set aside; nothing was sent
        except Exception as error:  # noqa: BLE001  # what we did not foresee stays with its rows
            for subject in dict.fromkeys(subjects):
                park_unforeseen(engine, subject, error)


def park_unforeseen(engine: Engine, subject: str, error: Exception) -> None:
    """Set one subject aside for an error that nobody foresaw; the others go on."""
    engine.ports.log.warning("unforeseen", subject=subject, error=repr(error))
    trouble = Trouble(
        code="unforeseen",
        reason=f"Seatkeeper met something it does not know: {type(error).__name__}: {error}",
        advice="Report it with the output of `seatkeeper explain`; it is tried again by itself.",
    )

    def tx_park(tx: Tx) -> None:
        park(engine, tx, subject, trouble)
        tx.unwake(subject)

    engine.ports.store.tx(tx_park)
