"""I11: what was changed at Partner Center comes over once, and none of it is sent back.

Reads only the sandbox's journal, as the invariants do.
"""

from collections.abc import Sequence
from dataclasses import replace

from tests.simulation import expected, invariants
from tests.simulation.evidence import Commit, Evidence, Row

NOT_APPLICABLE = 126310001


def i11_what_comes_over(evidence: Evidence, subscription: str, licence: str) -> list[str]:
    """Take over only what the licence held, logged as Partner Center's; send none of it back."""
    wrong = []
    states = evidence.of("subscription", licence, service="partner_center")
    since = 0
    for one in evidence.of("sk_subscription", subscription):
        if not expected.is_followed(one):
            continue
        stood = expected.standing(one.after or {})
        moved = stood.quantity != expected.standing(one.before or {}).quantity
        if not any(
            invariants.agrees(stood if moved else replace(stood, quantity=held["quantity"]), held)
            for held in _held_between(states, since, one.seq)
        ):
            wrong.append(f"I11 {subscription} was set to {stood}, which its licence never held")
        since = one.seq
    for one in evidence.logs(subscription):
        log = one.after or {}
        if expected.is_foreign(log) and log["sk_provisioningstatus"] != NOT_APPLICABLE:
            wrong.append(f"I11 {subscription}: a log of Partner Center waits for its provider")
    return [*wrong, *_sent_back(evidence, subscription, states)]


def _held_between(states: Sequence[Commit], since: int, until: int) -> list[Row]:
    """Return what a licence held at any moment between two numbers of the journal."""
    earlier = [one.after for one in states if one.seq <= since and one.after][-1:]
    return earlier + [one.after for one in states if since < one.seq < until and one.after]


def _sent_back(evidence: Evidence, subscription: str, states: Sequence[Commit]) -> list[str]:
    """Count our writes of seats and of auto-renew: each needs a change in Dynamics."""
    if evidence.is_lossy or not evidence.exists(subscription):
        return []
    edits = [one for one in evidence.of("sk_subscription", subscription) if not one.by_us]
    causes = len(invariants.own_logs(evidence, subscription)) + 2 * sum(
        map(invariants.takes_date_back, edits)
    )
    chosen = sum(invariants.differs(one, "sk_autorenew") for one in edits)
    renewed = sum(not one.by_us and invariants.differs(one, "commitmentEndDate") for one in states)
    wrong = []
    hands = [one.seq for one in states if not one.by_us and invariants.differs(one, "quantity")]
    amid = invariants.hands_amid(evidence, subscription, hands)
    seats = causes + renewed + amid
    allowances = {"quantity": seats, "autoRenewEnabled": 2 * causes + chosen}
    for name, allowed in allowances.items():
        sent = sum(one.by_us and invariants.differs(one, name) for one in states)
        if sent > allowed:
            wrong.append(f"I11 {name} of {subscription} was sent {sent} times for {allowed}")
    return wrong
