"""Requests to the Web API of one environment: plain, or several in one `$batch`.

Answers come back as they are where a status has a meaning, as errors where it has none.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Final
from urllib.parse import urlsplit

from connector.dataverse import batch
from connector.dataverse.faults import fault_of
from connector.http import Http, Reply
from connector.service import Address, Request, Service, TokenSource
from sync.ports import Effects
from sync.remote import RemoteError, Unavailable

API: Final = "/api/data/v9.2"
READS_PER_BATCH: Final = 100
OK: Final = 200
HEADERS: Final = {
    "Accept": "application/json",
    "OData-Version": "4.0",
    "OData-MaxVersion": "4.0",
    # Learn asks for it on every call; a precondition of a write replaces it
    "If-None-Match": "null",
}
CONTINUE: Final = {"Prefer": "odata.continue-on-error"}


class Wire:
    """Sends OData requests; see `Service` for what is raised."""

    def __init__(self, http: Http, tokens: TokenSource, effects: Effects, url: str) -> None:
        self._effects = effects
        self.service = Service(
            http,
            tokens,
            Address(
                base=url.rstrip("/") + API,
                name=f"dataverse {urlsplit(url).netloc}",
                headers=HEADERS,
                correlation_headers=("x-ms-client-request-id", "x-ms-correlation-id"),
            ),
        )

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Reply:
        """Read one thing; raise what any answer but 200 means."""
        reply = self.service.get(path, headers)
        if reply.status != OK:
            raise fault_of(reply).error()
        return reply

    def get_all(self, asked: Sequence[tuple[str, Mapping[str, str]]]) -> list[Reply]:
        """Read several things (path, headers) in as few requests as reasonable, in order."""
        if len(asked) == 1:
            return [self.service.get(*asked[0])]
        replies: list[Reply] = []
        for start in range(0, len(asked), READS_PER_BATCH):
            replies += self._batch(asked[start : start + READS_PER_BATCH])
        return replies

    def post(self, body: batch.Batch, *, safe: bool, several: bool = True) -> Reply:
        """Send a batch; only one that reads is safe to repeat.

        `several`: a part that fails stops no other.
        """
        headers = {"Content-Type": body.content_type, **(CONTINUE if several else {})}
        reply = self.service.send(
            Request(method="POST", path="$batch", headers=headers, body=body.body, safe=safe)
        )
        self.service.heed(parts_of(reply))
        return reply

    def new_id(self) -> str:
        """Return a new name for a boundary or a walk."""
        return self._effects.new_id()

    def _batch(self, asked: Sequence[tuple[str, Mapping[str, str]]]) -> list[Reply]:
        parts = [
            batch.Part(method="GET", path=f"{API}/{path}", headers={**HEADERS, **headers})
            for path, headers in asked
        ]
        reply = self.post(batch.reads(parts, self.new_id()), safe=True)
        replies = parts_of(reply)
        if len(replies) < len(asked):
            raise _incomplete(reply, replies, len(asked))
        return replies


def parts_of(reply: Reply) -> list[Reply]:
    """Return the answers inside a batch answer; none when it is not one."""
    return list(chain.from_iterable(groups_of(reply)))


def groups_of(reply: Reply) -> list[list[Reply]]:
    """Return the answers inside a batch answer, those of a change set together."""
    kind = reply.headers.get("Content-Type", "")
    if not kind.lower().startswith("multipart/"):
        return []
    return batch.grouped(kind, reply.content, reply.correlation_id)


def _incomplete(reply: Reply, replies: Sequence[Reply], asked: int) -> RemoteError:
    if reply.status != OK:
        return fault_of(replies[-1] if replies else reply).error()
    return Unavailable(
        f"the batch answered {len(replies)} of {asked} reads",
        status=reply.status,
        correlation_id=reply.correlation_id,
    )
