"""Who may sign in: the tenant, the one registered client, its certificate, and the signing key."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.x509.oid import NameOID


@dataclass(slots=True, kw_only=True)
class Identity:
    """What sign-in knows. The refresh tokens change: each use replaces one."""

    tenant_id: str
    client_id: str
    client_secret: str = field(repr=False)
    application_user_id: str
    person_id: str
    signing_key: bytes = field(repr=False)
    client_key: bytes = field(repr=False)
    client_certificate: bytes
    refresh_tokens: set[str] = field(default_factory=set, repr=False)
    codes: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)
    """Authorization codes that wait to be redeemed; a restart forgets them."""

    def certificates(self) -> tuple[x509.Certificate, ...]:
        """Return the certificates registered for the client."""
        return (_certificate(self.client_certificate),)

    def private_key(self) -> RSAPrivateKey:
        """Return the key that signs tokens."""
        return private_key_of(self.signing_key)

    def document(self) -> dict[str, object]:
        """Return what has to survive a restart."""
        texts = {name: getattr(self, name) for name in _TEXTS}
        pems = {name: getattr(self, name).decode() for name in _PEMS}
        return texts | pems | {"refresh_tokens": sorted(self.refresh_tokens)}


_TEXTS = ("tenant_id", "client_id", "client_secret", "application_user_id", "person_id")
_PEMS = ("signing_key", "client_key", "client_certificate")


def identity_from(document: dict[str, object]) -> Identity:
    """Read an identity back from its document."""
    tokens = document["refresh_tokens"]
    return Identity(
        **{name: str(document[name]) for name in _TEXTS},  # type: ignore[arg-type] # names are checked by the class
        **{name: str(document[name]).encode() for name in _PEMS},  # type: ignore[arg-type] # as above
        refresh_tokens=set(tokens) if isinstance(tokens, list) else set(),
    )


def new_identity(rng: random.Random) -> Identity:
    """Make up a tenant and register a client with a secret and a certificate."""
    guid = [str(UUID(int=rng.getrandbits(128), version=4)) for _ in range(4)]
    return Identity(
        tenant_id=guid[0],
        client_id=guid[1],
        client_secret=f"sbx~{rng.getrandbits(160):040x}",
        application_user_id=guid[2],
        person_id=guid[3],
        signing_key=new_key("signing"),
        client_key=new_key("client"),
        client_certificate=_new_certificate(),
        refresh_tokens={f"1.{rng.getrandbits(320):080x}"},
    )


@lru_cache
def new_key(purpose: str) -> bytes:
    """Make one key per purpose and process: 2048 bits cost a tenth of a second."""
    del purpose
    return rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@lru_cache
def _new_certificate() -> bytes:
    key = private_key_of(new_key("client"))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Seatkeeper sandbox client")])
    certificate = (
        x509.CertificateBuilder(
            subject_name=name,
            issuer_name=name,
            public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=datetime(2020, 1, 1, tzinfo=UTC),
            not_valid_after=datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=10_950),
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)


@lru_cache
def private_key_of(pem: bytes) -> RSAPrivateKey:
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, RSAPrivateKey):
        msg = f"the stored key is {type(key).__name__}, not RSA"
        raise TypeError(msg)
    return key


@lru_cache
def _certificate(pem: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem)
