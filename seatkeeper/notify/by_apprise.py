"""Messages by apprise: mail, Teams, Slack, PagerDuty and many more behind one kind of address.

An address holds a key, so that none is ever told or logged, apprise's own lines included.
"""

import logging
from collections.abc import Sequence

from seatkeeper.notify.notifier import UntoldError
from seatkeeper.yaml_files import ConfigurationError, Problem

try:
    import apprise
except ImportError:  # the extra `notify` is not installed
    apprise = None  # type: ignore[assignment]  # told when somebody wants a message

_APPRISE = "apprise"


class AppriseTransport:
    """Carries each message to every address."""

    def __init__(self, addresses: Sequence[str]) -> None:
        """Take the addresses. Raise ConfigurationError for one that apprise does not know."""
        _silence()
        if apprise is None:
            raise _wrong("", "apprise is not installed.", "pip install 'seatkeeper[notify]'")
        self._targets = []
        for at, address in enumerate(addresses):
            target = apprise.Apprise()
            if not target.add(address):
                remedy = "See the list of services of apprise: scheme://key@host/..."
                raise _wrong(f".{at}", "this address is none that apprise knows.", remedy)
            self._targets.append(target)

    def tell(self, title: str, body: str) -> None:
        """Carry one message; it counts as told when one address took it."""
        answers = [self._took(target, title, body) for target in self._targets]
        if not any(answers):
            raise UntoldError(f"none of {len(answers)} addresses of notify.urls took a message")

    def _took(self, target: "apprise.Apprise", title: str, body: str) -> bool:
        try:
            return bool(target.notify(title=title, body=body))
        except Exception:  # noqa: BLE001  # a plug-in of apprise; its words may hold a key
            return False


def _silence() -> None:
    """Keep apprise's own log lines from stderr: they show addresses."""
    its_log = logging.getLogger(_APPRISE)
    its_log.handlers = [logging.NullHandler()]
    its_log.propagate = False


def _wrong(place: str, message: str, remedy: str) -> ConfigurationError:
    problem = Problem(
        file="configuration", line=None, field=f"notify.urls{place}", message=message, remedy=remedy
    )
    return ConfigurationError([problem])
