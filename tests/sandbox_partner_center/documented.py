"""Documented and recorded answers, and how the sandbox's answer differs from one in its shape."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "data" / "partner-center-examples"
_INDEX = json.loads((FOLDER / "documented" / "index.json").read_text())["examples"]
INDEX: dict[str, dict[str, Any]] = {entry["file"]: entry for entry in _INDEX}
# A proxy's business, and one line that the documentation prints among the headers.
_NOT_OURS = {"Content-Encoding", "content-encoding", "Vary", "Status"}


def example(name: str) -> Any:
    """Return a documented body."""
    return json.loads((FOLDER / "documented" / name).read_text(encoding="utf-8-sig"))


def recorded(name: str) -> Any:
    """Return a recorded body; recordings begin with a byte order mark."""
    return json.loads((FOLDER / "recorded" / name).read_text(encoding="utf-8-sig"))


def headers_of(name: str) -> set[str]:
    """Return the names of the headers that a documented answer carries."""
    return set(INDEX[name].get("headers") or {}) - _NOT_OURS


def camel(value: Any) -> Any:
    """Return a document as it is on the wire: samples in PascalCase are the SDK's (sheet, 7)."""
    if isinstance(value, list):
        return [camel(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    return {name[0].lower() + name[1:]: camel(inner) for name, inner in value.items()}


def differences(documented: Any, answered: Any, place: str = "") -> Iterator[str]:
    """Name each documented field that is missing or has another type; lists by their first item.

    A documented null says nothing about the type. An empty answer to a list says nothing either,
    so it counts as missing.
    """
    if documented is None:
        return
    if _kind(documented) != _kind(answered):
        yield f"{place}: {_kind(documented)} is documented, not {_kind(answered)}"
    elif isinstance(documented, dict):
        yield from _of_fields(documented, answered, place)
    elif isinstance(documented, list) and documented:
        first = answered[0] if answered else _MISSING
        yield from _of_field(documented[0], first, f"{place}[]")


_MISSING = object()


def _of_fields(documented: Any, answered: Any, place: str) -> Iterator[str]:
    for name, inner in documented.items():
        here = f"{place}.{name}" if place else name
        yield from _of_field(inner, answered.get(name, _MISSING), here)


def _of_field(documented: Any, answered: Any, place: str) -> Iterator[str]:
    if answered is not _MISSING:
        yield from differences(documented, answered, place)
    elif documented is not None:
        yield f"{place}: missing"


def _kind(value: object) -> str:
    kinds = {bool: "boolean", int: "number", float: "number", str: "text", dict: "object"}
    return kinds.get(type(value), "list" if isinstance(value, list) else "null")
