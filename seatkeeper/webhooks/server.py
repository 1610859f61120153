"""Listen for calls beside the work."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import structlog
from cheroot.ssl.builtin import BuiltinSSLAdapter
from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from connector.certificate_fetch import fetch_small
from seatkeeper.bootstrap import Application
from seatkeeper.config_webhooks import PartnerHookConfig, WebhooksConfig
from seatkeeper.listener import Listener, Listening, listen, tls
from seatkeeper.pulse import Pulse
from seatkeeper.webhooks.app import Hook, WebhookApp
from seatkeeper.webhooks.calls import Reason
from seatkeeper.webhooks.certificates import Certificates, Fetch
from seatkeeper.webhooks.dataverse import DataverseHook
from seatkeeper.webhooks.limits import Limiter
from seatkeeper.webhooks.nudges import Nudges
from seatkeeper.webhooks.partner_center import PartnerCenterHook
from seatkeeper.yaml_files import ConfigurationError, Problem

DATAVERSE = "/webhooks/dataverse"
PARTNER_CENTER = "/webhooks/partner-center"
_POLLED = ("subscription", "change_log")

log = structlog.get_logger()


@contextmanager
def listening(application: Application, pulse: Pulse, nudges: Nudges) -> Iterator[None]:
    """Take calls meanwhile. Raise OSError when the port is taken or a file cannot be read."""
    webhooks = application.config.webhooks
    if webhooks.listen is None:
        yield
        return
    listener = _listen(webhooks.listen, webhooks, webhook_app(application, pulse, nudges))
    log.info("webhooks answer", listen=listener.address)
    try:
        yield
    finally:
        listener.close()


def webhook_app(
    application: Application, pulse: Pulse, nudges: Nudges, fetch: Fetch | None = None
) -> WebhookApp:
    """Return the application for the services that the configuration names."""
    webhooks = application.config.webhooks
    hooks: dict[str, tuple[str, Hook]] = {}
    if webhooks.dataverse is not None:
        hooks[DATAVERSE] = (
            "dataverse",
            DataverseHook(
                key=webhooks.dataverse.registered_key.get_secret_value(),
                header=webhooks.dataverse.header,
                parameter=webhooks.dataverse.parameter,
                tables=lambda: _tables(application),
                nudges=nudges,
            ),
        )
    if (partner := webhooks.partner_center) is not None:
        hooks[PARTNER_CENTER] = (
            "partner_center",
            PartnerCenterHook(
                certificates=_certificates(partner, pulse, fetch),
                audit_hosts=frozenset(one.lower() for one in partner.audit_hosts),
                now=pulse.now,
                nudges=nudges,
            ),
        )
    application.tally.listens((name for name, _ in hooks.values()), (one.word for one in Reason))
    limiter = Limiter(monotonic=pulse.monotonic)
    return WebhookApp(hooks=hooks, limiter=limiter, count=application.tally.called)


def _tables(application: Application) -> frozenset[str]:
    mappings = application.engine.mappings
    return frozenset(mappings.entity(name).table for name in _POLLED)


def _certificates(partner: PartnerHookConfig, pulse: Pulse, fetch: Fetch | None) -> Certificates:
    ca_file = str(partner.ca_file) if partner.ca_file else None
    return Certificates(
        hosts=frozenset(one.lower() for one in partner.certificate_hosts),
        roots=read_roots(partner.roots_file or Path(DEFAULT_CA_BUNDLE_PATH)),
        fetch=fetch or (lambda url: fetch_small(url, ca_file)),
        now=lambda: datetime.now(UTC),  # noqa: TID251  # certificates live in real time
        monotonic=pulse.monotonic,
    )


def read_roots(path: Path) -> tuple[x509.Certificate, ...]:
    """Read the roots that we trust. Raise ConfigurationError."""
    try:
        with warnings.catch_warnings():
            # Some roots that everybody trusts have the serial number 0, which is frowned upon.
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            return tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except (OSError, ValueError):
        raise _unusable(path, "partner_center.roots_file", "certificates in PEM") from None


def prove_files(webhooks: WebhooksConfig) -> str:
    """Read the files of a listener as it will; return who is heard. Raise ConfigurationError."""
    if webhooks.certificate_file and webhooks.key_file:
        _tls(webhooks.certificate_file, webhooks.key_file)
    partner = webhooks.partner_center
    if partner and partner.roots_file:
        read_roots(partner.roots_file)
    heard = {"dataverse": webhooks.dataverse, "partner_center": partner}
    return ", ".join(name for name, hook in heard.items() if hook is not None)


def _unusable(path: Path, key: str, wanted: str) -> ConfigurationError:
    message = f"{path} cannot be used: {wanted} are needed there."
    return ConfigurationError(
        [Problem(file="configuration", line=None, field=f"webhooks.{key}", message=message)]
    )


def _listen(address: str, webhooks: WebhooksConfig, app: WebhookApp) -> Listener:
    certificate, key = webhooks.certificate_file, webhooks.key_file
    listening = Listening(
        name="webhooks",
        threads=8,
        timeout_seconds=5,
        header_bytes=16 * 1024,
        body_bytes=0,
        tls=_tls(certificate, key) if certificate and key else None,
    )
    return listen(address, app, listening)


def _tls(certificate: Path, key: Path) -> BuiltinSSLAdapter:
    try:
        return tls(certificate, key)
    except OSError:
        wanted = "a certificate and its key in PEM"
        raise _unusable(certificate, "certificate_file", wanted) from None
