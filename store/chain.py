"""The hash chain over the trail: what seals it, and what finds the first row that does not fit.

```
digest = sha256(at, subject, event, facts)              written with the row, in its transaction
chain  = sha256(chain of the row before + the whole row) written by the sealer, once per cycle
head   = sequence and chain of the last sealed row       in the meta table
anchor = sequence and chain of the last row cut off      in the meta table, and told by a row
```
What is too old is cut off from the beginning; the chain then goes on from the anchor, which a row
`trail cut` of the rest must tell, so that nobody cuts without a word.
Pure. Rows that are not sealed yet are held by their digest alone (rules.md 7.2).
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from store.rows import SqlValue, Stored
from sync.state import TrailEntry, TrailFault

HEAD = "trail_head"
ANCHOR = "trail_anchor"
CUT = "trail cut"
"""The event of the row that tells an anchor: facts `up_to` and `chain`."""
SEALED_AT_ONCE = 5_000
"""Rows that one transaction seals."""
CUT_AT_ONCE = 5_000
"""Rows that one transaction cuts off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A sealed row: the last one, or the last one that was cut off."""

    sequence: int = 0
    chain: str = ""


START = Head()
"""Before the first row."""


def read_head(text: str | None) -> Head:
    """Read the head; nothing is sealed when there is none."""
    if not text:
        return Head()
    sequence, chain = json.loads(text)
    return Head(sequence=sequence, chain=chain)


def write_head(head: Head) -> str:
    return json.dumps([head.sequence, head.chain])


def digest(at: str, subject: str, event: str, facts: str) -> str:
    """Hash what a row says; its number is not known yet."""
    return _hash([at, subject, event, facts])


def trail_row(entry: TrailEntry) -> dict[str, SqlValue]:
    """Return the row of an entry, with its digest; it is sealed later."""
    at, facts = entry.at.isoformat(), json.dumps(dict(entry.facts))
    return {
        "at": at,
        "subject": entry.subject,
        "event": entry.event,
        "facts": facts,
        "digest": digest(at, entry.subject, entry.event, facts),
    }


def _link(previous: str, row: Stored) -> str:
    names = ("sequence", "at", "subject", "event", "facts")
    return _hash([previous, *(row[name] for name in names)])


def _hash(values: Sequence[object]) -> str:
    text = json.dumps(values, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def seal(fresh: Iterable[Stored], head: Head) -> tuple[list[tuple[str, int]], Head]:
    """Return (chain, sequence) of rows that follow the head, and the new head."""
    links: list[tuple[str, int]] = []
    chain = head.chain
    for row in fresh:
        chain = _link(chain, row)
        links.append((chain, row["sequence"]))
    return links, Head(sequence=links[-1][1], chain=chain) if links else head


def oldest(rows: Iterable[Stored], before: datetime, head: Head) -> Head | None:
    """Return the last of the leading rows that are sealed and older; None when there is none."""
    last: Head | None = None
    for row in rows:
        if row["sequence"] > head.sequence or datetime.fromisoformat(row["at"]) >= before:
            break
        last = Head(sequence=row["sequence"], chain=row["chain"])
    return last


def first_fault(
    rows: Iterable[Stored], head: Head, given: int | None, anchor: Head = START
) -> TrailFault | None:
    """Find the first row that was changed, put in or taken away.

    `given` is the last number that was given, in a store whose numbers have no gaps.
    """
    last, chain = anchor.sequence, anchor.chain
    is_told = anchor == START
    for row in rows:
        is_told = is_told or _tells(row, anchor)
        sequence = row["sequence"]
        is_gap = sequence > last + 1
        if sequence <= head.sequence:
            chain = _link(chain, row)
            fits = row["chain"] == chain
        else:
            fits = not row["chain"] and not (is_gap and given is not None)
        if not fits:
            return _missing(last + 1) if is_gap else _changed(sequence)
        if row["digest"] != digest(row["at"], row["subject"], row["event"], row["facts"]):
            return _changed(sequence)
        last = sequence
    if last < max(head.sequence, given or 0):
        return _missing(last + 1)
    return None if is_told else TrailFault(sequence=anchor.sequence, told="was cut off unsaid")


def _tells(row: Stored, anchor: Head) -> bool:
    """Tell whether a row says that the trail was cut off at an anchor."""
    if row["event"] != CUT:
        return False
    facts = json.loads(row["facts"])
    return (facts.get("up_to"), facts.get("chain")) == (str(anchor.sequence), anchor.chain)


def _missing(sequence: int) -> TrailFault:
    return TrailFault(sequence=sequence, told="was taken away")


def _changed(sequence: int) -> TrailFault:
    return TrailFault(sequence=sequence, told="was changed, or put in by another hand")
