"""Many deactivations at once, on a simulated clock: `python -m bench.burst CONFIG NUMBER`.

The sandbox runs in a process of its own and is told of the deactivations over the Web API. The
clock of the run moves when something sleeps, and by what a request takes with so many workers.
Prints JSON: the requests to both services, and the minutes beside those that the limits demand.
"""

import json
import logging
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import structlog

from bench.crm_user import SUSPENDED, CrmUser
from bench.first_sweep import FIVE_MINUTES, MINUTE, Sent, Simulated, Wire
from bench.running import Sandbox, child, peak_mib
from seatkeeper.bootstrap import Application, build, meet
from seatkeeper.config import load_config
from store.sqlite import SqliteStore
from sync.cycle import run_cycle, work_is_left

DATAVERSE_MINUTE, PARTNER_CENTER_MINUTE = 1200.0, 500.0
"""What the services allow: 6,000 requests in five minutes, and 500 in one."""
CYCLES = 60


def run(config_file: Path, number: int) -> dict[str, float | int]:
    """Deactivate so many subscriptions between two polls, and follow them all."""
    effects, sent = Simulated(), Sent()
    let_loose = {
        "SEATKEEPER__GUARDS__MAX_PERCENT": "100",
        "SEATKEEPER__GUARDS__MAX_CHANGES": str(2 * number),
    }
    with tempfile.TemporaryDirectory(prefix="seatkeeper-bench-") as folder:
        application = build(
            load_config(config_file, let_loose),
            store=SqliteStore(Path(folder) / "state.db"),
            effects=effects,
            adapters={"https://": Wire(effects, sent, None)},
            inline=True,
        )
        try:
            meet(application)
            run_cycle(application.engine)
            _deactivate(config_file, number)
            begun = effects.now
            before = {service: len(times) for service, times in sent.at.items()}
            _follow(application)
        finally:
            application.close()
    made = {service: len(times) - before[service] for service, times in sent.at.items()}
    minutes = (effects.now - begun) / MINUTE
    bound = max(
        made["partner_center"] / PARTNER_CENTER_MINUTE, made["dataverse"] / DATAVERSE_MINUTE
    )
    return {
        "changes": number,
        "partner_center": made["partner_center"] / number,
        "dataverse": made["dataverse"] / number,
        "partner_center_minute": sent.most_within("partner_center", MINUTE),
        "dataverse_five_minutes": sent.most_within("dataverse", FIVE_MINUTES),
        "minutes": minutes,
        "bound_minutes": bound,
        "peak_mib": peak_mib(),
    }


def _deactivate(config_file: Path, number: int) -> None:
    user = CrmUser(Sandbox(ready={"config_file": str(config_file)}, pid=0))
    try:
        for subscription in user.subscriptions(number):
            user.change(subscription, dict(SUSPENDED))
    finally:
        user.close()


def _follow(application: Application) -> None:
    """Run cycles until nothing is left to do."""
    engine = application.engine
    for _ in range(CYCLES):
        report = run_cycle(engine)
        if report.stopped:
            raise RuntimeError("a guard stopped the burst")
        if report.failures:
            raise RuntimeError(f"a cycle failed: {report.failures[0]}")
        if not report.changes and not work_is_left(engine):
            return
    raise RuntimeError("work was left")


def measure(running: Sandbox, number: int) -> dict[str, float | int]:
    """Run in a process of its own on a world with some subscriptions more."""
    running.reset(number + number // 2)
    running.control("settings", {"partner_center_per_minute": 0})
    return child("bench.burst", str(running.config_file), str(number))


def main(arguments: Sequence[str]) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    print(json.dumps(run(Path(arguments[0]), int(arguments[1]))))


if __name__ == "__main__":
    main(sys.argv[1:])
