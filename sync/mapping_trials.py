"""The `tests:` of a mapping file: given a row and a resource, what must the fields be? Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from lifecycle.rules import Finding
from sync.mapping import Entity, Field, MalformedRowError, Record, Type, Value, parse_value
from sync.mapping_sides import differences, partner_record, stored, there
from sync.mapping_words import Path, Spec, meant, unknown_keys
from sync.reconcile import Course, Ruling, compare
from sync.remote import Json, Row

TRIAL_KEYS = ("name", "dataverse", "partner_center", "base", "expect", "differences", "courses")
COURSES = tuple(Course)
SIDES = ("crm", "partner_center")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A test that does not hold: where in the file, and what was found instead."""

    path: Path
    told: str


# --- what may stand there ----------------------------------------------------------------------


def check_shape(given: object, fields: Collection[str]) -> Iterator[Finding]:
    """Find what is wrong with the tests as they are written."""
    if not isinstance(given, list):
        yield Finding(("tests",), "this must be a list", "Begin each test with `- name: ...`.")
        return
    for number, one in enumerate(given):
        path: Path = ("tests", number)
        if isinstance(one, dict):
            yield from _shape(one, path, tuple(fields))
        else:
            yield Finding(path, "this must be a mapping", "Write {name: ..., expect: ...}.")


def _shape(one: Spec, path: Path, fields: tuple[str, ...]) -> Iterator[Finding]:
    yield from unknown_keys(one, path, TRIAL_KEYS)
    if not one.get("name"):
        yield Finding((*path, "name"), "a name is missing", "Say what the test shows.")
    for key in TRIAL_KEYS[1:]:
        if key in one and not isinstance(one[key], dict):
            yield Finding((*path, key), "this must be a mapping", "Write {name: value}.")
    yield from _incomplete(one, path)
    for key in ("base", "expect", "differences", "courses"):
        yield from _unknown_fields(one.get(key), (*path, key), fields)
    yield from _course_findings(one, path)


def _incomplete(one: Spec, path: Path) -> Iterator[Finding]:
    if not {"expect", "differences", "courses"} & {*one}:
        remedy = "Add `expect`, `differences` or `courses`."
        yield Finding(path, "nothing is expected", remedy)
    if "dataverse" not in one and "partner_center" not in one:
        yield Finding(path, "nothing is given", "Add `dataverse` or `partner_center`.")
        return
    for key in ("differences", "courses"):
        if key in one and not ("dataverse" in one and "partner_center" in one):
            remedy = "It is about a row and a resource."
            yield Finding((*path, key), "one side is missing", remedy)


def _course_findings(one: Spec, path: Path) -> Iterator[Finding]:
    if "base" in one and "courses" not in one:
        remedy = "It says what both sides held, for `courses`."
        yield Finding((*path, "base"), "'base' has no effect here", remedy)
    wanted = one.get("courses")
    for name, course in wanted.items() if isinstance(wanted, dict) else ():
        if course not in COURSES:
            remedy = meant(course, COURSES, f"Use one of: {', '.join(COURSES)}.")
            yield Finding((*path, "courses", str(name)), f"unknown course {course!r}", remedy)


def _unknown_fields(given: object, path: Path, fields: tuple[str, ...]) -> Iterator[Finding]:
    if not isinstance(given, dict):
        return
    for name, value in given.items():
        if name not in fields:
            remedy = meant(name, fields, "Name a field of this file.")
            yield Finding((*path, str(name)), f"unknown field {name!r}", remedy)
        if path[-1] == "differences" and not (isinstance(value, dict) and {*value} == {*SIDES}):
            remedy = "Write {crm: ..., partner_center: ...}."
            yield Finding((*path, str(name)), "both sides are needed", remedy)


# --- whether they hold -------------------------------------------------------------------------


def run_trials(entity: Entity, tests: list[Spec]) -> Iterator[Failure]:
    """Run the tests of an entity's file, which `check_shape` has passed."""
    for number, test in enumerate(tests):
        yield from _run(entity, test, ("tests", number))


def _run(entity: Entity, test: Spec, path: Path) -> Iterator[Failure]:
    row, resource = (_document(test.get(key)) for key in ("dataverse", "partner_center"))
    wanted = test.get("expect")
    try:
        record = entity.record({entity.id_column: "of this test", **row})
        theirs = partner_record(entity, resource)
    except (MalformedRowError, ValueError, TypeError, ArithmeticError) as error:
        told = str(error) or "a value of the resource does not fit the type of its field"
        yield Failure(path=path, told=told)
        return
    if isinstance(wanted, dict):
        found = record if "dataverse" in test else theirs
        yield from _compare(entity, wanted, found, (*path, "expect"))
    differing = test.get("differences")
    if isinstance(differing, dict):
        place = (*path, "differences")
        yield from _compare_sides(entity, differing, (record, resource), place)
    courses = test.get("courses")
    if isinstance(courses, dict):
        rulings = compare(entity, record, theirs, _base(entity, test.get("base")), {}).rulings
        yield from _compare_courses(courses, rulings, (*path, "courses"))


def _base(entity: Entity, given: object) -> tuple[Row, Row]:
    """Return what both sides held: one value, or that of each side."""
    sides: tuple[dict[str, Json], dict[str, Json]] = ({}, {})
    for name, value in given.items() if isinstance(given, dict) else ():
        for held, side in zip(sides, SIDES, strict=True):
            one = value.get(side) if isinstance(value, dict) else value
            field = entity.fields[name]
            held[name] = stored(there(field, _read(field, one)))
    return sides


def _compare_courses(wanted: Spec, rulings: Iterable[Ruling], path: Path) -> Iterator[Failure]:
    """Compare the courses; what is not named must ask for nothing."""
    found = {one.field: one for one in rulings}
    for name, course in wanted.items():
        if name not in found:
            yield Failure(path=(*path, name), told=f"{name} is not compared")
        elif found[name].course != course:
            yield Failure(path=(*path, name), told=_course_told(found[name]))
    for name, ruling in found.items():
        if name not in wanted and ruling.course is not Course.NOTHING:
            yield Failure(path=path, told=f"{_course_told(ruling)}; none is expected")


def _course_told(ruling: Ruling) -> str:
    return f"{ruling.field} is {ruling.course}: {ruling.reason}"


def _compare(entity: Entity, wanted: Spec, found: Record, path: Path) -> Iterator[Failure]:
    for name, value in wanted.items():
        if name not in found:
            yield Failure(path=(*path, name), told=f"{name} is not in what was given")
        elif _read(entity.fields[name], value) != found[name]:
            told = f"{name} is {_shown(found[name])}, not {_shown(value)}"
            yield Failure(path=(*path, name), told=told)


def _compare_sides(
    entity: Entity, wanted: Spec, given: tuple[Record, Mapping[str, Json]], path: Path
) -> Iterator[Failure]:
    found = differences(entity, *given)
    for name, one in found.items():
        told = f"{name} differs: crm {_shown(one.crm)}, partner_center {_shown(one.partner_center)}"
        sides = wanted.get(name)
        field = entity.fields[name]
        pair = (one.crm, one.partner_center)
        if not isinstance(sides, dict):
            yield Failure(path=path, told=f"{told}; none is expected")
        elif tuple(_read(field, sides.get(side)) for side in SIDES) != pair:
            yield Failure(path=(*path, name), told=told)
    for name in wanted:
        if name not in found:
            yield Failure(path=(*path, name), told=f"{name} does not differ")


def _document(given: object) -> dict[str, Json]:
    items = given.items() if isinstance(given, dict) else ()
    return {str(name): _as_json(value) for name, value in items}


def _as_json(value: object) -> Json:
    """Return a value of YAML as the services send it: dates as text, exact numbers."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return Decimal(repr(value))
    return value if isinstance(value, str | int | bool) else None


def _read(field: Field, value: object) -> Value:
    raw = _as_json(value)
    if raw is None or field.type in {Type.CHOICE, Type.STATUS}:
        return None if raw is None else str(raw)
    try:
        return parse_value(field.type, raw)
    except (ValueError, TypeError, ArithmeticError):
        return str(raw)


def _shown(value: object) -> str:
    return "empty" if value is None else str(value)
