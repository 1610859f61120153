"""The same acts as rules of a Hypothesis state machine, with invariants after every step.

Hypothesis chooses the order, and shortens what fails; the simulator's mixes decide the weights.
"""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from structlog.testing import capture_logs

from tests.simulation import evidence, invariants
from tests.simulation.acts import SETTINGS, TROUBLES, Act, Work, happen
from tests.simulation.run import judge, tidy_up
from tests.simulation.town import Town, found

WHO = st.integers(0, 4)
STATES = st.sampled_from(["active", "suspended", "paused", "cancelled"])
WORKS = st.sampled_from(["cycle", "cycle", "once", "invoice"])


class Life(RuleBasedStateMachine):
    """People, services and the daemon, in any order."""

    town: Town

    @initialize(seed=st.integers(0, 10_000), late=st.sampled_from([0, 30]), bom=st.booleans())
    def begin(self, seed, late, bom):
        self.logs = capture_logs()
        self.said = self.logs.__enter__()
        self.town = found(seed, audit_delay_seconds=late, partner_center_bom=bom)
        self.town.cycle()

    @rule(who=WHO, status=STATES)
    def person_sets_the_status(self, who, status):
        happen(self.town, Act("status", who, 0, status))

    @rule(who=WHO, seats=st.integers(0, 14))
    def person_sets_the_quantity(self, who, seats):
        happen(self.town, Act("quantity", who, seats))

    @rule(who=WHO, status=STATES, days=st.integers(1, 9))
    def person_dates_back(self, who, status, days):
        happen(self.town, Act("back-dated", who, days, status))

    @rule(who=WHO, days=st.integers(0, 4))
    def person_schedules(self, who, days):
        happen(self.town, Act("schedule", who, days))

    @rule(who=WHO, verb=st.sampled_from(["touch", "provision", "touch draft", "note on log"]))
    def person_edits_something_else(self, who, verb):
        happen(self.town, Act(verb, who))

    @rule(who=WHO, verb=st.sampled_from(["delete row", "delete line"]))
    def person_deletes(self, who, verb):
        happen(self.town, Act(verb, who))

    @rule(who=WHO, choice=st.integers(0, 2))
    def person_chooses_the_refund(self, who, choice):
        happen(self.town, Act("refund choice", who, choice))

    @rule(who=WHO, change=st.sampled_from(["suspend", "reactivate", "seats", "auto-renew"]))
    def person_changes_the_licence_by_hand(self, who, change):
        happen(self.town, Act("by hand", who, 7, change))

    @rule(how=WORKS)
    def daemon_works(self, how):
        happen(self.town, Work(how))

    @rule(how=WORKS, point=st.sampled_from(["store", "wire"]), at=st.integers(1, 20))
    def daemon_dies(self, how, point, at):
        happen(self.town, Work(how, point, at))

    @rule(how=WORKS, trouble=st.sampled_from(sorted(TROUBLES)), at=st.integers(1, 14))
    def daemon_meets_trouble(self, how, trouble, at):
        happen(self.town, Work(how, trouble, at))

    @rule(at=st.integers(1, 14))
    def second_daemon_starts(self, at):
        happen(self.town, Work("cycle", "second", at))

    @rule(seconds=st.sampled_from([10, 130, 3600]))
    def time_passes(self, seconds):
        happen(self.town, Act("wait", 0, seconds))

    @rule(seconds=st.sampled_from([86_400, 604_800, -3_600]))
    def clock_jumps(self, seconds):
        happen(self.town, Act("clock", 0, seconds))

    @rule()
    def token_expires(self):
        happen(self.town, Act("wait", 0, 4_000))

    @rule(name=st.sampled_from(sorted(SETTINGS)))
    def service_behaves_otherwise(self, name):
        happen(self.town, Act("settings", 0, 0, name))

    @rule(value=st.integers(0, 1), what=st.sampled_from(["refunds", "change day"]))
    def configuration_changes(self, value, what):
        happen(self.town, Act("configure", 0, value, what))

    @rule()
    def operator_backs_up(self):
        happen(self.town, Act("back up"))

    @rule(number=st.integers(0, 3))
    def operator_restores(self, number):
        happen(self.town, Act("restore", 0, number))

    @invariant()
    def nothing_is_ever_done_twice_or_unintended(self):
        """Hold what must be true at every moment; the rest is judged when all is quiet."""
        if not hasattr(self, "town"):
            return
        known = {"lost_on": self.town.lost_on, "is_restored": self.town.restored}
        seen = evidence.read(self.town.world, **known)
        assert not invariants.i2_nothing_twice(seen, self.town.watch.unseen)
        assert not invariants.i5_intent_before_write(self.town.watch.unintended)
        assert not invariants.i9_nothing_deleted(seen)
        assert "unforeseen" not in self.town.watch.log.events
        assert "two daemons" not in self.town.watch.log.events

    def teardown(self):
        if not hasattr(self, "town"):
            return
        try:
            tidy_up(self.town)
            violations = judge(self.town, self.said)
        finally:
            self.town.stop()
            self.logs.__exit__(None, None, None)
        assert not violations, "\n".join(violations)


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=20,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
