"""Jobs at intervals, kept by `schedule`.

It plans by the wall clock, so a step of that clock (seen against the monotonic one) has all jobs
planned anew.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import schedule
import structlog

_STEP_SECONDS = 2.0

log = structlog.get_logger()


@dataclass(slots=True)
class Clockwork:
    """Jobs at intervals, safe against steps of the wall clock and against failing jobs."""

    jobs: dict[str, tuple[float, Callable[[], None]]] = field(default_factory=dict)
    scheduler: schedule.Scheduler = field(default_factory=schedule.Scheduler)
    offset: float = 0.0

    def every(self, name: str, seconds: float, job: Callable[[], None]) -> None:
        self.jobs[name] = (seconds, job)

    def plan(self) -> None:
        """Plan every job anew, from now."""
        self.scheduler.clear()
        self.offset = time.time() - time.monotonic()  # noqa: TID251  # watches the wall clock itself
        for seconds, job in self.jobs.values():
            self.scheduler.every(max(1, round(seconds))).seconds.do(job)

    def run_pending(self) -> float:
        """Run what is due; return the seconds until the next job."""
        if abs(time.time() - time.monotonic() - self.offset) > _STEP_SECONDS:  # noqa: TID251
            log.warning("clock step", reason="the wall clock was moved; jobs are planned anew")
            self.plan()
        self.scheduler.run_pending()
        idle = self.scheduler.idle_seconds
        return max(0.0, idle if idle is not None else 1.0)
