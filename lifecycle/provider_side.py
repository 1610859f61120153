"""Decide what a change that was made at the provider means: it has happened, so none is refused.

```
the provider now says   change log                        seats
expired                 Expiry                            all leave
cancelled               Cancellation                      all leave
suspended, was seated   Deactivation                      all leave
active, was not seated  Activation                        the seats that the provider has
active, was paused      Resume                            none
another quantity        Quantity Change                   the difference (none while inactive)
a later term end        Renewal                           none
```
Seats come before a status that takes them away, and with one that gives them back. Pure.
"""

from lifecycle.decisions import Decision, Standing
from lifecycle.rules import Rulebook
from lifecycle.states import LogKind, Money, ProviderIntent, Status

_KINDS = {
    Status.EXPIRED: LogKind.EXPIRY,
    Status.CANCELLED: LogKind.CANCELLATION,
    Status.SUSPENDED: LogKind.DEACTIVATION,
    Status.PAUSED: LogKind.PAUSE,
}


def follow(was: Standing, status: Status, quantity: int, book: Rulebook) -> list[Decision]:
    """Return the decisions that lead from the last accepted state to the provider's."""
    decisions: list[Decision] = []
    now = was
    if status is Status.ACTIVE and was.status is not Status.ACTIVE:
        now = Standing(status=status, quantity=was.quantity if was.seats else quantity)
        decisions.append(_decision(_returned(was), was, now, book))
    if quantity > 0 and quantity != now.quantity:
        before, now = now, Standing(status=now.status, quantity=quantity)
        decisions.append(_decision(LogKind.QUANTITY_CHANGE, before, now, book))
    if status is not now.status:
        end = Standing(status=status, quantity=now.quantity)
        decisions.append(_decision(_KINDS[status], now, end, book))
    return decisions


def renewed(was: Standing) -> Decision:
    """Return the decision for a term that went on."""
    return Decision(
        transition="renewed at the provider",
        kind=LogKind.RENEWAL,
        before=was.seats,
        after=was.seats,
        standing=was,
        provider=ProviderIntent.NOTHING,
        money=Money.NOTHING,
        reason="the term went on at the provider",
    )


def _returned(was: Standing) -> LogKind:
    return LogKind.RESUME if was.status is Status.PAUSED else LogKind.ACTIVATION


def _decision(kind: LogKind, was: Standing, now: Standing, book: Rulebook) -> Decision:
    moved = now.seats - was.seats
    return Decision(
        transition=f"{kind.words.lower()} at the provider",
        kind=kind,
        before=was.seats,
        after=now.seats,
        standing=now,
        provider=ProviderIntent.NOTHING,
        money=book.partner_money if moved else Money.NOTHING,
        reason=f"changed at the provider: {kind.words}, {moved:+d} seats",
    )
