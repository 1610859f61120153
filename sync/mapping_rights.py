"""Find what is wrong with the Partner Center part of a field: its name there, owner, way. Pure."""

from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches
from re import match

from lifecycle.rules import Finding
from sync.mapping import Type
from sync.mapping_sides import KEEP
from sync.mapping_words import Path, Spec, foreign, meant, words
from sync.partner_path import root_of
from sync.reconcile import Direction, Owner

OWNERS = tuple(Owner)
DIRECTIONS = tuple(Direction)
RIGHTS_KEYS = ("owner", "direction", "enforce", "write_back")
END_KINDS = ("inclusive", "exclusive")
PARTNER_NAME = r"^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*$"
"""A field of the resource, or `outer.inner`."""
PARTNER_FIELDS = (
    *("id", "offerId", "offerName", "friendlyName", "quantity", "unitType", "creationDate"),
    *("effectiveStartDate", "commitmentEndDate", "cancellationAllowedUntilDate", "status"),
    *("autoRenewEnabled", "billingType", "billingCycle", "termDuration", "renewalTermDuration"),
    *("billingCycleEndDate", "isTrial", "partnerId", "orderId", "publisherName", "contractType"),
    *("scheduledNextTermInstructions", "scheduledActions", "refundableQuantity", "productType"),
)
"""The names that a slip is recognised by; others may be mapped as well."""
_NEAR = 0.85
_CHOSEN = (Type.CHOICE, Type.STATUS)


def rights_findings(spec: Spec, path: Path) -> Iterator[Finding]:
    """Find what is wrong with owner, direction and enforce."""
    for key, known in (("owner", OWNERS), ("direction", DIRECTIONS)):
        if key in spec and spec[key] not in known:
            remedy = meant(spec[key], known, f"Use one of: {', '.join(known)}.")
            yield Finding((*path, key), f"unknown {key} {spec[key]!r}", remedy)
    if "enforce" in spec and not isinstance(spec["enforce"], bool):
        yield Finding((*path, "enforce"), f"{spec['enforce']!r} is no yes or no", "Use true.")
    elif spec.get("enforce") is True and spec.get("owner") not in OWNERS[:2]:
        remedy = "Name the owner whose value counts: crm or partner_center."
        yield Finding((*path, "enforce"), "'enforce' needs an owner", remedy)
    if "partner_center" not in spec:
        for key in ("direction", "enforce", "write_back"):
            if key in spec:
                remedy = "Name the field there with `partner_center`."
                yield Finding((*path, key), f"{key!r} has no effect here", remedy)


def partner_findings(spec: Spec, path: Path) -> Iterator[Finding]:
    """Find what is wrong with the field's name and words at Partner Center."""
    yield from _name_findings(spec, path)
    yield from _partner_end_findings(spec, path)
    if "partner_center" in spec and spec.get("type") == Type.LOOKUP:
        remedy = "Ids of Dynamics mean nothing there; leave it out."
        yield Finding((*path, "partner_center"), "a lookup cannot be compared", remedy)
    yield from _choice_findings(spec, path)
    yield from _back_findings(spec, path)


def _name_findings(spec: Spec, path: Path) -> Iterator[Finding]:
    name, place = spec.get("partner_center", "id"), (*path, "partner_center")
    if not isinstance(name, str) or not match(PARTNER_NAME, name):
        remedy = "Name one field of the resource, or outer.inner."
        yield Finding(place, f"{name!r} is no name", remedy)
        return
    root = root_of(name)
    near = get_close_matches(root, PARTNER_FIELDS, n=1, cutoff=_NEAR)
    if root not in PARTNER_FIELDS and near:
        told = f"Partner Center has no field {root!r}"
        yield Finding(place, told, f"Did you mean '{near[0]}'?")


def _partner_end_findings(spec: Spec, path: Path) -> Iterator[Finding]:
    if "partner_end" not in spec:
        return
    place, given = (*path, "partner_end"), spec["partner_end"]
    if given not in END_KINDS:
        remedy = meant(given, END_KINDS, "Use inclusive or exclusive.")
        yield Finding(place, f"unknown end {given!r}", remedy)
    if spec.get("type") != Type.DATE or "partner_center" not in spec:
        remedy = "It is for a date that names a field with `partner_center`."
        yield Finding(place, "'partner_end' has no effect here", remedy)


def _choice_findings(spec: Spec, path: Path) -> Iterator[Finding]:
    if "partner_choices" not in spec:
        return
    place, given, choices = (*path, "partner_choices"), spec["partner_choices"], spec.get("choices")
    if not isinstance(given, dict) or not isinstance(choices, dict):
        yield Finding(place, "this must be a mapping beside `choices`", "Map choice: value.")
        return
    known = tuple(map(str, choices))
    yield from foreign(given, place, known)
    for one in known:
        if one not in given:
            yield Finding(place, f"{one!r} is missing", "Say what Partner Center calls it.")


def _back_findings(spec: Spec, path: Path) -> Iterator[Finding]:
    """Find words of Partner Center whose way back is not said (rules.md 5.2)."""
    place, given, choices = (*path, "write_back"), spec.get("write_back", {}), spec.get("choices")
    if not isinstance(given, dict) or not (isinstance(choices, dict) or not given):
        yield Finding(place, "this must be a mapping beside `choices`", "Map word: choice.")
        return
    known = (*map(str, choices), KEEP) if isinstance(choices, dict) else ()
    for word, choice in given.items():
        if str(choice) not in known:
            remedy = meant(choice, known, f"Known: {', '.join(known)}.")
            yield Finding((*place, str(word)), f"{choice!r} is not known", remedy)
    if spec.get("type") not in _CHOSEN or spec.get("direction") == Direction.NONE:
        return
    shared = Counter(
        theirs.lower() for one, theirs in words(spec, "partner_choices").items() if one in known
    )
    for word, number in shared.items():
        if number > 1 and word not in {str(one).lower() for one in given}:
            remedy = f"Name the choice that {word!r} becomes, or `{KEEP}`."
            yield Finding(place, f"{number} choices are called {word!r} there", remedy)
