"""What the policy for deactivations says about one, once the licence is known. Pure.

```
policy                  window open   window closed             provider silent
suspend                 suspend       suspend                   goes on, is provisioned later
cancel_inside_window    cancel        suspend                   goes on, is provisioned later
refuse_outside_window   cancel        refused                   waits
ask                     waits for a person's choice, suspend or cancel
```
Only New Commerce licences are meant: Microsoft stops billing an older one that is suspended.
"""

from dataclasses import dataclass

from lifecycle.decisions import Refusal
from lifecycle.rules import Deactivate, Rulebook
from lifecycle.states import LogKind, ProviderIntent
from sync.judge import Decided
from sync.provisioning import Moment, Ways, still_billed, terms_of
from sync.remote import Licence
from sync.settling import Trouble

SUSPEND = "suspend"
CANCEL = "cancel"
"""What a person may choose."""
CHOICE = "deactivation-choice"
"""The code with which a deactivation waits for a choice."""
_CANCELS = frozenset({Deactivate.CANCEL_INSIDE_WINDOW, Deactivate.REFUSE_OUTSIDE_WINDOW})
_WAITS = frozenset({Deactivate.REFUSE_OUTSIDE_WINDOW, Deactivate.ASK})


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What a verdict on a deactivation reads."""

    licence: Licence | None
    """None with `is_silent`: the provider did not answer; None without: it has none."""
    is_silent: bool
    choice: str
    moment: Moment


def ways_of(book: Rulebook, choice: str) -> Ways:
    """Return how states are reached, by policy and by what a person chose."""
    asked = book.on_deactivate is Deactivate.ASK
    return Ways(
        schedule_decreases=book.schedule_decreases,
        cancel_inside_window=book.on_deactivate in _CANCELS or (asked and choice == CANCEL),
        suspend_outside_window=choice == SUSPEND,
    )


def must_wait(decided: Decided, situation: Situation, book: Rulebook) -> bool:
    """Tell a deactivation that cannot be judged before the provider has answered."""
    return _is_meant(decided) and book.on_deactivate in _WAITS and situation.is_silent


def verdict(decided: Decided, situation: Situation, book: Rulebook) -> Refusal | Trouble | None:
    """Refuse a deactivation or ask a person, by policy; None lets it through."""
    licence = situation.licence
    if not _is_meant(decided) or book.on_deactivate not in _WAITS or licence is None:
        return None
    if not licence.is_new_commerce or licence.status not in {"active", "suspended"}:
        return None
    can_cancel = terms_of(licence).can_cancel(situation.moment.now)
    if book.on_deactivate is Deactivate.REFUSE_OUTSIDE_WINDOW:
        return None if can_cancel else _refusal(decided, licence, situation.moment)
    is_chosen = situation.choice == SUSPEND or (situation.choice == CANCEL and can_cancel)
    return None if is_chosen else _question(can_cancel=can_cancel)


def _is_meant(decided: Decided) -> bool:
    decision = decided.decision
    if decided.fact.source.is_foreign:
        return False  # it has happened already
    return decision.kind is LogKind.DEACTIVATION and decision.provider is ProviderIntent.SUSPEND


def _refusal(decided: Decided, licence: Licence, moment: Moment) -> Refusal:
    billed = still_billed(licence, moment.today) or "Microsoft would keep billing it."
    sentence = (
        f"It cannot be deactivated now: the time to cancel it is over. {billed}"
        " Set it back, and deactivate it when its term ends."
    )
    return Refusal(transition=decided.decision.transition, sentence=sentence)


def _question(*, can_cancel: bool) -> Trouble:
    cancel = " or --choose cancel" if can_cancel else ""
    return Trouble(
        code="deactivation-choice",
        reason="A deactivation waits for a choice.",
        advice=f"Choose by `seatkeeper parked resolve` with --choose suspend{cancel}, or set the"
        " subscription back.",
    )
