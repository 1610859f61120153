"""Values of the two sides: the poorer vocabulary, and the way back (rules.md 5.2)."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console import looks
from seatkeeper import explain
from sync.mapping import Entity, Field, Type
from sync.mapping_made import held_here, named_in
from sync.mapping_sides import read_there, stored, there, to_crm, to_partner
from sync.partner_path import carries, root_of, value_at
from sync.reconcile import Course, compare
from sync.state import Source

CHOICES = {"active": (1,), "paused": (2,), "suspended": (3,), "cancelled": (4,)}
THERE = {
    "active": "active",
    "paused": "suspended",
    "suspended": "suspended",
    "cancelled": "deleted",
}


def field(kind, **spec):
    given_ = {"choices": {}, "columns": ("c",), "partner_center": "there", **spec}
    return Field(name="f", type=kind, **given_)


def status(**spec):
    back = {"suspended": "suspended", "disabled": "cancelled", "pending": "keep"}
    given_ = {"choices": CHOICES, "partner_choices": THERE, "write_back": back, **spec}
    return field(Type.CHOICE, owner="crm", **given_)


def look(one, ours, theirs, base=None):
    entity = Entity(name="e", table="t", set="ts", id_column="tid", fields={"f": one})
    known = ({"f": base}, {"f": base}) if base is not None else ({}, {})
    return compare(entity, {"f": ours}, {"f": theirs}, known, {})


@pytest.mark.parametrize("ours", ["paused", "suspended"])
def test_rule_5_2_choices_that_partner_center_calls_alike_are_alike(ours):
    (ruling,) = look(status(), ours, "suspended").rulings
    assert ruling.course is Course.NOTHING


@pytest.mark.parametrize(
    ("word", "choice"),
    [
        ("active", "active"),
        ("suspended", "suspended"),
        ("Deleted", "cancelled"),
        ("disabled", "cancelled"),
    ],
)
def test_rule_5_2_a_word_of_partner_center_becomes_the_choice_that_write_back_names(word, choice):
    assert to_crm(status(), word) == choice


@pytest.mark.parametrize("word", ["pending", "none", "unheard of"])
def test_rule_5_2_a_word_that_stands_for_no_choice_is_told_and_not_written(word):
    (ruling,) = look(status(), "active", word, "active").rulings
    assert (ruling.course, to_crm(status(), word)) == (Course.REPORTED, None)
    assert word in ruling.reason


def test_a_choice_without_partner_choices_has_the_same_names_there():
    assert to_crm(field(Type.CHOICE, choices=CHOICES), "PAUSED") == "paused"


@pytest.mark.parametrize(
    ("kind", "ours", "theirs"),
    [
        (Type.BOOLEAN, None, False),
        (Type.TEXT, "Fabrikam ", "Fabrikam"),
        (Type.TEXT, "", None),
        (Type.MONEY, Decimal("12.5"), Decimal("12.50")),
        (
            Type.INSTANT,
            datetime(2025, 1, 8, 12, 0, 0, 750000, tzinfo=UTC),
            datetime(2025, 1, 8, 12, tzinfo=UTC),
        ),
    ],
    ids=["no and empty", "blanks", "empty texts", "digits", "parts of a second"],
)
def test_values_that_mean_the_same_are_alike(kind, ours, theirs):
    (ruling,) = look(field(kind), ours, theirs).rulings
    assert ruling.course is Course.NOTHING


@pytest.mark.parametrize(
    ("kind", "value", "wire"),
    [
        (Type.TEXT, " Fabrikam", "Fabrikam"),
        (Type.BOOLEAN, None, False),
        (Type.INTEGER, 12, 12),
        (Type.DATE, date(2026, 1, 31), "2026-01-31"),
        (Type.INSTANT, datetime(2025, 1, 8, 12, tzinfo=UTC), "2025-01-08T12:00:00Z"),
    ],
)
def test_a_value_is_sent_as_partner_center_writes_it(kind, value, wire):
    assert to_partner(field(kind), value) == wire


def test_a_word_that_several_choices_share_stands_for_none_unless_it_is_named():
    assert to_crm(status(write_back={}), "suspended") is None


def test_a_choice_is_sent_in_partner_centers_word():
    assert to_partner(status(), "paused") == "suspended"


_PLAIN = st.one_of(
    st.tuples(st.just(Type.TEXT), st.text(max_size=5)),
    st.tuples(st.just(Type.BOOLEAN), st.booleans()),
    st.tuples(st.just(Type.INTEGER), st.integers()),
    st.tuples(st.just(Type.DATE), st.dates()),
    st.tuples(st.just(Type.INSTANT), st.datetimes(timezones=st.just(UTC))),
    st.tuples(st.just(Type.MONEY), st.decimals(allow_nan=False, allow_infinity=False)),
)


@given(_PLAIN)
def test_a_mapped_value_that_comes_over_is_alike_afterwards(pair):
    kind, value = pair
    one = field(kind)
    assert stored(there(one, to_crm(one, there(one, value)))) == stored(there(one, value))


@given(st.sampled_from(sorted(CHOICES)))
def test_rule_5_2_a_choice_that_goes_there_and_back_is_called_the_same_there(choice):
    back = to_crm(status(), to_partner(status(), choice))
    assert there(status(), back) == there(status(), choice)


_VALUES = st.sampled_from(["a", "b", "c", None])
_RIGHTS = st.fixed_dictionaries(
    {
        "owner": st.sampled_from(["crm", "partner_center", "manual", ""]),
        "direction": st.sampled_from(["", "both", "to_crm", "to_partner_center", "none"]),
        "enforce": st.booleans(),
    }
)


@given(_RIGHTS, _VALUES, _VALUES, st.none() | st.sampled_from(["a", "b"]))
def test_what_was_reconciled_asks_for_nothing_the_second_time(rights, ours, theirs, base):
    """It converges, or it is parked or told: the same look says the same for ever."""
    one = field(Type.TEXT, **rights)
    first = look(one, ours, theirs, base)
    known = {"f": base} if base is not None else {}
    crm, partner = {**known, **first.crm}, {**known, **first.partner}
    ours, theirs = first.taken.get("f", ours), first.sent.get("there", theirs)
    if first.sent:
        crm, partner = {"f": theirs}, {"f": theirs}  # read back, both sides are known anew
    entity = Entity(name="e", table="t", set="ts", id_column="tid", fields={"f": one})
    second = compare(entity, {"f": ours}, {"f": theirs}, (crm, partner), {})
    assert (second.taken, second.sent) == ({}, {})
    passing = {Course.NOTHING, Course.TO_CRM, Course.TO_PARTNER_CENTER}
    lasting = [ruling.course for ruling in first.rulings if ruling.course not in passing]
    assert [ruling.course for ruling in second.open] == lasting


@pytest.mark.parametrize("source", Source)
def test_every_source_of_a_change_is_told_in_words(source):
    assert explain._HOW[source]
    assert looks.source(source)


@pytest.mark.parametrize(
    ("told", "means"),
    [("inclusive", date(2026, 6, 10)), ("exclusive", date(2026, 6, 9)), ("", date(2026, 6, 10))],
)
def test_which_end_a_date_of_partner_center_is_stands_in_the_mapping(told, means):
    one = field(Type.DATE, partner_end=told)
    assert read_there(one, "2026-06-10T23:59:59Z") == means
    assert to_partner(one, means) == "2026-06-10"


@given(
    kind=st.sampled_from([Type.TEXT, Type.INTEGER, Type.BOOLEAN, Type.DATE, Type.INSTANT]),
    end=st.sampled_from(["", "inclusive", "exclusive"]),
    data=st.data(),
)
def test_a_value_sent_there_and_read_again_is_the_same(kind, end, data):
    values = {
        Type.TEXT: st.text(st.characters(categories=["L", "N"]), min_size=1),
        Type.INTEGER: st.integers(),
        Type.BOOLEAN: st.booleans(),
        Type.DATE: st.dates(date(1, 1, 2), date(9999, 12, 30)),
        Type.INSTANT: st.datetimes(timezones=st.just(UTC)).map(
            lambda moment: moment.replace(year=max(moment.year, 1000), microsecond=0)
        ),
    }
    one = field(kind, partner_end=end if kind is Type.DATE else "")
    value = data.draw(values[kind])
    assert read_there(one, to_partner(one, value)) == value


@pytest.mark.parametrize(
    ("document", "is_told", "value"),
    [
        ({}, False, None),
        ({"a": None}, True, None),
        ({"a": {}}, True, None),
        ({"a": {"b": None}}, True, None),
        ({"a": {"b": {"c": 7}}}, True, 7),
        ({"a": {"b": 3}}, False, None),
        ({"a": [1]}, False, None),
    ],
    ids=str,
)
def test_a_field_inside_another_is_read_as_far_as_the_document_says(document, is_told, value):
    assert (carries(document, "a.b.c"), value_at(document, "a.b.c")) == (is_told, value)
    assert root_of("a.b.c") == root_of("a") == "a"


@pytest.mark.parametrize("held", [{}, {"plan": None}], ids=["not held", "held"])
def test_rule_2_10_what_is_held_is_not_compared_nor_is_what_lies_inside(held):
    one = field(Type.INTEGER, partner_center="plan.quantity")
    entity = Entity(name="e", table="t", set="ts", id_column="tid", fields={"f": one})
    found = compare(entity, {"f": 7}, {"f": None}, ({"f": 7}, {"f": 7}), held)
    assert [ruling.field for ruling in found.rulings] == ([] if held else ["f"])


RECORD = {"f": "Premium", "seats": 10, "until": date(2026, 6, 10), "note": None}


@pytest.mark.parametrize(
    ("made", "value"),
    [
        ({}, "Premium"),
        ({"template": "{f} ({seats}, {until})"}, "Premium (10, 2026-06-10)"),
        ({"template": "{note}{{{missing}}}"}, "{}"),
        ({"constant": "Ours"}, "Ours"),
        ({"constant": False}, False),
    ],
    ids=["neither", "a template", "what is empty is left out", "a text", "no is a constant, too"],
)
def test_what_is_made_for_partner_center_stands_for_what_the_column_holds(made, value):
    assert held_here(field(Type.TEXT, **made), RECORD) == value


def test_a_template_names_its_fields():
    assert named_in("{a} - {{b}} {c}") == ("a", "c")
    assert named_in("") == ()
