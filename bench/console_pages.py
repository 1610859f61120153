"""The console's pages over a filled state: `python -m bench.console_pages NUMBER`; prints JSON.

Each subscription has two changes, five entries in the trail and a sent operation; one in a hundred
is parked, one in fifty differs. No service is asked: names are known, as they are after a while.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from statistics import median
from uuid import UUID

from flask.testing import FlaskClient

from bench.running import peak_mib
from console.app import create_console
from console.desk import Person, Role
from console.sessions import make_link
from lifecycle.decisions import Standing
from lifecycle.states import Status
from seatkeeper.bootstrap import build
from seatkeeper.config import Config
from seatkeeper.console_desk import desk_of
from store.sqlite import SqliteStore
from sync.ports import Store, Tx
from sync.reading_names import Named
from sync.sides import Difference
from sync.standing import LAST_POLL
from sync.state import (
    Fact,
    FactState,
    Operation,
    OperationState,
    Parked,
    Point,
    Seen,
    Service,
    Source,
    TrailEntry,
)

NOW = datetime(2025, 6, 16, 12, tzinfo=UTC)
NOWHERE = "https://127.0.0.1:9"
_AT_ONCE = 2_000
_TIMES = 15
PAGES = (
    "/",
    "/?span=month",
    "/changes",
    "/changes?state=waiting",
    "/changes?before={middle}",
    "/subscriptions",
    "/subscriptions?status=suspended",
    "/subscriptions/{row}",
    "/parked",
    "/parked?code=refused",
    "/parked/{parked}",
    "/differences",
    "/plan",
    "/invoices",
    "/mappings",
    "/trail",
    "/trail?event=decided",
    "/trail?subject={row}",
    "/trail?since=2025-06-10&until=2025-06-10",
    "/trail?text=nowhere-to-be-found",
)


def row_id(number: int) -> str:
    return str(UUID(int=(number * 2654435761) % (1 << 128)))


def fill(store: Store, number: int) -> None:
    """Fill the state with so many subscriptions and what happened to them."""
    store.tx(lambda tx: tx.set_meta(LAST_POLL, NOW.isoformat()))
    numbers = iter(range(number))
    while chunk := list(islice(numbers, _AT_ONCE)):
        store.tx(lambda tx, chunk=chunk: _fill(tx, chunk))  # type: ignore[misc]  # bound now


def _fill(tx: Tx, numbers: Sequence[int]) -> None:
    tx.put_seen(map(_seen, numbers))
    tx.add_facts(fact for one in numbers for fact in _facts(one))
    tx.add_operations(map(_operation, numbers))
    tx.trail(entry for one in numbers for entry in _entries(one))
    for one in numbers:
        if one % 100 == 0:
            tx.park(_parked(one))
        if one % 50 == 0:
            tx.put_differences(row_id(one), [_difference(one)])


def _at(number: int) -> datetime:
    return NOW - timedelta(seconds=number * 26 % (30 * 86400))


def _standing(number: int) -> Standing:
    status = Status.SUSPENDED if number % 10 == 0 else Status.ACTIVE
    return Standing(status=status, quantity=10)


def _seen(number: int) -> Seen:
    return Seen(
        id=row_id(number),
        version=number,
        point=Point((0, 1), 10),
        accepted=_standing(number),
        contract_id=row_id(number // 10),
        modified_at=_at(number),
        first_seen_on=date(2025, 6, 1),
    )


def _facts(number: int) -> Iterator[Fact]:
    for ordinal in range(2):
        yield Fact(
            key=f"{row_id(number)}|{ordinal}",
            subscription_id=row_id(number),
            point=Point((1, 2), 10),
            status_changed=True,
            quantity_changed=False,
            source=Source.AUDIT,
            at=_at(number),
            by="Alex Wilber",
            state=FactState.WAITING if number % 20 == 0 and ordinal else FactState.DONE,
        )


def _operation(number: int) -> Operation:
    return Operation(
        id=f"operation-{number}",
        subject=row_id(number),
        group=f"group-{number}",
        service=Service.DATAVERSE,
        action="log deactivation",
        target=row_id(number),
        state=OperationState.DONE,
        sent_at=_at(number),
    )


def _entries(number: int) -> Iterator[TrailEntry]:
    facts = {"amount": "-58.33", "explanation": "125.00 x 14/30 days", "outcome": "done"}
    for event in ("seen", "decided", "owed", "provider answered", "dataverse answered"):
        yield TrailEntry(at=_at(number), subject=row_id(number), event=event, facts=facts)


def _parked(number: int) -> Parked:
    return Parked(
        subject=row_id(number),
        code="refused" if number % 200 else "provisioning-failed",
        reason="A quantity of 0 is not a change of seats.",
        advice="Set the row back.",
        since=_at(number),
    )


def _difference(number: int) -> Difference:
    return Difference(
        subscription_id=row_id(number),
        field="quantity",
        base="10",
        crm="10",
        partner="12",
        outcome="reported",
        reason="changed there",
        since=_at(number),
    )


def client_over(store: Store) -> FlaskClient:
    """Return a browser that has come in; names are known, and no service is asked."""
    sign_in = {"tenant_id": "t", "client_id": "c", "client_secret": "s"}
    config = Config.model_validate(
        {
            "mode": "apply",
            "dataverse": {"url": NOWHERE, "sign_in": sign_in},
            "state": "sqlite:///unused.db",
        }
    )
    application = build(config, store=store, inline=True)
    desk = replace(desk_of(application, lambda *_: []), names=_names)
    client = create_console(desk).test_client()
    ada = Person(name="Ada", role=Role.ADMIN)
    client.get(f"/enter?token={make_link(store, ada, desk.now())}")
    return client


def _names(ids: Sequence[str]) -> dict[str, Named]:
    return {
        one: Named(id=one, name="Microsoft 365 Business Premium", customer="Fabrikam")
        for one in ids
    }


def addresses(number: int) -> list[str]:
    ids = {"row": row_id(number // 2), "parked": row_id(0), "middle": number}
    return [path.format(**ids) for path in PAGES]


def measure(number: int) -> dict[str, object]:
    """Time every page, and return the medians of processor time in milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "state.db")
        fill(store, number)
        client = client_over(store)
        pages = {
            path: _timed(client, address)
            for path, address in zip(PAGES, addresses(number), strict=True)
        }
        store.close()
    return {"subscriptions": number, "pages": pages, "peak_mib": peak_mib()}


def _timed(client: FlaskClient, path: str) -> float:
    taken = []
    for _ in range(_TIMES):
        begun = time.process_time()
        answer = client.get(path)
        taken.append((time.process_time() - begun) * 1000)
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answered {answer.status_code}")
    return round(median(taken), 1)


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
