"""The metrics of a daemon, in the words of Prometheus; docs/operations.md explains each one.

Everything is worked out when it is asked for: from the state, the tally and the pulse.
No label ever holds the id of a subscription, a customer or a contract.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from seatkeeper.figures import Figures, read_figures
from seatkeeper.pulse import Pulse
from seatkeeper.tally import Tally
from sync.invariant_watch import INVARIANTS, LOOKED_AT, Judged
from sync.ports import Store

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
GUARDS = (
    "too-many-changes",
    "too-large-a-share",
    "too-much-refund",
    "side-short",
    "mappings-changed",
)
_P = "seatkeeper_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where the figures come from. The store is a connection of its own."""

    store: Store
    pulse: Pulse
    tally: Tally
    facts: Callable[[], Mapping[str, str]]
    """Returns what the configuration says: mode, mapping hash; a reload may change it."""
    credentials: Mapping[str, datetime]
    """When a certificate of a service ends."""


def exposition(sources: Sources) -> Callable[[], bytes]:
    """Return a function that renders all metrics anew."""
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    registry.register(_Scrape(sources))
    return lambda: generate_latest(registry)


class _Scrape(Collector):
    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        sources = self._sources
        yield InfoMetricFamily(
            f"{_P}build", "The version that runs.", value={"version": version("seatkeeper")}
        )
        yield InfoMetricFamily(
            f"{_P}config", "What the configuration says.", value=dict(sources.facts())
        )
        yield from _of_pulse(sources.pulse)
        yield from _of_credentials(sources.credentials)
        yield from _of_state(sources.store.look(read_figures), sources.pulse)
        with sources.tally.lock:
            found = list(_of_tally(sources.tally))
        yield from found


def _gauge(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(_P + name, help_text, value=value)


def _by(name: str, help_text: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(_P + name, help_text, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], value)
    return family


def _of_pulse(pulse: Pulse) -> Iterator[Metric]:
    yield _gauge("poll_interval_seconds", "Time between two cycles.", pulse.poll_seconds)
    yield _gauge("loop_silent_seconds", "Since the last sign of life.", pulse.silent_seconds())
    yield _gauge("sign_in_failed", "1 when the last cycle could not sign in.", pulse.needs_sign_in)
    yield _gauge("service_failed", "1 when the last cycle failed.", pulse.trouble is not None)


def _of_credentials(ends: Mapping[str, datetime]) -> Iterator[Metric]:
    values = {service: end.timestamp() for service, end in ends.items()}
    yield _by("credential_expiry_timestamp_seconds", "A certificate's end.", "service", values)


def _of_state(figures: Figures, pulse: Pulse) -> Iterator[Metric]:
    counts, now = figures.counts, pulse.now()
    yield _gauge("subscriptions", "Subscriptions that are known.", counts.subscriptions)
    waiting = "Changes not yet decided, and providers to ask again."
    yield _gauge("changes_waiting", waiting, counts.waiting)
    yield _gauge("outbox_pending", "Stored operations not yet confirmed.", counts.open_operations)
    yield _gauge(
        "outbox_oldest_age_seconds", "Age of the oldest open change.", _age(figures.oldest, now)
    )
    yield _gauge("uncertain_changes", "Changes taken without audit history.", counts.uncertain)
    yield _by("parked", "Set aside, by code.", "code", figures.parked)
    guards = {code: float(code in figures.guards) for code in (*GUARDS, *figures.guards)}
    yield _by("guard_tripped", "1 while a guard stops all sending.", "guard", guards)
    yield _gauge("paused", "1 while a person has it paused.", bool(figures.paused_since))
    yield from _times(figures, now)
    yield from _of_invariants(figures.judged)
    yield from _of_sides(figures)


def _of_sides(figures: Figures) -> Iterator[Metric]:
    """Yield how far Dynamics and Partner Center are known to lie apart."""
    partners = figures.partners
    yield _gauge("differences", "Fields that the sides hold differently.", figures.differences)
    yield _gauge("suspects", "Licences still to be read and compared.", figures.suspects)
    alone = {"partner_center": float(partners.partner_center), "crm": float(partners.crm)}
    yield _by("unmatched", "Active on one side alone.", "active_in", alone)
    yield _gauge(
        "last_sweep_timestamp_seconds",
        "When everything was last listed; 0 before the first.",
        _stamp(_told(partners.swept)),
    )


def _told(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _of_invariants(judged: Judged | None) -> Iterator[Metric]:
    """Yield nothing before the first look: 0 would say that all is well."""
    at = _stamp(judged.at) if judged else 0.0
    yield _gauge("invariants_judged_timestamp_seconds", "When they were last judged.", at)
    if judged is None:
        return
    violations = {**dict.fromkeys(INVARIANTS, 0.0), **judged.violations}
    yield _by("invariant_violations", "What must hold and does not.", "invariant", violations)
    findings = {**dict.fromkeys(LOOKED_AT, 0.0), **judged.findings}
    yield _by("findings", "What a person should see.", "finding", findings)


def _times(figures: Figures, now: datetime) -> Iterator[Metric]:
    polled = {"dataverse": figures.last_poll, "partner_center": _told(figures.partners.heard)}
    side = {name: _stamp(at) for name, at in polled.items() if at}
    yield _by("last_poll_timestamp_seconds", "When a side was last read.", "side", side)
    age = {"dataverse": _age(figures.last_poll, now)} if figures.last_poll else {}
    yield _by("delta_token_age_seconds", "Age of the delta links.", "side", age)
    yield _gauge(
        "last_success_timestamp_seconds",
        "When a cycle last met no failure; 0 before the first.",
        _stamp(figures.last_success),
    )


def _stamp(instant: datetime | None) -> float:
    return instant.timestamp() if instant else 0.0


def _age(instant: datetime | None, now: datetime) -> float:
    return max(0.0, (now - instant).total_seconds()) if instant else 0.0


def _of_tally(tally: Tally) -> Iterator[Metric]:
    yield _counter(
        "remote_requests",
        "Calls that left the house.",
        ("service", "method", "code"),
        tally.requests.items(),
    )
    yield _counter(
        "throttled_seconds",
        "Pauses that a service asked for.",
        ("service",),
        (((service,), seconds) for service, seconds in tally.throttled_seconds.items()),
    )
    yield _counter(
        "writes", "Answers to writes, by outcome.", ("service", "outcome"), tally.writes.items()
    )
    yield _counter(
        "full_reads",
        "Tables read in full after the first time.",
        ("table",),
        (((table,), number) for table, number in tally.full_reads.items()),
    )
    yield _counter("events", "Log events.", ("event", "level"), tally.events.items())
    yield _counter(
        "webhook_calls",
        "Calls to the listener for webhooks, by outcome.",
        ("service", "outcome"),
        tally.webhook_calls.items(),
    )
    yield _counter(
        "cycles",
        "Cycles, by outcome.",
        ("outcome",),
        (((outcome,), number) for outcome, number in tally.cycles.items()),
    )
    yield from _spreads(tally)


def _spreads(tally: Tally) -> Iterator[Metric]:
    calls = HistogramMetricFamily(
        f"{_P}remote_request_duration_seconds", "How long calls took.", labels=["service"]
    )
    for service, spread in sorted(tally.durations.items()):
        calls.add_metric([service], spread.buckets(), spread.total)
    yield calls
    yield HistogramMetricFamily(
        f"{_P}cycle_duration_seconds",
        "How long cycles took.",
        buckets=tally.cycle_spread.buckets(),
        sum_value=tally.cycle_spread.total,
    )


def _counter(
    name: str,
    help_text: str,
    labels: tuple[str, ...],
    values: Iterable[tuple[tuple[str, ...], float]],
) -> CounterMetricFamily:
    family = CounterMetricFamily(_P + name, help_text, labels=labels)
    for key, value in sorted(values):
        family.add_metric(key, value)
    return family
