"""The long-running process: a cycle every few seconds, queued commands, a clean end."""

import json
import os
import signal
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from threading import Thread, Timer
from types import FrameType

import structlog

from seatkeeper.bootstrap import Application, meet
from seatkeeper.clockwork import Clockwork
from seatkeeper.console_beside import console_beside
from seatkeeper.notify.beside import notifying
from seatkeeper.partners import Partners
from seatkeeper.pulse import Pulse
from seatkeeper.requested import NEEDS_NOBODY, RequestRefusedError, run_request
from seatkeeper.supervisor import Supervisor
from seatkeeper.tally import timed_cycle
from seatkeeper.tidying import tidy_if_due
from seatkeeper.watching import watched
from seatkeeper.webhooks.nudges import Nudges
from seatkeeper.webhooks.taking import take_nudges
from sync.cycle import Report, look_at_parked, run_cycle
from sync.engine import pause
from sync.invariant_watch import judge_daily
from sync.invoice_round import run_round
from sync.paused import paused_since
from sync.ports import Tx
from sync.remote import RemoteError, SignInFailed, Unavailable
from sync.standing import LAST_POLL, LAST_SUCCESS, clear_trouble, note_trouble
from sync.state import (
    DamagedStateError,
    Request,
    StateError,
    UnreachableStateError,
    UnwritableStateError,
)

_PARKED_SECONDS = 300
_INVOICE_SECONDS = 300
_INVARIANT_SECONDS = 3600
"""How often it is looked whether the daily look at the invariants is due."""
_TIDY_SECONDS = 3_600
_GRACE_SECONDS = 8.0
_AGAIN_SECONDS = 0.5

log = structlog.get_logger()


@dataclass(slots=True)
class Standing:
    """What the daemon last said about the services: one line per change, not per attempt.

    That a service does not answer, or does again, is said by the connector.
    """

    down: str = ""
    failures: int = 0

    def failed(self, error: RemoteError) -> None:
        self.failures += 1
        if isinstance(error, Unavailable):
            return
        kind = "sign-in" if isinstance(error, SignInFailed) else "service"
        if self.down != kind:
            self.down = kind
            log.warning("service unavailable", reason=str(error))

    def worked(self) -> None:
        if self.down:
            log.info("service is back", attempt=self.failures)
        self.down, self.failures = "", 0


class Daemon:
    """Runs an application until it is told to stop."""

    def __init__(
        self, application: Application, *, renew: Callable[[], bool] = lambda: False
    ) -> None:
        self._application = application
        self._renew = renew
        """Asked between two cycles: takes changed mappings in, and tells whether it did."""
        self._engine = application.engine
        self._engine.stopping = self._is_interrupted
        self._standing = Standing()
        self._partners = Partners(self._engine)
        self._clockwork = Clockwork()
        self._supervisor = Supervisor.of()
        self.pulse = Pulse(
            poll_seconds=application.config.poll_seconds, told=self._supervisor.alive
        )
        application.tally.progress = self.pulse.beat
        self.nudges = Nudges(wake=application.wake, monotonic=self.pulse.monotonic)

    def run(self) -> None:
        """Work until SIGTERM, SIGINT or a sign-in that a person must mend at the start."""
        application = self._application
        with (
            watched(application, self.pulse),
            console_beside(application.config),
            notifying(application, self.pulse),
            self._hooked(),
        ):
            self._work()
        self._supervisor.stopping()
        log.info("stopped", left=self._left())

    def _hooked(self) -> AbstractContextManager[None]:
        """Take the services' calls meanwhile, where the configuration wants it."""
        if self._application.config.webhooks.listen is None:
            return nullcontext()
        # Lazy: only a daemon that listens pays for loading the server.
        from seatkeeper.webhooks.server import listening  # noqa: PLC0415

        return listening(self._application, self.pulse, self.nudges)

    def _work(self) -> None:
        self._start()
        config = self._application.config
        self._clockwork.every("cycle", config.poll_seconds, self._cycle)
        self._clockwork.every("parked", _PARKED_SECONDS, self._parked)
        self._clockwork.every("invoices", _INVOICE_SECONDS, self._invoices)
        self._clockwork.every("tidy", _TIDY_SECONDS, self._tidy)
        self._clockwork.every("invariants", _INVARIANT_SECONDS, self._invariants)
        self._clockwork.every("partners", config.partner_poll_seconds, self._partners.hear)
        self._clockwork.every("sweep", config.poll_seconds, self._partners.sweep)
        self._parked()  # the configuration may have changed: a wider scope, another connection
        self._cycle()
        self._invoices()
        self._partners.hear()
        self._invariants()
        self._clockwork.plan()
        while not self._application.stop.is_set():
            self._rest(min(self._clockwork.run_pending(), 1.0))
            self.pulse.beat()
            if self._renew() or self._asked() or take_nudges(self._engine, self.nudges):
                self._cycle()

    def _rest(self, seconds: float) -> None:
        """Wait for the next job; a webhook's call ends the wait."""
        if self._application.config.webhooks.listen is None:
            self._application.stop.wait(seconds)
            return
        pause = min(self.nudges.pause_seconds(), seconds)
        if not self._application.stop.wait(pause):
            self._application.wake.wait(seconds - pause)

    def _start(self) -> None:
        """Meet the organisation; a service that is down is waited for."""
        config = self._application.config
        since = self._engine.ports.store.tx(paused_since)
        paused = {"reason": f"paused since {since}"} if since else {}
        log.info("started", poll_seconds=config.poll_seconds, mode=config.mode, **paused)
        while not self._application.stop.is_set():
            try:
                meet(self._application)
            except SignInFailed:
                raise
            except RemoteError as error:
                self._supervisor.ready()  # it runs, and waits for a service
                self._failed(error, NEEDS_NOBODY)
            else:
                self._standing.worked()
                self._supervisor.ready()
                self._mark_worked()
                return

    def _cycle(self) -> None:
        """Run one cycle; whatever happens, the next one comes."""
        self.pulse.begun()
        try:
            self._answer_requests()
            with timed_cycle(self._application.tally, self._engine.ports.effects) as outcome:
                report = run_cycle(self._engine)
                outcome.append(_outcome(report))
            self._note(report)
        except RemoteError as error:
            self._failed(error)
        except DamagedStateError:
            raise  # it does not mend by itself; the end of the process is seen
        except Exception as error:  # noqa: BLE001  # a job that raises would stop its siblings
            self.pulse.failed(error)
            log.warning("cycle failed", error=repr(error))

    def _invoices(self) -> None:
        """See what people closed and issue what is due; whatever happens, the next one comes."""
        try:
            for failure in run_round(self._engine).failures:
                self._standing.failed(failure)
        except DamagedStateError:
            raise  # as in a cycle
        except Exception as error:  # noqa: BLE001  # a job that raises would stop its siblings
            log.warning("invoices failed", error=repr(error))

    def _invariants(self) -> None:
        """Judge the invariants once a day; whatever happens, the next look comes."""
        try:
            judge_daily(self._engine)
        except RemoteError as error:
            self._standing.failed(error)
        except DamagedStateError:
            raise  # as in a cycle
        except Exception as error:  # noqa: BLE001  # a job that raises would stop its siblings
            log.warning("invariants failed", error=repr(error))

    def _failed(self, error: RemoteError, verbs: frozenset[str] | None = None) -> None:
        """Say that a service failed, and wait; a person's commands are answered meanwhile."""
        self._standing.failed(error)
        self._mark_failed(error)
        end = time.monotonic() + pause(self._standing.failures - 1).total_seconds()
        while (left := end - time.monotonic()) > 0 and not self._application.stop.is_set():
            self._application.stop.wait(min(left, 1.0))
            self.pulse.beat()
            self._answer_requests(verbs)

    def _asked(self) -> list[Request]:
        """Return the commands that wait; a state that cannot be read is met by the cycle."""
        try:
            return self._engine.ports.store.tx(lambda tx: tx.asked())
        except UnreachableStateError:
            return []  # asked for every second; the cycle tells
        except Exception as error:  # noqa: BLE001  # the loop goes on, and tells
            log.warning("request failed", error=repr(error))
            return []

    def _is_interrupted(self) -> bool:
        """Tell whether work under way is to end: a signal, or a person who pauses."""
        self.pulse.beat()
        return self._application.stop.is_set() or any(one.verb == "pause" for one in self._asked())

    def _note(self, report: Report) -> None:
        for failure in report.failures:
            self._standing.failed(failure)
            self._mark_failed(failure)
        if not report.failures:
            self._standing.worked()
            self._mark_worked()
        note_cycle(self._application, worked=not report.failures)
        if report.logs or report.changes:
            log.info("cycle", changes=report.changes, worked=report.worked)

    def _mark_failed(self, error: RemoteError) -> None:
        """Let those who watch know what went wrong."""
        self.pulse.failed(error)
        self._supervisor.status(str(error))
        now = self.pulse.now()
        with suppress(StateError):
            self._engine.ports.store.tx(lambda tx: note_trouble(tx, str(error), now))

    def _mark_worked(self) -> None:
        """Let those who watch know that all is well."""
        self.pulse.worked(self._engine.now())
        self._supervisor.status("all services answer")

    def _parked(self) -> None:
        try:
            look_at_parked(self._engine)
        except UnwritableStateError as error:
            log.warning("cycle failed", error=repr(error))

    def _tidy(self) -> None:
        """Tidy the state once a day; whatever happens, the next hour comes."""
        try:
            tidy_if_due(self._application)
        except DamagedStateError:
            raise  # as in a cycle
        except Exception as error:  # noqa: BLE001  # a job that raises would stop its siblings
            log.warning("state not tidied", reason=repr(error))

    def _left(self) -> int:
        counts = self._engine.ports.store.tx(lambda tx: tx.counts())
        return counts.waiting + counts.open_operations

    def _answer_requests(self, verbs: frozenset[str] | None = None) -> None:
        """Run commands that a person queued while we hold the lock; all, or the named ones."""
        for request in self._asked():
            if verbs is None or request.verb in verbs:
                self._answer(request)

    def _answer(self, request: Request) -> None:
        """Answer a command, whatever happens; one that stays queued would stop every cycle."""
        try:
            result = run_request(self._engine, request.verb, request.argument)
        except (RemoteError, RequestRefusedError) as error:
            result = json.dumps({"error": str(error)})
        except Exception as error:  # noqa: BLE001  # the boundary of a person's command
            log.warning("request failed", error=repr(error))
            result = json.dumps({"error": f"{type(error).__name__}: {error}"})
        self._engine.ports.store.tx(lambda tx: tx.answer(request.id, result))


def note_success(application: Application) -> None:
    """Remember when everything was last done, for `status`."""
    note_cycle(application, worked=True)


def note_cycle(application: Application, *, worked: bool) -> None:
    """Remember when Dataverse was last read, and when everything was last done."""
    now = application.engine.now().isoformat()
    names = (LAST_POLL, LAST_SUCCESS) if worked else (LAST_POLL,)

    def tx_note(tx: Tx) -> None:
        for name in names:
            tx.set_meta(name, now)
        if worked:
            clear_trouble(tx)

    application.store.tx(tx_note)


def _outcome(report: Report) -> str:
    """Return how a cycle ended, in one word for the metrics."""
    if report.failures:
        return "failed"
    return "stopped" if report.stopped else "worked"


def catch_signals(application: Application) -> None:
    """End cleanly on the first signal; the second one, or a call that hangs, ends at once."""
    begun: list[float] = []

    def stop(number: int, _: FrameType | None) -> None:
        # A supervisor may send one signal twice, to the process and to its group.
        begun.append(time.monotonic())
        if begun[-1] - begun[0] > _AGAIN_SECONDS:
            raise SystemExit(128 + number)
        if len(begun) > 1:
            return
        # In a thread: the signal may have come while this one holds the event's own lock.
        Thread(target=application.halt, daemon=True).start()
        last = Timer(_GRACE_SECONDS, _end_now)
        last.daemon = True
        last.start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


def _end_now() -> None:
    """Leave a call that still hangs: its intent is stored, and it is verified at the next start."""
    log.warning("stopped", reason="a call was still under way; it is verified at the next start")
    os._exit(0)
