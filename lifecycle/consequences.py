"""What stopping a subscription at its provider means, in sentences. Pure.

```
            New Commerce, suspend          New Commerce, cancel         older, suspend
bill        goes on until the term ends    ends; Microsoft credits      ends
window      until when it could still      -                            -
            be cancelled, or closed
auto-renew  saved, restored on activation  gone                         saved, restored
undo        activation                     none: a new purchase         activation
margin      refund, nothing avoided        refund less cost avoided     refund less cost avoided
```
(sheet partner-center.md 4.1 to 4.3 and 4.6)
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

_EXTENDED_FROM = date(2026, 5, 4)
"""New Commerce terms that end from here on may roll into a paid Extended Service Term."""
FINAL = "A cancellation is final: to use the subscription again it must be bought anew."


class Stop(StrEnum):
    """How a subscription is stopped at its provider."""

    SUSPEND = "suspend"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the provider holds, as far as it decides what a stop means."""

    is_new_commerce: bool
    ends_on: date | None
    """The last day of the term."""
    cancellable_until: datetime | None
    renews: bool
    has_schedule: bool
    """A change is scheduled for the renewal or for a date."""
    ends_by_itself: bool
    """An explicit Cancel is scheduled for the end of the term."""

    def can_cancel(self, now: datetime) -> bool:
        """Tell whether the provider still takes a cancellation."""
        return self.cancellable_until is not None and now <= self.cancellable_until


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """What is given back to the customer, and what the seats cost us. Amounts are positive."""

    refund: Decimal
    cost_avoided: Decimal | None
    """The cost of the days given back; None when no cost price is known."""
    currency: str
    minor_unit: Decimal


def bill_sentence(terms: Terms, today: date) -> str:
    """Say what a suspend does not stop."""
    if not terms.is_new_commerce or terms.ends_on is None or terms.ends_on < today:
        return ""
    return f"Microsoft keeps billing until the term ends on {_day(terms.ends_on)}."


def window_sentence(terms: Terms, now: datetime, *, count: bool) -> str:
    """Say until when it can be cancelled; `count` adds the days, not for a text that stays."""
    if not terms.is_new_commerce:
        return ""
    until = terms.cancellable_until
    if until is None:
        return "It can no longer be cancelled: the cancellation window is closed."
    if now > until:
        return f"It can no longer be cancelled: the window closed on {_day(until.date())}."
    days = (until - now).days
    left = f" ({days} {'day' if days == 1 else 'days'} left)" if count else ""
    return f"It can be cancelled until {_day(until.date())} {until:%H:%M} UTC{left}."


def held_sentence(terms: Terms) -> str:
    """Say what a suspend takes, and an activation gives back."""
    taken = [
        *(["auto-renew"] if terms.renews else []),
        *(["the scheduled changes"] if terms.has_schedule else []),
    ]
    if not taken:
        return ""
    words = " and ".join(taken)
    plural = "are" if terms.has_schedule else "is"
    return f"{words[0].upper()}{words[1:]} {plural} saved, and restored by an activation."


def extended_sentence(terms: Terms) -> str:
    """Say where a term without auto-renew may not simply end."""
    ends = terms.ends_on
    if not terms.is_new_commerce or ends is None or ends < _EXTENDED_FROM or terms.ends_by_itself:
        return ""
    return (
        "At its end Microsoft may carry the term on as a paid Extended Service Term, unless a"
        " cancellation is scheduled for that day."
    )


def margin_sentence(terms: Terms, stop: Stop, margin: Margin) -> str:
    """Say what the refund costs us: all of it while Microsoft bills on."""
    if margin.refund <= 0:
        return ""
    if stop is Stop.SUSPEND and terms.is_new_commerce:
        return f"Margin effect: {_money(margin, -margin.refund)}, because no cost is avoided."
    if margin.cost_avoided is None:
        return "Margin effect: unknown, because the subscription has no cost price."
    effect = margin.cost_avoided - margin.refund
    avoided = _money(margin, margin.cost_avoided)
    return f"Margin effect: about {_money(margin, effect)}, because a cost of {avoided} is avoided."


def consequences(
    terms: Terms, stop: Stop, margin: Margin, now: datetime, *, count: bool = True
) -> list[str]:
    """Return what a stop means, sentence by sentence, beside the bill that goes on."""
    if stop is Stop.CANCEL:
        return _told([FINAL, margin_sentence(terms, stop, margin)])
    return _told(
        [
            window_sentence(terms, now, count=count),
            held_sentence(terms),
            extended_sentence(terms),
            margin_sentence(terms, stop, margin),
        ]
    )


def _told(sentences: list[str]) -> list[str]:
    return [one for one in sentences if one]


def _day(day: date) -> str:
    return f"{day:%-d %B %Y}"


def _money(margin: Margin, amount: Decimal) -> str:
    return f"{amount.quantize(margin.minor_unit)} {margin.currency}"
