"""Take changed mapping files into a running daemon: on SIGHUP, or when a file changes.

Validated and tested first; what cannot be used leaves the old ones in force. Nothing is sent by
changed mappings before a person has accepted their plan: the guard `mappings-changed` sees to it.
"""

import signal
from pathlib import Path
from types import FrameType

import structlog

from seatkeeper.bootstrap import Application, policy
from seatkeeper.mapping_folder import failures, open_folder, read_folder, shipped
from seatkeeper.yaml_files import ConfigurationError
from sync.engine import Engine
from sync.mapping_files import Mappings
from sync.polled_columns import follow_columns
from sync.remote import RemoteError

Stamp = frozenset[tuple[str, int, int]]

log = structlog.get_logger()


class Reloader:
    """Looks between two cycles whether the mappings are to be read again."""

    def __init__(self, application: Application, *, watch: bool = False) -> None:
        self._application = application
        self._watch = watch
        self._asked = False
        self._stamp = self._look_at_files()

    def catch_signal(self) -> None:
        """Read the mappings again on SIGHUP."""

        def ask(_: int, __: FrameType | None) -> None:
            self._asked = True

        signal.signal(signal.SIGHUP, ask)

    def look(self) -> bool:
        """Take the mappings in if somebody asks, or a file changed; tell whether they changed."""
        stamp = self._look_at_files() if self._watch else self._stamp
        if not self._asked and stamp == self._stamp:
            return False
        self._asked, self._stamp = False, stamp
        return self._reload()

    def _look_at_files(self) -> Stamp:
        """Return names, times and sizes; a file that vanishes meanwhile is seen the next time."""
        folder = self._application.config.mappings or shipped()
        found: set[tuple[str, int, int]] = set()
        for path in folder.glob("*.yaml"):
            found |= _stamp_of(path)
        return frozenset(found)

    def _reload(self) -> bool:
        engine = self._application.engine
        try:
            mappings = read_tested(self._application.config.mappings)
            if mappings.hash == engine.mappings.hash:
                log.info("mappings unchanged", mapping=mappings.hash)
                return False
            take_mappings(self._application, mappings)
        except (ConfigurationError, RemoteError) as error:
            log.warning("mappings refused", reason=str(error), mapping=engine.mappings.hash)
            return False
        log.warning("mappings changed", mapping=mappings.hash)
        return True


def _stamp_of(path: Path) -> set[tuple[str, int, int]]:
    try:
        facts = path.stat()
    except OSError:
        return set()
    return {(path.name, facts.st_mtime_ns, facts.st_size)}


def read_tested(folder: Path | None) -> Mappings:
    """Read mappings whose own tests hold; raise ConfigurationError with all that is wrong."""
    found = open_folder(folder)
    mappings = read_folder(found)
    failed = list(failures(found, mappings))
    if failed:
        raise ConfigurationError(failed)
    return mappings


def take_mappings(application: Application, mappings: Mappings) -> None:
    """Put mappings in force; raise RemoteError, with the old ones in force, if it cannot be."""
    engine = application.engine
    table = mappings.entity("subscription").table
    if table != engine.mappings.entity("subscription").table:
        engine.audited = engine.ports.crm.organisation([table]).audited_tables
    application.mappings = engine.mappings = mappings
    engine.policy = policy(application.config, mappings)
    _forget(engine)
    follow_columns(engine)


def _forget(engine: Engine) -> None:
    """Forget what was read or worked out by the mappings that were in force."""
    engine.contexts.clear()
    engine.announced.clear()
    engine.resting.clear()
    engine.sleeping.clear()
    engine.weighed = None
