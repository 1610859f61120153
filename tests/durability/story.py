"""The story that is interrupted everywhere: deactivate, activate, issue the next invoice."""

from collections.abc import Callable
from pathlib import Path

from tests.durability.oracle import Oracle
from tests.durability.site import Killed, Site, open_site

Step = Callable[[Site], object]


def adopted_site(state: Path, *, subscriptions: int = 1, **settings: object) -> Site:
    """Return a site whose daemon has had its first look."""
    site = open_site(state, subscriptions=subscriptions, **settings)
    site.run()
    return site


def deactivate(site: Site) -> None:
    site.on("2025-06-16")
    for subscription in site.subscriptions:
        site.edit(subscription, "suspended")


def activate(site: Site) -> None:
    site.on("2025-06-21")
    for subscription in site.subscriptions:
        site.edit(subscription, "active")


def first_of_july(site: Site) -> None:
    site.on("2025-07-01")


def issue(site: Site) -> None:
    site.invoice("2025-07-01")


STEPS: tuple[tuple[Step, Step], ...] = (
    (deactivate, Site.run),
    (activate, Site.run),
    (first_of_july, issue),
)
"""What people do, and the work of the daemon that follows."""


def play(site: Site) -> int:
    """Play the story; a life of the daemon that is killed is followed by new ones."""
    deaths = 0
    for act, work in STEPS:
        act(site)
        try:
            work(site)
        except Killed:
            deaths += 1
            site.quiesce(2)
            work(site)
    site.calm()
    site.quiesce(1)
    return deaths


def judge(site: Site) -> None:
    """Hold everything against the journal, and see that nothing is left and nothing repeats."""
    oracle = Oracle(site.world)
    for subscription in site.subscriptions:
        oracle.judge(subscription, site.licences[subscription])
    oracle.judge_invoices(site.contract)
    assert oracle.numbers() == ["INV-2025-0001", "INV-2025-0002"]
    assert_quiet(site)


def assert_quiet(site: Site) -> None:
    """Nothing is open, parked or waiting; running again commits nothing."""
    counts = site.look(lambda tx: tx.counts())
    assert (counts.waiting, counts.open_operations, counts.parked) == (0, 0, 0)
    before = len(Oracle(site.world).commits)
    site.run()
    assert len(Oracle(site.world).commits) == before
