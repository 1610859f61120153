"""Take out of a recording what must not stand in it: secrets, tokens, whose it is, request ids.

Headers pass by a list of those that the clients read or that are worth matching by eye; all
others are dropped. Running it twice changes nothing more: vcrpy filters what it loads again.
"""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, urlencode

from vcr.request import Request  # type: ignore[import-untyped]  # vcrpy ships no types

from tests.recorded.names import STAND_INS

KEPT = frozenset(
    {
        "accept",
        "content-type",
        "date",
        "etag",
        "if-match",
        "if-none-match",
        "location",
        "ms-continuationtoken",
        "odata-entityid",
        "odata-version",
        "prefer",
        "preference-applied",
        "retry-after",
    }
)
FORM = "application/x-www-form-urlencoded"
SECRET_FIELDS = frozenset({"client_assertion", "client_secret", "password", "refresh_token"})
JWT = re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*")
REQUEST_ID = re.compile(r"(?im)^(REQ_ID|x-ms-[\w-]*request-id|MS-[\w]*Id): [^\r\n]*(\r?\n)")


def _segment(document: Mapping[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


DUMMY_JWT = ".".join(
    (
        _segment({"alg": "none", "typ": "JWT"}),
        _segment(
            {
                "aud": STAND_INS.client_id,
                "exp": 4_102_444_800,  # the year 2100: code that reads the token finds it valid
                "iss": f"{STAND_INS.origin}/{STAND_INS.tenant_id}/v2.0",
                "sub": STAND_INS.person_id,
            }
        ),
        "",
    )
)
TOKENS = {
    "access_token": DUMMY_JWT,
    "id_token": DUMMY_JWT,
    "refresh_token": "REDACTED-ROTATED-TOKEN",
    "client_info": _segment({"uid": STAND_INS.person_id, "utid": STAND_INS.tenant_id}),
}


class Scrubber:
    """Knows what must go; the same value always gets the same stand-in."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._patterns = [
            (re.compile(re.escape(shape(known)), re.IGNORECASE), shape(stand_in))
            for known, stand_in in pairs
            for shape in (str, _in_url, quote_plus, _in_json)
        ]

    def request(self, request: Request) -> Request:
        """Scrub a request; vcrpy hands in a copy."""
        kind = _kind(request.headers)
        request.uri = self.text(request.uri)
        request.headers = self._headers(request.headers)
        if isinstance(request.body, bytes):
            request.body = self._body(request.body, kind)
        return request

    def response(self, response: dict[str, Any]) -> dict[str, Any]:
        """Scrub a response as vcrpy keeps it."""
        content: bytes = response["body"]["string"]
        kind = _kind(response["headers"])
        return {
            **response,
            "headers": self._headers(response["headers"]),
            "body": {"string": self._body(content, kind)},
        }

    def text(self, text: str) -> str:
        """Put the stand-ins in, and a dummy for every token."""
        for pattern, stand_in in self._patterns:
            text = pattern.sub(stand_in.replace("\\", r"\\"), text)
        return REQUEST_ID.sub(r"\1: 0\2", JWT.sub(_dummy, text))

    def _headers(self, headers: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: self._values(value) for name, value in headers.items() if name.lower() in KEPT
        }

    def _values(self, value: Any) -> Any:
        return [self.text(one) for one in value] if isinstance(value, list) else self.text(value)

    def _body(self, content: bytes, kind: str) -> bytes:
        text = content.decode("utf-8-sig" if content.startswith(b"\xef\xbb\xbf") else "utf-8")
        if kind.startswith(FORM):
            text = _form(text)
        elif kind.startswith("application/json"):
            text = _tokens(text)
        return self.text(text).encode()


def _in_url(text: str) -> str:
    return quote(text, safe="")


def _in_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _dummy(found: re.Match[str]) -> str:
    return DUMMY_JWT if found.group() != DUMMY_JWT else found.group()


def _kind(headers: Mapping[str, Any]) -> str:
    for name, value in headers.items():
        if name.lower() == "content-type":
            found = value[0] if isinstance(value, list) else value
            return found.decode() if isinstance(found, bytes) else str(found)
    return ""


def _form(text: str) -> str:
    fields = parse_qsl(text, keep_blank_values=True)
    return urlencode(
        [(name, "REDACTED" if name in SECRET_FIELDS else value) for name, value in fields]
    )


def _tokens(text: str) -> str:
    """Replace the tokens of a token endpoint's answer; other documents keep their very bytes."""
    if not any(f'"{name}"' in text for name in TOKENS):
        return text
    document = json.loads(text)
    return json.dumps({name: TOKENS.get(name, value) for name, value in document.items()})
