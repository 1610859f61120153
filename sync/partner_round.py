"""The providers' own round: what was done there, and a part of the nightly list (rules.md 1.3).

Called beside the cycle, so that a provider that is down keeps nobody from working.
"""

import json
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from sync.engine import Engine
from sync.partner_poll import hear_changes
from sync.ports import Tx
from sync.provider_rows import known_providers
from sync.remote import RemoteError
from sync.sweep import Swept, sweep
from sync.sweep_state import ask_sweep, sweep_state
from sync.unlisted import ask_all, suspect_unlisted

_FIGURES = "partner figures"


@dataclass(slots=True, kw_only=True)
class PartnerReport:
    """What a round found; a failure by connection."""

    records: int = 0
    suspects: int = 0
    swept: Swept = field(default_factory=Swept)
    failures: dict[str, RemoteError] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerFigures:
    """How things stood after the last round."""

    partner_center: int = 0
    """Active at Partner Center alone."""
    crm: int = 0
    """Active in Dynamics alone."""
    heard: str = ""
    """When every provider last said what was done."""
    swept: str = ""
    """When every provider was last listed as a whole."""


def run_partner_round(engine: Engine, *, whole: bool = False) -> PartnerReport:
    """Hear what was done; `whole` lists everything now, and returns when that is done."""
    report = PartnerReport()
    heard = hear_changes(engine)
    report.records, report.suspects = heard.records, heard.suspects
    report.failures |= heard.failures
    if whole:
        names = [one for one in engine.ports.feeds if one not in heard.failures]
        engine.ports.store.tx(lambda tx: ask_sweep(tx, names))
        report.swept = sweep(engine, seconds=None)
        report.failures |= report.swept.failures
        engine.ports.store.tx(partial(ask_all, engine))
    report.failures |= suspect_unlisted(engine)
    engine.ports.store.tx(partial(_count, engine, is_heard=not heard.failures))
    if heard.records:
        engine.ports.log.info("records heard", rows=heard.records, suspects=heard.suspects)
    return report


def sweep_on(engine: Engine) -> PartnerReport:
    """List for a few seconds what a sweep or a purchase has queued; nothing else is asked."""
    report = PartnerReport()
    if engine.ports.feeds:
        report.swept = sweep(engine)
        report.failures |= report.swept.failures
        if report.swept.ended:
            engine.ports.store.tx(partial(_count, engine, is_heard=False))
    report.failures |= suspect_unlisted(engine)
    return report


def swept_providers(tx: Tx) -> list[str]:
    """Return the provider rows whose connection was listed as a whole once."""
    return [
        row for row, connector in known_providers(tx).items() if sweep_state(tx, connector).ended
    ]


def partner_figures(tx: Tx) -> PartnerFigures:
    """Return the figures as of the last round."""
    told: dict[str, Any] = json.loads(tx.meta(_FIGURES) or "{}")
    return PartnerFigures(**told)


def _count(engine: Engine, tx: Tx, *, is_heard: bool) -> None:
    found = tx.unmatched(swept_providers(tx))
    there = sum(one.is_active_there for one in found)
    ended = [sweep_state(tx, connector).ended for connector in engine.ports.feeds]
    figures = PartnerFigures(
        partner_center=there,
        crm=len(found) - there,
        heard=engine.now().isoformat() if is_heard else partner_figures(tx).heard,
        swept=min(ended, default=""),
    )
    tx.set_meta(_FIGURES, json.dumps(asdict(figures)))
