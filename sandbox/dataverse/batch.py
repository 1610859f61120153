"""Runs `$batch`: parts in order, change sets as one, `$n` references between their parts.

Unknown for the real service: the shape of a failed change set. Here it is a change set response
that holds the one error with its Content-ID; no source was found for it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.dataverse.calls import Answer, Call, answer_refusal, split_url
from sandbox.dataverse.database import Database
from sandbox.dataverse.errors import Refused, bad_payload
from sandbox.dataverse.multipart import (
    InnerRequest,
    Part,
    read_request,
    split_parts,
    write_answer,
    write_nested,
    write_parts,
)

MOST_REQUESTS = 1000
LONGEST_URL = 65_536
FAILED = 400
REFERENCE = re.compile(rb'(@odata\.(?:bind|id)"\s*:\s*")/?\$([\w.-]+)')
PATH_REFERENCE = re.compile(r"^\$([\w.-]+)")
READ_IN_SET = Refused(400, "0x80048d19", "A change set cannot contain a GET request.")
NOT_IN_URLS = frozenset({"batch", "metadata"})

Execute = Callable[[Call], Answer]


class ChangeSetFailed(Exception):
    """A part of a change set was refused; everything of the set is undone."""

    def __init__(self, answer: Answer, content_id: str | None) -> None:
        super().__init__(content_id)
        self.answer = answer
        self.content_id = content_id


@dataclass(slots=True, kw_only=True)
class Outcome:
    """One part of the batch answer, and the status that may end the batch."""

    part: bytes
    status: int


@dataclass(slots=True)
class References:
    """What `$n` stands for: the path of the row that the part with that Content-ID wrote."""

    paths: dict[str, str] = field(default_factory=dict)

    def path(self, name: str) -> str:
        if name not in self.paths:
            text = f"Content-ID Reference: '${name}' does not exist in the batch context."
            raise Refused(400, "0x80048d19", text)
        return self.paths[name]

    def in_path(self, path: str) -> str:
        found = PATH_REFERENCE.match(path)
        if found is None or found[1] in NOT_IN_URLS:
            return path
        return self.path(found[1]) + path[found.end() :]

    def in_body(self, body: bytes) -> bytes:
        return REFERENCE.sub(lambda m: m[1] + self.path(m[2].decode()).encode(), body)


class Batch:
    """One `$batch` request."""

    def __init__(self, database: Database, outer: Call, execute: Execute) -> None:
        self._database = database
        self._outer = outer
        self._execute = execute

    def answer(self) -> Answer:
        """Run the parts; stop at the first failure unless the client wants to go on."""
        parts = split_parts(self._outer.body, self._outer.header("content-type") or "")
        self._check_size(parts)
        if self._database.world.settings.batch_needs_crlf and _in_lf(self._outer.body):
            refused = answer_refusal(bad_payload("$batch", "Stream was not readable."))
            body, boundary = write_parts("batchresponse", [write_answer(refused, None)])
            kind = f"multipart/mixed; boundary={boundary}"
            return Answer(status=refused.status, body=body, content_type=kind)
        go_on, status, written = self._outer.prefer.continue_on_error, 200, []
        for part in parts:
            outcome = self._run(part)
            written.append(outcome.part)
            if outcome.status >= FAILED and not go_on:
                status = outcome.status
                break
        body, boundary = write_parts("batchresponse", written)
        kind = f"multipart/mixed; boundary={boundary}"
        applied = {"Preference-Applied": "odata.continue-on-error"} if go_on else {}
        return Answer(status=status, body=body, content_type=kind, headers=applied)

    def _run(self, part: Part) -> Outcome:
        if _is_set(part):
            return self._change_set(part)
        answer = self._guarded(part, References())
        return Outcome(part=write_answer(answer, part.content_id), status=answer.status)

    def _change_set(self, part: Part) -> Outcome:
        references = References()
        try:
            with self._database.transaction():
                inner = split_parts(part.content, part.content_type)
                written = [self._in_set(each, references) for each in inner]
        except ChangeSetFailed as failed:
            error = write_answer(failed.answer, failed.content_id)
            nested = write_nested("changesetresponse", [error])
            return Outcome(part=nested, status=failed.answer.status)
        return Outcome(part=write_nested("changesetresponse", written), status=200)

    def _in_set(self, part: Part, references: References) -> bytes:
        answer = self._guarded(part, references, writes_only=True)
        if answer.status >= FAILED:
            raise ChangeSetFailed(answer, part.content_id)
        if part.content_id:
            references.paths[part.content_id] = answer.made
        return write_answer(answer, part.content_id)

    def _guarded(self, part: Part, references: References, *, writes_only: bool = False) -> Answer:
        """Run one request; what is wrong with it is an answer as well."""
        try:
            request = read_request(part)
            if writes_only and request.method == "GET":
                return answer_refusal(READ_IN_SET)
            return self._execute(self._call(request, references))
        except Refused as refused:
            return answer_refusal(refused)

    def _call(self, request: InnerRequest, references: References) -> Call:
        if len(request.url) > LONGEST_URL:
            raise Refused(400, "0x80060888", f"The URL is longer than {LONGEST_URL} characters.")
        path, query = split_url(request.url, self._outer.root)
        if path.startswith("$batch"):
            raise Refused(400, "0x80060888", "A batch cannot contain a batch.")
        impersonation = {
            name: value
            for name, value in self._outer.headers.items()
            if name in {"callerobjectid", "mscrmcallerid"}
        }
        return Call(
            method=request.method,
            root=self._outer.root,
            path=references.in_path(path),
            query=query,
            headers={**impersonation, **request.headers},
            body=references.in_body(request.body),
        )

    def _check_size(self, parts: list[Part]) -> None:
        sizes = [
            len(split_parts(part.content, part.content_type)) if _is_set(part) else 1
            for part in parts
        ]
        if sum(sizes) > MOST_REQUESTS:
            text = f"The batch holds more than {MOST_REQUESTS} requests."
            raise Refused(400, "0x80060888", text)


def _in_lf(body: bytes) -> bool:
    """Tell whether a body is one that the service was seen to find unreadable."""
    return b"\r\n" not in body and not body.endswith(b"\n\n")


def _is_set(part: Part) -> bool:
    return part.content_type.lower().startswith("multipart/")
