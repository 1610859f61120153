"""Random lives of people, daemon and services; the judge reads only the sandbox's journal."""

from hypothesis import HealthCheck, given, settings

from tests.durability.story import adopted_site
from tests.durability.wandering import Wanderer, judge, steps

FAST = settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def _wander(folder, path, **world):
    for left in folder.iterdir():
        left.unlink()
    wanderer = Wanderer(adopted_site(folder / "state.db", subscriptions=3, **world))
    wanderer.walk(path)
    judge(wanderer)


@FAST
@given(path=steps(loses=(True,)))
def test_random_crashes_faults_and_a_state_lost_at_rest_keep_every_change_exactly_once(
    tmp_path, path
):
    _wander(tmp_path, path)


@FAST
@given(path=steps(loses=()))
def test_random_crashes_and_faults_with_late_audit_rows_keep_every_change_exactly_once(
    tmp_path, path
):
    _wander(tmp_path, path, audit_delay_seconds=30)


@FAST
@given(path=steps(loses=(False,)))
def test_a_state_lost_at_any_moment_writes_nothing_twice_and_leaves_money_that_agrees_with_the_logs(
    tmp_path, path
):
    _wander(tmp_path, path)
