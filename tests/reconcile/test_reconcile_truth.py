"""The truth table of the three-way compare: what happened x owner x direction x enforce."""

import pytest

from sync.mapping import Entity, Field, Type
from sync.reconcile import Course, compare

TABLE = """
owner           direction          enforce | partner | dynamics | both     | first
crm             default            no      | crm     | partner  | partner  | told
crm             default            yes     | partner | partner  | partner  | partner
crm             both               no      | crm     | partner  | partner  | told
crm             both               yes     | partner | partner  | partner  | partner
crm             to_partner_center  no      | told    | partner  | partner  | told
crm             to_partner_center  yes     | partner | partner  | partner  | partner
crm             to_crm             no      | crm     | told     | told     | told
crm             to_crm             yes     | told    | told     | told     | told
partner_center  default            no      | crm     | told     | crm      | told
partner_center  default            yes     | crm     | crm      | crm      | crm
partner_center  both               no      | crm     | partner  | crm      | told
partner_center  both               yes     | crm     | crm      | crm      | crm
partner_center  to_partner_center  no      | told    | partner  | told     | told
partner_center  to_partner_center  yes     | told    | told     | told     | told
partner_center  to_crm             no      | crm     | told     | crm      | told
partner_center  to_crm             yes     | crm     | crm      | crm      | crm
manual          default            no      | crm     | partner  | conflict | told
manual          both               no      | crm     | partner  | conflict | told
manual          to_partner_center  no      | told    | partner  | conflict | told
manual          to_crm             no      | crm     | told     | conflict | told
"""
WORDS = {
    "crm": Course.TO_CRM,
    "partner": Course.TO_PARTNER_CENTER,
    "told": Course.REPORTED,
    "conflict": Course.CONFLICT,
}
SIDES = {
    "partner": ({"nick": "a"}, "a", "b"),
    "dynamics": ({"nick": "a"}, "b", "a"),
    "both": ({"nick": "a"}, "b", "c"),
    "first": ({}, "a", "b"),
}


def _rows():
    head, *lines = TABLE.strip().splitlines()
    names = [one.strip() for one in head.split("|")[1:]]
    for line in lines:
        rights, *cells = (one.strip() for one in line.split("|"))
        owner, direction, enforce = rights.split()
        for happened, cell in zip(names, cells, strict=True):
            name = f"{owner}-{direction}-enforce {enforce}-{happened} changed"
            yield pytest.param(owner, direction, enforce, happened, WORDS[cell], id=name)


def entity(**spec):
    given = {"type": Type.TEXT, "owner": "manual", **spec}
    nick = Field(name="nick", columns=("nick",), choices={}, partner_center="nick", **given)
    return Entity(name="e", table="t", set="ts", id_column="tid", fields={"nick": nick})


def look(at, base, ours, theirs):
    return compare(at, {"nick": ours}, {"nick": theirs}, (base, base), {})


@pytest.mark.parametrize(("owner", "direction", "enforce", "happened", "course"), [*_rows()])
def test_rule_5_1_what_is_done_about_a_field(owner, direction, enforce, happened, course):
    given = "" if direction == "default" else direction
    at = entity(owner=owner, direction=given, enforce=enforce == "yes")
    base, ours, theirs = SIDES[happened]
    (ruling,) = look(at, base, ours, theirs).rulings
    assert ruling.course is course


@pytest.mark.parametrize("owner", ["crm", "partner_center", "manual"])
@pytest.mark.parametrize("base", [{}, {"nick": "a"}, {"nick": "z"}], ids=["none", "same", "other"])
def test_rule_5_1_what_both_hold_alike_asks_for_nothing(owner, base):
    found = look(entity(owner=owner, enforce=owner != "manual"), base, "a", "a")
    assert [one.course for one in found.rulings] == [Course.NOTHING]
    assert (found.crm, found.partner, found.taken, found.sent) == (
        *({"nick": "a"},) * 2,
        *({},) * 2,
    )


@pytest.mark.parametrize("owner", ["crm", "partner_center", "manual"])
def test_rule_5_3_sides_that_differ_as_they_did_are_left_so(owner):
    found = compare(
        entity(owner=owner), {"nick": "a"}, {"nick": "b"}, ({"nick": "a"}, {"nick": "b"}), {}
    )
    assert [one.course for one in found.rulings] == [Course.NOTHING]
    assert (found.crm, found.partner) == ({}, {})


def test_a_field_without_direction_is_not_compared():
    assert look(entity(direction="none"), {}, "a", "b").rulings == ()


def test_a_field_without_an_owner_is_manual():
    (ruling,) = look(entity(owner=""), {"nick": "a"}, "b", "c").rulings
    assert ruling.course is Course.CONFLICT


def test_rule_2_10_what_a_suspend_holds_is_not_compared_and_keeps_its_base():
    found = compare(entity(), {"nick": "a"}, {"nick": "b"}, ({"nick": "a"},) * 2, {"nick": None})
    assert (found.rulings, found.crm, found.partner) == ((), {}, {})


def test_an_empty_column_of_a_field_that_partner_center_owns_waits_for_its_next_change():
    at = entity(owner="partner_center")
    first = look(at, {}, None, "b")
    assert [one.course for one in first.rulings] == [Course.NOTHING]
    again = compare(at, {"nick": None}, {"nick": "c"}, (first.crm, first.partner), {})
    assert again.taken == {"nick": "c"}


@pytest.mark.parametrize(
    ("happened", "said"),
    [
        ("partner", "changed at Partner Center; it comes to Dynamics"),
        ("dynamics", "changed in Dynamics; it goes to Partner Center"),
        ("both", "changed on both sides; the owner is manual, so that a person decides"),
        (
            "first",
            "first seen, and different; what differed from the first look on is only told, so"
            " that nothing is written",
        ),
    ],
)
def test_a_ruling_says_why(happened, said):
    (ruling,) = look(entity(), *SIDES[happened]).rulings
    assert ruling.reason == said


@pytest.mark.parametrize(
    ("owner", "happened", "said"),
    [
        ("crm", "partner", "crm owns it and enforces it, so that it is turned back"),
        ("partner_center", "dynamics", "owns it and enforces it, so that it is turned back"),
        ("crm", "first", "crm owns it, so that it goes to Partner Center"),
    ],
)
def test_a_ruling_says_that_the_owner_insists(owner, happened, said):
    (ruling,) = look(entity(owner=owner, enforce=True), *SIDES[happened]).rulings
    assert ruling.reason.endswith(said)


def test_a_ruling_names_the_direction_that_holds_it_back():
    at = entity(owner="crm", direction="to_partner_center")
    (ruling,) = look(at, *SIDES["partner"]).rulings
    assert "the direction is to_partner_center" in ruling.reason
