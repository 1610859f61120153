"""The multipart bodies of `$batch`. Pure: bytes in, parts out.

Written with CRLF and absolute paths, as Dataverse wants it; read with either line end.
Parts are answered in order; a part that is missing or cut off is simply not there, and the
caller decides what its absence means.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise
from typing import Final

from requests.structures import CaseInsensitiveDict

from connector.http import Reply

CRLF: Final = "\r\n"
LINE_END: Final = re.compile(rb"\r?\n")
DELIMITER: Final = re.compile(rb"--(?<![^\n]--)([^\r\n]*?)(?:--[ \t]*(?=\r?\n|\Z)|[ \t]*(?=\r?\n))")
"""At the start of a line, which is asked after the dashes: so a search of megabytes is quick."""
HEAD_END: Final = re.compile(rb"\r?\n\r?\n|\A\r?\n")
BOUNDARY: Final = re.compile(r'boundary="?([^";,\s]+)"?', re.IGNORECASE)
STATUS_LINE: Final = re.compile(rb"HTTP/\d(?:\.\d)? (\d{3})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One request inside a batch; `path` begins at the host (`/api/data/v9.2/...`)."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A body and the content type that names its boundary."""

    content_type: str
    body: bytes = field(repr=False)


def reads(parts: Sequence[Part], batch_id: str) -> Batch:
    """Write independent requests, answered in order."""
    boundary = f"batch_{batch_id}"
    return _closed(boundary, b"".join(_opened(boundary, part) for part in parts))


def change_sets(sets: Sequence[Sequence[Part]], batch_id: str) -> Batch:
    """Write sets of requests; each set is executed together or not at all."""
    boundary = f"batch_{batch_id}"
    content, first = b"", 1
    for parts in sets:
        inner = f"changeset_{batch_id}" if first == 1 else f"changeset_{first}_{batch_id}"
        # A Content-ID names a request in the whole batch, so no two sets share one.
        numbered = (_opened(inner, part, number) for number, part in enumerate(parts, first))
        nested = _closed(inner, b"".join(numbered))
        head = f"--{boundary}{CRLF}Content-Type: {nested.content_type}{CRLF}{CRLF}"
        content += head.encode() + nested.body + CRLF.encode()
        first += len(parts)
    return _closed(boundary, content)


def answers(content_type: str, body: bytes, correlation_id: str = "") -> list[Reply]:
    """Read the answers in order; the parts of a change set stand in its place."""
    return list(chain.from_iterable(grouped(content_type, body, correlation_id)))


def grouped(content_type: str, body: bytes, correlation_id: str = "") -> list[list[Reply]]:
    """Read the answers by what stood in the batch: one request, or one change set.

    A change set that failed is answered by one part, its error (dataverse.md, section 5).
    """
    found = []
    for segment in _segments(_boundary(content_type, body), body):
        head, inner = _split(segment)
        kind = _headers(head).get("Content-Type", "")
        if kind.lower().startswith("multipart/"):
            found.append(answers(kind, inner, correlation_id))
        else:
            found.append(_answer(inner, correlation_id))
    return found


def _opened(boundary: str, part: Part, content_id: int | None = None) -> bytes:
    lines = [f"--{boundary}", "Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    lines += [f"Content-ID: {content_id}"] if content_id is not None else []
    lines += ["", f"{part.method} {part.path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in part.headers.items()]
    return (CRLF.join(lines) + CRLF + CRLF).encode() + part.body + CRLF.encode()


def _closed(boundary: str, content: bytes) -> Batch:
    return Batch(
        content_type=f'multipart/mixed; boundary="{boundary}"',
        body=content + f"--{boundary}--{CRLF}".encode(),
    )


def _boundary(content_type: str, body: bytes) -> bytes:
    named = BOUNDARY.search(content_type)
    if named:
        return named.group(1).encode()
    first = body.lstrip().split(b"\n", 1)[0].strip()
    return first.removeprefix(b"--") if first.startswith(b"--") else b""


def _segments(boundary: bytes, body: bytes) -> Iterator[bytes]:
    """Yield what stands between two delimiters; a last piece without its end is cut off."""
    if not boundary:
        return
    ends = [found for found in DELIMITER.finditer(body) if found.group(1) == boundary]
    for here, after in pairwise(ends):
        piece = body[here.end() : after.start()].removesuffix(b"\n").removesuffix(b"\r")
        yield LINE_END.sub(b"", piece, count=1)


def _split(segment: bytes) -> tuple[bytes, bytes]:
    end = HEAD_END.search(segment)
    return (segment[: end.start()], segment[end.end() :]) if end else (segment, b"")


def _headers(head: bytes) -> CaseInsensitiveDict[str]:
    pairs = (line.decode("latin-1").partition(":") for line in LINE_END.split(head))
    return CaseInsensitiveDict({name.strip(): value.strip() for name, _, value in pairs if name})


def _answer(content: bytes, correlation_id: str) -> list[Reply]:
    head, body = _split(content.lstrip())
    status = STATUS_LINE.match(head)
    if status is None:
        return []
    headers = _headers(head.partition(b"\n")[2])
    return [
        Reply(
            status=int(status.group(1)),
            headers=headers,
            content=body,
            correlation_id=headers.get("REQ_ID") or correlation_id,
        )
    ]
