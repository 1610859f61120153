"""What a person may do to a subscription, and what it writes. Knows no HTTP and no tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sandbox.pages.notices import Notice
from sandbox.scenarios.choices import RefundChoice, SubscriptionStatus

MOST_SEATS = 100_000


class Verb(StrEnum):
    DEACTIVATE = "deactivate"
    ACTIVATE = "activate"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"


class InvalidForm(ValueError):
    """The form has a value that cannot be read; the text says which, for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A button of the command bar; `said` is the notice after it."""

    verb: Verb
    label: str
    leads_to: SubscriptionStatus
    asks_refund: bool
    warning: str
    said: Notice

    @property
    def may_be_planned(self) -> bool:
        """Whether a date in the future is kept as the day on which it happens."""
        return self.verb is Verb.DEACTIVATE


COMMANDS = {
    command.verb: command
    for command in (
        Command(
            verb=Verb.DEACTIVATE,
            label="Deactivate",
            leads_to=SubscriptionStatus.SUSPENDED,
            asks_refund=True,
            warning="The subscription becomes inactive and its users lose access.",
            said=Notice.DEACTIVATED,
        ),
        Command(
            verb=Verb.ACTIVATE,
            label="Activate",
            leads_to=SubscriptionStatus.ACTIVE,
            asks_refund=False,
            warning="The subscription becomes active again and is billed again.",
            said=Notice.ACTIVATED,
        ),
        Command(
            verb=Verb.PAUSE,
            label="Pause",
            leads_to=SubscriptionStatus.PAUSED,
            asks_refund=False,
            warning="Users lose access; the subscription stays active and billing goes on.",
            said=Notice.PAUSED,
        ),
        Command(
            verb=Verb.RESUME,
            label="Resume",
            leads_to=SubscriptionStatus.ACTIVE,
            asks_refund=False,
            warning="Users get access again.",
            said=Notice.RESUMED,
        ),
        Command(
            verb=Verb.CANCEL,
            label="Cancel",
            leads_to=SubscriptionStatus.CANCELLED,
            asks_refund=True,
            warning="A cancelled subscription cannot be activated again.",
            said=Notice.CANCELLED,
        ),
    )
}

# Cancelled and expired keep the button: the CRM does not know the rules, Seatkeeper answers.
OFFERED = {
    SubscriptionStatus.ACTIVE: (Verb.DEACTIVATE, Verb.PAUSE, Verb.CANCEL),
    SubscriptionStatus.PAUSED: (Verb.RESUME, Verb.DEACTIVATE, Verb.CANCEL),
    SubscriptionStatus.SUSPENDED: (Verb.ACTIVATE, Verb.CANCEL),
    SubscriptionStatus.CANCELLED: (Verb.ACTIVATE,),
    SubscriptionStatus.EXPIRED: (Verb.ACTIVATE,),
}

REFUND_CHOICES = {
    RefundChoice.APPLY_REFUND: "Apply Refund",
    RefundChoice.DO_NOT_REFUND: "Do Not Refund",
    RefundChoice.USE_CONTRACT: "Use Contract",
}


def offered(status: SubscriptionStatus) -> list[Command]:
    return [COMMANDS[verb] for verb in OFFERED[status]]


def changes(command: Command, form: Mapping[str, str], today: date) -> dict[str, object]:
    """Return the columns a command writes; raise InvalidForm.

    The effective date is always written: an old one must not date a new change. A deactivation
    on a day to come is planned: the subscription stays as it is until then.
    """
    on = day(form, "effective_on")
    refund: dict[str, object] = {}
    if command.asks_refund:
        refund = {"sk_refundchoice": int(refund_choice(form))}
    if on is not None and on > today.isoformat():
        if not command.may_be_planned:
            raise InvalidForm("This cannot be planned; give today or an earlier date.")
        return {"sk_deactivateon": on, **refund}
    return {
        "statecode": command.leads_to.state,
        "statuscode": int(command.leads_to),
        "sk_changeeffectiveon": on,
        **({"sk_deactivateon": None} if command.asks_refund else {}),
        **refund,
    }


def day(form: Mapping[str, str], name: str) -> str | None:
    """Return a day a person gave, or None for an empty field; raise InvalidForm."""
    text = form.get(name, "").strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise InvalidForm(f"“{text}” is not a date; write it as 2026-06-16.") from error


def refund_choice(form: Mapping[str, str]) -> RefundChoice:
    try:
        return RefundChoice(int(form.get("refund", "")))
    except ValueError as error:
        raise InvalidForm("Choose whether the unused days are refunded.") from error


def quantity(form: Mapping[str, str]) -> int:
    """Return the seats a person typed; zero is left to the rules to refuse."""
    text = form.get("quantity", "").strip()
    if not text.isascii() or not text.isdigit() or int(text[:9]) > MOST_SEATS:
        raise InvalidForm(f"“{text}” is not a number of seats from 0 to {MOST_SEATS}.")
    return int(text)
