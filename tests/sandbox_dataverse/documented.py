"""The documented payloads of `tests/data/dataverse-examples`, and how answers are held to them.

Values differ; fields, their casing and types, codes and headers do not.
"""

import json
import re
from decimal import Decimal
from pathlib import Path

EXAMPLES = Path(__file__).parents[1] / "data" / "dataverse-examples"
INDEX = {entry["file"]: entry for entry in json.loads((EXAMPLES / "index.json").read_text())}
SOME_ID = "00000000-0000-0000-0000-000000000001"


def text(name):
    return (EXAMPLES / name).read_bytes().decode()


def document(name):
    return json.loads(text(name), parse_float=Decimal)


def shape(value):
    """Return what is compared of a value: names, types, and the form of texts and numbers."""
    match value:
        case dict():
            return {name: shape(inner) for name, inner in value.items()}
        case list():
            return [shape(value[0])] if value else []
        case str():
            return form(value)
        case Decimal():
            return "decimals"
        case _:
            return type(value).__name__


FORMS = {
    "guid": r"[0-9a-f]{8}(-[0-9a-f]{4}){2,3}-[0-9a-f]{12}",
    "etag": r'W/"\d+"',
    "instant": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "address": r"(\[Organization UR[IL]\]|https://[^/]+)/.*",
}


def form(value):
    names = (n for n, pattern in FORMS.items() if re.fullmatch(pattern, value, re.IGNORECASE))
    return next(names, "text")


def same_shape(answer, example):
    """Compare without the addresses, which say the same in other words (tested by themselves)."""
    assert shape(answer) == shape(example)


def url_of(name):
    return INDEX[name]["path"].partition("/api/data/")[2].partition("/")[2]


def read(crm, name):
    """Return the answer to the request of an example, which has its status and headers."""
    headers = INDEX[name].get("headers", {})
    response = crm.send("GET", url_of(name), headers=headers.get("request"))
    assert response.status_code == INDEX[name]["status"], response.get_data(as_text=True)
    for header, value in headers.get("response", {}).items():
        assert form(response.headers[header]) == form(value), header
        assert header == "ETag" or response.headers[header] == value
    return json.loads(response.get_data(), parse_float=Decimal)


def refused(crm, name, body=None, url=None):
    headers = INDEX[name].get("headers", {}).get("request", {})
    method = INDEX[name]["method"]
    response = crm.send(method, url or url_of(name), body, dict(headers))
    assert response.status_code == INDEX[name]["status"]
    return json.loads(response.get_data())["error"]
