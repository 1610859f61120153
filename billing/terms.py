"""What a contract says about billing, and whether a credit is given.

The sets here are closed; the numbers of Dataverse's choices are in mappings/.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from billing.periods import Frequency, Period, cycle_at


class BillingPolicy(StrEnum):
    """Whether a cycle is billed before it begins or after it ended."""

    ADVANCE = "advance"
    ARREARS = "arrears"


class ProrateUnit(StrEnum):
    """What a part of a cycle is measured in (rule 4.11)."""

    DAYS = "days"
    MONTHS = "months"
    NONE = "none"
    FIXED30 = "fixed30"


class ChangeDay(StrEnum):
    """Which state the day of a change has (rule 4.1)."""

    OLD_STATE = "old_state"
    NEW_STATE = "new_state"


class RefundChoice(StrEnum):
    """What the subscription says about a refund."""

    USE_CONTRACT = "use_contract"
    APPLY = "apply"
    DO_NOT_REFUND = "do_not_refund"


class ProcessRefunds(StrEnum):
    """What the contract says about refunds."""

    USE_GLOBAL = "use_global"
    YES = "yes"
    NO = "no"


class RefundDecision(StrEnum):
    """What was decided, once, and stored on the change log."""

    REFUNDED = "refunded"
    DECLINED_BY_SUBSCRIPTION = "declined_by_subscription"
    DECLINED_BY_CONTRACT = "declined_by_contract"
    DECLINED_BY_SETTING = "declined_by_setting"
    NOTHING_TO_REFUND = "nothing_to_refund"
    REMOVED_BY_PERSON = "removed_by_person"

    @property
    def declined(self) -> bool:
        """Say whether the days of the change stay desired; deleting a line declines (rule 4.9)."""
        return self not in (RefundDecision.REFUNDED, RefundDecision.NOTHING_TO_REFUND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What settlement needs to know of a billing contract; `ends_on` is its last billed day."""

    contract_id: str
    currency: str
    frequency: Frequency
    policy: BillingPolicy
    prorate_unit: ProrateUnit
    anchor: date
    ends_on: date | None
    time_zone: str

    def cycle_at(self, day: date) -> Period:
        """Return the billing cycle that contains a day."""
        return cycle_at(self.anchor, self.frequency, day)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRuling:
    """A refund decision and its reason in words."""

    decision: RefundDecision
    reason: str


def decide_refund(
    choice: RefundChoice, contract: ProcessRefunds, *, global_setting: bool
) -> RefundRuling:
    """Decide whether a credit is given; charges are never asked about (rule 4.5).

    subscription   contract    global   credit
    do not refund  any         any      no
    apply          any         any      yes
    use contract   no          any      no
    use contract   yes         any      yes
    use contract   use global  off      no
    use contract   use global  on       yes
    """
    match choice:
        case RefundChoice.DO_NOT_REFUND:
            return _declined("subscription", "the subscription says Do Not Refund")
        case RefundChoice.APPLY:
            return _given("the subscription says Apply Refund")
        case RefundChoice.USE_CONTRACT:
            return _by_contract(contract, global_setting=global_setting)


def _by_contract(contract: ProcessRefunds, *, global_setting: bool) -> RefundRuling:
    match contract:
        case ProcessRefunds.NO:
            return _declined("contract", "the billing contract does not process refunds")
        case ProcessRefunds.YES:
            return _given("the billing contract processes refunds")
        case ProcessRefunds.USE_GLOBAL if global_setting:
            return _given("the global setting processes refunds")
        case ProcessRefunds.USE_GLOBAL:
            return _declined("setting", "the global setting does not process refunds")


def _given(reason: str) -> RefundRuling:
    return RefundRuling(decision=RefundDecision.REFUNDED, reason=reason)


def _declined(by: str, reason: str) -> RefundRuling:
    return RefundRuling(decision=RefundDecision(f"declined_by_{by}"), reason=reason)
