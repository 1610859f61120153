"""A provider in five verbs, for those who connect one of their own, and its way into the engine.

You say what a subscription holds, and do what is asked; documents, read-back and outcomes are
the adapter's. What cannot be said in these verbs needs the `Provider` port itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final, Protocol

from connector.dates import day, instant
from connector.documents import text, whole
from connector.errors import NotSent
from connector.http import Http
from sync.ports import Effects
from sync.remote import (
    Action,
    Licence,
    LicenceRef,
    Outcome,
    Refused,
    RemoteError,
    Row,
    SignInFailed,
    Unavailable,
    WriteResult,
)

ALWAYS: Final = datetime(9999, 12, 31, tzinfo=UTC)
"""A subscription that can be cancelled at any time."""
_ASKED: Final = "action"
_SHOWN: Final[Mapping[str, str]] = {
    Action.SUSPEND: "suspended",
    Action.REACTIVATE: "active",
    Action.CANCEL: "deleted",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What a provider of yours may use of ours."""

    name: str
    """The name of the connection in the configuration."""
    effects: Effects
    """Time to wait by, and ids."""
    http: Http
    """Sessions with time limits, safe repeats and waiting when told to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What the provider holds of a subscription."""

    status: str
    """`active`, `suspended`, `cancelled`, `expired`; others allow no change and are shown."""
    quantity: int
    term_ends_on: date | None = None
    cancellable_until: datetime | None = ALWAYS
    """None: it cannot be cancelled."""


class SimpleProvider(Protocol):
    """Your provider.

    Raise `NotFound`, `Refused` (it says no, with a sentence for a person), `SignInFailed`,
    `NotSent` (certainly not executed, try later) or `Unavailable` (perhaps executed). Any other
    exception counts as perhaps executed. `request_id` is the same when a call is repeated.
    """

    def read(self, ref: LicenceRef) -> Holding: ...

    def suspend(self, ref: LicenceRef, *, request_id: str) -> None: ...

    def reactivate(self, ref: LicenceRef, *, request_id: str) -> None: ...

    def cancel(self, ref: LicenceRef, *, request_id: str) -> None: ...

    def set_quantity(self, ref: LicenceRef, quantity: int, *, request_id: str) -> None:
        """Set the new total."""
        ...


class SimpleAdapter:
    """The `Provider` port over a provider in five verbs."""

    def __init__(self, name: str, provider: SimpleProvider) -> None:
        self._name = name
        self._provider = provider

    def read(self, ref: LicenceRef) -> Licence:
        """Read what is held; an error that is none of ours is told, and not tried again."""
        try:
            holding = self._provider.read(ref)
        except RemoteError:
            raise
        except Exception as error:  # code of others
            raise Refused(f"{self._name} cannot be read: {_told(error)}") from error
        return self.licence(_document(holding))

    def compose(
        self, licence: Licence, action: Action, *, quantity: int | None, held: Row | None
    ) -> Row:
        """Return the verb and the values that go with it."""
        del held  # a simple provider has nothing that a suspend takes
        wanted = licence.quantity if quantity is None else quantity
        return {**licence.resource, _ASKED: action.value, "quantity": wanted}

    def send(self, ref: LicenceRef, body: Row, *, request_id: str, etag: str) -> WriteResult:
        """Call the verb once; it is done when it shows in what is read afterwards."""
        del etag
        try:
            self._call(ref, body, request_id)
        except SignInFailed:
            raise
        except NotSent as error:
            return _result(Outcome.RETRY, error)
        except Refused as error:
            return _result(Outcome.REFUSED, error)
        except Unavailable as error:
            return _result(Outcome.AMBIGUOUS, error)
        except Exception as error:  # noqa: BLE001  # code of others: it may have been executed
            return WriteResult(outcome=Outcome.AMBIGUOUS, message=f"{self._name}: {_told(error)}")
        return self._read_back(ref, body)

    def licence(self, resource: Row) -> Licence:
        """Read a document that `read` or `send` made."""
        ends = text(resource.get("term_ends_on"))
        return Licence(
            status=text(resource.get("status")),
            quantity=whole(resource.get("quantity")) or 0,
            auto_renew=False,
            is_new_commerce=False,
            term_ends_on=day(ends),
            cancellable_until=instant(text(resource.get("cancellable_until"))),
            refundable_seats=None,
            held={},
            etag="",
            resource={name: value for name, value in resource.items() if name != _ASKED},
        )

    def _call(self, ref: LicenceRef, body: Row, request_id: str) -> None:
        asked, provider = text(body.get(_ASKED)), self._provider
        if asked == Action.SET_QUANTITY:
            quantity = whole(body.get("quantity")) or 0
            return provider.set_quantity(ref, quantity, request_id=request_id)
        verbs: Mapping[str, Callable[..., None]] = {
            Action.SUSPEND: provider.suspend,
            Action.REACTIVATE: provider.reactivate,
            Action.CANCEL: provider.cancel,
        }
        verb = verbs.get(asked)
        if verb is None:
            raise Refused(f"{self._name} knows no {asked}; do it there by hand")
        return verb(ref, request_id=request_id)

    def _read_back(self, ref: LicenceRef, body: Row) -> WriteResult:
        try:
            licence = self.read(ref)
        except RemoteError as error:
            return _result(Outcome.AMBIGUOUS, error)
        asked = text(body.get(_ASKED))
        held = licence.quantity == body.get("quantity")
        shows = licence.status == _SHOWN[asked] if asked in _SHOWN else held
        if not shows:
            message = f"{self._name} took the {asked}, but does not show it yet"
            return WriteResult(outcome=Outcome.AMBIGUOUS, message=message)
        return WriteResult(outcome=Outcome.DONE, body=licence.resource)


def _document(holding: Holding) -> Row:
    ends, until = holding.term_ends_on, holding.cancellable_until
    status = holding.status.strip().lower()
    return {
        "status": "deleted" if status in {"cancelled", "canceled"} else status,
        "quantity": holding.quantity,
        "term_ends_on": ends.isoformat() if ends else None,
        "cancellable_until": until.isoformat() if until else None,
    }


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _result(outcome: Outcome, error: RemoteError) -> WriteResult:
    waits = error.retry_after_seconds if isinstance(error, Unavailable) else None
    return WriteResult(
        outcome=outcome,
        status=error.status,
        code=error.code,
        message=error.message,
        correlation_id=error.correlation_id,
        retry_after_seconds=waits,
    )
