"""Sentences that are replaced when their time is over, and the story that stays. Pure."""

from decimal import Decimal

from billing.money import minor_unit

NOT_ANSWERED = "The provider did not answer yet; Seatkeeper tries again by itself."
NOT_TAKEN = "The provider did not take it yet; Seatkeeper tries again by itself."
UNCLEAR = "The provider's answer was lost; Seatkeeper looks whether the change was made."
BY_HAND = "Provision this by hand, then set the provisioning status to Provisioned."

_PASSING = (NOT_ANSWERED, NOT_TAKEN, UNCLEAR, BY_HAND)


def join(*parts: str) -> str:
    """Put sentences together, leaving out empty ones."""
    return " ".join(part.strip() for part in parts if part.strip())


def lasting(message: str) -> str:
    """Return a log's message without the sentences that were true only for a while."""
    for sentence in _PASSING:
        message = message.replace(sentence, "")
    return " ".join(message.split())


def money_words(currency: str, amount: object) -> str:
    """Write an amount for a person, in the ISO minor units of its currency."""
    if not isinstance(amount, Decimal):
        return f"? {currency}"
    return f"{amount.quantize(minor_unit(currency))} {currency}"
