"""Three-way compare of one subscription: base, Dynamics, Partner Center. Pure (rules.md 5).

```
what changed since both were last held   course
the sides hold the same                  nothing
neither side (they differ as they did)   nothing
Partner Center only                      to Dynamics; turned back if `enforce` and Dynamics owns it
Dynamics only                            to Partner Center; turned back if `enforce` and
                                         Partner Center owns it
both, to different values                the owner wins; `manual`: a conflict
unknown: first seen, and different       reported; with `enforce` the owner wins
```
A course that `direction` does not allow is reported instead; nothing is then written.
Values are compared in the poorer vocabulary: what Partner Center calls a choice (rules.md 5.2).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sync.mapping import Entity, Field, Record, Value
from sync.mapping_made import held_here
from sync.mapping_sides import is_empty, stored, there, to_crm, to_partner
from sync.partner_path import root_of
from sync.remote import Json, Row


class Owner(StrEnum):
    """Whose value counts when both sides changed."""

    CRM = "crm"
    PARTNER_CENTER = "partner_center"
    MANUAL = "manual"


class Direction(StrEnum):
    """Where values may flow."""

    BOTH = "both"
    TO_PARTNER_CENTER = "to_partner_center"
    TO_CRM = "to_crm"
    NONE = "none"
    """The field is not compared."""


class Course(StrEnum):
    """What is done about a field."""

    NOTHING = "nothing"
    TO_CRM = "to_crm"
    TO_PARTNER_CENTER = "to_partner_center"
    CONFLICT = "conflict"
    REPORTED = "reported"


class Happened(StrEnum):
    """What happened to a field since both sides were last held."""

    EQUAL = "equal"
    APART = "apart"
    """They differ as they did."""
    AT_PARTNER_CENTER = "changed at Partner Center"
    IN_DYNAMICS = "changed in Dynamics"
    ON_BOTH = "changed on both sides"
    FIRST_SEEN = "first seen, and different"


_DEFAULT: Final[Mapping[Owner, Direction]] = {
    Owner.CRM: Direction.BOTH,
    Owner.PARTNER_CENTER: Direction.TO_CRM,
    Owner.MANUAL: Direction.BOTH,
}
_REACHES: Final[Mapping[Course, frozenset[Direction]]] = {
    Course.TO_CRM: frozenset({Direction.BOTH, Direction.TO_CRM}),
    Course.TO_PARTNER_CENTER: frozenset({Direction.BOTH, Direction.TO_PARTNER_CENTER}),
}
_WINS: Final[Mapping[Owner, Course]] = {
    Owner.CRM: Course.TO_PARTNER_CENTER,
    Owner.PARTNER_CENTER: Course.TO_CRM,
    Owner.MANUAL: Course.CONFLICT,
}
_WAY: Final[Mapping[Course, str]] = {
    Course.TO_CRM: "it comes to Dynamics",
    Course.TO_PARTNER_CENTER: "it goes to Partner Center",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """Who decides about a field, and where it may flow."""

    owner: Owner = Owner.MANUAL
    direction: Direction = Direction.BOTH
    enforce: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What is done about one field, and why. Values are in the poorer vocabulary."""

    field: str
    base: str
    crm: Value
    partner: Value
    happened: Happened
    course: Course
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All compared fields of one subscription, and what they lead to."""

    rulings: tuple[Ruling, ...] = ()
    taken: Record
    """Values to write at Dataverse, by field."""
    sent: Row
    """Values to write at Partner Center, by its names; without status and quantity."""
    crm: Row
    """What Dynamics holds of the fields that are settled once they are taken: their next base."""
    partner: Row

    def of(self, *courses: Course) -> tuple[Ruling, ...]:
        return tuple(one for one in self.rulings if one.course in courses)

    @property
    def open(self) -> tuple[Ruling, ...]:
        """What a person may want to know of: everything that differs and is not left so."""
        return tuple(one for one in self.rulings if one.course is not Course.NOTHING)


STATE = ("status", "quantity")
"""The fields that change by a log and the steps of provisioning, never by a plain write."""


def rights_of(field: Field) -> Rights:
    """Return who decides about a field; without an owner a person does."""
    owner = Owner(field.owner) if field.owner else Owner.MANUAL
    direction = Direction(field.direction) if field.direction else _DEFAULT[owner]
    return Rights(owner=owner, direction=direction, enforce=field.enforce)


def course_of(happened: Happened, rights: Rights) -> Course:
    """Return what is done about a field."""
    wanted = _wanted(happened, rights)
    return (
        wanted
        if rights.direction in _REACHES.get(wanted, (rights.direction,))
        else (Course.REPORTED)
    )


def _wanted(happened: Happened, rights: Rights) -> Course:
    owner_wins = _WINS[rights.owner]
    insists = rights.enforce and owner_wins is not Course.CONFLICT
    match happened:
        case Happened.EQUAL | Happened.APART:
            return Course.NOTHING
        case Happened.ON_BOTH:
            return owner_wins
        case Happened.FIRST_SEEN:
            return owner_wins if insists else Course.REPORTED
        case Happened.AT_PARTNER_CENTER:
            return owner_wins if insists else Course.TO_CRM
        case Happened.IN_DYNAMICS:
            return owner_wins if insists else Course.TO_PARTNER_CENTER


def compare(
    entity: Entity, record: Record, resource: Record, base: tuple[Row, Row], left_out: Row
) -> Comparison:
    """Compare the fields that both sides carry.

    `resource` is a `partner_record`, `base` what Dynamics and Partner Center held when both were
    last held; `left_out` names fields of Partner Center that are not compared now.
    """
    rulings: list[Ruling] = []
    taken: dict[str, Value] = {}
    sent: dict[str, Json] = {}
    crm: dict[str, Json] = {}
    partner: dict[str, Json] = {}
    for field in _compared(entity, record, resource, left_out):
        ruling = _rule(field, held_here(field, record), resource[field.name], base)
        rulings.append(ruling)
        if ruling.course is Course.TO_CRM:
            taken[field.name] = to_crm(field, ruling.partner)
        if ruling.course is Course.TO_PARTNER_CENTER and field.name not in STATE:
            sent[field.partner_center] = to_partner(field, held_here(field, record))
        if held := _next_base(ruling):
            crm[field.name], partner[field.name] = held
    return Comparison(rulings=tuple(rulings), taken=taken, sent=sent, crm=crm, partner=partner)


def _compared(entity: Entity, record: Record, resource: Record, left_out: Row) -> Iterator[Field]:
    for name, field in entity.fields.items():
        if not field.partner_center or root_of(field.partner_center) in left_out:
            continue
        if name in record and name in resource and rights_of(field).direction != Direction.NONE:
            yield field


def _rule(field: Field, ours: Value, theirs: Value, base: tuple[Row, Row]) -> Ruling:
    rights = rights_of(field)
    crm, partner = there(field, ours), there(field, theirs)
    happened = _happened(field.name, (stored(crm), stored(partner)), base)
    course = course_of(happened, rights)
    reason = _reason(happened, course, rights)
    if happened is Happened.FIRST_SEEN and rights.owner is Owner.PARTNER_CENTER and is_empty(ours):
        # Dynamics never held it: what Partner Center changes from here on comes over.
        course = course if course is Course.TO_CRM else Course.NOTHING
        reason = "Dynamics holds nothing yet; the next change at Partner Center comes over"
    if course is Course.TO_CRM and to_crm(field, partner) is None and not is_empty(partner):
        course = Course.REPORTED
        reason = f"no choice stands for {partner!r}; Dynamics keeps what it holds"
    return Ruling(
        field=field.name,
        base=_base_words(field.name, base),
        crm=crm,
        partner=partner,
        happened=happened,
        course=course,
        reason=reason,
    )


def _happened(name: str, now: tuple[Json, Json], base: tuple[Row, Row]) -> Happened:
    crm, partner = now
    if crm == partner:
        return Happened.EQUAL
    if name not in base[0] or name not in base[1]:
        return Happened.FIRST_SEEN
    ours, theirs = crm != base[0][name], partner != base[1][name]
    if ours and theirs:
        return Happened.ON_BOTH
    if theirs:
        return Happened.AT_PARTNER_CENTER
    return Happened.IN_DYNAMICS if ours else Happened.APART


def _next_base(ruling: Ruling) -> tuple[Json, Json] | None:
    """Return what both hold of a field once its course is run; None keeps what is known."""
    crm, partner = stored(ruling.crm), stored(ruling.partner)
    match ruling.course:
        case Course.TO_CRM:
            return partner, partner
        case Course.NOTHING if ruling.happened is not Happened.APART:
            return crm, partner
        case _:
            return None


def _base_words(name: str, base: tuple[Row, Row]) -> str:
    if name not in base[0] or name not in base[1]:
        return ""
    crm, partner = shown(base[0][name]), shown(base[1][name])
    return crm if crm == partner else f"{crm} | {partner}"


def shown(value: object) -> str:
    """Write a value for a person."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "empty" if value is None else str(value)


def _reason(happened: Happened, course: Course, rights: Rights) -> str:
    why = f"{happened}"
    match course:
        case Course.NOTHING:
            return "both hold the same" if happened is Happened.EQUAL else "neither side changed it"
        case Course.CONFLICT:
            return f"{why}; the owner is manual, so that a person decides"
        case Course.REPORTED:
            return f"{why}; {_held_back(happened, rights)}, so that nothing is written"
        case Course.TO_CRM | Course.TO_PARTNER_CENTER:
            return f"{why}; {_way(happened, course, rights)}"


def _way(happened: Happened, course: Course, rights: Rights) -> str:
    asked = happened is Happened.AT_PARTNER_CENTER and course is Course.TO_PARTNER_CENTER
    turned = asked or (happened is Happened.IN_DYNAMICS and course is Course.TO_CRM)
    if turned:
        return f"{rights.owner} owns it and enforces it, so that it is turned back"
    if happened in {Happened.ON_BOTH, Happened.FIRST_SEEN}:
        return f"{rights.owner} owns it, so that {_WAY[course]}"
    return _WAY[course]


def _held_back(happened: Happened, rights: Rights) -> str:
    if happened is Happened.FIRST_SEEN and not rights.enforce:
        return "what differed from the first look on is only told"
    return f"the direction is {rights.direction}"
