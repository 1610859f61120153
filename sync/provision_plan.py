"""Plan the provider's part: which logs wait for it, which close, fail or are held back. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from lifecycle.decisions import Standing
from lifecycle.states import RETURNS, LogKind, ProviderIntent, Provisioning
from sync.deactivating import ways_of
from sync.judge import Policy
from sync.model import ChangeLog, ProviderKind
from sync.planned import Case, LogUpdate, Plan, PlannedLog
from sync.provisioning import Steps, holds, steps
from sync.remote import Action, Licence
from sync.settling import Trouble
from sync.wording import (
    BY_HAND,
    HELD_BACK,
    NOT_ANSWERED,
    NOT_PROVISIONED,
    failure_in,
    join,
    lasting,
)

HEALING = frozenset(
    {
        "provider-id-missing",
        "provider-unknown-subscription",
        "provider-ended",
        "provider-status",
        "decrease-refused",
        "cancel-window-closed",
        "provider-suspended",
    }
)
"""Causes that we see for ourselves when they are gone; others wait for a person."""


def is_open(log: ChangeLog) -> bool:
    """Tell whether one of our logs is not provisioned yet, or failed."""
    open_states = {Provisioning.AWAITING, Provisioning.FAILED}
    return bool(log.change_key) and log.provisioning in open_states


def waits(log: ChangeLog) -> bool:
    """Tell whether one of our logs waits for the provider, or for its stamp."""
    is_unstamped = log.provisioning is Provisioning.PROVISIONED and log.provisioned_at is None
    return is_open(log) or (bool(log.change_key) and is_unstamped)


def with_provisioning(base: Plan, case: Case, policy: Policy) -> Plan:
    """Add the provider's part, by the kind of provider."""
    provider = case.context.provider
    if provider is None:
        return base
    match provider.kind:
        case ProviderKind.MANUAL:
            return _mark_waiting(_stamped(base, case), Provisioning.AWAITING, BY_HAND)
        case ProviderKind.DO_NOTHING:
            return _needless(base, case)
        case ProviderKind.AUTOMATIC:
            return _automatic(_stamped(base, case), case, policy)


def _needless(base: Plan, case: Case) -> Plan:
    """Close all logs: also those that waited for another provider before."""
    message = "The provider of this subscription needs nothing."
    updates = tuple(
        LogUpdate(
            log=log,
            provisioning=Provisioning.NOT_APPLICABLE,
            message=join(message, lasting(log.message)),
        )
        for log in case.context.logs
        if is_open(log)
    )
    return _mark_waiting(replace(base, updates=updates), Provisioning.NOT_APPLICABLE, message)


def _mark_waiting(base: Plan, provisioning: Provisioning, message: str) -> Plan:
    """Set the outcome on all new logs that still wait."""
    return replace(base, logs=tuple(_marked(one, provisioning, message) for one in base.logs))


def _marked(planned: PlannedLog, provisioning: Provisioning, message: str) -> PlannedLog:
    if planned.log.provisioning is not Provisioning.AWAITING:
        return planned
    log = replace(planned.log, provisioning=provisioning, message=message)
    return replace(planned, log=log)


def _stamped(base: Plan, case: Case) -> Plan:
    """Stamp and close the logs that a person set to Provisioned."""
    stamps = tuple(
        LogUpdate(log=log, provisioning=log.provisioning, message=lasting(log.message), stamp=True)
        for log in case.context.logs
        if log.change_key
        and log.provisioning is Provisioning.PROVISIONED
        and log.provisioned_at is None
    )
    return replace(base, updates=(*base.updates, *stamps))


def _automatic(base: Plan, case: Case, policy: Policy) -> Plan:
    """Bring the provider to the last wanted state (level-triggered, rules.md 2.9)."""
    base = replace(base, logs=tuple(_unordered(one) for one in base.logs))
    new = [one.log for one in base.logs if one.log.provisioning is Provisioning.AWAITING]
    old = [log for log in case.context.logs if is_open(log)]
    if base.standing is None:
        return base
    if not (new or old):
        return _corrected(base, case, policy)
    failed = [log for log in old if log.provisioning is Provisioning.FAILED]
    if case.licence is None:
        return _without_licence(base, case, old, failed)
    wanted = _let_be(_wanted(base.standing, case.licence, case, policy), case, [*old, *new])
    if failed and not (holds(case.licence, base.standing) or _healed(wanted, case)):
        return _held_back(base, case, failed[0])
    return _superseding(replace(base, steps=wanted), old, new)


def _wanted(standing: Standing, licence: Licence, case: Case, policy: Policy) -> Steps:
    return steps(standing, licence, case.hold, case.moment, ways_of(policy.rulebook, case.choice))


def _let_be(wanted: Steps, case: Case, logs: Sequence[ChangeLog]) -> Steps:
    """Leave a suspension by the provider alone when nobody asked to activate (rules.md 5.1)."""
    asked = RETURNS & {LogKind(log.kind) for log in logs}
    if Action.REACTIVATE not in wanted.actions or asked or case.left_as != "active":
        return wanted
    return Steps(
        failure="It was suspended at the provider since, and a change of seats does not undo that."
        " Have it activated there, or set it to Suspended here and then to Active.",
        code="provider-suspended",
    )


def _corrected(base: Plan, case: Case, policy: Policy) -> Plan:
    """Put right what a write left behind: an unclear one (rules.md 2.8), or an overtaken one."""
    if not case.is_checked or base.standing is None or not _is_settled(case):
        return base
    if case.licence is None:
        return replace(base, retry_provider=True)
    if holds(case.licence, base.standing):
        return base
    wanted = _wanted(base.standing, case.licence, case, policy)
    return replace(base, steps=wanted, corrects=True)


def _is_settled(case: Case) -> bool:
    """Tell whether no log of ours is left to tell what the provider holds."""
    ours = [log for log in case.context.logs if log.change_key]
    return not ours or ours[-1].provisioning is Provisioning.PROVISIONED


def _healed(wanted: Steps, case: Case) -> bool:
    return case.parked_code in HEALING and not wanted.failure


def _unordered(planned: PlannedLog) -> PlannedLog:
    """Close a change at once that asks nothing of the provider."""
    if planned.decided.decision.provider is not ProviderIntent.NOTHING:
        return planned
    message = "Nothing to provision: Seatkeeper does not order licences."
    if planned.decided.fact.source.is_foreign:
        message = "Changed at the provider; nothing is sent back."
    return _marked(planned, Provisioning.NOT_APPLICABLE, message)


def _superseding(base: Plan, old: Sequence[ChangeLog], new: Sequence[ChangeLog]) -> Plan:
    """Provision only the last log; those before it close as superseded by it."""
    last = [*old, *new][-1]
    words = f"{LogKind(last.kind).words} of {last.effective_on}"
    message = f"Superseded by {words}; never sent to the provider."
    updates = tuple(
        LogUpdate(
            log=log,
            provisioning=Provisioning.NOT_APPLICABLE,
            message=join(message, lasting(log.message)),
        )
        for log in old
        if log.id != last.id
    )
    logs = tuple(
        one if one.log.id == last.id else _marked(one, Provisioning.NOT_APPLICABLE, message)
        for one in base.logs
    )
    return replace(base, logs=logs, updates=(*base.updates, *updates), awaits_provider=last.id)


def _without_licence(
    base: Plan, case: Case, old: Sequence[ChangeLog], failed: Sequence[ChangeLog]
) -> Plan:
    """Plan while the provider cannot be read: later by ourselves, or a person must act."""
    trouble = case.provider_trouble
    if failed:
        return _held_back(base, case, failed[0])
    if trouble is None:
        waiting = replace(base, retry_provider=True)
        return _mark_waiting(waiting, Provisioning.AWAITING, NOT_ANSWERED)
    failure = f"{NOT_PROVISIONED}{trouble.sentence}"
    updates = tuple(
        LogUpdate(
            log=log,
            provisioning=Provisioning.FAILED,
            message=join(failure, lasting(log.message)),
        )
        for log in old
    )
    failing = _mark_waiting(base, Provisioning.FAILED, failure)
    return replace(
        failing,
        updates=(*base.updates, *updates),
        trouble=trouble,
        message=trouble.sentence,
    )


def _held_back(base: Plan, case: Case, by: ChangeLog) -> Plan:
    """Write the new logs, but send nothing: an earlier one failed (rules.md 2.9).

    The cause for which it was parked stays, so that we see when it is gone.
    """
    words = f"{LogKind(by.kind).words} of {by.effective_on}"
    message = (
        f"{HELD_BACK}the {words} failed at the provider. Set that log to Awaiting Provisioning"
        " once its cause is gone."
    )
    trouble = case.provider_trouble or Trouble(
        code=case.parked_code or "provisioning-failed",
        reason=failure_in(by.message) or f"The {words} failed at the provider.",
        advice="Set the failed change log to Awaiting Provisioning to try again.",
    )
    told = case.context.subscription.sync_message if case.context.subscription else ""
    waiting = _mark_waiting(base, Provisioning.AWAITING, message)
    return replace(waiting, trouble=trouble, message=told or trouble.sentence)
