"""Decide what an observed change means: a change log to write, or a refusal to explain."""

from dataclasses import dataclass

from lifecycle.rules import Rule, Rulebook
from lifecycle.states import LogKind, Money, ProviderIntent, Seats, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The last accepted state of a subscription."""

    status: Status
    quantity: int
    """The row's quantity when it was last accepted; a suspended row keeps it."""

    @property
    def seats(self) -> int:
        """The seats that are billed: 0 while suspended, cancelled or expired."""
        return self.quantity if self.status.has_seats else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What a person (or the schedule) set. `status` None = unchanged; `quantity` is the row's."""

    status: Status | None
    quantity: int
    quantity_changed: bool = False
    is_new: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """An accepted change."""

    transition: str
    kind: LogKind
    before: int
    after: int
    standing: Standing
    provider: ProviderIntent
    money: Money
    reason: str

    @property
    def moved(self) -> int:
        """Seats gained (+) or lost (-)."""
        return self.after - self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A change that is not allowed; the last accepted state stands."""

    transition: str
    sentence: str


def decide(was: Standing | None, observed: Observed, book: Rulebook) -> Decision | Refusal | None:
    """Look the change up in the rulebook; None when nothing changed, or nothing is known yet.

    Status comes before quantity when both changed: an activation takes the quantity it finds.
    """
    if observed.is_new:
        return _new(observed, book)
    if was is None:
        return None
    if observed.status is not None and observed.status != was.status:
        return _transition(was, observed.status, observed.quantity, book)
    if observed.quantity_changed:
        return _quantity(was, observed.quantity, book)
    return None


def _new(observed: Observed, book: Rulebook) -> Decision:
    seats = max(observed.quantity, 0)  # a row that was corrected since began with none
    standing = Standing(status=observed.status or Status.ACTIVE, quantity=seats)
    return _decision(book.new_row, standing, 0)


def _transition(was: Standing, now: Status, quantity: int, book: Rulebook) -> Decision | Refusal:
    rule = book.rule(was.status, now)
    if rule.refuse:
        return Refusal(transition=rule.name, sentence=rule.refuse)
    returning = rule.seats is Seats.ALL_RETURN
    if returning and quantity <= 0:
        return Refusal(transition=rule.name, sentence=book.quantity_zero)
    standing = Standing(status=now, quantity=quantity if returning else was.quantity)
    return _decision(rule, standing, was.seats)


def _quantity(was: Standing, quantity: int, book: Rulebook) -> Decision | Refusal | None:
    rule = book.quantity_change
    if quantity == was.quantity:
        return None
    if was.status is not Status.ACTIVE:
        sentence = book.quantity_inactive.format(status=was.status.title())
        return Refusal(transition=rule.name, sentence=sentence)
    if quantity <= 0:
        return Refusal(transition=rule.name, sentence=book.quantity_zero)
    return _decision(rule, Standing(status=was.status, quantity=quantity), was.seats)


def _decision(rule: Rule, standing: Standing, before: int) -> Decision:
    kind = rule.kind or LogKind.NEW
    moved = standing.seats - before
    return Decision(
        transition=rule.name,
        kind=kind,
        before=before,
        after=standing.seats,
        standing=standing,
        provider=rule.provider,
        money=rule.money,
        reason=f"rule {rule.name}: {kind.words}, {moved:+d} seats",
    )
