"""Whether a certificate is Microsoft's: its organisation, and a chain to a root that we trust.

The address of a certificate comes from an unauthenticated caller: only https and only hosts on
the list are asked, few times a minute, and an answer is kept (partner-center.md 3.4).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit, urlunsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

_ORGANISATION = "Microsoft Corporation"
_LONGEST_CHAIN = 4
_LEAST_BITS = 2048
_KEPT_SECONDS = 3600.0
_KEPT = 16
_FETCHES = 12
_FETCH_WINDOW_SECONDS = 60.0


class UntrustedError(Exception):
    """A certificate proves nothing to us."""


Fetch = Callable[[str], bytes]
"""Returns what stands at an address. Raises OSError."""


@dataclass(slots=True, kw_only=True)
class Certificates:
    """Fetches and judges the certificates of a sender."""

    hosts: frozenset[str]
    roots: Iterable[x509.Certificate]
    fetch: Fetch
    now: Callable[[], datetime]
    """Real time: certificates live in it."""
    monotonic: Callable[[], float]
    _known: dict[str, tuple[float, RSAPublicKey]] = field(default_factory=dict)
    _fetched: list[float] = field(default_factory=list)

    def key_at(self, url: str) -> RSAPublicKey:
        """Return the key of the certificate at an address. Raise UntrustedError."""
        known = self._known.get(url)
        if known is not None and self.monotonic() - known[0] < _KEPT_SECONDS:
            return known[1]
        leaf = self._at(url)
        names = leaf.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        if [one.value for one in names] != [_ORGANISATION]:
            raise UntrustedError("the certificate is of another organisation")
        self._follow(leaf)
        key = leaf.public_key()
        if not isinstance(key, RSAPublicKey) or key.key_size < _LEAST_BITS:
            raise UntrustedError("the key is none that we take")
        if len(self._known) >= _KEPT:
            self._known.clear()
        self._known[url] = (self.monotonic(), key)
        return key

    def _follow(self, leaf: x509.Certificate) -> None:
        """Follow the issuers up to a root that we trust."""
        current = leaf
        for _ in range(_LONGEST_CHAIN):
            self._is_in_time(current)
            if any(is_issued_by(current, root) for root in self.roots):
                return
            issuer = self._at(_secure(issuer_address(current)))
            if not is_authority(issuer) or not is_issued_by(current, issuer):
                break
            current = issuer
        raise UntrustedError("the chain leads to no root that we trust")

    def _is_in_time(self, certificate: x509.Certificate) -> None:
        now = self.now()
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise UntrustedError("the certificate is out of date")

    def _at(self, url: str) -> x509.Certificate:
        parts = urlsplit(url)
        if parts.scheme != "https" or parts.netloc.lower() not in self.hosts:
            raise UntrustedError("the address is none where certificates are kept")
        self._count()
        try:
            return read_certificate(self.fetch(url))
        except (OSError, ValueError):
            raise UntrustedError("there is no certificate at the address") from None

    def _count(self) -> None:
        """Ask few times a minute: who calls us must not have us call others."""
        since = self.monotonic() - _FETCH_WINDOW_SECONDS
        self._fetched = [at for at in self._fetched if at > since]
        if len(self._fetched) >= _FETCHES:
            raise UntrustedError("certificates were asked for too often")
        self._fetched.append(self.monotonic())


def read_certificate(content: bytes) -> x509.Certificate:
    """Read DER or PEM. Raise ValueError."""
    if content.startswith(b"-----"):
        return x509.load_pem_x509_certificate(content)
    return x509.load_der_x509_certificate(content)


def is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Tell whether one certificate signed another."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def is_authority(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate may sign others."""
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def issuer_address(certificate: x509.Certificate) -> str:
    """Return where the issuer's certificate is. Raise UntrustedError when none is named."""
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess)
    except (x509.ExtensionNotFound, ValueError):
        raise UntrustedError("the chain leads to no root that we trust") from None
    for one in access.value:
        if one.access_method == AuthorityInformationAccessOID.CA_ISSUERS and isinstance(
            one.access_location, x509.UniformResourceIdentifier
        ):
            return one.access_location.value
    raise UntrustedError("the chain leads to no root that we trust")


def _secure(url: str) -> str:
    """Ask for an issuer by https, whatever its certificate says."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(scheme="https")) if parts.scheme == "http" else url
