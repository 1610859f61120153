"""Sentences that are replaced when their time is over, and the story that stays. Pure."""

from decimal import Decimal

from billing.money import minor_unit

NOT_ANSWERED = "The provider did not answer yet; Seatkeeper tries again by itself."
NOT_TAKEN = "The provider did not take it yet; Seatkeeper tries again by itself."
UNCLEAR = "The provider's answer was lost; Seatkeeper looks whether the change was made."
BY_HAND = "Provision this by hand, then set the provisioning status to Provisioned."

NOT_PROVISIONED = "Not provisioned: "
HELD_BACK = "Held back: "

_PASSING = (NOT_ANSWERED, NOT_TAKEN, UNCLEAR, BY_HAND)
_OWN_LINE = (NOT_PROVISIONED, HELD_BACK)
"""What begins like this has a line of its own, and goes as a whole when its time is over."""


def join(*parts: str) -> str:
    """Put sentences together, leaving out empty ones."""
    text = ""
    for part in (one.strip() for one in parts):
        text += f"{part}\n" if part.startswith(_OWN_LINE) else f"{part} " if part else ""
    return text.strip()


def lasting(message: str) -> str:
    """Return a log's message without the sentences that were true only for a while."""
    lines = [line for line in message.splitlines() if not line.startswith(_OWN_LINE)]
    message = " ".join(lines)
    for sentence in _PASSING:
        message = message.replace(sentence, "")
    return " ".join(message.split())


def failure_in(message: str) -> str:
    """Return why a log was not provisioned; empty when its message does not say."""
    lines = message.splitlines()
    first = lines[0] if lines else ""
    return first.removeprefix(NOT_PROVISIONED) if first.startswith(NOT_PROVISIONED) else ""


def money_words(currency: str, amount: object) -> str:
    """Write an amount for a person, in the ISO minor units of its currency."""
    if not isinstance(amount, Decimal):
        return f"? {currency}"
    return f"{amount.quantize(minor_unit(currency))} {currency}"
