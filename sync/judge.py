"""Decide what the waiting facts of one subscription mean. Pure.

The last accepted state is "was"; a refused change leaves it, and is solved when the row is set
back or made legal (rules.md 3).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from billing.periods import effective_date
from lifecycle.decisions import Decision, Observed, Refusal, Standing, decide
from lifecycle.provider_side import follow, renewed
from lifecycle.rules import Rulebook
from lifecycle.states import Status
from sync.mapping import Entity
from sync.model import Context, Contract, ProviderKind, ProviderRow
from sync.settling import Trouble, contract_trouble
from sync.state import Fact, FactState, Point, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The settings that a decision reads; frozen on the log where money depends on them."""

    rulebook: Rulebook
    change_day: str
    process_refunds: bool
    max_back_dating_days: int
    connectors: frozenset[str]
    """Names of the configured provider connections."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A fact and what it means, under its change key."""

    key: str
    fact: Fact
    decision: Decision
    effective_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What to do about the facts of one subscription."""

    decided: tuple[Decided, ...] = ()
    states: Mapping[str, FactState]
    """The new state of every fact, by key."""
    standing: Standing | None
    refusal: Refusal | None = None
    """Set when the row stands where it may not."""
    trouble: Trouble | None = None
    """Set when nothing can be decided yet; the facts wait, with their original instants."""


def status_of(entity: Entity, point: Point) -> Status | None:
    """Return what the pair means; None when the mapping does not know it."""
    for name, pair in entity.fields["status"].choices.items():
        if pair == point.pair:
            return Status(name)
    return None


def find_trouble(context: Context, policy: Policy) -> Trouble | None:
    """Find what keeps a subscription from being decided."""
    subscription = context.subscription
    if subscription is None:
        return Trouble(
            code="row-deleted",
            reason="The subscription row was deleted before its change was applied.",
            advice="Nothing was done for it. Look at the provider and the open invoice by hand.",
        )
    if subscription.hold:
        return Trouble(
            code="on-hold",
            reason="The subscription is on hold (sk_hold), so that nothing is done for it.",
            advice="Take it off hold; waiting changes are then applied by themselves.",
        )
    if subscription.contract_id is None or context.contract is None:
        return Trouble(
            code="contract-missing",
            reason="The subscription has no billing contract.",
            advice="Choose its billing contract; the change is then applied by itself.",
        )
    if subscription.quantity < 0:
        return Trouble(
            code="quantity-negative",
            reason=f"The quantity {subscription.quantity} is negative.",
            advice="Enter the number of seats, 1 or more.",
        )
    return contract_trouble(context.contract) or _provider_trouble(context.provider, policy)


def _provider_trouble(provider: ProviderRow | None, policy: Policy) -> Trouble | None:
    if provider is None:
        return Trouble(
            code="provider-missing",
            reason="The subscription has no provider.",
            advice="Choose its provider; the change is then applied by itself.",
        )
    if provider.kind is ProviderKind.AUTOMATIC and provider.connector not in policy.connectors:
        known = ", ".join(sorted(policy.connectors)) or "none"
        return Trouble(
            code="provider-unknown",
            reason=f"The provider {provider.name} names the connection {provider.connector!r},"
            " which Seatkeeper does not have.",
            advice=f"Correct it on the provider, or add it under providers: in the configuration"
            f" (configured: {known}).",
        )
    return None


def judge(
    was: Standing | None, facts: Sequence[Fact], context: Context, policy: Policy, entity: Entity
) -> Judgement:
    """Go through the facts in order, from the last accepted state."""
    waiting = {fact.key: FactState.WAITING for fact in facts}
    trouble = find_trouble(context, policy) or _unknown_status(facts, entity)
    if trouble or context.contract is None:
        return Judgement(states=waiting, standing=was, trouble=trouble)
    decided: list[Decided] = []
    withdrawn = [fact for fact in facts if _is_withdrawn(fact, context, was)]
    states = {fact.key: FactState.UNCHANGED for fact in withdrawn}
    standing, refusal = was, None
    for fact in (one for one in facts if one not in withdrawn):
        standing = standing or _first_understood(fact, entity)
        decisions, refusal = _verdicts(standing, fact, policy, entity)
        if decisions:
            earliest = _earliest(fact, context.contract, policy)
            effective_on = _effective_on(fact, context, decided, earliest)
            if effective_on < earliest:
                trouble = _back_dated(effective_on, earliest, policy)
                return Judgement(states=waiting, standing=was, trouble=trouble)
            standing = decisions[-1].standing
        decided += [
            Decided(key=_key(fact, number, one), fact=fact, decision=one, effective_on=effective_on)
            for number, one in enumerate(decisions)
        ]
        states[fact.key] = _state(decisions, refusal)
    return Judgement(decided=tuple(decided), states=states, standing=standing, refusal=refusal)


def standing_refusal(
    standing: Standing | None, point: Point, policy: Policy, entity: Entity
) -> Refusal | None:
    """Tell whether a row still stands where it may not, though no new change was seen."""
    status = status_of(entity, point)
    observed = Observed(status=status, quantity=point.quantity, quantity_changed=True)
    verdict = decide(standing, observed, policy.rulebook)
    return verdict if isinstance(verdict, Refusal) else None


def _first_understood(fact: Fact, entity: Entity) -> Standing | None:
    """Take the first known state of a row adopted with an unknown one as its baseline."""
    status = status_of(entity, fact.point)
    if status is None or fact.source is Source.NEW_ROW:
        return None
    return Standing(status=status, quantity=fact.point.quantity)


def _key(fact: Fact, number: int, decision: Decision) -> str:
    """Return the change key; a quantity that changed with a status has its own."""
    if number and fact.source.is_foreign:
        return f"{fact.key}|{decision.kind}"
    return f"{fact.key}|quantity" if number else fact.key


def _followed(
    standing: Standing | None, fact: Fact, policy: Policy, entity: Entity
) -> list[Decision]:
    """Follow the provider: what has happened there is refused by nobody."""
    status = status_of(entity, fact.point)
    if standing is None or status is None:
        return []
    if fact.source is Source.RENEWAL:
        return [renewed(standing)]
    return follow(standing, status, fact.point.quantity, policy.rulebook)


def _verdicts(
    standing: Standing | None, fact: Fact, policy: Policy, entity: Entity
) -> tuple[list[Decision], Refusal | None]:
    """Judge the status, then the quantity; the refusal is what still stands in the way."""
    if fact.source.is_foreign:
        return _followed(standing, fact, policy, entity), None
    observed = Observed(
        status=status_of(entity, fact.point),
        quantity=fact.point.quantity,
        quantity_changed=True,
        is_new=fact.source is Source.NEW_ROW,
    )
    decisions: list[Decision] = []
    verdict = decide(standing, observed, policy.rulebook)
    while isinstance(verdict, Decision):
        decisions.append(verdict)
        rest = replace(observed, is_new=False)
        verdict = decide(verdict.standing, rest, policy.rulebook)
    return decisions, verdict


def _state(decisions: Sequence[Decision], refusal: Refusal | None) -> FactState:
    if decisions:
        return FactState.PLANNED
    return FactState.REFUSED if refusal else FactState.UNCHANGED


def _unknown_status(facts: Sequence[Fact], entity: Entity) -> Trouble | None:
    """Find a row that stands on an unknown status; one that was left again means nothing."""
    for fact in facts[-1:]:
        if status_of(entity, fact.point) is None:
            columns = ", ".join(entity.fields["status"].columns)
            return Trouble(
                code="status-unknown",
                reason=f"The status reason {list(fact.point.pair)} ({columns}) is not mapped.",
                advice="Set a known status reason, or map it in mappings/subscription.yaml.",
            )
    return None


def _is_withdrawn(fact: Fact, context: Context, was: Standing | None) -> bool:
    """Tell a reached deactivate-on date that the person has since moved, or overtaken.

    A row whose status was changed meanwhile is not written over: that change comes first.
    """
    row = context.subscription
    if fact.source is not Source.SCHEDULE or row is None:
        return False
    is_overtaken = was is not None and row.status is not was.status
    return is_overtaken or row.deactivate_on != fact.effective_on


def _earliest(fact: Fact, contract: Contract, policy: Policy) -> date:
    """Return the earliest day on which a change may take effect (rules.md 4.4)."""
    made_on = effective_date(fact.at, contract.time_zone)
    return made_on - timedelta(days=policy.max_back_dating_days)


def _effective_on(fact: Fact, context: Context, earlier: Sequence[Decided], earliest: date) -> date:
    """Take the date the person set for this change, else the day on which it was made.

    What happened at the provider cannot be dated otherwise: too far back, it counts from the
    earliest day. A person's date that lies too far back gives way to what was made of it since.
    Without audit a date on the row counts only if no log has used it: it stays on the row. With
    audit a date that was saved after the change belongs to the next one.
    """
    on_row = context.subscription.change_effective_on if context.subscription else None
    told = fact.effective_on
    is_audited = fact.source is Source.AUDIT
    is_mended = is_audited and on_row != told
    zone = context.contract.time_zone if context.contract else "UTC"
    if fact.source.is_foreign:
        return max(told, earliest) if told else effective_date(fact.at, zone)
    if told is not None and (told >= earliest or not is_mended):
        return told
    used = {log.effective_on for log in context.logs} | {one.effective_on for one in earlier}
    if on_row is not None and on_row not in used and (told is not None or not is_audited):
        return on_row
    return effective_date(fact.at, zone)


def _back_dated(effective_on: date, earliest: date, policy: Policy) -> Trouble:
    days = policy.max_back_dating_days
    return Trouble(
        code="back-dated",
        reason=f"The effective date {effective_on} lies more than {days} days before the change"
        f" of {earliest + timedelta(days=days)}.",
        advice=f"Set it to {earliest} or later, or raise money.max_back_dating_days.",
    )
