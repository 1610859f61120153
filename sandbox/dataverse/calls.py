"""A request and its answer as the emulation sees them, alone or as a part of a batch."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from sandbox.dataverse.errors import Refused
from sandbox.documents import dump

Pairs = tuple[tuple[str, str], ...]

SERVICE_PATH = re.compile(r"^(?P<root>.*?/api/data/v9\.\d/)(?P<rest>.*)$", re.IGNORECASE)
JSON_TYPE = "application/json; odata.metadata=minimal"
TEXT_TYPE = "text/plain"
SERVICE = "Microsoft.PowerApps.CDS"
DETAILS = f"{SERVICE}.ErrorDetails"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request; `path` is decoded and relative to `root`, the absolute service address."""

    method: str
    root: str
    path: str
    query: Pairs = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """Return a header; `If-None-Match: null` is sent by Microsoft's advice and means absent."""
        value = self.headers.get(name.lower())
        return None if value is None or value == "null" else value

    def option(self, name: str) -> str | None:
        return next((value for key, value in self.query if key == name), None)

    @property
    def aliases(self) -> dict[str, str]:
        """Parameter aliases: `@p1` and what it stands for."""
        return {key: value for key, value in self.query if key.startswith("@")}

    @property
    def prefer(self) -> "Preferences":
        return read_preferences(self.header("prefer") or "")

    def link(self, path: str, **options: str) -> str:
        """Return an absolute link to `path` with this query, some of its options replaced."""
        renamed = {f"${name}": value for name, value in options.items()}
        kept = [(k, v) for k, v in self.query if k not in {"$skiptoken", "$deltatoken"}]
        pairs = "&".join(f"{k}={quote(v, safe=',')}" for k, v in [*kept, *renamed.items()])
        return f"{self.root}{path}?{pairs}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What the Prefer header asks for."""

    representation: bool = False
    track_changes: bool = False
    continue_on_error: bool = False
    page_size: int | None = None
    annotations: tuple[str, ...] = ()

    def annotates(self, name: str) -> bool:
        return any(_covers(pattern, name) for pattern in self.annotations)

    @property
    def applied(self) -> str:
        """Return the Preference-Applied header, empty when nothing was asked for."""
        parts = ["return=representation"] if self.representation else []
        parts += ["odata.track-changes"] if self.track_changes else []
        parts += [f"odata.maxpagesize={self.page_size}"] if self.page_size else []
        if self.annotations:
            parts.append(f'odata.include-annotations="{",".join(self.annotations)}"')
        return ",".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes back: the body is complete, headers are those of the service.

    `made` is the path of the row that was written, for references within a change set.
    """

    status: int
    body: bytes = b""
    content_type: str = ""
    made: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def split_url(url: str, root: str) -> tuple[str, Pairs]:
    """Return the path below the service root and the query of any form of URL.

    Accepted are absolute, host-relative and service-relative URLs, `+` and `%20`, `%24` and `$`.
    """
    parts = urlsplit(url)
    found = SERVICE_PATH.match(parts.path)
    path = found["rest"] if found else parts.path
    if not found and parts.netloc:
        text = f"Requested API Version in '{parts.path}' was not understood below {root}."
        raise Refused(400, "0x80060888", text)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    return unquote(path).lstrip("/"), tuple(pairs)


def read_preferences(text: str) -> Preferences:
    """Read a Prefer header; several preferences are joined by commas."""
    annotations = re.search(r'odata\.include-annotations\s*=\s*(?:"([^"]*)"|([^\s,;]+))', text)
    size = re.search(r"odata\.maxpagesize\s*=\s*(\d+)", text)
    patterns = (annotations[1] or annotations[2] or "") if annotations else ""
    return Preferences(
        representation="return=representation" in text,
        track_changes="odata.track-changes" in text,
        continue_on_error=re.search(r"odata\.continue-on-error(?!\s*=\s*false)", text) is not None,
        page_size=int(size[1]) if size else None,
        annotations=tuple(part.strip() for part in patterns.split(",") if part.strip()),
    )


def answer_json(document: object, *, status: int = 200, **headers: str) -> Answer:
    """Return a JSON answer; underscores in header names stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items() if value}
    return Answer(status=status, body=dump(document), content_type=JSON_TYPE, headers=named)


def answer_refusal(refused: Refused, call: Call | None = None) -> Answer:
    """Return an error; who prefers annotations gets its details as well."""
    error = {"code": refused.code, "message": refused.message}
    details = {
        f"{DETAILS}.OperationStatus": "0",
        f"{DETAILS}.SubErrorCode": refused.code,
        f"{SERVICE}.HelpLink": f"http://go.microsoft.com/fwlink/?LinkID=398563&error={refused.code}",
        f"{SERVICE}.TraceText": f"\r\n[{refused.code}] {refused.message}",
        f"{SERVICE}.InnerError.Message": refused.message,
    }
    if call is not None and call.prefer.annotations:
        error |= {f"@{name}": text for name, text in details.items() if call.prefer.annotates(name)}
    return answer_json({"error": error}, status=refused.status)


def answer_text(text: str) -> Answer:
    return Answer(status=200, body=text.encode(), content_type=TEXT_TYPE)


def answer_empty(**headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items() if value}
    return Answer(status=204, headers=named)


def _covers(pattern: str, name: str) -> bool:
    if pattern.endswith("*"):
        return name.startswith(pattern[:-1])
    return pattern == name
