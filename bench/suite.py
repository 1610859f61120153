"""All measurements, and what each says about the targets."""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from statistics import median

from bench import burst_limits, exchanges, invoicing, laying, reaction, reading_limits, sweep_limits
from bench.report import Table, Verdict, verdicts
from bench.running import Sandbox, child

FLAT = 1.1
IDLE, DEACTIVATION, ACTIVATION = 2, 4, 5
P95_SECONDS = 2.0
LAID_SECONDS, LAID_MIB = 60.0, 3072.0
WRITES_PER_INVOICE = 1.2
PAGE_MS = 100.0
SETTLED_SECONDS = 60.0
"""Of one core, for 100,000 subscriptions."""
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is measured."""

    rows: int = 200_000
    more_rows: int = 1_000_000
    rounds: int = 5
    changes: int = 10
    samples: int = 40
    settled: int = 10_000
    laid: int = 1_000_000
    invoices: int = 1_000
    swept: int = 100_000
    burst: int = 2_000
    console: int = 100_000


def run(running: Sandbox, sizes: Sizes, say: Say, only: Collection[str] = ()) -> list[Table]:
    """Measure everything, or only some parts; the table of the targets comes first."""
    found: list[Verdict] = []
    tables: list[Table] = []
    for part in (part for name, part in PARTS.items() if not only or name in only):
        say(part.__doc__ or part.__name__)
        verdict, table = part(running, sizes)
        found += verdict
        tables.append(table)
    return [verdicts(found), *tables]


def _exchanges(running: Sandbox, sizes: Sizes) -> tuple[list[Verdict], Table]:
    """Count requests per cycle, from the journal of the sandbox."""
    seen = exchanges.measure(running, changes=sizes.changes)
    counted = (
        ("requests per idle cycle", seen.idle, IDLE),
        ("requests per deactivation, after the poll", seen.deactivation, DEACTIVATION),
        ("requests per activation, after the poll", seen.activation, ACTIVATION),
        ("requests of the cycle after a change", seen.afterwards, IDLE),
    )
    rows = tuple((name, _tally(numbers)) for name, numbers, _ in counted)
    shown = ("One deactivation:", "", *(f"    {one}" for one in seen.shown))
    table = Table(title="Requests", head=("what", "seen"), rows=rows, remarks=shown)
    return [
        Verdict(
            name=name,
            measured=_tally(numbers),
            target=str(target),
            met=max(numbers) <= target,
        )
        for name, numbers, target in counted
    ], table


def _tally(numbers: Counter[int]) -> str:
    return ", ".join(f"{number} ({times} times)" for number, times in sorted(numbers.items()))


def _reaction(running: Sandbox, sizes: Sizes) -> tuple[list[Verdict], Table]:
    """Time the way from the write of the CRM user to Partner Center suspended."""
    seen = reaction.measure(running, samples=sizes.samples)
    p50, p95 = seen.percentile(50), seen.percentile(95)
    row = (
        str(len(seen.seconds)),
        f"{seen.poll_seconds:g} s",
        *(f"{one:.2f} s" for one in (min(seen.seconds), p50, p95, max(seen.seconds))),
    )
    table = Table(
        title="From the CRM write to Partner Center suspended",
        head=("samples", "poll", "least", "p50", "p95", "most"),
        rows=(row,),
    )
    verdict = Verdict(
        name="CRM write to suspended, p95, 1 s poll",
        measured=f"{p95:.2f} s",
        target=f"< {P95_SECONDS:g} s",
        met=p95 < P95_SECONDS,
    )
    return [verdict], table


def _first_read(running: Sandbox, sizes: Sizes) -> tuple[list[Verdict], Table]:
    """Read the subscriptions first, over TLS, each time in a process of its own."""
    return reading_limits.measure(running, (sizes.rows, sizes.more_rows), sizes.rounds)


def _laying(running: Sandbox, sizes: Sizes) -> tuple[list[Verdict], Table]:
    """Lay a large world."""
    seen = laying.measure(running, sizes.laid)
    size = f"{seen.subscriptions:,}"
    table = Table(
        title="The sandbox lays its scale scenario",
        head=("subscriptions", "time", "processor time", "memory then"),
        rows=((size, f"{seen.seconds:.1f} s", f"{seen.cpu:.1f} s", f"{seen.memory_mib:.0f} MiB"),),
    )
    return [
        Verdict(
            name=f"{size} subscriptions laid by the sandbox",
            measured=f"{seen.seconds:.1f} s",
            target=f"< {LAID_SECONDS:g} s",
            met=seen.seconds < LAID_SECONDS,
        ),
        Verdict(
            name="memory of the sandbox then",
            measured=f"{seen.memory_mib:.0f} MiB",
            target=f"< {LAID_MIB:g} MiB",
            met=seen.memory_mib < LAID_MIB,
        ),
    ], table


def _settlement(_: Sandbox, sizes: Sizes) -> tuple[list[Verdict], Table]:
    """Settle subscriptions, without any service."""
    runs = [child("bench.settling", str(sizes.settled)) for _ in range(3)]
    seconds, cpu = (median(float(run[name]) for run in runs) for name in ("seconds", "cpu"))
    size = f"{sizes.settled:,}"
    row = (size, f"{seconds:.2f} s", f"{cpu:.2f} s", f"{sizes.settled / cpu:,.0f}")
    table = Table(
        title="Settlement: billed in advance, deactivated and activated again",
        head=("subscriptions", "time", "processor time", "per second of it"),
        rows=(row,),
    )
    target = SETTLED_SECONDS * sizes.settled / 100_000
    verdict = Verdict(
        name=f"{size} subscriptions settled, processor time of one core",
        measured=f"{cpu:.1f} s",
        target=f"< {target:g} s",
        met=cpu < target,
    )
    return [verdict], table


def _invoices(running: Sandbox, sizes: Sizes) -> tuple[list[Verdict], Table]:
    """Issue the invoices of many contracts, and of a quarter of them."""
    few, many = (
        invoicing.measure(running, number)
        for number in (max(sizes.invoices // 4, 1), sizes.invoices)
    )
    rows = tuple(
        (
            f"{one['invoices']:,}",
            f"{one['seconds']:.1f} s",
            f"{one['invoices'] / one['seconds']:,.0f}",
            f"{one['writes']:.2f}",
            f"{one['peak_mib']:.0f} MiB",
        )
        for one in (few, many)
    )
    table = Table(
        title="Invoices, one subscription each",
        head=("invoices", "time", "per second", "change sets per invoice", "peak memory"),
        rows=rows,
    )
    growth = many["peak_mib"] / few["peak_mib"]
    return [
        Verdict(
            name="Dataverse writes (change sets) per invoice",
            measured=f"{many['writes']:.2f}",
            target=f"<= {WRITES_PER_INVOICE:g}",
            met=many["writes"] <= WRITES_PER_INVOICE,
        ),
        Verdict(
            name=f"flat: peak of {many['invoices']:,} / {few['invoices']:,} invoices",
            measured=f"{growth:.2f}",
            target=f"<= {FLAT}",
            met=growth <= FLAT,
        ),
    ], table


def _first_sweep(running: Sandbox, sizes: Sizes) -> tuple[list[Verdict], Table]:
    """Look at both sides of many subscriptions for the first time, on a simulated clock."""
    return sweep_limits.measure(running, sizes.swept, FLAT)


def _burst(running: Sandbox, sizes: Sizes) -> tuple[list[Verdict], Table]:
    """Deactivate many subscriptions at once, on a simulated clock."""
    return burst_limits.measure(running, sizes.burst)


def _console(_: Sandbox, sizes: Sizes) -> tuple[list[Verdict], Table]:
    """Show every page of the console over a filled state, without any service."""
    told = child("bench.console_pages", str(sizes.console))
    pages = sorted(told["pages"].items(), key=lambda page: -page[1])
    size = f"{sizes.console:,}"
    table = Table(
        title=f"Pages of the console, {size} subscriptions",
        head=("page", "processor time, median of 15"),
        rows=tuple((f"`{path}`", f"{taken:.0f} ms") for path, taken in pages),
    )
    verdict = Verdict(
        name=f"slowest page of the console, {size} subscriptions, processor time",
        measured=f"{pages[0][1]:.0f} ms",
        target=f"< {PAGE_MS:g} ms",
        met=pages[0][1] < PAGE_MS,
    )
    return [verdict], table


PARTS = {
    "requests": _exchanges,
    "reaction": _reaction,
    "first-read": _first_read,
    "laying": _laying,
    "settlement": _settlement,
    "invoices": _invoices,
    "first-sweep": _first_sweep,
    "burst": _burst,
    "console": _console,
}
