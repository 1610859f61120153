"""What a first look at both sides asks of the services, against what they allow."""

from collections.abc import Iterator, Mapping

from bench import first_sweep
from bench.report import Table, Verdict
from bench.running import Sandbox

PARTNER_CENTER_MINUTE, SWEEP_SHARE, BURST = 500, 0.5, 7 / 6
"""What the service allows, the share of a sweep, and a full bucket at the start of a minute."""
DATAVERSE_5, DATAVERSE_SECONDS = 6000, 1200.0
"""Requests and execution time that Dataverse allows in five minutes."""


def measure(running: Sandbox, swept: int, flat: float) -> tuple[list[Verdict], Table]:
    """Look at a quarter of the subscriptions, then at all; return verdicts and table."""
    few, many = (
        first_sweep.measure(running, number)
        for number in (max(swept // 4, first_sweep.GROUP), swept)
    )
    rows = tuple(
        (
            f"{one['subscriptions']:,}",
            f"{one['customers']:,}",
            f"{one['partner_center']:,}",
            f"{one['dataverse']:,}",
            f"{one['minutes']:.1f}",
            f"{one['lists'] - one['customers']:,}",
            f"{one['peak_mib']:.0f} MiB",
        )
        for one in (few, many)
    )
    table = Table(
        title="First look at both sides, killed half way, on a simulated clock",
        head=(
            "subscriptions", "customers", "Partner Center requests", "Dataverse requests",
            "minutes", "lists asked twice", "peak memory",
        ),
        rows=rows,
    )  # fmt: skip
    return list(_within_limits(few, many, flat)), table


def _within_limits(
    few: Mapping[str, float], many: Mapping[str, float], flat: float
) -> Iterator[Verdict]:
    """Judge a first look by what both services allow."""
    size = f"first look at {many['subscriptions']:,}"
    share = PARTNER_CENTER_MINUTE * SWEEP_SHARE * BURST
    limits = (
        ("Partner Center requests in the fullest minute", "partner_center_minute", share),
        ("Dataverse requests in the fullest 5 minutes", "dataverse_five_minutes", DATAVERSE_5),
        ("their execution time, at 0.5 s each", "dataverse_seconds", DATAVERSE_SECONDS),
        ("suspects (one more request each)", "suspects", 0),
    )
    for words, name, most in limits:
        yield Verdict(
            name=f"{size}: {words}",
            measured=f"{many[name]:,.0f}",
            target=f"<= {most:,.0f}",
            met=many[name] <= most,
        )
    growth = many["peak_mib"] / few["peak_mib"]
    yield Verdict(
        name=f"flat: peak of {many['subscriptions']:,} / {few['subscriptions']:,}, first look",
        measured=f"{growth:.2f}",
        target=f"<= {flat}",
        met=growth <= flat,
    )
