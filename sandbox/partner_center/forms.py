"""The forms that a body may take on the wire: documented traps, each behind a setting.

Works on finished answers, so that what is stored, journaled and audited stays the same.
"""

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson

from sandbox.settings import Settings

_INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|\+00:00)")
_BOM = b"\xef\xbb\xbf"
Walk = Callable[[Any], Any]


def formed(settings: Settings, body: bytes) -> bytes:
    """Return a JSON body in the form that the settings ask for."""
    walks = _walks(settings)
    if walks:
        document = json.loads(body)
        for walk in walks:
            document = walk(document)
        body = orjson.dumps(document)
    if settings.partner_center_crlf:
        pretty = json.dumps(json.loads(body), indent=2, ensure_ascii=False)
        body = pretty.replace("\n", "\r\n").encode()
    return _BOM + body if settings.partner_center_bom else body


def _walks(settings: Settings) -> list[Walk]:
    wanted: list[tuple[bool, Walk]] = [
        (settings.new_commerce_etag == "empty", _with_empty_etags),
        (settings.partner_center_omits_empty, _without_empty),
        (settings.partner_dates != "zulu", lambda value: _dated(value, settings.partner_dates)),
        (settings.error_codes_are_text, _with_text_code),
        (settings.malformed_next_links, _with_bad_links),
    ]
    return [walk for is_on, walk in wanted if is_on]


def _each(value: Any, change: Walk) -> Any:  # noqa: ANN401 - JSON
    """Return a document with every object and value changed, the innermost first."""
    if isinstance(value, list):
        value = [_each(inner, change) for inner in value]
    elif isinstance(value, dict):
        value = {name: _each(inner, change) for name, inner in value.items()}
    return change(value)


def _without_empty(document: Any) -> Any:  # noqa: ANN401 - JSON
    """Leave out properties that are null, as the documented samples mostly do."""

    def change(value: Any) -> Any:  # noqa: ANN401 - JSON
        if not isinstance(value, dict):
            return value
        return {name: inner for name, inner in value.items() if inner is not None}

    return _each(document, change)


def _with_empty_etags(document: Any) -> Any:  # noqa: ANN401 - JSON
    """Show an empty etag where a subscription has none, as two samples do."""

    def change(value: Any) -> Any:  # noqa: ANN401 - JSON
        if value == {"objectType": "Subscription"}:
            return {"etag": "", "objectType": "Subscription"}
        return value

    return _each(document, change)


def _dated(document: Any, form: str) -> Any:  # noqa: ANN401 - JSON
    """Write instants in another of the forms that clients have met."""

    def change(value: Any) -> Any:  # noqa: ANN401 - JSON
        found = _INSTANT.fullmatch(value) if isinstance(value, str) else None
        return value if found is None else _FORMS[form](found[1])

    return _each(document, change)


_FORMS: dict[str, Callable[[str], str]] = {
    "offset": lambda instant: f"{instant}+00:00",
    "no_zone": lambda instant: instant,
    "fraction": lambda instant: f"{instant}.{_digits(instant)}Z",
}


def _digits(instant: str) -> str:
    """Return one to seven digits, which differ from one instant to the next."""
    return "1234567"[: datetime.fromisoformat(instant).toordinal() % 7 + 1]


def _with_text_code(document: Any) -> Any:  # noqa: ANN401 - JSON
    """Write the code of an error as text, as Microsoft's table has it."""
    if not isinstance(document, dict) or "source" not in document:
        return document
    return document | {"code": str(document["code"])}


def _with_bad_links(document: Any) -> Any:  # noqa: ANN401 - JSON
    """Write a next link with two question marks, as documented samples do."""
    links = document.get("links") if isinstance(document, dict) else None
    if not isinstance(links, dict) or "next" not in links:
        return document
    uri = links["next"]["uri"].replace("&seekOperation", "?seekOperation")
    return document | {"links": links | {"next": links["next"] | {"uri": uri}}}
