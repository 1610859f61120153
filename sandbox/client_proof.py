"""How a client proves who it is at the token endpoint: secret, or signed assertion.

What is checked of an assertion: clients-and-sign-in.md section 2. A repeated jti is not refused,
because msal re-uses one assertion for 540 s.
"""

import base64
import hmac
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding

from sandbox.world import World

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LEEWAY_SECONDS = 300
_LONGEST_SECONDS = 86_400


class SignInRefused(Exception):
    """The token endpoint refuses a request, in the words of Entra ID."""

    def __init__(self, status: int, error: str, code: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.error = error
        self.code = code
        self.text = text


def prove_client(
    world: World, form: Mapping[str, str], authorities: frozenset[str], now: float
) -> bool:
    """Check the client; return whether it used a certificate.

    `now` is real time in seconds, `authorities` are the accepted audiences of an assertion.
    Raises SignInRefused.
    """
    if form.get("client_id", world.client_id) != world.client_id:
        text = f"Application with identifier '{form['client_id']}' was not found in the directory."
        raise SignInRefused(400, "unauthorized_client", 700016, text)
    if "client_assertion" in form:
        _check_assertion(world, form, authorities, now)
        return True
    _check_secret(world, form)
    return False


def _check_secret(world: World, form: Mapping[str, str]) -> None:
    if "client_secret" not in form:
        text = "The request body must contain: 'client_assertion' or 'client_secret'."
        raise SignInRefused(401, "invalid_client", 7000218, text)
    if not hmac.compare_digest(form["client_secret"].encode(), world.client_secret.encode()):
        text = f"Invalid client secret provided for app '{world.client_id}'."
        raise SignInRefused(401, "invalid_client", 7000215, text)


def _check_assertion(
    world: World, form: Mapping[str, str], authorities: frozenset[str], now: float
) -> None:
    if form.get("client_assertion_type") != _ASSERTION_TYPE:
        raise SignInRefused(400, "invalid_request", 900144, "client_assertion_type is missing.")
    try:
        header = jwt.get_unverified_header(form["client_assertion"])
        certificate = _registered(world, header, now)
        claims = _claims(form["client_assertion"], certificate)
    except (jwt.InvalidTokenError, ValueError) as error:
        raise _refused(700027, f"Client assertion failed signature validation: {error}") from error
    _check_claims(world, claims, authorities, now)


def _registered(world: World, header: Mapping[str, Any], now: float) -> x509.Certificate:
    for certificate in world.identity.certificates():
        if _named_by(header, certificate):
            _check_certificate(certificate, header, now)
            return certificate
    raise _refused(700027, "The certificate with the given thumbprint is not registered.")


def _named_by(header: Mapping[str, Any], certificate: x509.Certificate) -> bool:
    if "x5t#S256" in header:
        return _stripped(header["x5t#S256"]) == _thumbprint(certificate, hashes.SHA256())
    return "x5t" in header and _stripped(header["x5t"]) == _thumbprint(certificate, hashes.SHA1())  # noqa: S303 - x5t is SHA-1 by definition


def _thumbprint(certificate: x509.Certificate, algorithm: hashes.HashAlgorithm) -> str:
    return _stripped(base64.urlsafe_b64encode(certificate.fingerprint(algorithm)).decode())


def _stripped(text: object) -> str:
    return str(text).rstrip("=")


def _check_certificate(
    certificate: x509.Certificate, header: Mapping[str, Any], now: float
) -> None:
    sent = header.get("x5c")
    first = sent[0] if isinstance(sent, list) and sent else sent
    # msal sends the lines of the PEM file as they are, line breaks included.
    if sent is not None and base64.b64decode(str(first)) != certificate.public_bytes(Encoding.DER):
        raise _refused(700027, "x5c is not the registered certificate.")
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not start.timestamp() <= now <= end.timestamp():
        raise _refused(7000222, "The provided client certificate is expired.")


def _claims(assertion: str, certificate: x509.Certificate) -> dict[str, Any]:
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey):
        raise _refused(700027, "The registered certificate has no RSA key.")
    claims: dict[str, Any] = jwt.decode(
        assertion,
        key,
        algorithms=["RS256", "PS256"],
        options={
            "verify_aud": False,
            "verify_exp": False,
            "verify_iat": False,
            "verify_nbf": False,
            "require": ["aud", "iss", "sub", "exp"],
        },
    )
    return claims


def _check_claims(
    world: World, claims: Mapping[str, Any], authorities: frozenset[str], now: float
) -> None:
    if claims["aud"] not in authorities:
        raise _refused(700023, "Client assertion audience claim does not match the token endpoint.")
    if not claims["iss"] == claims["sub"] == world.client_id:
        raise _refused(700021, "Client assertion application identifier does not match.")
    expiry = float(claims["exp"])
    if not now - _LEEWAY_SECONDS <= expiry <= now + _LONGEST_SECONDS:
        raise _refused(700024, "Client assertion is not within its valid time range.")


def _refused(code: int, text: str) -> SignInRefused:
    return SignInRefused(401, "invalid_client", code, text)
