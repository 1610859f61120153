"""Take a tenant out of its own traffic: what is not known to be harmless gets a stand-in.

| what                                   | becomes                                             |
|----------------------------------------|-----------------------------------------------------|
| ids                                    | 00000000-0000-4000-8000-000000000001 and so on      |
| mail addresses                         | a1@example.invalid                                  |
| names of customers, of persons         | Customer 1, Person 1                                |
| any other text                         | Text 1                                              |
| tokens of pages, deltas, etags         | token-1                                             |
| hosts                                  | dataverse.invalid, partner-center.invalid           |
| numbers, yes and no, dates             | stay                                                |
| names of tables and columns, a list of | stay                                                |
| values that are Microsoft's words      |                                                     |

The same value has the same stand-in everywhere. Sign-in is not recorded at all.
"""

import base64
import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

from vcr.request import Request  # type: ignore[import-untyped]  # vcrpy ships no types

from tests.recorded.scrub import KEPT

GUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
BARE_GUID = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])", re.IGNORECASE)
MAIL = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+")
DATE = re.compile(r"\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d)?)?")
ETAG = re.compile(r'(?:W/)?"\d+"')
PAGE_TOKEN = re.compile(r"((?:\$|%24)(?:skip|delta)token=)([^&\"\s]+)", re.IGNORECASE)
HARMLESS = "00000000-0000-"
"""Ids that begin so are nobody's: the empty one, and our own stand-ins."""
PART_LINE = re.compile(
    r"(?i)(?:--|HTTP/\d|(?:GET|PATCH|POST) |(?:accept|content-(?:type|id|transfer-encoding)|etag|"
    r"if-(?:none-)?match|location|odata-(?:entityid|version|maxversion)|prefer|preference-applied|"
    r"retry-after):)"
)
TABLE_WORDS = (
    *("logicalname", "entitysetname", "schemaname", "primaryidattribute", "primarynameattribute"),
    "attributetype",
)
PARTNER_WORDS = (
    *("status", "unittype", "termduration", "renewaltermduration", "billingtype", "billingcycle"),
    *("contracttype", "objecttype", "method", "offerid", "productid", "skuid", "availabilityid"),
    "catalogitemid",
)
WORDS = frozenset(TABLE_WORDS + PARTNER_WORDS)
"""Names of tables, columns and types; Microsoft's vocabulary and catalogue."""
ENDS = ("@odata.type", "lookuplogicalname", "associatednavigationproperty")
LINKS = ("@odata.context", "@odata.nextlink", "@odata.deltalink", "@odata.id", "uri")
TOKENS = frozenset({"etag", "continuationtoken", "pagingcookie"})
CUSTOMERS = frozenset({"companyname", "name", "organization"})
OURS = frozenset({"Seatkeeper recording", "OnlineServicesNCE", "OnlineServicesLegacy"})
ELSEWHERE = "https://elsewhere.invalid/"
WORD = re.compile(r"[a-z_-]+")
LONG = 12


class Disguise:
    """Knows the stand-in of every value that it has met."""

    def __init__(self, services: Mapping[str, str]) -> None:
        """Take the address of each service with what stands for it, both with their path."""
        self._services = dict(services)
        self._hosts = {_host(real): _host(stand_in) for real, stand_in in services.items()}
        self._nobody = frozenset(map(_host, services.values()))
        self._known: dict[str, str] = {}
        self._counted: Counter[str] = Counter()
        self._secrets: list[str] = []

    def keep_secret(self, *values: str) -> None:
        """Name values that must not be found afterwards, wherever they come from."""
        self._secrets += [value for value in values if value]

    def request(self, request: Request) -> Request | None:
        """Disguise a request, of which vcrpy hands in a copy; None for one not to be kept.

        vcrpy asks twice, the second time with the request in disguise.
        """
        if not request.uri.startswith((*self._services, *self._services.values())):
            return None
        request.uri = self.address(request.uri)
        kind = _kind(request.headers)
        request.headers = self._headers(request.headers)
        if isinstance(request.body, bytes):
            request.body = self._body(request.body, kind)
        return request

    def response(self, response: dict[str, Any]) -> dict[str, Any]:
        """Disguise a response as vcrpy keeps it."""
        content: bytes = response["body"]["string"]
        kind = _kind(response["headers"])
        return {
            **response,
            "headers": self._headers(response["headers"]),
            "body": {"string": self._body(content, kind)},
        }

    def address(self, text: str) -> str:
        """Disguise a link: one to another host than ours says nothing any more."""
        told = self._ids(PAGE_TOKEN.sub(self._page_token, self._paging(text)))
        for real, stand_in in (*self._services.items(), *self._hosts.items()):
            told = re.sub(re.escape(real), stand_in, told, flags=re.IGNORECASE)
        host = urlsplit(told).netloc
        return told if not host or host in self._nobody else ELSEWHERE

    def stand_in(self, value: str, kind: str) -> str:
        """Return what stands for a value from now on."""
        folded = value.casefold()
        if folded not in self._known:
            self._counted[kind] += 1
            self._known[folded] = _named(kind, self._counted[kind])
        return self._known[folded]

    def leaks(self, text: str) -> set[str]:
        """Return what of the tenant can be found in a text, in any of the usual encodings."""
        known = [value for value in self._known if _telling(value)]
        lowered = text.lower()
        return {
            value
            for value in [*known, *self._hosts, *self._secrets]
            if any(shape in lowered for shape in shapes(value))
        }

    def _ids(self, text: str) -> str:
        text = GUID.sub(lambda found: self._id(found.group()), text)
        return BARE_GUID.sub(lambda found: self._bare(found.group()), text)

    def _id(self, value: str) -> str:
        low = value.lower()
        return low if low.startswith(HARMLESS) else self.stand_in(low, "id")

    def _bare(self, value: str) -> str:
        low = value.lower()
        parts = (low[:8], low[8:12], low[12:16], low[16:20], low[20:])
        return self._id("-".join(parts)).replace("-", "")

    def _token(self, value: str) -> str:
        return value if value.startswith("token-") else self.stand_in(value, "token")

    def _page_token(self, found: re.Match[str]) -> str:
        return found.group(1) + self._token(unquote(found.group(2)))

    def _paging(self, text: str) -> str:
        """Put the stand-in of a cookie that the client sends back inside a JSON parameter."""
        if "PagingCookie" not in unquote(text):
            return text
        for value, stand_in in self._known.items():
            if stand_in.startswith("token-"):
                shape = quote(json.dumps(value)[1:-1], safe="")
                text = re.sub(re.escape(shape), stand_in, text, flags=re.IGNORECASE)
        return text

    def _headers(self, headers: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: [self._header(name, one) for one in value]
            if isinstance(value, list)
            else self._header(name, value)
            for name, value in headers.items()
            if name.lower() in KEPT
        }

    def _header(self, name: str, value: Any) -> str:
        text = value.decode() if isinstance(value, bytes) else str(value)
        if name.lower() == "ms-continuationtoken":
            return self._token(text)
        return self.address(text)

    def _body(self, content: bytes, kind: str) -> bytes:
        text = content.decode("utf-8-sig", errors="replace")
        if not text.strip():
            return b""
        if kind.startswith("multipart/"):
            lines = [self._line(line) for line in text.replace("\r\n", "\n").split("\n")]
            return "\r\n".join(line for line in lines if line is not None).encode()
        return self._json(text).encode()

    def _line(self, line: str) -> str | None:
        """Disguise a line of a batch; one that is of no known form is left out."""
        if line.startswith("{"):
            return self._json(line)
        if PART_LINE.match(line):
            method, _, rest = line.partition(" ")
            return f"{method} {self.address(rest)}" if rest else self.address(line)
        return "" if not line.strip() else None

    def _json(self, text: str) -> str:
        try:
            document = json.loads(text)
        except ValueError:
            return '"REDACTED"'
        return json.dumps(self._value("", document))

    def _value(self, key: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._value(name, inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._value(key, inner) for inner in value]
        return self._text(key.lower(), value) if isinstance(value, str) else value

    def _text(self, key: str, value: str) -> str:
        if not value or value in OURS or DATE.fullmatch(value) or ETAG.fullmatch(value):
            return value
        if key.endswith(LINKS):
            return self.address(value)
        if GUID.fullmatch(value.strip("{}")):
            return self._ids(value)
        if key in WORDS or key.endswith(ENDS) or (key == "code" and value.startswith("0x")):
            return self._ids(value)
        if key in TOKENS or key.endswith("odata.etag"):
            return self._token(value)
        return self._replaced(key, value)

    def _replaced(self, key: str, value: str) -> str:
        if value in self._known.values():
            return value
        if MAIL.fullmatch(value):
            return self.stand_in(value, "mail")
        person = (
            "userid" in key or "by_value" in key or key in {"fullname", "firstname", "lastname"}
        )
        kind = "Person" if person else "Customer" if _of_customer(key) else "Text"
        return self.stand_in(value, kind)


def _host(address: str) -> str:
    return urlsplit(address).netloc.lower()


def _of_customer(key: str) -> bool:
    return key in CUSTOMERS or "accountid" in key or "customerid" in key


def _named(kind: str, number: int) -> str:
    match kind:
        case "id":
            return f"00000000-0000-4000-8000-{number:012d}"
        case "mail":
            return f"a{number}@example.invalid"
        case "token":
            return f"token-{number}"
        case _:
            return f"{kind} {number}"


def _telling(value: str) -> bool:
    """Tell what can only be the tenant's; a single word may also be one of Microsoft's."""
    long = len(value) >= LONG and WORD.fullmatch(value) is None
    return long or (" " in value and len(value) >= LONG // 2)


def _kind(headers: Mapping[str, Any]) -> str:
    for name, value in headers.items():
        if name.lower() == "content-type":
            found = value[0] if isinstance(value, list) else value
            return found.decode() if isinstance(found, bytes) else str(found)
    return ""


def shapes(value: str) -> set[str]:
    """Return how a value may stand in a file, in lower case: in a URL, in JSON, in base64."""
    plain = {value, quote(value, safe=""), quote(value), quote_plus(value), json.dumps(value)[1:-1]}
    return {one.lower() for one in plain | _in_base64(value)}


def _in_base64(value: str) -> set[str]:
    """Return the characters of base64 that a value fixes, for each place it can begin at."""
    found = set()
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + value.encode()).decode().rstrip("=")
        fixed = encoded[(0, 2, 3)[before] : (before + len(value.encode())) * 8 // 6]
        if len(fixed) >= LONG // 2:
            found |= {fixed, fixed.replace("+", "-").replace("/", "_")}
    return found
