"""Accept a plan that a person has looked at, if the world still is as it says (rules.md 6)."""

import json
from collections.abc import Mapping, Sequence

from sync.by_hand import RefusedByHandError
from sync.engine import Engine, apart
from sync.guarding import accept_plan
from sync.preview import SCHEMA, Document, hash_of, preview

_AGAIN = "Make a new plan with `seatkeeper plan --json`, look at it, and apply that."
_SHOWN = 3


def accept(engine: Engine, text: str) -> Document:
    """Let the changes of a plan (JSON) through the guards; return the plan.

    Raise RefusedByHandError when it is no plan, was edited, or does not hold any more.
    """
    document = read_document(text)
    twin = engine.ports.store.copy()
    try:
        latest = preview(apart(engine, twin))
    finally:
        twin.close()
    if latest["hash"] != document["hash"]:
        raise RefusedByHandError(_moved(document, latest))
    keys = [str(change["key"]) for change in _changes(document) if change["key"]]
    accept_plan(engine, keys, str(document["hash"]))
    return document


def read_document(text: str) -> Document:
    """Read a plan; refuse what is none, or was edited after it was made."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise RefusedByHandError(f"this is no plan: {error}. {_AGAIN}") from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise RefusedByHandError(f"this is no plan of schema {SCHEMA}. {_AGAIN}")
    if hash_of(document) != document.get("hash"):
        raise RefusedByHandError(f"the plan does not match its hash; it was edited. {_AGAIN}")
    return document


def _short(document: Mapping[str, object]) -> str:
    return str(document["mapping_hash"])[:12]


def _moved(document: Mapping[str, object], latest: Mapping[str, object]) -> str:
    if document["mapping_hash"] != latest["mapping_hash"]:
        return (
            f"the plan was made with the mappings {_short(document)}, and {_short(latest)} are in"
            f" force. {_AGAIN} A running daemon takes changed files on SIGHUP; `mappings refused`"
            " in its log says why not."
        )
    old = {str(one["subscription"]): one for one in _changes(document)}
    new = {str(one["subscription"]): one for one in _changes(latest)}
    moved = sorted(one for one in {*old, *new} if old.get(one) != new.get(one))
    shown = ", ".join(moved[:_SHOWN])
    rest = f" and {len(moved) - _SHOWN} more" if len(moved) > _SHOWN else ""
    return f"the world has moved since the plan was made, for {shown}{rest}. {_AGAIN}"


def _changes(document: Mapping[str, object]) -> Sequence[Mapping[str, object]]:
    changes = document["changes"]
    return changes if isinstance(changes, list) else ()
