"""What a failed exchange proves: was the request sent, or perhaps not.

Only the two ends know; the client sees which step failed. Everything that is not certainly
"not sent" counts as sent, for a write that is sent twice costs money.
"""

import ssl
from collections.abc import Iterator

import requests
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
)

from connector.errors import NoAnswer, NotSent
from sync.remote import Refused, RemoteError

NEVER_CONNECTED = (ConnectTimeoutError, NewConnectionError, NameResolutionError, ProxyError)


WORDS = (
    (ssl.SSLCertVerificationError, "its certificate is not trusted; check ca_file and the name"),
    (NameResolutionError, "the host name is not known; check the url and the network"),
    (requests.exceptions.ProxyError, "the proxy cannot be reached; check HTTPS_PROXY"),
    (requests.exceptions.ConnectTimeout, "no connection within the time limit"),
    (NEVER_CONNECTED, "the connection was refused"),
    (requests.exceptions.ReadTimeout, "no answer within the time limit"),
)
"""From the most telling reason to the least."""
NOT_SENT = (
    *NEVER_CONNECTED,
    ssl.SSLCertVerificationError,
    requests.exceptions.ConnectTimeout,
    requests.exceptions.ProxyError,
)


def failure_of(error: requests.RequestException, place: str, correlation_id: str) -> RemoteError:
    """Return NotSent, NoAnswer, or Refused for an address that cannot work."""
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return Refused(f"{place}: the address cannot be used; check the configured url")
    reasons = tuple(_reasons(error))
    message = f"{place}: {_words(reasons)}"
    if _any(reasons, NOT_SENT):
        return NotSent(message, correlation_id=correlation_id)
    return NoAnswer(message, correlation_id=correlation_id)


def _words(reasons: tuple[BaseException, ...]) -> str:
    for kind, words in WORDS:
        if _any(reasons, kind):
            return words
    return f"the connection broke before the answer was complete ({type(reasons[0]).__name__})"


def _any(
    reasons: tuple[BaseException, ...],
    kinds: type[BaseException] | tuple[type[BaseException], ...],
) -> bool:
    return any(isinstance(reason, kinds) for reason in reasons)


def _reasons(error: BaseException) -> Iterator[BaseException]:
    """Walk from a requests error down to what urllib3 and ssl said."""
    seen: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        found = waiting.pop()
        if isinstance(found, BaseException) and found not in seen:
            seen.append(found)
            yield found
            waiting += [*found.args, found.__cause__]
            waiting += [found.reason] if isinstance(found, MaxRetryError) else []
            waiting += [getattr(found, "original_error", None)]
