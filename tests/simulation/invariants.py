"""The ten invariants, by the names of the plan: each returns what violates it, in words.

I1 to I4, I7, I9 and I10 read only the sandbox's journal. I5, I6 and I8 are promises about the
local state, so they are shown that state.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from tests.simulation import expected, money
from tests.simulation.evidence import Commit, Evidence, Row

FAILED = 126310003
ENDED = frozenset({"deleted", "expired", "disabled"})
STOPPED = frozenset({"suspended"})
POLLED = ("sk_changelogs", "sk_subscriptions")


def i1_one_log_per_change(evidence: Evidence, subscription: str) -> list[str]:
    """Exactly one change log for every committed change, in order, and none without one."""
    logs = [one.after for one in evidence.logs(subscription) if one.after]
    sequences = [log["sk_sequence"] for log in logs]
    wrong = []
    if sequences != list(range(1, len(logs) + 1)):
        wrong.append(f"I1 {subscription}: the logs are numbered {sequences}")
    if not evidence.exists(subscription):
        return wrong
    course = expected.course(evidence.of("sk_subscription", subscription))
    found = [expected.logged(log) for log in logs]
    if evidence.is_lossy or not evidence.is_audited:
        return [*wrong, *_chain(evidence, subscription, found, course)]
    if found != list(course.logs):
        wrong.append(
            f"I1 {subscription}: logged {found}, but what was committed asks for {course.logs}"
        )
    return wrong


def _chain(
    evidence: Evidence, subscription: str, found: Sequence[expected.Logged], course: expected.Course
) -> list[str]:
    """Without every step known: the logs are a chain from the opening to where the row stands."""
    opening = found[0].before if found and evidence.is_lossy else money.OPENING_SEATS
    seats = [opening, *(one.after for one in found)]
    wrong = []
    if [one.before for one in found] != seats[:-1]:
        wrong.append(f"I1 {subscription}: the logs are no chain: {found}")
    if len(found) > 2 * course.steps:  # a status and a quantity may be saved at once
        wrong.append(f"I1 {subscription}: {len(found)} logs for {course.steps} changes")
    row = evidence.last("sk_subscription", subscription)
    stands = expected.standing(row).seats if row else 0
    is_refused = bool(row and row["sk_syncmessage"])
    if found and not is_refused and bool(seats[-1]) != bool(stands):
        wrong.append(f"I1 {subscription}: the logs end with {seats[-1]} seats, not {course.ends}")
    return wrong


def i2_nothing_twice(evidence: Evidence, unseen: Iterable[str] = ()) -> list[str]:
    """No effect twice: keys of logs, ids of rows and numbers of invoices once."""
    logs = [one.after for one in evidence.created_by_us("sk_changelog") if one.after]
    keys = Counter(log["sk_changekey"] for log in logs)
    made = Counter(one.id for one in evidence.commits if one.is_created and one.by_us)
    if evidence.lost_on is not None or evidence.is_restored:  # what people took away is forgotten
        made -= Counter(one.id for one in evidence.commits if one.is_deleted and not one.by_us)
    wrong = [f"I2 two logs of the change {key}" for key, times in keys.items() if times > 1]
    wrong += [f"I2 the row {row} was made twice" for row, times in made.items() if times > 1]
    wrong += [f"I2 {words}" for words in unseen]
    return [*wrong, *_numbers(evidence)]


def i2_turned_as_needed(evidence: Evidence, subscription: str, licence: str) -> list[str]:
    """Turn a licence at most once for every log of a change in Dynamics: no hand is turned back.

    A change whose log could not be written any more, because its row or the state was gone, counts
    as well; what was begun for a reached date that a person then took back may be turned back.
    """
    writes = evidence.of("subscription", licence, service="partner_center")
    turns = [one for one in writes if _is_turned(one)]
    ours = sum(one.by_us for one in turns)
    edits = evidence.of("sk_subscription", subscription)
    logged = len(own_logs(evidence, subscription))
    if evidence.is_lossy or not evidence.exists(subscription):
        logged = max(logged, expected.course(edits).steps)
    hands = [one.seq for one in turns if not one.by_us]
    causes = (
        logged + 2 * sum(map(takes_date_back, edits)) + hands_amid(evidence, subscription, hands)
    )
    if ours <= causes:
        return []
    return [f"I2 the licence {licence} was turned {ours} times for {causes} causes"]


def hands_amid(evidence: Evidence, subscription: str, hands: Sequence[int]) -> int:
    """Count hands that came between what a person asked for and its end: the owner wins then."""
    edits = [one.seq for one in evidence.of("sk_subscription", subscription) if not one.by_us]
    spans = []
    for log in evidence.logs(subscription):
        asked = max((seq for seq in edits if seq < log.seq), default=log.seq)
        ended = max(one.seq for one in evidence.of("sk_changelog", log.id) if one.by_us)
        spans += [] if expected.is_foreign(log.after or {}) else [(asked, ended)]
    return sum(any(asked < hand < ended for asked, ended in spans) for hand in hands)


def own_logs(evidence: Evidence, subscription: str) -> list[Row]:
    """Return the logs of changes that were made in Dynamics."""
    logs = [one.after for one in evidence.logs(subscription) if one.after]
    return [log for log in logs if not expected.is_foreign(log)]


def _is_turned(one: Commit) -> bool:
    return bool(one.before and one.after and one.before["status"] != one.after["status"])


def takes_date_back(one: Commit) -> bool:
    """Tell a person who changes a row on which a deactivate-on date was reached."""
    if one.by_us or one.before is None or one.after is None:
        return False
    ends = one.before.get("sk_deactivateon")
    names = ("sk_deactivateon", "statecode", "statuscode")
    is_changed = any(one.before.get(name) != one.after.get(name) for name in names)
    return bool(ends) and is_changed and date.fromisoformat(ends) <= one.day


def _numbers(evidence: Evidence) -> list[str]:
    rows = _final(evidence, "sk_invoice")
    numbers = Counter(row["sk_number"] for row in rows.values() if row["sk_number"])
    return [f"I2 two invoices {number}" for number, times in numbers.items() if times > 1]


def i3_money_to_the_cent(evidence: Evidence, subscription: str) -> list[str]:
    """Every billed month adds up to what its days are worth."""
    row = evidence.last("sk_subscription", subscription)
    if row is None or _touched_lines(evidence, subscription):
        return []
    wrong = []
    for cycle in money.billed_cycles(evidence, row["_sk_billingcontractid_value"]):
        if evidence.lost_on is not None and cycle.start < evidence.lost_on.replace(day=1):
            continue  # nothing before the month of an adoption is charged (rules.md 4.6)
        total = money.total(evidence, subscription, cycle)
        worth = money.worth(evidence, subscription, cycle)
        if not worth.allows(total):
            wrong.append(
                f"I3 {subscription}: the month of {cycle.start} adds up to {total}, but is worth"
                f" {worth.least:.4f} to {worth.most:.4f}"
            )
    return wrong


def _touched_lines(evidence: Evidence, subscription: str) -> bool:
    """Say whether a person changed or removed a line, which then counts as they wanted."""
    ours = {one.id for one in evidence.lines(subscription)}
    return any(
        one.id in ours and not one.by_us and not one.is_created
        for one in evidence.of("sk_invoiceline")
    )


def i3_invoices_add_up(evidence: Evidence) -> list[str]:
    """Add an issued invoice up to its total; leave no gap in the numbers.

    What a person does to a line of an issued invoice is theirs, and is not added up.
    """
    wrong = []
    numbers = []
    for invoice, row in _final(evidence, "sk_invoice").items():
        if row["sk_number"]:
            numbers.append(int(row["sk_number"].rsplit("-", 1)[1]))
        if row["sk_total"] is None:
            continue
        lines = _as_issued(evidence, invoice)
        mine = [line for line in lines if line["_sk_invoiceid_value"] == invoice]
        total = sum((Decimal(str(line["sk_amount"])) for line in mine), Decimal(0))
        if total != Decimal(str(row["sk_total"])):
            wrong.append(f"I3 the invoice {row['sk_number']} says {row['sk_total']}, not {total}")
    if sorted(numbers) != list(range(1, len(numbers) + 1)):
        wrong.append(f"I3 the numbers of the invoices are {sorted(numbers)}")
    return wrong


def _as_issued(evidence: Evidence, invoice: str) -> list[Row]:
    """Return all lines without what people did to them after an invoice had its total."""
    totals = [one for one in evidence.of("sk_invoice", invoice) if one.after]
    issued_at = next(one.seq for one in totals if (one.after or {})["sk_total"] is not None)
    rows: dict[str, Row | None] = {}
    gone = set()
    for one in evidence.of("sk_invoiceline"):
        if not one.by_us and one.seq >= issued_at:
            gone |= {one.id} if one.is_deleted else set()
        elif one.id not in gone:  # a line that a person removed may be made anew, elsewhere
            rows[one.id] = one.after
    return [row for row in rows.values() if row is not None]


def i4_both_sides_agree(evidence: Evidence, subscription: str, licence: str) -> list[str]:
    """CRM and Partner Center hold the same, or a sentence on the row or its log says why not."""
    row = evidence.last("sk_subscription", subscription)
    held = evidence.last("subscription", licence, service="partner_center")
    if row is None or held is None:
        return []
    wanted = expected.course(evidence.of("sk_subscription", subscription)).ends
    if evidence.is_lossy or not evidence.is_audited:
        wanted = expected.standing(row)  # steps in between may be unknown to everybody
    if _is_told(evidence, row) or not _is_ours(evidence, row, licence):
        return []
    is_refused = expected.standing(row) != wanted
    if is_refused and row["sk_syncmessage"] and _changed_by_hand(evidence, licence):
        return []  # it is compared when the row stands where it may
    is_new = evidence.is_lossy or evidence.is_restored or evidence.lost_on is not None
    is_new = is_new or held["status"] in ENDED  # nothing can be sent to it any more
    is_alike = agrees(wanted, held) or (is_new and _is_listed(evidence, row, "status", "quantity"))
    renews = _renews(evidence, row, held, licence) or _is_listed(evidence, row, "auto_renew")
    if is_alike and renews:
        return []
    return [
        f"I4 {subscription} is {wanted}, but its licence is {held['status']} with"
        f" {held['quantity']} seats, auto-renew {held['autoRenewEnabled']}, and nothing says why"
    ]


def _is_listed(evidence: Evidence, row: Row, *fields: str) -> bool:
    return any((row["sk_subscriptionid"], field) in evidence.told for field in fields)


def _is_ours(evidence: Evidence, row: Row, licence: str) -> bool:
    """Tell whether we have to answer for a licence: a change was logged, or we turned it."""
    writes = evidence.of("subscription", licence, service="partner_center")
    turned = any(one.by_us and _is_turned(one) for one in writes)
    logged = bool(evidence.logs(row["sk_subscriptionid"]))
    seen = _changed_by_hand(evidence, licence) and not evidence.is_lossy
    return logged or seen or (turned and not evidence.is_lossy)


def agrees(wanted: expected.Standing, held: Row) -> bool:
    """Tell whether a licence holds the status and the seats that are wanted."""
    if wanted.status == "active":
        return bool((held["status"], held["quantity"]) == ("active", wanted.quantity))
    return held["status"] in (ENDED if wanted.status in {"cancelled", "expired"} else STOPPED)


def _renews(evidence: Evidence, row: Row, held: Row, licence: str) -> bool:
    """Tell whether what our suspend took is back, and auto-renew is the same on both sides."""
    if held["status"] != "active":
        return True
    edits = evidence.of("sk_subscription", row["sk_subscriptionid"])
    chosen = any(differs(one, "sk_autorenew") for one in edits if not one.by_us)
    made = evidence.of("subscription", licence, service="partner_center")[0].after or {}
    is_bare = not made["scheduledNextTermInstructions"]
    if is_bare or chosen or _changed_by_hand(evidence, licence):
        return bool(held["autoRenewEnabled"]) == bool(row.get("sk_autorenew"))
    return bool(held["autoRenewEnabled"] and held["scheduledNextTermInstructions"])


def _is_told(evidence: Evidence, row: Row) -> bool:
    logs = evidence.logs(row["sk_subscriptionid"])
    newest = [evidence.last("sk_changelog", one.id) for one in logs]
    failed = any(log and log["sk_provisioningstatus"] == FAILED for log in newest)
    words = [str((log or {}).get("sk_message")) for log in newest]
    if any("The provider already had it as" in one for one in words):
        return True
    is_exact = evidence.is_audited and not evidence.is_lossy
    return (failed or not is_exact) and bool(row["sk_syncmessage"])


def _changed_by_hand(evidence: Evidence, licence: str) -> bool:
    writes = evidence.of("subscription", licence, service="partner_center")
    return any(one for one in writes if not one.by_us and not one.is_created)


def differs(one: Commit, name: str) -> bool:
    """Tell a commit that changed a field."""
    return bool(one.before and one.after and one.before.get(name) != one.after.get(name))


def i5_intent_before_write(unintended: Iterable[str]) -> list[str]:
    """Every write to a service has its intent in the local state first."""
    return [f"I5 {words}" for words in unintended]


def i6_state_is_sound(answers: Sequence[str], pending: Sequence[str]) -> list[str]:
    """Pass SQLite's own check; opening the state again changes no table."""
    wrong = [f"I6 integrity_check says {words}" for words in answers if words != "ok"]
    return [*wrong, *(f"I6 the migration {name} is not stored" for name in pending)]


def i7_neighbours_are_not_delayed(evidence: Evidence, troubled: Iterable[str]) -> list[str]:
    """Log a change in the cycle that sees it, though other records are in trouble.

    A cycle begins with the poll of the logs; to be held only against a run without faults.
    """
    starts = [one.seq for one in evidence.requests if one.path.endswith(f"/{POLLED[0]}")]
    wrong = []
    for subscription in set(evidence.subscriptions()) - set(troubled):
        commits = evidence.of("sk_subscription", subscription)
        steps = [one for one in commits if one.before and one.after and not one.by_us]
        for one, log in zip(steps, evidence.logs(subscription), strict=False):
            between = [start for start in starts if one.seq < start < log.seq]
            if len(between) != 1:
                wrong.append(f"I7 {subscription} was logged after {len(between)} cycles")
    return wrong


def i8_no_secret(secrets: Iterable[str], places: Mapping[str, str]) -> list[str]:
    """No secret in a log event, in the state, or in a path."""
    return [
        f"I8 a secret stands in the {place}"
        for secret in secrets
        for place, text in places.items()
        if secret and secret in text
    ]


def i9_nothing_deleted(evidence: Evidence) -> list[str]:
    """We delete nothing."""
    deleted = [one for one in evidence.commits if one.by_us and one.is_deleted]
    asked = [one for one in evidence.requests if one.method == "DELETE"]
    return [f"I9 we deleted {one.table} {one.id}" for one in deleted] + [
        f"I9 we asked for DELETE {one.path}" for one in asked
    ]


def i10_quiet_when_nothing_happens(evidence: Evidence, since: int) -> list[str]:
    """Write nothing in a quiet world, and ask once per polled table."""
    wrong = [f"I10 {one.table} {one.id} was written" for one in evidence.commits if one.seq > since]
    asked = Counter(one.path.rsplit("/", 1)[-1] for one in evidence.requests if one.seq > since)
    if asked != Counter(POLLED):
        wrong.append(f"I10 a quiet cycle asked for {dict(asked)}")
    return wrong


def _final(evidence: Evidence, table: str) -> dict[str, Row]:
    rows: dict[str, Any] = {one.id: one.after for one in evidence.of(table)}
    return {row_id: row for row_id, row in rows.items() if row is not None}
