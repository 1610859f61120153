"""When the certificates that we sign in with end. A client secret does not tell its own end."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from seatkeeper.config import Config, SignInConfig


def expiries(config: Config) -> Mapping[str, datetime]:
    """Return the end of each connection's certificate, by service; those without are left out."""
    found = {
        "dataverse": _end(config.dataverse.sign_in),
        "webhooks": _end_of_file(config.webhooks.certificate_file),
    }
    for provider in config.providers.values():
        if provider.sign_in is None:
            continue
        ends = [end for end in (found.get("partner_center"), _end(provider.sign_in)) if end]
        found["partner_center"] = min(ends, default=None)
    return {service: end for service, end in found.items() if end is not None}


def _end(sign_in: SignInConfig) -> datetime | None:
    """Return the end of a certificate; None without one, or when it cannot be read here."""
    try:
        if sign_in.certificate_file is not None:
            return _of_pem(sign_in.certificate_file)
        if sign_in.pfx_file is not None:
            given = sign_in.passphrase.get_secret_value() if sign_in.passphrase else None
            return _of_pfx(sign_in.pfx_file, given)
    except (OSError, ValueError):
        return None  # signing in says what is wrong with it
    return None


def _end_of_file(path: Path | None) -> datetime | None:
    """Return the end of a certificate of our own; None when there is none that can be read."""
    try:
        return _of_pem(path) if path is not None else None
    except (OSError, ValueError):
        return None  # listening says what is wrong with it


def _of_pem(path: Path) -> datetime:
    from cryptography import x509  # noqa: PLC0415  # a secret needs none of it

    return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc


def _of_pfx(path: Path, passphrase: str | None) -> datetime | None:
    from cryptography.hazmat.primitives.serialization import pkcs12  # noqa: PLC0415  # as above

    secret = passphrase.encode() if passphrase else None
    _, certificate, _ = pkcs12.load_key_and_certificates(path.read_bytes(), secret)
    return certificate.not_valid_after_utc if certificate else None
