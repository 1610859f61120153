"""Messages beside the daemon's work: in a thread, so that no slow service delays a cycle."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from seatkeeper.bootstrap import Application
from seatkeeper.bootstrap_state import look_at_store
from seatkeeper.config import Config
from seatkeeper.config_keys import secrets_of
from seatkeeper.credentials import expiries
from seatkeeper.notify.concerns import Watch
from seatkeeper.notify.judging import Habits
from seatkeeper.notify.notifier import Notifier, Transport
from seatkeeper.pulse import Pulse
from sync.ports import Store

_LOOK_SECONDS = 30.0
_END_SECONDS = 2.0


@contextmanager
def notifying(
    application: Application, pulse: Pulse, transport: Transport | None = None
) -> Iterator[None]:
    """Tell people meanwhile, where the configuration names addresses."""
    config = application.config
    if not config.notify.urls:
        yield
        return
    carried = transport or open_transport(config)
    store, over = look_at_store(config), threading.Event()
    notifier = notifier_of(config, store, pulse, carried)
    thread = threading.Thread(target=_look_on, args=(notifier, over), name="notify", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(_END_SECONDS)
        if not thread.is_alive():
            store.close()


def notifier_of(config: Config, store: Store, pulse: Pulse, transport: Transport) -> Notifier:
    """Return what tells people, for a daemon that starts now."""
    notify, credentials, started = config.notify, expiries(config), pulse.monotonic()

    def watch() -> Watch:
        now = pulse.now()
        return Watch(
            now=now,
            started_at=now - timedelta(seconds=pulse.monotonic() - started),
            silence=timedelta(seconds=notify.silent_intervals * config.poll_seconds),
            credentials=credentials,
            trouble=pulse.complaint(),
        )

    habits = Habits(remind_after=notify.remind_length, quiet=notify.quiet, zone=notify.time_zone)
    return Notifier(
        store=store,
        transport=transport,
        habits=habits,
        watch=watch,
        secrets=tuple(one for one in secrets_of(config) if one),
    )


def open_transport(config: Config) -> Transport:
    """Return what carries messages. Raise ConfigurationError for an address that is none."""
    # Lazy: apprise is large, and only who wants messages pays for it.
    from seatkeeper.notify.by_apprise import AppriseTransport  # noqa: PLC0415

    return AppriseTransport([one.get_secret_value() for one in config.notify.urls])


def _look_on(notifier: Notifier, over: threading.Event) -> None:
    notifier.look()
    while not over.wait(_LOOK_SECONDS):
        notifier.look()
