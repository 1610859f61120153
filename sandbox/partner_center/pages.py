"""Pages of a list: by MS-ContinuationToken in body or header, or by offset (sheet, 6)."""

import base64
from typing import Any
from urllib.parse import urlencode

from werkzeug import Request, Response

from sandbox.documents import Document
from sandbox.partner_center.errors import PartnerRefused
from sandbox.partner_center.responses import json_response
from sandbox.partner_center.view import collection, link, self_uri

_CURSOR = ("seekOperation", "size")
_BY_HEADER = 300


def paged(items: list[Any], request: Request, usual: int) -> Document:
    """Cut a page out of a list; the next one is asked for by MS-ContinuationToken."""
    size = _whole(request, "size", usual)
    first = _first(request)
    last = len(items) if not size else min(first + size, len(items))
    body = collection(items[first:last], self_uri(request), total=len(items))
    if last < len(items):
        token = base64.b64encode(str(last).encode()).decode()
        body["links"]["next"] = _next(request, {"size": str(size), "seekOperation": "Next"})
        body["links"]["next"]["headers"] = [{"key": "MS-ContinuationToken", "value": token}]
        body["continuationToken"] = token
    return body


def sliced(items: list[Any], request: Request) -> Document:
    """Cut a page out of a list by `offset` and `size`."""
    size, first = _whole(request, "size", 0), _whole(request, "offset", 0)
    last = len(items) if not size else first + size
    body = collection(items[first:last], self_uri(request), total=len(items))
    if last < len(items):
        body["links"]["next"] = _next(request, {"size": str(size), "offset": str(last)})
    return body


def by_header(items: list[Any], request: Request) -> Response:
    """Answer a page of 300; the token for the next one is a header of the answer."""
    token = request.headers.get("MS-ContinuationToken")
    first = _offset(token) if token else 0
    last = min(first + _BY_HEADER, len(items))
    body = collection(items[first:last], self_uri(request), total=len(items))
    response = json_response(body)
    if last < len(items):
        response.headers["MS-ContinuationToken"] = base64.b64encode(str(last).encode()).decode()
    return response


def _next(request: Request, cursor: dict[str, str]) -> Document:
    kept = {name: value for name, value in request.args.items() if name not in {*_CURSOR, *cursor}}
    return link(f"{request.path.removeprefix('/v1')}?{urlencode(kept | cursor)}")


def _whole(request: Request, name: str, usual: int) -> int:
    text = request.args.get(name) or str(usual)
    if not text.isdecimal():
        raise PartnerRefused(400, 3000, f"The property {name} is not valid: {text}.")
    return int(text)


def _first(request: Request) -> int:
    """Return where the page begins: `Next` goes on at the token, `First` starts anew."""
    match request.args.get("seekOperation", "First").lower():
        case "first":
            return 0
        case "next":
            return _offset(request.headers.get("MS-ContinuationToken", ""))
        case other:
            text = f"The seek operation {other} is not supported by this sandbox."
            raise PartnerRefused(400, 3000, text)


def _offset(token: str) -> int:
    try:
        return int(base64.b64decode(token))
    except ValueError as error:
        raise PartnerRefused(400, 3000, "The continuation token is not valid.") from error
