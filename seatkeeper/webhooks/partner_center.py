"""Partner Center's webhook: a signature over the raw body; then: look at that licence.

Order: what costs nothing first, then the certificate and the signature, and only then what the
body says. Its addresses are parsed for ids and never fetched.
"""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from seatkeeper.webhooks.calls import Call, Reason, RefusedError
from seatkeeper.webhooks.certificates import Certificates, UntrustedError
from seatkeeper.webhooks.dataverse import read_object
from seatkeeper.webhooks.limits import Heard
from seatkeeper.webhooks.nudges import Nudges

LONGEST = 16 * 1024
_OLDEST = timedelta(hours=72)
"""Events come up to 48 hours late."""
_AHEAD = timedelta(minutes=10)
_SCHEME = "Signature "
_GUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_LICENCE = re.compile(rf"/customers/{_GUID}/subscriptions/({_GUID})/?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerCenterHook:
    """Takes the calls of Partner Center."""

    certificates: Certificates
    audit_hosts: frozenset[str]
    now: Callable[[], datetime]
    """Business time: events are dated in it."""
    nudges: Nudges
    heard: Heard = field(default_factory=Heard)
    longest: int = LONGEST

    def take(self, call: Call) -> bool:
        """Take a call in; tell whether it has an effect. Raises RefusedError."""
        self._prove(call)
        event = read_object(call.body)
        self._is_ours(event)
        self._is_fresh(event)
        self.heard.once(call.body)
        named = _LICENCE.search(urlsplit(_text(event, "ResourceUri")).path)
        if _text(event, "EventName") != "subscription-updated" or named is None:
            return False
        self.nudges.look_at(named.group(1).lower())
        return True

    def _prove(self, call: Call) -> None:
        """Verify the signature: RSA PKCS#1 v1.5 with SHA-256 over the body as it came."""
        told = call.headers.get("x-ms-signature") or call.headers.get("authorization", "")
        algorithm = call.headers.get("x-ms-signature-algorithm", "")
        if not told.startswith(_SCHEME) or algorithm.lower() != "rsa-sha256":
            raise RefusedError(Reason.FORGED)
        try:
            signature = base64.b64decode(told.removeprefix(_SCHEME), validate=True)
            key = self.certificates.key_at(call.headers.get("x-ms-certificate-url", ""))
            key.verify(signature, call.body, padding.PKCS1v15(), hashes.SHA256())
        except (binascii.Error, ValueError, UntrustedError, InvalidSignature):
            raise RefusedError(Reason.FORGED) from None

    def _is_ours(self, event: dict[str, Any]) -> None:
        audit = event.get("AuditUri")
        if audit is None:
            return
        parts = urlsplit(_text(event, "AuditUri"))
        if parts.scheme != "https" or parts.netloc.lower() not in self.audit_hosts:
            raise RefusedError(Reason.FORGED)

    def _is_fresh(self, event: dict[str, Any]) -> None:
        try:
            at = datetime.fromisoformat(_text(event, "ResourceChangeUtcDate"))
        except ValueError:
            raise RefusedError(Reason.MALFORMED) from None
        aware = at if at.tzinfo else at.replace(tzinfo=UTC)
        if not -_AHEAD <= self.now() - aware <= _OLDEST:
            raise RefusedError(Reason.REPLAYED)


def _text(event: dict[str, Any], name: str) -> str:
    value = event.get(name)
    if not isinstance(value, str):
        raise RefusedError(Reason.MALFORMED)
    return value
