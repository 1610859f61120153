"""Tell systemd how it goes: ready, still alive, stopping (sd_notify(3)).

A datagram to the socket that NOTIFY_SOCKET names; without one nothing is told. The protocol is a
few lines, so no package is needed. A supervisor that cannot be reached never stops the work.
"""

import os
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

_FEED_EVERY_SECONDS = 5.0


@dataclass(slots=True)
class Supervisor:
    """The socket of a supervisor; `address` is empty when there is none."""

    address: str = ""
    watched: bool = False
    monotonic: Callable[[], float] = time.monotonic
    fed_at: float = float("-inf")

    @classmethod
    def of(cls, environment: Mapping[str, str] | None = None) -> "Supervisor":
        """Read who supervises this process."""
        env = os.environ if environment is None else environment
        pid = env.get("WATCHDOG_PID", "")
        watched = "WATCHDOG_USEC" in env and pid in {"", str(os.getpid())}
        return cls(address=env.get("NOTIFY_SOCKET", ""), watched=watched)

    def ready(self) -> None:
        """Tell that the start is over."""
        self.say("READY=1")

    def stopping(self) -> None:
        """Tell that the end has begun."""
        self.say("STOPPING=1")

    def status(self, sentence: str) -> None:
        """Tell in words how it goes, for `systemctl status`."""
        self.say(f"STATUS={sentence.splitlines()[0] if sentence else ''}")

    def alive(self) -> None:
        """Feed the watchdog, at most every few seconds."""
        now = self.monotonic()
        if self.watched and now - self.fed_at >= _FEED_EVERY_SECONDS:
            self.fed_at = now
            self.say("WATCHDOG=1")

    def say(self, message: str) -> None:
        """Send one message, if anybody listens."""
        if not self.address:
            return
        place = "\0" + self.address[1:] if self.address.startswith("@") else self.address
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.settimeout(0)
            sender.sendto(message.encode(), place)
