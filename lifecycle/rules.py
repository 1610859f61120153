"""The rulebook: what every ordered pair of states means.

```
            to  active    paused    suspended   cancelled  expired
from active     nothing   pause     deactivate  cancel     refused
     paused     resume    nothing   deactivate  cancel     refused
     suspended  activate  refused   nothing     cancel     refused
     cancelled  refused   refused   refused     nothing    refused
     expired    refused   refused   refused     refused    nothing
```
(the shipped `mappings/lifecycle.yaml`). The book comes in as data; gaps and doubles are findings.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from itertools import permutations
from typing import TypeVar

from lifecycle.states import LogKind, Money, ProviderIntent, Seats, Status

E = TypeVar("E", bound=StrEnum)

POLICIES = ("quantity_decrease", "deactivate", "partner_changes")
"""The keys under `policies`."""
PARTNER_MONEY: Mapping[str, Money] = {"settle": Money.SETTLE, "none": Money.NOTHING}
"""What a change at the provider may mean for the invoice, by policy."""


class Deactivate(StrEnum):
    """What a deactivation of a New Commerce licence asks of the provider, by policy."""

    SUSPEND = "suspend"
    CANCEL_INSIDE_WINDOW = "cancel_inside_window"
    """Cancel while the provider allows it, else suspend."""
    REFUSE_OUTSIDE_WINDOW = "refuse_outside_window"
    """Cancel while the provider allows it, else refuse: Microsoft would keep billing."""
    ASK = "ask"
    """Set it aside until a person has chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One transition: its consequences, or the sentence with which it is refused."""

    name: str
    kind: LogKind | None = None
    seats: Seats = Seats.NONE
    provider: ProviderIntent = ProviderIntent.NOTHING
    money: Money = Money.NOTHING
    refuse: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """All rules of a tenant."""

    transitions: Mapping[tuple[Status, Status], Rule]
    new_row: Rule
    quantity_change: Rule
    quantity_zero: str
    quantity_inactive: str
    schedule_decreases: bool = False
    on_deactivate: Deactivate = Deactivate.SUSPEND
    partner_money: Money = Money.SETTLE
    """What a change that was made at the provider means for the invoice."""

    def rule(self, was: Status, now: Status) -> Rule:
        """Return the rule of an ordered pair of different states."""
        return self.transitions[was, now]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong in a mapping file: where, what, and what to do."""

    path: tuple[str | int, ...]
    message: str
    remedy: str


@dataclass(slots=True)
class _Reader:
    """Collects every finding while it reads, so that all errors come at once."""

    findings: list[Finding] = field(default_factory=list)

    def fail(self, path: tuple[str | int, ...], message: str, remedy: str) -> None:
        self.findings.append(Finding(path, message, remedy))

    def choice(self, kind: type[E], value: object, path: tuple[str | int, ...], default: E) -> E:
        try:
            return kind(str(value))
        except ValueError:
            self.fail(path, f"{value!r} is not known", f"Use one of: {', '.join(kind)}.")
            return default

    def mapping(self, value: object, path: tuple[str | int, ...]) -> Mapping[str, object]:
        if isinstance(value, dict):
            return value
        self.fail(path, "this must be a mapping", "Write it as {key: value, ...}.")
        return {}

    def known(self, value: Mapping[str, object], path: tuple[str | int, ...], *keys: str) -> None:
        for key in (str(key) for key in value if key not in keys):
            near = get_close_matches(key, keys, n=1)
            remedy = f"Did you mean {near[0]!r}?" if near else f"Known keys: {', '.join(keys)}."
            self.fail((*path, key), f"unknown key {key!r}", remedy)

    def sentence(self, value: object, path: tuple[str | int, ...], *holes: str) -> str:
        """Read a sentence; `{name}` in it must be one of the holes."""
        if not isinstance(value, str) or not value.strip():
            self.fail(path, "a sentence is missing", "Say why it is refused.")
            return ""
        try:
            value.format(**dict.fromkeys(holes, ""))
        except (KeyError, IndexError, ValueError):
            known = " and ".join(f"{{{hole}}}" for hole in holes) or "none"
            self.fail(path, "a hole in the sentence is not known", f"Known holes: {known}.")
        return value


def read_rulebook(document: object) -> tuple[Rulebook | None, list[Finding]]:
    """Read `lifecycle.yaml`; the book is None when there are findings."""
    reader = _Reader()
    top = reader.mapping(document, ())
    reader.known(top, (), "transitions", "new_row", "quantity_change", "refusals", "policies")
    transitions = _transitions(reader, top.get("transitions"))
    new_row = _rule(reader, top.get("new_row"), ("new_row",))
    quantity = _rule(reader, top.get("quantity_change"), ("quantity_change",))
    refusals = reader.mapping(top.get("refusals"), ("refusals",))
    reader.known(refusals, ("refusals",), "quantity_zero", "quantity_inactive")
    zero = reader.sentence(refusals.get("quantity_zero"), ("refusals", "quantity_zero"))
    inactive = ("refusals", "quantity_inactive")
    not_active = reader.sentence(refusals.get("quantity_inactive"), inactive, "status")
    policies = reader.mapping(top.get("policies"), ("policies",))
    reader.known(policies, ("policies",), *POLICIES)
    schedule = _decreases(reader, policies)
    on_deactivate = _on_deactivate(reader, policies)
    partner_money = _partner_money(reader, policies)
    if reader.findings:
        return None, reader.findings
    book = Rulebook(
        transitions=transitions,
        new_row=new_row,
        quantity_change=quantity,
        quantity_zero=zero,
        quantity_inactive=not_active,
        schedule_decreases=schedule,
        on_deactivate=on_deactivate,
        partner_money=partner_money,
    )
    return book, []


def _on_deactivate(reader: _Reader, policies: Mapping[str, object]) -> Deactivate:
    told = policies.get("deactivate", Deactivate.SUSPEND)
    return reader.choice(Deactivate, told, ("policies", "deactivate"), Deactivate.SUSPEND)


def _partner_money(reader: _Reader, policies: Mapping[str, object]) -> Money:
    path = ("policies", "partner_changes")
    told = reader.mapping(policies.get("partner_changes", {}), path)
    reader.known(told, path, "money")
    choice = told.get("money", "settle")
    if choice not in PARTNER_MONEY:
        reader.fail((*path, "money"), f"{choice!r} is not known", "Use settle or none.")
    return PARTNER_MONEY.get(str(choice), Money.SETTLE)


def _decreases(reader: _Reader, policies: Mapping[str, object]) -> bool:
    choice = policies.get("quantity_decrease")
    if choice not in ("park", "schedule"):
        path = ("policies", "quantity_decrease")
        reader.fail(path, f"{choice!r} is not known", "Use park or schedule.")
    return choice == "schedule"


def _transitions(reader: _Reader, value: object) -> dict[tuple[Status, Status], Rule]:
    if not isinstance(value, list):
        reader.fail(("transitions",), "this must be a list", "Name every pair of states.")
        return {}
    rules: dict[tuple[Status, Status], Rule] = {}
    for number, entry in enumerate(value):
        path = ("transitions", number)
        fields = reader.mapping(entry, path)
        rule = _rule(reader, fields, path)
        for pair in _pairs(reader, fields, path):
            if pair in rules:
                reader.fail(
                    path, f"{pair[0]} -> {pair[1]} is already {rules[pair].name!r}", "Name it once."
                )
            rules[pair] = rule
    for was, now in permutations(Status, 2):
        if (was, now) not in rules:
            reader.fail(("transitions",), f"{was} -> {now} is not named", "Allow it or refuse it.")
    return rules


def _pairs(
    reader: _Reader, fields: Mapping[str, object], path: tuple[str | int, ...]
) -> Iterator[tuple[Status, Status]]:
    for was in _states(reader, fields.get("from"), (*path, "from")):
        for now in _states(reader, fields.get("to"), (*path, "to")):
            if was == now:
                reader.fail(path, f"{was} -> {now} is no change", "Leave it out.")
            else:
                yield was, now


def _states(reader: _Reader, value: object, path: tuple[str | int, ...]) -> list[Status]:
    names = value if isinstance(value, list) else [value]
    return [reader.choice(Status, name, path, Status.ACTIVE) for name in names]


def _rule(reader: _Reader, value: object, path: tuple[str | int, ...]) -> Rule:
    fields = reader.mapping(value, path)
    reader.known(fields, path, "name", "from", "to", "refuse", "change_log", "provider", "money")
    name = str(fields.get("name", ""))
    if not name:
        reader.fail((*path, "name"), "a name is missing", "Give the rule a name.")
    if "refuse" in fields:
        return Rule(name=name, refuse=reader.sentence(fields["refuse"], (*path, "refuse")))
    log = reader.mapping(fields.get("change_log"), (*path, "change_log"))
    reader.known(log, (*path, "change_log"), "kind", "quantity")
    return Rule(
        name=name,
        kind=reader.choice(LogKind, log.get("kind"), (*path, "change_log", "kind"), LogKind.NEW),
        seats=reader.choice(
            Seats, log.get("quantity", "0"), (*path, "change_log", "quantity"), Seats.NONE
        ),
        provider=reader.choice(
            ProviderIntent,
            fields.get("provider", "nothing"),
            (*path, "provider"),
            ProviderIntent.NOTHING,
        ),
        money=reader.choice(Money, fields.get("money", "nothing"), (*path, "money"), Money.NOTHING),
    )
