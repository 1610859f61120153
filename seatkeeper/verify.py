"""`seatkeeper verify`: the file, the trail, the invariants; all findings, nothing written."""

from collections.abc import Iterator

from seatkeeper.bootstrap import Adapters, build
from seatkeeper.bootstrap_state import look_at_store
from seatkeeper.config import Config
from sync.engine import Engine
from sync.findings import judge_rows, judge_state
from sync.invariants import Finding
from sync.ports import Effects, Store
from sync.remote import RemoteError
from sync.state import DamagedStateError


def verify(
    config: Config, *, effects: Effects | None = None, adapters: Adapters = None
) -> list[Finding]:
    """Judge the state of a configuration and, where it can be reached, Dataverse."""
    try:
        store = look_at_store(config)
    except DamagedStateError as error:
        return [_damage(str(error))]
    application = build(config, store=store, effects=effects, adapters=adapters, inline=True)
    try:
        return [*verify_store(store), *verify_rows(application.engine)]
    finally:
        application.close()


def verify_store(store: Store) -> list[Finding]:
    """Judge the local state; what cannot be read any more ends it."""
    findings = [_damage(told) for told in store.damage()]
    try:
        findings += judge_state(store)
    except DamagedStateError as error:
        findings.append(_damage(str(error)))
    return findings


def _damage(told: str) -> Finding:
    return Finding(what="state file", subject="", told=told)


def verify_rows(engine: Engine) -> list[Finding]:
    """Judge the rows at Dataverse, if it is reached and is the organisation of the state."""
    try:
        return list(_rows(engine))
    except DamagedStateError:
        return []  # told already
    except RemoteError as error:
        told = f"not judged, Dataverse cannot be read: {error}"
        return [Finding(what="rows", subject="", told=told, broken=False)]


def _rows(engine: Engine) -> Iterator[Finding]:
    table = engine.mappings.entity("subscription").table
    organisation = engine.ports.crm.organisation([table])
    known = engine.ports.store.look(lambda tx: tx.meta("organisation"))
    if known is None:
        told = "not judged, this state has not met Dataverse yet"
        yield Finding(what="rows", subject="", told=told, broken=False)
    elif known != organisation.id:
        told = f"it belongs to organisation {known}, but Dataverse says {organisation.id}"
        yield Finding(what="organisation", subject=organisation.id, told=told)
    else:
        yield from judge_rows(engine)
