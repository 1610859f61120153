"""Judge how much a run may change before a person has looked at the plan. Pure (rules.md 6).

Counted are changes with a provider action or money: those of the rolling window that were sent,
and those that wait. Adoption counts nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from lifecycle.states import Money, ProviderIntent
from sync.model import ProviderKind
from sync.planned import Case, Plan
from sync.state import Counted
from sync.wording import money_words

_HOW = (
    "`seatkeeper plan --json > plan.json` shows what would be done;"
    " `seatkeeper apply --plan plan.json` accepts exactly that."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The section `guards` of the configuration."""

    window: timedelta = timedelta(hours=1)
    max_changes: int = 200
    max_percent: int = 30
    percent_from: int = 25
    """Percentages are judged from this many known subscriptions on."""
    max_refund: Mapping[str, Decimal] = field(default_factory=dict)
    """The most that is given back in the window, net, by currency."""


@dataclass(frozen=True, slots=True)
class Load:
    """How much was changed, or would be."""

    changes: int = 0
    refunds: Mapping[str, Decimal] = field(default_factory=dict)

    def __add__(self, other: "Load") -> "Load":
        currencies = {*self.refunds, *other.refunds}
        refunds = {
            one: self.refunds.get(one, Decimal(0)) + other.refunds.get(one, Decimal(0))
            for one in currencies
        }
        return Load(self.changes + other.changes, refunds)


@dataclass(frozen=True, slots=True)
class Alarm:
    """A tripped guard: a code for machines, a sentence for people."""

    code: str
    sentence: str


def load_of(counted: Iterable[Counted]) -> Load:
    """Add up changes."""
    total = Load()
    for one in counted:
        total += Load(1, {one.currency: one.refund} if one.refund else {})
    return total


def weigh(case: Case, plan: Plan, now: datetime) -> Iterator[Counted]:
    """Yield the changes of a plan that have a provider action or money, newest first."""
    provider, contract = case.context.provider, case.context.contract
    automatic = provider is not None and provider.kind is ProviderKind.AUTOMATIC
    refund = -sum((line.amount for line in plan.lines if line.amount < 0), Decimal(0))
    for planned in reversed(plan.logs):
        decision = planned.decided.decision
        acts = automatic and decision.provider is not ProviderIntent.NOTHING
        if acts or decision.money is not Money.NOTHING:
            yield Counted(
                change_key=planned.log.change_key,
                at=now,
                currency=contract.currency if contract else "",
                refund=refund,
            )
            refund = Decimal(0)  # told once, with the newest change


def judge_load(limits: Limits, load: Load, known: int) -> tuple[Alarm, ...]:
    """Return the limits that a load breaks; `known` is the number of known subscriptions."""
    return tuple(_alarms(limits, load, known))


def _alarms(limits: Limits, load: Load, known: int) -> Iterator[Alarm]:
    window = f"within {_words(limits.window)}"
    if load.changes > limits.max_changes:
        told = f"{load.changes} changes {window}; guards.max_changes allows {limits.max_changes}."
        yield Alarm("too-many-changes", f"{told} {_HOW}")
    share = percent(load.changes, known)
    if known >= limits.percent_from and share > limits.max_percent:
        told = f"{load.changes} of {known} subscriptions ({share} %) change {window}"
        allowed = f"guards.max_percent allows {limits.max_percent} %."
        yield Alarm("too-large-a-share", f"{told}; {allowed} {_HOW}")
    for currency, limit in sorted(limits.max_refund.items()):
        refund = load.refunds.get(currency, Decimal(0))
        if refund > limit:
            told = f"{money_words(currency, refund)} would be given back {window}"
            allowed = f"guards.max_refund allows {money_words(currency, limit)}."
            yield Alarm("too-much-refund", f"{told}; {allowed} {_HOW}")


def judge_mappings(accepted: str | None, in_force: str) -> tuple[Alarm, ...]:
    """Return an alarm when the mappings are not those that were accepted last."""
    if accepted in (None, in_force):
        return ()
    told = f"The mappings changed since they were accepted ({accepted[:12]}, now {in_force[:12]})."
    return (Alarm("mappings-changed", f"{told} {_HOW}"),)


def judge_side(limits: Limits, met: int, known: int) -> tuple[Alarm, ...]:
    """Return an alarm when a full read met far fewer rows than are known."""
    missing = percent(known - met, known)
    if known < limits.percent_from or missing <= limits.max_percent:
        return ()
    told = f"A full read found {met} of {known} known subscriptions ({missing} % are missing)"
    allowed = f"guards.max_percent allows {limits.max_percent} %."
    how = "Look whether the application user still sees all rows, or they were deleted on purpose."
    return (Alarm("side-short", f"{told}; {allowed} {how} {_HOW}"),)


def percent(part: int, whole: int) -> int:
    """Return a share in whole percent, rounded up, so that a limit is never passed unseen."""
    return -(-100 * part // whole) if whole > 0 else 0


def _words(window: timedelta) -> str:
    seconds = int(window.total_seconds())
    for unit, name in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds % unit == 0:
            number = seconds // unit
            return f"{number} {name}{'s' if number > 1 else ''}"
    return f"{seconds} seconds"
