"""The trail: everything that was seen, decided, sent and answered; searched, and given away."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import islice

from flask import render_template
from flask.typing import ResponseReturnValue

from console import forms
from console.room import Room, part
from console.tables import csv_file, download
from sync.browsing import LOOK_AT, TrailQuery
from sync.state import TrailEntry

_PAGE = 50
_AT_ONCE = 1000
MOST = 100_000
"""The most entries that one file holds."""


def index(room: Room) -> ResponseReturnValue:
    """Show a page of the trail, newest first."""
    return render_template("trail.html", **_shown(room))


def rows(room: Room) -> ResponseReturnValue:
    """Show the entries alone, for the live view."""
    return part("parts/trail.html", **_shown(room))


def as_csv(room: Room) -> ResponseReturnValue:
    """Give what was searched for as a file for a spreadsheet."""
    rows = (
        (one.sequence, one.at.isoformat(), one.subject, one.event, _facts(one))
        for one in _entries(room)
    )
    return csv_file("trail.csv", ("sequence", "at", "subject", "event", "facts"), rows)


def as_json(room: Room) -> ResponseReturnValue:
    """Give what was searched for as JSON, in the shape of `seatkeeper log --json`."""
    return download("trail.json", "application/json", _json(_entries(room)))


def _shown(room: Room) -> dict[str, object]:
    query = _query(room)
    page, events = room.desk.store.look(lambda tx: (tx.page_trail(query), tx.trail_events()))
    asked = {name: forms.text(name) for name in ("subject", "event", "text", "since", "until")}
    kept = {name: value for name, value in asked.items() if value}
    return {
        "entries": page.entries,
        "events": events,
        "asked": asked,
        "kept": kept,
        "after": page.after,
        "is_first": query.after is None,
        "is_partial": bool(query.text and page.after and len(page.entries) < query.limit),
        "look_at": LOOK_AT,
        "names": room.names.of(one.subject for one in page.entries if len(one.subject) == 36),  # noqa: PLR2004  # a GUID
        "facts_of": _facts,
    }


def _query(room: Room) -> TrailQuery:
    subject, at, sequence = forms.text("subject"), forms.text("at"), forms.number("sequence")
    if subject:
        found = room.desk.store.look(lambda tx: tx.find_subject(subject.lower()))
        subject = found or subject
    return TrailQuery(
        subject=subject,
        event=forms.text("event"),
        text=forms.text("text"),
        since=forms.begins(forms.day("since")),
        until=forms.ends(forms.day("until")),
        after=(at, sequence) if at and sequence is not None else None,
        limit=_PAGE,
    )


def _entries(room: Room) -> Iterator[TrailEntry]:
    """Return the entries of a search, newest first, without holding a snapshot meanwhile."""
    query = replace(_query(room), limit=_AT_ONCE)
    return islice(_pages(room, query), MOST)


def _pages(room: Room, query: TrailQuery) -> Iterator[TrailEntry]:
    while True:
        wanted = query
        page = room.desk.store.look(lambda tx, wanted=wanted: tx.page_trail(wanted))  # type: ignore[misc]  # bound now
        yield from page.entries
        if page.after is None:
            return
        query = replace(query, after=page.after)


def _json(entries: Iterator[TrailEntry]) -> Iterator[str]:
    glue = "[\n"
    for one in entries:
        yield glue + json.dumps(_document(one))
        glue = ",\n"
    yield "[]\n" if glue == "[\n" else "\n]\n"


def _document(one: TrailEntry) -> dict[str, object]:
    return {
        "sequence": one.sequence,
        "at": _stamp(one.at),
        "subject": one.subject,
        "event": one.event,
        "facts": dict(one.facts),
    }


def _stamp(at: datetime) -> str:
    return str(at)


def _facts(one: TrailEntry) -> str:
    return ", ".join(f"{name}: {value}" for name, value in one.facts.items())
