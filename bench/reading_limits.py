"""First reads by our connector, by plain loops and by clients of others, side by side."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from bench import first_read
from bench.first_read import Readings, shares
from bench.peers import places
from bench.report import Table, Verdict
from bench.running import Sandbox

DETECTED, STORED = 0.75, 0.9
"""The most that our reader may need of the plain loop's processor time."""
MOST_MIB, FLAT, SERVER_SHARE = 100.0, 1.1, 0.5
WORDS = {
    "cold": "bytes only, first walk of all",
    "bytes": "bytes only (the floor)",
    "plain": "requests + json",
    "orjson": "requests + orjson",
    "connector": "connector",
    "detect": "connector + detection",
    "adopt": "connector + detection + SQLite",
    "sdk": "Microsoft's Python SDK",
    "dataverse-api": "dataverse-api",
    "airbyte": "Airbyte source",
}
_HEAD = (
    "reader", "rows", "rows/s", "slowest-fastest", "peak MiB",
    "waiting for the answer", "server busy", "reader CPU/row", "of the plain loop's",
)  # fmt: skip

Read = Mapping[tuple[str, int], Readings]


def measure(running: Sandbox, sizes: Sequence[int], rounds: int) -> tuple[list[Verdict], Table]:
    """Read tables of these sizes with every reader; return verdicts and table."""
    troubles = places.prepare()
    peers = tuple(kind for kind in places.PLACES if kind not in troubles)
    found: dict[tuple[str, int], Readings] = {}
    for rows in sizes:
        running.reset(rows)
        for one in first_read.measure(running, rows, rounds, (*first_read.KINDS, *peers)):
            found[one.kind, rows] = one
    remarks = tuple(f"{WORDS[kind]} was not measured: {why}" for kind, why in troubles.items())
    lines = tuple(_line(one, found["plain", one.subscriptions]) for one in found.values())
    table = Table(title="First read", head=_HEAD, rows=lines, remarks=remarks)
    return [*_judged(found, sizes, peers)], table


def _line(seen: Readings, plain: Readings) -> tuple[str, ...]:
    slowest, fastest = seen.spread
    alike = len(seen.runs) == len(plain.runs)
    return (
        WORDS[seen.kind],
        f"{seen.subscriptions:,}",
        f"{seen.rate:,.0f}",
        f"{slowest:,.0f}-{fastest:,.0f}",
        f"{seen.peak_mib:.0f}",
        f"{seen.waiting:.0%}",
        f"{seen.serving:.0%}",
        f"{seen.cpu:.2f} us",
        f"{median(shares(seen, plain)):.2f}" if alike else "",
    )


def _judged(found: Read, sizes: Sequence[int], peers: Sequence[str]) -> Iterator[Verdict]:
    for size, rows in zip(("smaller", "larger"), sizes, strict=True):
        for kind, most in (("detect", DETECTED), ("adopt", STORED)):
            yield _share(found[kind, rows], found["plain", rows], most, size)
        yield from (_ahead(found["detect", rows], found[kind, rows], size) for kind in peers)
    few, many = sizes[0], sizes[-1]
    for kind in ("detect", "adopt"):
        yield _memory(found[kind, many])
        yield _flat(found[kind, few], found[kind, many])
    plain = found["plain", few]
    share = plain.server_cpu / plain.cpu
    yield Verdict(
        name="processor time of the sandbox / of the plain loop, per row",
        measured=f"{share:.2f}",
        target=f"<= {SERVER_SHARE:g}",
        met=share <= SERVER_SHARE,
    )


def _share(ours: Readings, plain: Readings, most: float, size: str) -> Verdict:
    rounds = shares(ours, plain)
    return Verdict(
        name=f"{WORDS[ours.kind]}, {size} table: processor time / plain loop's",
        measured=f"{median(rounds):.2f} (rounds {rounds[0]:.2f}-{rounds[-1]:.2f})",
        target=f"<= {most}",
        met=median(rounds) <= most,
    )


def _ahead(ours: Readings, peer: Readings, size: str) -> Verdict:
    share = median(shares(ours, peer))
    name = f"{WORDS[ours.kind]}, {size} table: processor time"
    return Verdict(
        name=f"{name} / that of {WORDS[peer.kind]}",
        measured=f"{share:.2f}",
        target="< 1",
        met=share < 1,
    )


def _memory(seen: Readings) -> Verdict:
    return Verdict(
        name=f"peak memory, {seen.subscriptions:,} rows, {WORDS[seen.kind]}",
        measured=f"{seen.peak_mib:.0f} MiB",
        target=f"< {MOST_MIB:g} MiB",
        met=seen.peak_mib < MOST_MIB,
    )


def _flat(few: Readings, many: Readings) -> Verdict:
    growth = many.peak_mib / few.peak_mib
    return Verdict(
        name=f"flat: peak of {many.subscriptions:,} / {few.subscriptions:,}, {WORDS[many.kind]}",
        measured=f"{growth:.2f}",
        target=f"<= {FLAT}",
        met=growth <= FLAT,
    )
