"""Look after the licences of providers that list nothing, each by itself.

```
a provider with records and lists   what it tells makes suspects (partner_poll.py, sweep.py)
any other automatic provider        once a day, at the hour of the sweep, every row that is linked
                                    there becomes a suspect: its licence is read and compared
```
Else nobody would ever see what was done there by hand. Suspects are read a part at a time
(reconciling.py), and are kept in the store, so that a kill loses none.
"""

from collections.abc import Iterator
from dataclasses import replace

from sync.engine import Engine
from sync.ports import Tx
from sync.provider_rows import read_providers
from sync.remote import RemoteError
from sync.sweep_state import ORGANISATION, ask_sweep, is_due, put_sweep_state, sweep_state

_REASON = "its provider lists nothing, so that each licence is read once a day"


def unlisted(engine: Engine) -> tuple[str, ...]:
    """Return the connections that can only be asked for one licence at a time."""
    return tuple(one for one in engine.ports.providers if one not in engine.ports.feeds)


def ask_all(engine: Engine, tx: Tx) -> None:
    """Have the next round read every licence, whatever the hour."""
    ask_sweep(tx, map(_key, unlisted(engine)))


def suspect_unlisted(engine: Engine) -> dict[str, RemoteError]:
    """Make suspects of what is linked to a provider whose hour has come; return what failed."""
    due = engine.ports.store.tx(lambda tx: [*_due(engine, tx)])
    if not due:
        return {}
    try:
        rows = read_providers(engine)
    except RemoteError as error:
        return dict.fromkeys(due, error)

    def tx_suspect(tx: Tx) -> None:
        for connector in due:
            linked = tx.linked_to(row for row, named in rows.items() if named == connector)
            tx.suspect(linked, _REASON)
            _end(engine, tx, connector)

    engine.ports.store.tx(tx_suspect)
    return {}


def _due(engine: Engine, tx: Tx) -> Iterator[str]:
    organisation, now = tx.meta(ORGANISATION) or "", engine.now()
    for connector in unlisted(engine):
        if is_due(sweep_state(tx, _key(connector)), engine.sweeps, organisation, now):
            yield connector


def _end(engine: Engine, tx: Tx, connector: str) -> None:
    now = engine.now()
    state = replace(
        sweep_state(tx, _key(connector)),
        day=now.date().isoformat(),
        asked=False,
        began=now.isoformat(),
        ended=now.isoformat(),
    )
    put_sweep_state(tx, _key(connector), state)


def _key(connector: str) -> str:
    """Return a name of its own: what is read one by one was not listed as a whole."""
    return f"one by one {connector}"
