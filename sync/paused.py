"""Paused by a person: the daemon goes on seeing and storing, and sends nothing (rules.md 6)."""

from datetime import datetime

from sync.engine import Engine
from sync.ports import Tx
from sync.state import TrailEntry

_KEY = "paused"
EVERYTHING = "seatkeeper"
"""The subject of trail entries that concern no single subscription."""


def paused_since(tx: Tx) -> str:
    """Return the instant since which nothing is sent, as text; empty when it is not paused."""
    return tx.meta(_KEY) or ""


def is_paused(engine: Engine) -> bool:
    return bool(engine.ports.store.tx(paused_since))


def stop_sending(engine: Engine, at: datetime) -> str:
    """Pause; return since when. `at` comes from the caller: no service need answer for it."""

    def tx_pause(tx: Tx) -> str:
        since = paused_since(tx)
        if not since:
            since = at.isoformat()
            tx.set_meta(_KEY, since)
            tx.trail([_entry("paused", at)])
        return since

    return engine.ports.store.tx(tx_pause)


def send_again(engine: Engine, at: datetime) -> bool:
    """Resume; tell whether it was paused."""

    def tx_resume(tx: Tx) -> bool:
        was = bool(paused_since(tx))
        if was:
            tx.set_meta(_KEY, "")
            tx.trail([_entry("resumed", at)])
        return was

    return engine.ports.store.tx(tx_resume)


def _entry(event: str, at: datetime) -> TrailEntry:
    return TrailEntry(at=at, subject=EVERYTHING, event=event, facts={})
