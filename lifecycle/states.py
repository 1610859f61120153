"""The states of a subscription and the words of a change log."""

from enum import StrEnum


class Status(StrEnum):
    """What the pair (status, status reason) of a subscription means."""

    ACTIVE = "active"
    PAUSED = "paused"
    SUSPENDED = "suspended"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def has_seats(self) -> bool:
        """Paused counts as active: billing goes on (rules.md 4.12)."""
        return self in {Status.ACTIVE, Status.PAUSED}


class LogKind(StrEnum):
    """What a change log tells."""

    NEW = "new"
    QUANTITY_CHANGE = "quantity_change"
    DEACTIVATION = "deactivation"
    ACTIVATION = "activation"
    PAUSE = "pause"
    RESUME = "resume"
    CANCELLATION = "cancellation"
    RENEWAL = "renewal"
    EXPIRY = "expiry"
    PRICE_CHANGE = "price_change"

    @property
    def words(self) -> str:
        """The words that a person reads."""
        return self.value.replace("_", " ").title()


RETURNS = frozenset({LogKind.ACTIVATION, LogKind.RESUME})
"""The kinds after which a subscription is in use again."""


class ProviderIntent(StrEnum):
    """What a change asks of the provider."""

    NOTHING = "nothing"
    SUSPEND = "suspend"
    REACTIVATE = "reactivate"
    CANCEL = "cancel"
    QUANTITY = "quantity"


class Money(StrEnum):
    """What a change means for the invoice."""

    NOTHING = "nothing"
    REFUND = "refund"
    RECHARGE = "recharge"
    SETTLE = "settle"


class Seats(StrEnum):
    """How many seats a transition moves."""

    ALL_LEAVE = "-all"
    ALL_RETURN = "+all"
    NONE = "0"


class Provisioning(StrEnum):
    """Whether the provider has done what a change log asks."""

    AWAITING = "awaiting"
    NOT_APPLICABLE = "not_applicable"
    PROVISIONED = "provisioned"
    FAILED = "failed"
