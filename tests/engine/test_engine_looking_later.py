"""rules.md 2.8: how long a licence is looked at again after an unclear write."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from sync.late import conclude, expect, look_later
from sync.planned import Plan
from sync.settling import Trouble
from tests.engine.cases import NOW, standing

LATER = NOW + timedelta(minutes=5)
ENGINE: Any = SimpleNamespace(now=lambda: NOW)


class Watches:
    """The part of a transaction that keeps watches."""

    def __init__(self, **kept: object) -> None:
        self.kept = dict(kept)

    def is_watched(self, subject: str) -> bool:
        return subject in self.kept

    def watch(self, subject: str, at: object) -> None:
        self.kept[subject] = at

    def unwatch(self, subject: str) -> None:
        self.kept.pop(subject, None)


def planned(**fields: Any) -> Plan:
    return Plan(subscription_id="s", states={}, standing=standing(), **fields)


def test_an_unclear_write_is_remembered_without_a_time():
    tx: Any = Watches()
    expect(tx, "s")
    assert tx.kept == {"s": None}


def test_a_second_unclear_write_does_not_take_the_time_away():
    tx: Any = Watches(s=LATER)
    expect(tx, "s")
    assert tx.kept == {"s": LATER}


def test_the_write_after_an_unclear_one_sets_the_time():
    tx: Any = Watches(s=None)
    look_later(ENGINE, tx, "s")
    look_later(ENGINE, tx, "other")
    assert tx.kept == {"s": LATER}


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        pytest.param({}, {}, id="it was seen to be right"),
        pytest.param({"corrects": True}, {"s": NOW}, id="it is being put right"),
        pytest.param({"retry_provider": True}, {"s": LATER}, id="the provider did not answer"),
        pytest.param(
            {"trouble": Trouble(code="c", reason="", advice="")}, {"s": LATER}, id="in trouble"
        ),
    ],
)
def test_the_look_is_over_when_the_licence_was_seen_to_be_right(fields, kept):
    tx: Any = Watches(s=NOW)
    conclude(ENGINE, tx, planned(**fields))
    assert tx.kept == kept
