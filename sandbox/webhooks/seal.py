"""The sender's own key and self-made certificate chain, and the signature over a body."""

import base64
from datetime import UTC, datetime
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from sandbox.identity import new_key

_LEAF = "pcnotifications-dispatch.microsoft.com"
_FIRST, _LAST = datetime(2020, 1, 1, tzinfo=UTC), datetime(2049, 12, 31, tzinfo=UTC)
_SHORT = {"root.cer": "root", "intermediate.cer": "intermediate", f"{_LEAF}.cer": "leaf"}
_ISSUER = {"root": "root", "intermediate": "root", "leaf": "intermediate"}


def certificate_url(host: str) -> str:
    """Return where the sender's certificate can be fetched."""
    return f"https://{host}/cert/{_LEAF}.cer"


def certificate_file(name: str, host: str) -> bytes | None:
    """Return a certificate of the chain (DER) by the name of its file, or None."""
    member = _SHORT.get(name)
    if member is None:
        return None
    return _certificate(member, host).public_bytes(serialization.Encoding.DER)


def signed(body: bytes, host: str, *, own_header: bool) -> dict[str, str]:
    """Return the headers that prove a body: RSA PKCS#1 v1.5 with SHA-256 over its raw bytes."""
    signature = _key("leaf").sign(body, padding.PKCS1v15(), hashes.SHA256())
    name = "x-ms-signature" if own_header else "Authorization"
    return {
        "Content-Type": "application/json",
        name: f"Signature {base64.b64encode(signature).decode()}",
        "X-MS-Certificate-Url": certificate_url(host),
        "X-MS-Signature-Algorithm": "rsa-sha256",
    }


@lru_cache
def _certificate(member: str, host: str) -> x509.Certificate:
    issuer = _ISSUER[member]
    is_authority = member != "leaf"
    builder = x509.CertificateBuilder(
        subject_name=_name(member),
        issuer_name=_name(issuer),
        public_key=_key(member).public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=_FIRST,
        not_valid_after=_LAST,
    ).add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    if member != issuer:
        builder = builder.add_extension(_issued_at(issuer, host), critical=False)
    return builder.sign(_key(issuer), hashes.SHA256())


def _issued_at(issuer: str, host: str) -> x509.AuthorityInformationAccess:
    """Say where the issuer's certificate is, so that a verifier can build the chain."""
    place = x509.UniformResourceIdentifier(f"https://{host}/cert/{issuer}.cer")
    method = AuthorityInformationAccessOID.CA_ISSUERS
    return x509.AuthorityInformationAccess([x509.AccessDescription(method, place)])


def _name(member: str) -> x509.Name:
    common = _LEAF if member == "leaf" else f"Seatkeeper sandbox {member}"
    organisation = "Microsoft Corporation" if member == "leaf" else "Seatkeeper sandbox"
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, common),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
        ]
    )


@lru_cache
def _key(member: str) -> RSAPrivateKey:
    key = serialization.load_pem_private_key(new_key(f"webhook {member}"), password=None)
    if not isinstance(key, RSAPrivateKey):
        msg = f"the key is {type(key).__name__}, not RSA"
        raise TypeError(msg)
    return key
