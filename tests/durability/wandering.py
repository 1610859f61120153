"""Random lives: people edit, the daemon runs, dies, meets faults, loses its state; then the judge.

A step is a plain value, so that a failing sequence can be read, shortened and kept.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from sync.remote import RemoteError
from tests.durability.oracle import DAYS, PRICE, Oracle
from tests.durability.site import Killed, Site
from tests.durability.story import assert_quiet

NEXT = {
    "active": ("suspended", "paused"),
    "paused": ("active", "suspended"),
    "suspended": ("active",),
}
TROUBLES: dict[str, dict[str, Any]] = {
    "lost before": {"drop": "before_commit"},
    "lost after": {"drop": "after_commit"},
    "slow down": {"status": 429, "retry_after": 2},
    "slow down long": {"status": 429, "retry_after": 100},
    "unavailable": {"status": 503},
    "failed": {"status": 500},
    "timed out": {"delay_seconds": 200},
}


@dataclass(frozen=True, slots=True)
class Edit:
    """A person saves a subscription."""

    subscription: int
    choice: int


@dataclass(frozen=True, slots=True)
class Run:
    """The daemon works once; it may die at a store or wire point, or meet trouble at a request."""

    dies_at_store: int = 0
    dies_at_wire: int = 0
    trouble: str = ""
    at_request: int = 0


@dataclass(frozen=True, slots=True)
class Wait:
    """Time passes."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Lose:
    """The state file is deleted; `settled`: after everything was done."""

    settled: bool


Step = Edit | Run | Wait | Lose


def runs() -> st.SearchStrategy[Run]:
    """Return lives of the daemon: most of them end early or meet trouble."""
    return st.one_of(
        st.just(Run()),
        st.builds(Run, dies_at_store=st.integers(1, 25)),
        st.builds(Run, dies_at_wire=st.integers(1, 40)),
        st.builds(Run, trouble=st.sampled_from(sorted(TROUBLES)), at_request=st.integers(1, 12)),
    )


def steps(*, loses: tuple[bool, ...]) -> st.SearchStrategy[list[Step]]:
    """Return sequences of steps; `loses` names the kinds of loss that occur."""
    choices: list[st.SearchStrategy[Step]] = [
        st.builds(Edit, st.integers(0, 2), st.integers(0, 1)),
        st.builds(Edit, st.integers(0, 2), st.integers(0, 1)),
        runs(),
        runs(),
        st.builds(Wait, st.sampled_from([5, 70, 130, 3_600, 86_400])),
    ]
    if loses:
        choices.append(st.builds(Lose, st.sampled_from(loses)))
    return st.lists(st.one_of(choices), min_size=2, max_size=9)


@dataclass(slots=True)
class Wanderer:
    """Walks through the steps."""

    site: Site
    lossy: bool = False

    def walk(self, path: list[Step]) -> None:
        for step in path:
            match step:
                case Edit():
                    self._edit(step)
                case Run():
                    self._run(step)
                case Wait():
                    self.site.advance(step.seconds)
                case Lose():
                    self._lose(settled=step.settled)

    def _edit(self, step: Edit) -> None:
        subscription = self.site.subscriptions[step.subscription]
        row = self.site.row("sk_subscription", subscription)
        now = {1: "active", 126310000: "paused", 2: "suspended"}[row["statuscode"]]
        choices = NEXT[now]
        self.site.edit(subscription, choices[step.choice % len(choices)])

    def _run(self, step: Run) -> None:
        site = self.site
        site.store_tally.arm(step.dies_at_store)
        site.wire.tally.arm(step.dies_at_wire)
        left = [step.at_request]

        def before(_: object) -> None:
            left[0] -= 1
            if left[0] == 0:
                site.fault(times=1, **TROUBLES[step.trouble])

        if step.trouble:
            site.wire.before = before
        try:
            site.run()
        except (Killed, RemoteError):
            pass
        finally:
            site.calm()

    def _lose(self, *, settled: bool) -> None:
        if settled:
            self.site.quiesce(3)
        else:
            self.lossy = True
        self.site.lose_state()
        self.site.run()


def judge(wanderer: Wanderer) -> None:
    """Quiesce, then hold everything against the journal."""
    site = wanderer.site
    site.quiesce(3)
    for subscription in site.subscriptions:
        site.edit(subscription, sk_name="touched")  # late audit rows show at the next touch
    site.quiesce(2)
    oracle = Oracle(site.world)
    for subscription in site.subscriptions:
        if wanderer.lossy:
            judge_after_loss(oracle, subscription)
        else:
            oracle.judge(subscription, site.licences[subscription])
    assert_quiet(site)


def judge_after_loss(oracle: Oracle, subscription: str) -> None:
    """Allow one change or none, never two, for what was not logged when the state was lost."""
    logs = oracle.logs(subscription)
    assert [log["sk_sequence"] for log in logs] == list(range(1, len(logs) + 1))
    assert len({log["sk_changekey"] for log in logs}) == len(logs)
    oracle.judge_outcomes(subscription)
    state = "active"
    moves = []
    for log in logs:
        state = _after(log, state)
        moves.append((log["sk_effectiveon"], state))
    changes = oracle.changes(subscription)
    assert not logs or state == changes[-1].now
    lines = [Decimal(str(line["sk_amount"])) for line in oracle.lines(subscription)]
    exact = PRICE * oracle.days_by_logs(moves) / DAYS - PRICE
    assert abs(sum(lines, Decimal(0)) - exact) <= Decimal("0.005")


def _after(log: dict[str, Any], state: str) -> str:
    return {
        126310002: "suspended",
        126310003: "active",
        126310004: "paused",
        126310005: "active",
    }.get(log["sk_kind"], state)
