"""The daemon's rounds at the providers: one line per change of state, and nobody else waits.

That a service does not answer, or does again, is said by the connector.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from sync.engine import Engine
from sync.partner_round import PartnerReport, run_partner_round, sweep_on
from sync.remote import RemoteError, Unavailable
from sync.state import DamagedStateError


@dataclass(slots=True)
class Partners:
    """The rounds of one daemon, and which connections a person must mend."""

    engine: Engine
    refused: set[str] = field(default_factory=set)

    def hear(self) -> None:
        """Ask what was done at the providers; whatever happens, the next round comes."""
        report = self._safely(lambda: run_partner_round(self.engine))
        if report is None:
            return
        for connection in sorted(self.refused - set(report.failures)):
            self.engine.ports.log.info("service is back", service=connection)
        self.refused &= set(report.failures)

    def sweep(self) -> None:
        """List a part of what a sweep has left; nothing is asked when it has nothing."""
        self._safely(lambda: sweep_on(self.engine))

    def _safely(self, work: Callable[[], PartnerReport]) -> PartnerReport | None:
        try:
            report = work()
        except DamagedStateError:
            raise  # it does not mend by itself; the end of the process is seen
        except Exception as error:  # noqa: BLE001  # a job that raises would stop its siblings
            self.engine.ports.log.warning("partner round failed", error=repr(error))
            return None
        for connection, failure in report.failures.items():
            self._tell(connection, failure)
        return report

    def _tell(self, connection: str, failure: RemoteError) -> None:
        if isinstance(failure, Unavailable) or connection in self.refused:
            return
        self.refused.add(connection)
        self.engine.ports.log.warning(
            "service unavailable", service=connection, reason=str(failure)
        )
