"""The state is tidied once a day, and never so that a strange clock takes the trail away."""

from datetime import UTC, datetime, timedelta

import pytest
import structlog.testing

from seatkeeper.tidying import TIDIED, tidy_if_due
from sync.state import TrailEntry, UnwritableStateError
from tests.engine.opening import unseen_stage
from tests.engine.stage import Setting
from tests.wiring.written import VALID, load, problems

OLD = TrailEntry(at=datetime(2024, 1, 1, tzinfo=UTC), subject="a", event="old", facts={})


@pytest.fixture
def stage():
    """Return a stage in June 2025 whose trail begins in 2024, and is kept for 400 days."""
    opened = unseen_stage(Setting())
    keeps(opened, "400d")
    opened.application.store.tx(lambda tx: tx.trail([OLD]))
    opened.runs()
    yield opened
    opened.application.close()


def keeps(stage, length):
    config = stage.application.config
    kept = config.retention.model_copy(update={"trail": length})
    stage.application.config = config.model_copy(update={"retention": kept})


def trail(stage):
    return stage.application.store.tx(lambda tx: tx.read_trail())


def events(stage):
    return [one.event for one in trail(stage)]


def tidies(stage):
    """Tidy; return what was said."""
    with structlog.testing.capture_logs() as said:
        tidy_if_due(stage.application)
    return [one["event"] for one in said]


def test_a_length_is_written_like_a_window(tmp_path):
    config = load(tmp_path, f"{VALID}retention: {{trail: 400d}}\n")
    assert config.retention.trail_length == timedelta(days=400)
    assert load(tmp_path, VALID).retention.trail_length is None
    ((_, field, _),) = problems(tmp_path, f"{VALID}retention: {{trail: 400 days}}\n")
    assert field == "retention.trail"


def test_by_default_the_trail_is_kept_for_ever(stage):
    keeps(stage, None)
    assert tidies(stage) == []
    assert events(stage)[0] == "old"


def test_what_is_too_old_is_cut_and_told_and_the_rest_verified(stage):
    rest = events(stage)[1:]
    assert tidies(stage) == ["trail cut"]
    assert events(stage) == [*rest, "trail cut"]
    assert stage.application.store.look(lambda tx: tx.verify_trail()) is None


def test_it_is_done_once_a_day_by_business_time(stage):
    tidies(stage)
    cut_on = stage.application.store.look(lambda tx: tx.meta(TIDIED))
    assert cut_on.startswith("2025-06-10")
    stage.on("2025-06-11", "11:00")
    stage.runs()
    assert tidies(stage) == []
    assert stage.application.store.look(lambda tx: tx.meta(TIDIED)) == cut_on
    stage.on("2025-06-11", "13:00")
    stage.runs()
    tidies(stage)
    assert stage.application.store.look(lambda tx: tx.meta(TIDIED)).startswith("2025-06-11")


def test_a_service_whose_clock_is_years_ahead_does_not_take_the_trail_away(stage):
    lately = datetime.now(UTC) - timedelta(days=10)  # noqa: TID251  # the real time is meant
    entry = TrailEntry(at=lately, subject="a", event="lately", facts={})
    stage.application.store.tx(lambda tx: tx.trail([entry]))
    stage.on("2045-06-10")
    stage.runs()
    tidies(stage)
    assert "lately" in events(stage)
    assert "old" not in events(stage)


def test_a_full_disk_is_said_and_tried_again(stage, monkeypatch):
    def full():
        raise UnwritableStateError("the disk is full")

    monkeypatch.setattr(stage.application.store, "compact", full)
    assert tidies(stage)[-1] == "state not tidied"
    assert stage.application.store.look(lambda tx: tx.meta(TIDIED)) is None


def test_the_file_is_not_rewritten_while_work_waits(stage, monkeypatch):
    monkeypatch.setattr(stage.application.store, "compact", lambda: 4096)
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    stage.fails(service="partner_center", method="PATCH", path=".", status=503)
    stage.runs()
    stage.fails()
    assert stage.application.store.tx(lambda tx: tx.counts()).open_operations > 0
    assert "state compacted" not in tidies(stage)
    stage.on("2025-06-18")
    stage.runs()
    assert "state compacted" in tidies(stage)
