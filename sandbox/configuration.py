"""The files beside a running sandbox: its certificates, and a configuration for Seatkeeper."""

import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme
import yaml

from sandbox.identity import Identity
from sandbox.world import World

LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PRIVATE = 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a sandbox lives: its origin, its folder, and the mappings for the daemon."""

    origin: str
    folder: Path
    mappings: Path

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def config_file(self) -> Path:
        return self.folder / "config.yaml"


def write_private(path: Path, text: bytes) -> None:
    """Put a file in place by rename, readable by its owner only."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "wb") as file:
        file.write(text)
    Path(name).chmod(_PRIVATE)
    Path(name).replace(path)


def write_certificates(folder: Path, names: Iterable[str]) -> tuple[Path, Path]:
    """Make or reuse the certificate authority; return the server's chain and key."""
    authority = _authority(folder)
    own = authority.issue_cert(*dict.fromkeys((*LOOPBACK, *names)))
    chain, key = folder / "server.pem", folder / "server-key.pem"
    write_private(chain, b"".join(blob.bytes() for blob in own.cert_chain_pems))
    write_private(key, own.private_key_pem.bytes())
    return chain, key


def _authority(folder: Path) -> trustme.CA:
    public, private = folder / "ca.pem", folder / "ca-key.pem"
    if public.exists() and private.exists():
        return trustme.CA.from_pem(public.read_bytes(), private.read_bytes())
    authority = trustme.CA()
    write_private(private, authority.private_key_pem.bytes())
    write_private(public, authority.cert_pem.bytes())
    return authority


def write_client_certificate(folder: Path, identity: Identity) -> None:
    """Lay down the certificate that is registered for the client, for certificate sign-in."""
    write_private(folder / "client-certificate.pem", identity.client_certificate)
    write_private(folder / "client-key.pem", identity.client_key)


def write_configuration(place: Place, world: World) -> None:
    """Write a complete configuration; each world has a fresh state path beside it."""
    text = yaml.safe_dump(configuration(place, world), sort_keys=False)
    write_private(place.config_file, text.encode())


def configuration(place: Place, world: World) -> dict[str, Any]:
    """Return the configuration of Seatkeeper for this sandbox."""
    # Two copies, so that YAML writes no anchors.
    return {
        "mode": "apply",
        "dataverse": {"url": place.origin, "sign_in": _sign_in(place, world)},
        "providers": {
            "partner-center": {
                "kind": "partner_center",
                "url": place.origin,
                "sign_in": _sign_in(place, world),
            }
        },
        "mappings": str(place.mappings),
        "state": f"sqlite:///{place.folder / f'state-{world.number}.db'}",
        "poll_seconds": 1,
        "partner_poll_seconds": 5,
        "audit_wait_seconds": 60,
        "money": {
            "process_refunds": True,
            "change_day": "old_state",
            "max_back_dating_days": 90,
            "interim_invoices": "monthly",
        },
        "guards": {
            "window": "1h",
            "max_changes": 200,
            "max_percent": 30,
            "percent_from": 25,
            "max_refund": {},
        },
    }


def _sign_in(place: Place, world: World) -> dict[str, str]:
    return {
        "authority": f"{place.origin}/{world.tenant_id}",
        "tenant_id": world.tenant_id,
        "client_id": world.client_id,
        "client_secret": world.client_secret,
        "ca_file": str(place.ca_file),
    }


def ready_document(place: Place, world: World) -> dict[str, Any]:
    """Return what the ready file promises."""
    return {
        "dataverse_url": place.origin,
        "partner_center_url": place.origin,
        "authority": f"{place.origin}/{world.tenant_id}",
        "tenant_id": world.tenant_id,
        "client_id": world.client_id,
        "client_secret": world.client_secret,
        "ca_file": str(place.ca_file),
        "config_file": str(place.config_file),
        "pid": os.getpid(),
    }
