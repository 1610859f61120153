"""The option values of the tables as a new organisation has them (publisher prefix 126310000)."""

from enum import IntEnum


class ProviderKind(IntEnum):
    AUTOMATIC = 126310000
    MANUAL = 126310001
    DO_NOTHING = 126310002


class Frequency(IntEnum):
    MONTHLY = 126310000
    QUARTERLY = 126310001
    ANNUAL = 126310002

    @property
    def months(self) -> int:
        return {Frequency.MONTHLY: 1, Frequency.QUARTERLY: 3, Frequency.ANNUAL: 12}[self]


class BillingPolicy(IntEnum):
    ADVANCE = 126310000
    ARREARS = 126310001


class ProcessRefunds(IntEnum):
    USE_GLOBAL = 126310000
    YES = 126310001
    NO = 126310002


class ProrateUnit(IntEnum):
    DAYS = 126310000


class RefundChoice(IntEnum):
    USE_CONTRACT = 126310000
    APPLY_REFUND = 126310001
    DO_NOT_REFUND = 126310002


class SubscriptionStatus(IntEnum):
    """The status reason of a subscription; each belongs to one state."""

    ACTIVE = 1
    PAUSED = 126310000
    SUSPENDED = 2
    CANCELLED = 126310001
    EXPIRED = 126310002

    @property
    def state(self) -> int:
        return 0 if self in {SubscriptionStatus.ACTIVE, SubscriptionStatus.PAUSED} else 1


class InvoiceStatus(IntEnum):
    """The status reason of an invoice; each belongs to one state."""

    DRAFT = 1
    ISSUED = 126310000
    PAID = 126310001
    VOID = 126310002

    @property
    def state(self) -> int:
        return 0 if self in {InvoiceStatus.DRAFT, InvoiceStatus.ISSUED} else 1


class LineKind(IntEnum):
    RECURRING = 126310000
    PRORATED_CHARGE = 126310001
    REFUND = 126310002
    ONE_OFF = 126310003
    USAGE = 126310004
    CREDIT_CARRIED_FORWARD = 126310005


class ChangeKind(IntEnum):
    NEW = 126310000
    QUANTITY_CHANGE = 126310001
    DEACTIVATION = 126310002
    ACTIVATION = 126310003
    PAUSE = 126310004
    RESUME = 126310005
    CANCELLATION = 126310006
    RENEWAL = 126310007
    EXPIRY = 126310008
    PRICE_CHANGE = 126310009


class ProvisioningStatus(IntEnum):
    AWAITING_PROVISIONING = 126310000
    NOT_APPLICABLE = 126310001
    PROVISIONED = 126310002
    FAILED_PROVISIONING = 126310003
