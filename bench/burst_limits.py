"""What a burst of deactivations asks of the services, against what they allow."""

from bench import burst
from bench.report import Table, Verdict
from bench.running import Sandbox

DATAVERSE, PARTNER_CENTER = 0.3, 2.1
"""Requests per change."""
TIMES_BOUND = 1.15


def measure(running: Sandbox, changes: int) -> tuple[list[Verdict], Table]:
    """Follow a burst; return verdicts and table."""
    seen = burst.measure(running, changes)
    size = f"burst of {changes:,}"
    judged = (
        ("Dataverse requests per change", "dataverse", DATAVERSE, ".2f"),
        ("Partner Center requests per change", "partner_center", PARTNER_CENTER, ".2f"),
        ("Dataverse requests in the fullest 5 minutes", "dataverse_five_minutes", 6000, ",.0f"),
        ("Partner Center requests in the fullest minute", "partner_center_minute", 500, ",.0f"),
    )
    verdicts = [
        Verdict(
            name=f"{size}: {words}",
            measured=f"{seen[name]:{shape}}",
            target=f"<= {most:,}",
            met=seen[name] <= most,
        )
        for words, name, most, shape in judged
    ]
    times = seen["minutes"] / seen["bound_minutes"]
    verdicts.append(
        Verdict(
            name=f"{size}: time / what the limits alone demand",
            measured=f"{times:.2f}",
            target=f"<= {TIMES_BOUND}",
            met=times <= TIMES_BOUND,
        )
    )
    row = (
        f"{changes:,}",
        f"{seen['minutes']:.1f}",
        f"{seen['bound_minutes']:.1f}",
        f"{seen['peak_mib']:.0f} MiB",
    )
    table = Table(
        title="A burst of deactivations, on a simulated clock",
        head=("changes", "minutes", "minutes that the limits demand", "peak memory"),
        rows=(row,),
    )
    return verdicts, table
