"""The statements of one transaction: the `Tx` port in SQL that both databases read."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from datetime import date, datetime

from store import chain, codec, rows
from store.browsing import Pages
from store.connections import Connection
from store.counting import Counting
from store.feed import Feed
from store.first_rows import FirstRowsSql
from store.invoices import Invoices
from store.notices import Notices
from store.putting import put
from store.sides import Sides
from store.walks import Walks
from sync.remote import Row
from sync.state import (
    Counts,
    Fact,
    FactState,
    KnownLog,
    Operation,
    Parked,
    Request,
    Seen,
    TrailCut,
    TrailEntry,
    TrailFault,
    Wake,
)

_CHUNK = 500


def _chunks(ids: Iterable[str]) -> Iterator[list[str]]:
    wanted = list(ids)
    for start in range(0, len(wanted), _CHUNK):
        yield wanted[start : start + _CHUNK]


def _marks(values: list[str]) -> str:
    return ", ".join("?" * len(values))


class SqlTx(Pages, Walks, Counting, Invoices, Sides, Feed, FirstRowsSql, Notices, ABC):
    """The statements of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _all(self, sql: str, *values: rows.SqlValue) -> list[rows.Stored]:
        return self._connection.execute(sql, values).fetchall()

    def _one(self, sql: str, *values: rows.SqlValue) -> rows.Stored | None:
        found: rows.Stored | None = self._connection.execute(sql, values).fetchone()
        return found

    def _run(self, sql: str, *values: rows.SqlValue) -> None:
        self._connection.execute(sql, values)

    def _put(self, table: str, values: Iterable[dict[str, rows.SqlValue]], key: str) -> None:
        put(self._connection, table, values, key)

    def meta(self, key: str) -> str | None:
        row = self._one("SELECT value FROM meta WHERE key = ?", key)
        return row["value"] if row else None

    def set_meta(self, key: str, value: str) -> None:
        self._put("meta", [{"key": key, "value": value}], "key")

    def cursor(self, table: str) -> str | None:
        row = self._one("SELECT delta_link FROM cursors WHERE table_name = ?", table)
        return row["delta_link"] if row else None

    def set_cursor(self, table: str, cursor: str | None) -> None:
        self._put("cursors", [{"table_name": table, "delta_link": cursor}], "table_name")

    def seen(self, ids: Iterable[str]) -> dict[str, Seen]:
        found: dict[str, Seen] = {}
        for chunk in _chunks(ids):
            sql = f"SELECT * FROM seen WHERE id IN ({_marks(chunk)})"  # noqa: S608  # marks only
            found.update((row["id"], rows.read_seen(row)) for row in self._all(sql, *chunk))
        return found

    def put_seen(self, seen: Iterable[Seen]) -> None:
        self._put("seen", (rows.seen_row(one) for one in seen), "id")

    def drop_seen(self, subscription_id: str) -> None:
        self._run("DELETE FROM seen WHERE id = ?", subscription_id)

    def scheduled(self, until: date) -> list[Seen]:
        sql = "SELECT * FROM seen WHERE deactivate_on <= ? AND status IN ('active', 'paused')"
        return [rows.read_seen(row) for row in self._all(sql, until.isoformat())]

    def waits(self) -> list[Seen]:
        sql = "SELECT * FROM seen WHERE differs_since IS NOT NULL ORDER BY differs_since"
        return [rows.read_seen(row) for row in self._all(sql)]

    def revisit(self, ids: Iterable[str]) -> None:
        batch = [(one,) for one in ids]
        self._connection.executemany(
            "INSERT INTO revisits VALUES (?) ON CONFLICT DO NOTHING", batch
        )

    def revisits(self) -> list[str]:
        sql = "SELECT subscription_id FROM revisits ORDER BY 1"
        return [row["subscription_id"] for row in self._all(sql)]

    def clear_revisits(self, ids: Iterable[str]) -> None:
        batch = [(one,) for one in ids]
        self._connection.executemany("DELETE FROM revisits WHERE subscription_id = ?", batch)

    def known_logs(self, subscription_id: str) -> list[KnownLog]:
        sql = "SELECT * FROM logs WHERE subscription_id = ? ORDER BY sequence"
        return [rows.read_log(row) for row in self._all(sql, subscription_id)]

    def put_logs(self, logs: Iterable[KnownLog]) -> list[KnownLog]:
        changed = []
        for log in logs:
            known = self._one("SELECT provisioning FROM logs WHERE id = ?", log.id)
            if known is None or known["provisioning"] != log.provisioning:
                changed.append(log)
            self._put("logs", [rows.log_row(log)], "id")
        return changed

    def drop_log(self, log_id: str) -> None:
        self._run("DELETE FROM logs WHERE id = ?", log_id)

    def add_facts(self, facts: Iterable[Fact]) -> int:
        added = 0
        for fact in facts:
            row = rows.fact_row(fact)
            sql = (
                f"INSERT INTO facts ({', '.join(row)}) "  # noqa: S608  # names are ours
                f"VALUES ({', '.join(':' + name for name in row)}) ON CONFLICT DO NOTHING"
            )
            added += self._connection.execute(sql, row).rowcount
        return added

    def facts(self, subscription_id: str, *states: FactState) -> list[Fact]:
        wanted = [state.value for state in states or tuple(FactState)]
        sql = (
            f"SELECT * FROM facts WHERE subscription_id = ? "  # noqa: S608  # marks only
            f"AND state IN ({_marks(wanted)}) ORDER BY ordinal"
        )
        return [rows.read_fact(row) for row in self._all(sql, subscription_id, *wanted)]

    def set_fact_state(self, keys: Iterable[str], state: FactState) -> None:
        batch = [(state.value, key) for key in keys]
        self._connection.executemany("UPDATE facts SET state = ? WHERE key = ?", batch)

    def wake(self, wake: Wake) -> None:
        self._put("wakes", [rows.wake_row(wake)], "subscription_id")

    def wakes(self, subscription_id: str) -> Wake | None:
        row = self._one("SELECT * FROM wakes WHERE subscription_id = ?", subscription_id)
        return rows.read_wake(row) if row else None

    def unwake(self, subscription_id: str) -> None:
        self._run("DELETE FROM wakes WHERE subscription_id = ?", subscription_id)

    def due(self, now: datetime | None) -> list[tuple[str, str]]:
        sql = """
            WITH work AS (
                SELECT subscription_id AS id, min(ordinal) AS age FROM facts
                WHERE state = 'waiting'
                AND subscription_id NOT IN (SELECT subject FROM parked) GROUP BY 1
                UNION ALL SELECT subscription_id, 0 FROM wakes
                UNION ALL SELECT subject, 0 FROM operations WHERE state IN ('ready', 'sent')
            ), delayed AS (
                SELECT subject AS id, not_before FROM operations WHERE state IN ('ready', 'sent')
                UNION ALL SELECT subscription_id, not_before FROM wakes
            )
            SELECT work.id, coalesce(seen.contract_id, '') AS contract_id, min(age) AS age
            FROM work LEFT JOIN seen ON seen.id = work.id
            WHERE work.id NOT IN (
                SELECT id FROM delayed WHERE not_before > :now AND not_before < :far
            )
            GROUP BY 1, 2 ORDER BY 3, 1
        """
        # A pause that seems to end far in the future was set before the clock stepped back.
        now_text = now.isoformat() if now else "9999"
        far = (now + rows.LONGEST_PAUSE).isoformat() if now else "9999"
        found = self._connection.execute(sql, {"now": now_text, "far": far}).fetchall()
        return [(row["id"], row["contract_id"]) for row in found]

    def add_operations(self, operations: Iterable[Operation]) -> None:
        self._put("operations", (rows.operation_row(one) for one in operations), "id")

    def operations(self, subject: str) -> list[Operation]:
        sql = "SELECT * FROM operations WHERE subject = ? ORDER BY ordinal"
        return [rows.read_operation(row) for row in self._all(sql, subject)]

    def open_operations(self, subject: str) -> list[Operation]:
        sql = (
            "SELECT * FROM operations WHERE subject = ? AND state IN ('ready', 'sent') "
            "ORDER BY ordinal"
        )
        return [rows.read_operation(row) for row in self._all(sql, subject)]

    def put_operation(self, operation: Operation) -> None:
        self.add_operations([operation])

    def emitted(self, subject: str) -> frozenset[str]:
        sql = (
            "SELECT target FROM operations WHERE subject = ? AND service = 'dataverse' "
            "AND precondition = 'create' AND state IN ('ready', 'sent', 'done')"
        )
        return frozenset(row["target"] for row in self._all(sql, subject))

    def hold(self, subscription_id: str) -> Row | None:
        row = self._one("SELECT held FROM holds WHERE subscription_id = ?", subscription_id)
        return codec.load(row["held"]) if row else None

    def set_hold(self, subscription_id: str, held: Row | None) -> None:
        if held is None:
            self._run("DELETE FROM holds WHERE subscription_id = ?", subscription_id)
        else:
            value: dict[str, rows.SqlValue] = {
                "subscription_id": subscription_id,
                "held": codec.dump(held),
            }
            self._put("holds", [value], "subscription_id")

    def park(self, parked: Parked) -> None:
        self._put("parked", [rows.parked_row(parked)], "subject")

    def unpark(self, subject: str) -> Parked | None:
        row = self._one("SELECT * FROM parked WHERE subject = ?", subject)
        self._run("DELETE FROM parked WHERE subject = ?", subject)
        return rows.read_parked(row) if row else None

    def parked(self, subject: str | None = None) -> list[Parked]:
        sql = (
            "SELECT * FROM parked WHERE CAST(? AS TEXT) IS NULL OR subject = ?"
            " ORDER BY since, subject"
        )
        return [rows.read_parked(row) for row in self._all(sql, subject, subject)]

    @abstractmethod
    def trail(self, entries: Iterable[TrailEntry]) -> None:
        """Append rows under numbers without gaps."""

    @abstractmethod
    def _walk(self, sql: str) -> Iterator[rows.Stored]:
        """Yield the rows of a long answer, without holding all of them."""

    @abstractmethod
    def _last_number(self) -> int:
        """Return the last number that the trail gave."""

    def read_trail(self, subject: str | None = None) -> list[TrailEntry]:
        sql = "SELECT * FROM trail WHERE CAST(? AS TEXT) IS NULL OR subject = ? ORDER BY sequence"
        return [rows.read_trail(row) for row in self._all(sql, subject, subject)]

    def seal(self) -> int:
        head = chain.read_head(self.meta(chain.HEAD))
        sql = "SELECT * FROM trail WHERE chain = '' AND sequence > ? ORDER BY sequence LIMIT ?"
        fresh = self._all(sql, head.sequence, chain.SEALED_AT_ONCE)
        if not fresh:
            return 0
        links, head = chain.seal(fresh, head)
        self._connection.executemany("UPDATE trail SET chain = ? WHERE sequence = ?", links)
        self.set_meta(chain.HEAD, chain.write_head(head))
        return len(links)

    def verify_trail(self) -> TrailFault | None:
        head = chain.read_head(self.meta(chain.HEAD))
        stored = self._walk("SELECT * FROM trail ORDER BY sequence")
        anchor = chain.read_head(self.meta(chain.ANCHOR))
        return chain.first_fault(stored, head, self._last_number(), anchor)

    def cut_trail(self, before: datetime) -> TrailCut | None:
        sql = "SELECT * FROM trail ORDER BY sequence LIMIT ?"
        first = self._all(sql, chain.CUT_AT_ONCE)
        anchor = chain.oldest(first, before, chain.read_head(self.meta(chain.HEAD)))
        if anchor is None:
            return None
        self._run("DELETE FROM trail WHERE sequence <= ?", anchor.sequence)
        self.set_meta(chain.ANCHOR, chain.write_head(anchor))
        rows_cut = sum(1 for row in first if row["sequence"] <= anchor.sequence)
        return TrailCut(rows=rows_cut, up_to=anchor.sequence, chain=anchor.chain)

    def subjects(self) -> list[str]:
        return [row["id"] for row in self._all("SELECT id FROM seen ORDER BY id")]

    def find_subject(self, text: str) -> str | None:
        sql = """
            SELECT id AS subject FROM seen WHERE id = :it
            UNION ALL SELECT subject FROM operations WHERE target = :it OR id = :it
            UNION ALL SELECT subscription_id FROM logs WHERE id = :it OR change_key = :it
            UNION ALL SELECT subscription_id FROM facts WHERE key = :it OR subscription_id = :it
            UNION ALL SELECT subject FROM parked WHERE subject = :it
            LIMIT 1
        """
        row = self._connection.execute(sql, {"it": text}).fetchone()
        return row["subject"] if row else None

    def ask(self, request: Request) -> None:
        sql = "INSERT INTO requests (id, verb, argument) VALUES (?, ?, ?)"
        self._run(sql, request.id, request.verb, request.argument)

    def asked(self) -> list[Request]:
        sql = "SELECT id, verb, argument FROM requests WHERE result IS NULL ORDER BY rowid"
        return [Request(row["id"], row["verb"], row["argument"]) for row in self._all(sql)]

    def answer(self, request_id: str, result: str) -> None:
        self._run("UPDATE requests SET result = ? WHERE id = ?", result, request_id)

    def take_answer(self, request_id: str) -> str | None:
        row = self._one("SELECT result FROM requests WHERE id = ?", request_id)
        result: str | None = row["result"] if row else None
        if result is not None:
            self._run("DELETE FROM requests WHERE id = ?", request_id)
        return result

    def counts(self) -> Counts:
        row = self._one(
            "SELECT (SELECT count(*) FROM seen) AS subscriptions,"
            " (SELECT count(*) FROM facts WHERE state = 'waiting')"
            " + (SELECT count(*) FROM wakes WHERE subscription_id NOT IN"
            " (SELECT subscription_id FROM facts WHERE state = 'waiting')) AS waiting,"
            " (SELECT count(*) FROM operations WHERE state IN ('ready', 'sent')) AS open,"
            " (SELECT count(*) FROM parked) AS parked,"
            " (SELECT count(*) FROM facts WHERE source = 'observed') AS uncertain"
        )
        assert row is not None  # noqa: S101  # an aggregate always answers
        return Counts(
            subscriptions=row["subscriptions"],
            waiting=row["waiting"],
            open_operations=row["open"],
            parked=row["parked"],
            uncertain=row["uncertain"],
        )
