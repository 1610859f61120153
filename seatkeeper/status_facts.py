"""What `status` tells on one screen, from the local state and the configuration alone."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version

from seatkeeper.config import Config
from seatkeeper.credentials import expiries
from seatkeeper.set_aside import for_a_person, outside
from store.schema import known
from sync import guard_memory
from sync.guards import Alarm
from sync.ports import Tx
from sync.standing import Standing, read_standing
from sync.state import Parked


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What the store tells, read in one snapshot."""

    standing: Standing
    parked: tuple[Parked, ...]
    organisation: str | None
    accepted_mappings: str | None

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        return self.standing.alarms

    @property
    def for_a_person(self) -> list[Parked]:
        return for_a_person(list(self.parked))


def read_stored(tx: Tx) -> Stored:
    """Read everything; run it with `Store.look`."""
    return Stored(
        standing=read_standing(tx),
        parked=tuple(tx.parked()),
        organisation=tx.meta("organisation"),
        accepted_mappings=guard_memory.accepted_mappings(tx),
    )


def status_facts(config: Config, stored: Stored, mapping_hash: str) -> dict[str, object]:
    """Return the facts in the order in which they are shown."""
    standing = stored.standing
    trouble = standing.trouble
    return {
        "mode": config.mode,
        "paused_since": standing.paused_since,
        "organisation": stored.organisation,
        "last_poll": standing.last_poll,
        "last_success": standing.last_success,
        "delta_age_seconds": _age(standing.last_poll),
        "trouble": f"{trouble.sentence} (since {trouble.since.isoformat()})" if trouble else None,
        **asdict(standing.counts),
        "oldest_waiting": standing.oldest_waiting,
        "parked": len(stored.for_a_person),
        "out_of_scope": len(outside(list(stored.parked))),
        "guard": ", ".join(one.code for one in stored.alarms) or None,
        "credentials_end": _ends(expiries(config)),
        "mapping_hash": mapping_hash or "unknown: the files cannot be used",
        "mapping_accepted": stored.accepted_mappings in (None, mapping_hash),
        "version": version("seatkeeper"),
        "schema": known()[-1],
        "state": config.state_name,
    }


def _age(last_poll: datetime | None) -> int | None:
    """Return how old the delta links are by our clock; a clock that is behind makes them new."""
    if last_poll is None:
        return None
    now = datetime.now(UTC)  # noqa: TID251  # no service is asked for the time
    return max(0, round((now - last_poll).total_seconds()))


def _ends(ends: Mapping[str, datetime]) -> str:
    told = ", ".join(f"{service} {end:%Y-%m-%d}" for service, end in sorted(ends.items()))
    return told or "not told by a client secret"
