"""Reads and writes the multipart bodies of `$batch`; takes CRLF and LF, writes CRLF."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import pairwise
from uuid import uuid4

from sandbox.dataverse.calls import Answer
from sandbox.dataverse.errors import Refused, bad_payload

BLANK_LINE = re.compile(rb"\r?\n[ \t]*\r?\n")
DELIMITER = re.compile(rb"(?:\A|\r?\n)--([^\r\n]*?)(?:--)?[ \t]*(?=\r?\n|\Z)")
BOUNDARY = re.compile(r'boundary\s*=\s*(?:"([^"]+)"|([^\s;]+))', re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a multipart body: its own headers (lower case) and what they describe."""

    headers: dict[str, str]
    content: bytes

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")

    @property
    def content_id(self) -> str | None:
        return self.headers.get("content-id")


@dataclass(frozen=True, slots=True, kw_only=True)
class InnerRequest:
    """The HTTP request inside a part."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def split_parts(body: bytes, content_type: str) -> list[Part]:
    """Return the parts of a body; raise Refused when it is none of that boundary."""
    found = BOUNDARY.search(content_type)
    if found is None:
        raise _unreadable()
    boundary = (found[1] or found[2]).encode()
    ends = [one.span() for one in DELIMITER.finditer(body) if one.group(1) == boundary]
    ends.append((len(body), len(body)))
    pieces = [body[end:begin] for (_, end), (begin, _) in pairwise(ends)]
    parts = [_part(piece) for piece in pieces if piece.strip()]
    if not parts:
        raise _unreadable()
    return parts


def read_request(part: Part) -> InnerRequest:
    """Return the request of an `application/http` part; raise Refused when it is none."""
    head, body = _head_and_body(part.content)
    line, *header_lines = head.splitlines()
    words = line.split()
    if len(words) < 2:  # noqa: PLR2004 - a verb and an address
        raise _unreadable()
    url = " ".join(words[1:-1] if words[-1].upper().startswith("HTTP/") else words[1:])
    headers = _headers(header_lines)
    return InnerRequest(method=words[0].upper(), url=url, headers=headers, body=body.strip())


def write_parts(prefix: str, parts: Iterable[bytes]) -> tuple[bytes, str]:
    """Return a multipart body and its boundary."""
    boundary = f"{prefix}_{uuid4()}"
    written = b"".join(b"--" + boundary.encode() + b"\r\n" + part + b"\r\n" for part in parts)
    return written + b"--" + boundary.encode() + b"--\r\n", boundary


def write_answer(answer: Answer, content_id: str | None) -> bytes:
    """Return a part that holds an answer."""
    lines = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    lines += [f"Content-ID: {content_id}"] if content_id else []
    lines += ["", f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
    if answer.status >= HTTPStatus.BAD_REQUEST:
        lines.append(f"REQ_ID: {uuid4()}")
    lines += [f"Content-Type: {answer.content_type}"] if answer.content_type else []
    lines.append("OData-Version: 4.0")
    location = answer.headers.get("OData-EntityId")
    lines += [f"Location: {location}"] if location else []
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + answer.body + b"\r\n"


def write_nested(prefix: str, parts: Iterable[bytes]) -> bytes:
    """Return a part that holds parts."""
    body, boundary = write_parts(prefix, parts)
    return f"Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n".encode() + body


def _part(piece: bytes) -> Part:
    head, content = _head_and_body(piece)
    return Part(headers=_headers(head.splitlines()), content=content)


def _head_and_body(piece: bytes) -> tuple[str, bytes]:
    """Split at the first blank line; extra line ends before the head do no harm."""
    head, *rest = BLANK_LINE.split(piece.lstrip(b"\r\n"), maxsplit=1)
    return head.decode("utf-8", "replace"), rest[0] if rest else b""


def _headers(lines: Iterable[str]) -> dict[str, str]:
    pairs = (line.partition(":") for line in lines if line.strip())
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _unreadable() -> Refused:
    return bad_payload("$batch", "System.ArgumentException: Stream was not readable.")
