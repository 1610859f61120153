"""How many HTTP requests an idle cycle, a deactivation and an activation cost."""

import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from bench.crm_user import ACTIVE, SUSPENDED, CrmUser, requests_in
from bench.running import Document, Sandbox
from seatkeeper.bootstrap import Application, build, meet
from seatkeeper.config import load_config
from sync.cycle import run_cycle

POLLED_TABLES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanges:
    """Requests per cycle: each number with how often it was seen."""

    idle: Counter[int]
    deactivation: Counter[int]
    activation: Counter[int]
    afterwards: Counter[int]
    """The cycle after a change, in which the daemon meets its own writes."""
    shown: tuple[str, ...]
    """The requests of one deactivation, polls included."""


def measure(running: Sandbox, *, changes: int) -> Exchanges:
    """Change subscriptions one at a time; one inline cycle follows each change."""
    running.reset(max(changes, 10))
    with tempfile.TemporaryDirectory(prefix="seatkeeper-bench-") as folder:
        config = load_config(running.config_file, {}).model_copy(
            update={"state": f"sqlite:///{Path(folder) / 'state.db'}"}
        )
        application = build(config, inline=True)
        user = CrmUser(running)
        try:
            meet(application)
            run_cycle(application.engine)
            return _play(running, application, user, changes)
        finally:
            user.close()
            application.close()


def _play(running: Sandbox, application: Application, user: CrmUser, changes: int) -> Exchanges:
    chosen = user.subscriptions(changes)
    seen: dict[str, list[list[str]]] = {"idle": [], "off": [], "on": [], "after": []}
    for subscription in chosen:
        seen["idle"].append(_cycle(running, application))
        for name, values in (("off", SUSPENDED), ("on", ACTIVE)):
            user.change(subscription, dict(values))
            seen[name].append(_cycle(running, application))
            seen["after"].append(_cycle(running, application))
    _check(running, [subscription.provider_id for subscription in chosen])
    return Exchanges(
        idle=Counter(map(len, seen["idle"])),
        deactivation=Counter(len(one) - POLLED_TABLES for one in seen["off"]),
        activation=Counter(len(one) - POLLED_TABLES for one in seen["on"]),
        afterwards=Counter(map(len, seen["after"])),
        shown=tuple(seen["off"][0]),
    )


def _cycle(running: Sandbox, application: Application) -> list[str]:
    before = running.last()
    report = run_cycle(application.engine)
    if report.failures:
        raise RuntimeError(f"a cycle failed: {report.failures[0]}")
    return requests_in(running.since(before))


def _check(running: Sandbox, provider_ids: list[str]) -> None:
    """Make sure that each licence was really suspended and is active again."""
    entries = running.since(0)
    for provider_id in provider_ids:
        states = [_status(entry) for entry in entries if entry["id"] == provider_id]
        if "suspended" not in states or states[-1] != "active":
            raise RuntimeError(f"the licence {provider_id} did not follow: {states}")


def _status(entry: Document) -> str | None:
    found: str | None = (entry["after"] or {}).get("status")
    return found
