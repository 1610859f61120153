"""What a page says after a form was sent: a closed set, so that no link can put words on a page."""

from enum import StrEnum


class Notice(StrEnum):
    """The value travels in the address, the text is shown."""

    text: str

    def __new__(cls, value: str, text: str) -> "Notice":
        notice = str.__new__(cls, value)
        notice._value_ = value
        notice.text = text
        return notice

    DEACTIVATED = "deactivated", "The subscription is deactivated."
    ACTIVATED = "activated", "The subscription is activated."
    PAUSED = "paused", "The subscription is paused."
    RESUMED = "resumed", "The subscription is resumed."
    CANCELLED = "cancelled", "The subscription is cancelled."
    QUANTITY = "quantity", "The quantity is changed."
    PROVISIONING = "provisioning", "The provisioning status is set."
    PAID = "paid", "The invoice is marked as paid."
    PLANNED = "planned", "The deactivation is planned; the subscription stays active until then."
    SAVED = "saved", "The changes are saved."
    REFUNDS = "refunds", "The refund setting of the contract is changed."
    ALL_DEACTIVATED = "all-deactivated", "The subscriptions of the customer are deactivated."
    BY_HAND = "by-hand", "Changed at Partner Center, by hand."
    CLOCK = "clock", "The clock is moved."


TEXTS = {str(notice.value): notice.text for notice in Notice}
