"""rules.md 3 and 1.5: a row that was made after adoption, where its audit rows come late."""

import pytest

from tests.engine.stage import MANUAL


@pytest.mark.parametrize(
    "delay",
    [pytest.param(30, id="within the wait"), pytest.param(600, id="after the wait")],
)
def test_rule_1_5_a_new_row_whose_audit_row_comes_late_is_logged_once(stage, delay):
    stage.world.settings.change({"audit_delay_seconds": delay})
    stage.on("2025-06-16")
    made = stage.subscribes(provider=MANUAL)
    stage.runs()
    assert stage.kinds(made) == []
    for time in ("12:02", "12:20"):
        stage.on("2025-06-16", time)
        stage.runs()
        assert stage.kinds(made) == [("new", 10)]
    stage.edits(row=made, status="suspended")
    for time in ("12:21", "12:23", "12:40"):
        stage.on("2025-06-16", time)
        stage.runs()
    assert stage.kinds(made) == [("new", 10), ("deactivation", -10)]
