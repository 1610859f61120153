"""Copy the state of a configuration to a file, and put one back, in whichever database it is."""

from datetime import datetime
from pathlib import Path

from seatkeeper.bootstrap_state import demand_driver
from seatkeeper.config import Config
from seatkeeper.holding import Holding
from store.backup import Kept, restore_backup, write_backup
from sync.ports import Tx
from sync.restored import mark_restored


def back_up(config: Config, target: Path) -> Kept:
    """Copy the state to a file, as of one moment."""
    place = config.state_place
    if place is None:
        return write_backup(config.state_file, target)
    demand_driver(config)
    from store import postgres_backup  # noqa: PLC0415  # an extra

    return postgres_backup.write_backup(place, config.state_secret, target)


def put_back(
    config: Config, backup: Path, holding: Holding, now: datetime
) -> tuple[Kept, Path | str | None]:
    """Put a backup in the place of the state that is held; return it, and what it replaced."""

    def prepare(tx: Tx) -> None:
        mark_restored(tx, now)

    if holding.lease is None:
        stamp = f"{now:%Y%m%dT%H%M%S}"
        restored = restore_backup(backup, config.state_file, stamp=stamp, prepare=prepare)
        return restored.kept, restored.replaced
    from store import postgres_backup  # noqa: PLC0415  # an extra

    stamp = f"{now:%Y%m%dt%H%M%S}"
    found = postgres_backup.restore_backup(
        backup, holding.lease, config.state_secret, stamp=stamp, prepare=prepare
    )
    return found.kept, f"schema {found.replaced}"
