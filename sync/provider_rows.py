"""Which rows of the provider table name which connection, as last read: for finding drift."""

import json
from collections.abc import Mapping

from sync.engine import Engine
from sync.model import ProviderKind, provider
from sync.ports import Tx
from sync.remote import Read

_KEY = "automatic providers"


def read_providers(engine: Engine) -> Mapping[str, str]:
    """Read the automatic providers and remember them: connection by row id; one request."""
    entity = engine.mappings.entity("provider")
    (answer,) = engine.ports.crm.read([Read(set=entity.set, columns=entity.columns())])
    rows = [provider(entity.row_id(row), entity.record(row)) for row in answer.rows]
    found = {one.id: one.connector for one in rows if one.kind is ProviderKind.AUTOMATIC}
    engine.ports.store.tx(lambda tx: tx.set_meta(_KEY, json.dumps(found, sort_keys=True)))
    return found


def known_providers(tx: Tx) -> Mapping[str, str]:
    """Return the automatic providers as they were last read."""
    found: dict[str, str] = json.loads(tx.meta(_KEY) or "{}")
    return found
