"""What the tests of drift do and ask: hear, sweep, change a licence by hand."""

from typing import Any

from sync.partner_poll import Heard, hear_changes
from sync.poll_logs import poll_change_logs
from sync.sweep import Swept, sweep
from sync.sweep_state import ask_sweep
from tests.engine.stage import Stage

CONNECTOR = "partner-center"


def hears(stage: Stage) -> Heard:
    """Listen as a daemon does: after a look at Dataverse, which tells the time."""
    poll_change_logs(stage.application.engine)
    heard = hear_changes(stage.application.engine)
    assert heard.failures == {}
    return heard


def sweeps(stage: Stage) -> Swept:
    """Sweep everything, whatever the hour."""
    stage.application.store.tx(lambda tx: ask_sweep(tx, [CONNECTOR]))
    swept = sweep(stage.application.engine, seconds=None)
    assert swept.failures == {}
    return swept


def suspects(stage: Stage) -> dict[str, str]:
    return dict(stage.application.store.tx(lambda tx: tx.suspects()))


def clears(stage: Stage) -> None:
    """Forget who is suspect, as if all had been compared."""
    stage.application.store.tx(lambda tx: tx.clear_suspects(suspects_in(tx)))


def suspects_in(tx: Any) -> list[str]:
    return [one for one, _ in tx.suspects()]


def changes_by_hand(stage: Stage, licence: str = "", **fields: Any) -> None:
    """Change a licence in Partner Center, as a person does."""
    stage.world.partner_center.change_by_hand(licence or stage.licence_id, fields)


def gets(stage: Stage, mark: int) -> list[str]:
    """Return the reads of Partner Center since a mark, without the customer."""
    asked = [one for one in stage.requests_since(mark) if one.startswith("partner_center GET")]
    return [one.removeprefix("partner_center GET /v1/") for one in asked]
