"""Whose certificate proves a call: hosts, organisation, chain and time, each alone."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from seatkeeper.webhooks.certificates import Certificates, UntrustedError
from seatkeeper.webhooks.server import read_roots

HOST = "certificates.example"
NOW = datetime(2025, 6, 16, tzinfo=UTC)
KEYS = {
    name: rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for name in ("root", "middle", "leaf", "other")
}
SMALL = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505  # a bad example
CURVE = ec.generate_private_key(ec.SECP256R1())


def name_of(common, organisation="Microsoft Corporation"):
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, common),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
        ]
    )


def certificate(subject, issuer, **told):
    """Make a certificate; `issuer` is a name of KEYS."""
    key = told.get("key") or KEYS[subject]
    days = told.get("days", 30)
    builder = x509.CertificateBuilder(
        subject_name=name_of(subject, told.get("organisation", "Microsoft Corporation")),
        issuer_name=name_of(issuer),
        public_key=key.public_key(),
        serial_number=1000,
        not_valid_before=NOW - timedelta(days=60),
        not_valid_after=NOW + timedelta(days=days),
    )
    constraints = x509.BasicConstraints(ca=told.get("ca", True), path_length=None)
    builder = builder.add_extension(constraints, critical=True)
    if issuer_at := told.get("issuer_at", f"http://{HOST}/{issuer}.cer"):
        place = x509.UniformResourceIdentifier(issuer_at)
        method = AuthorityInformationAccessOID.CA_ISSUERS
        access = x509.AuthorityInformationAccess([x509.AccessDescription(method, place)])
        builder = builder.add_extension(access, critical=False)
    return builder.sign(KEYS[told.get("signer", issuer)], hashes.SHA256())


ROOT = certificate("root", "root")
MIDDLE = certificate("middle", "root")
LEAF = certificate("leaf", "middle", ca=False)


def judged(url=f"https://{HOST}/leaf.cer", encoding=Encoding.DER, **files):
    """Judge the certificate at an address, among files by name; return what was fetched too."""
    there = {"leaf": LEAF, "middle": MIDDLE, "root": ROOT, **files}
    fetched = []

    def fetch(asked):
        fetched.append(asked)
        found = there.get(asked.rpartition("/")[2].removesuffix(".cer"))
        if found is None:
            raise OSError("nothing there")
        return found.public_bytes(encoding)

    judge = Certificates(
        hosts=frozenset({HOST}),
        roots=(ROOT,),
        fetch=fetch,
        now=lambda: NOW,
        monotonic=lambda: 1000.0,
    )
    try:
        return judge.key_at(url), fetched
    except UntrustedError:
        return None, fetched


@pytest.mark.parametrize("encoding", [Encoding.DER, Encoding.PEM])
def test_a_chain_to_a_trusted_root_proves_and_issuers_are_asked_by_https(encoding):
    key, fetched = judged(encoding=encoding)
    assert key == KEYS["leaf"].public_key()
    assert fetched == [f"https://{HOST}/leaf.cer", f"https://{HOST}/middle.cer"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "leaf.cer",
        f"http://{HOST}/leaf.cer",
        f"https://x@{HOST}/leaf.cer",
        f"https://{HOST}:444/leaf.cer",
        f"https://{HOST}.evil.example/leaf.cer",
        f"file://{HOST}/leaf.cer",
    ],
)
def test_other_addresses_are_not_even_asked(url):
    assert judged(url) == (None, [])


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"leaf": None}, id="nothing there"),
        pytest.param({"middle": None}, id="no issuer there"),
        pytest.param(
            {"leaf": certificate("leaf", "middle", organisation="Microsoft Corp")},
            id="another organisation",
        ),
        pytest.param({"leaf": certificate("leaf", "middle", signer="other")}, id="a forged leaf"),
        pytest.param(
            {"middle": certificate("middle", "root", key=KEYS["other"])},
            id="an issuer that did not sign",
        ),
        pytest.param(
            {"middle": certificate("middle", "root", ca=False)}, id="an issuer that may not sign"
        ),
        pytest.param({"leaf": certificate("leaf", "middle", days=-1)}, id="an old leaf"),
        pytest.param({"middle": certificate("middle", "root", days=-1)}, id="an old issuer"),
        pytest.param({"leaf": certificate("leaf", "middle", issuer_at="")}, id="no issuer named"),
        pytest.param(
            {"leaf": certificate("leaf", "middle", issuer_at="https://evil.example/middle.cer")},
            id="an issuer elsewhere",
        ),
        pytest.param({"leaf": certificate("leaf", "leaf")}, id="signed by itself"),
        pytest.param({"leaf": certificate("leaf", "middle", key=SMALL)}, id="a short key"),
        pytest.param({"leaf": certificate("leaf", "middle", key=CURVE)}, id="another kind of key"),
    ],
)
def test_what_does_not_prove_is_refused(files):
    assert judged(**files)[0] is None


def test_the_roots_that_everybody_trusts_are_read_without_a_word():
    roots = read_roots(Path(DEFAULT_CA_BUNDLE_PATH))  # a warning is an error in these tests
    assert len(roots) > 100
