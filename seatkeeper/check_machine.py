"""What `check` finds on this machine: the configuration's file, the state, the disk, the clock."""

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from seatkeeper.bootstrap_state import look_at_store
from seatkeeper.check_results import CheckResult
from seatkeeper.config import Config
from seatkeeper.credentials import expiries
from sync import guard_memory
from sync.mapping_files import Mappings
from sync.state import StateError

LEAST_FREE_BYTES = 100 * 1024 * 1024
FAR_OFF = timedelta(minutes=5)
"""Sign-in services take assertions of a clock that is this far off, and no farther."""
SOON = timedelta(days=14)


def free_bytes(folder: Path) -> int:
    """Return how much a folder's disk can take."""
    return shutil.disk_usage(folder).free


def may_write(path: Path) -> bool:
    """Tell whether our user may write to a file or folder."""
    return os.access(path, os.W_OK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What is asked of the machine."""

    free: Callable[[Path], int] = free_bytes
    writable: Callable[[Path], bool] = may_write


def check_machine(config: Config, mappings: Mappings | None, machine: Machine) -> list[CheckResult]:
    """Look at the state, its disk, the mappings that were accepted, and certificates."""
    if config.state_place is not None:
        return [*_opened(config, mappings, is_usable=True), *_certificates(config)]
    found = [*_state(config, mappings, machine), *_certificates(config)]
    return [*found, *_disk(_nearest(config.state_file.parent), machine)]


def config_file_result(path: Path, *, holds_secret: bool) -> Iterator[CheckResult]:
    """Warn about a secret in a file that others may read."""
    if holds_secret and path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        told = (
            f"it holds a secret, and others may read it; `chmod 600 {path}`, or keep it elsewhere"
        )
        yield CheckResult(what="configuration", ok=True, note=True, told=told)


def clock_result(theirs: datetime, ours: datetime) -> CheckResult:
    """Compare our clock with the Date header of Dataverse."""
    skew = ours - theirs
    side = "ahead of" if skew > timedelta(0) else "behind"
    if abs(skew) <= FAR_OFF:
        seconds = round(abs(skew).total_seconds())
        return CheckResult(what="clock", ok=True, told=f"{seconds} s {side} Dataverse's")
    told = (
        f"{_span(abs(skew))} {side} Dataverse's: sign-in with a certificate will fail; set the"
        " clock by NTP (or a sandbox's clock was moved)"
    )
    return CheckResult(what="clock", ok=True, note=True, told=told)


def _span(length: timedelta) -> str:
    days, minutes = length.days, round(length.seconds / 60)
    return f"{days} days" if days else f"{minutes} minutes"


def _state(config: Config, mappings: Mappings | None, machine: Machine) -> Iterator[CheckResult]:
    file = config.state_file
    what = "state"
    folder = _nearest(file.parent)
    closed = [one for one in (file, folder) if one.exists() and not machine.writable(one)]
    if not folder.is_dir():
        yield CheckResult(what=what, ok=False, told=f"{folder} is no folder; correct `state`")
        return
    if closed:
        told = f"{closed[0]} is read-only; let the user that runs Seatkeeper write to it"
        yield CheckResult(what=what, ok=False, told=told)
    elif not file.exists():
        yield CheckResult(what=what, ok=True, told=f"{file} is made at the first run")
        return
    yield from _opened(config, mappings, is_usable=not closed)


def _opened(config: Config, mappings: Mappings | None, *, is_usable: bool) -> Iterator[CheckResult]:
    try:
        store = look_at_store(config)
    except StateError as error:
        yield CheckResult(what="state", ok=False, told=str(error))
        return
    with_hash = store.look(guard_memory.accepted_mappings)
    store.close()
    if is_usable:
        yield CheckResult(what="state", ok=True, told=config.state_name)
    yield from _accepted(mappings, with_hash)


def _accepted(mappings: Mappings | None, accepted: str | None) -> Iterator[CheckResult]:
    if mappings is not None and accepted not in (None, mappings.hash):
        told = (
            f"the hash {mappings.hash[:12]} is not the one that was accepted ({accepted[:12]}):"
            " nothing is sent until `seatkeeper plan` was looked at and applied"
        )
        yield CheckResult(what="mappings", ok=True, note=True, told=told)


def _disk(folder: Path, machine: Machine) -> Iterator[CheckResult]:
    try:
        free = machine.free(folder)
    except OSError as error:
        yield CheckResult(what="disk", ok=False, told=f"{folder}: {error.strerror}")
        return
    told = f"{free / 1024**3:.1f} GB free at {folder}"
    if free < LEAST_FREE_BYTES:
        told = f"only {free // 1024**2} MB free at {folder}; make room before it is full"
    yield CheckResult(what="disk", ok=free >= LEAST_FREE_BYTES, told=told)


def _certificates(config: Config) -> Iterator[CheckResult]:
    now = datetime.now(UTC)  # noqa: TID251  # certificates end in real time
    for service, end in expiries(config).items():
        what = f"certificate for {service.replace('_', ' ')}"
        yield CheckResult(
            what=what, ok=end > now, note=now < end < now + SOON, told=f"ends on {end:%Y-%m-%d}"
        )


def _nearest(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that is there."""
    return next(one for one in (folder, *folder.parents) if one.exists())
