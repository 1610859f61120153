"""Secrets from the machine's keyring and from Azure Key Vault; both are extras.

Their packages are imported when a secret is asked for: few installations have them.
"""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.core.pipeline.transport import HttpTransport

_VAULT_FORM = "Write keyvault:https://VAULT.vault.azure.net/SECRET-NAME."
_KEYRING_FORM = "Write keyring:SERVICE/NAME."
_TRIES = 1
_SECONDS = 10


class SecretStoreError(Exception):
    """A store of secrets does not give one; says why and what to do, never a secret."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


def fetch_from_keyring(place: str) -> str:
    """Return the password of SERVICE/NAME in the keyring. Raise SecretStoreError."""
    service, _, name = place.rpartition("/")
    if not (service and name):
        raise SecretStoreError("a service and a name are needed", _KEYRING_FORM)
    try:
        import keyring  # noqa: PLC0415  # an extra
        from keyring.errors import KeyringError  # noqa: PLC0415  # the same
    except ImportError:
        raise _missing("keyring") from None
    try:
        found = keyring.get_password(service, name)
    except KeyringError as error:
        told = f"the keyring cannot be used ({type(error).__name__})"
        raise SecretStoreError(told, "Unlock it, or keep the secret elsewhere.") from None
    if found is None:
        raise SecretStoreError("the keyring holds no such entry", f"keyring set {service} {name}")
    return found


def fetch_from_vault(
    place: str,
    *,
    credential: "TokenCredential | None" = None,
    transport: "HttpTransport[object, object] | None" = None,
) -> str:
    """Return the newest value of https://VAULT/NAME. Raise SecretStoreError."""
    parts = urlsplit(place)
    name = parts.path.strip("/")
    if parts.scheme != "https" or not parts.hostname or not name or "/" in name:
        raise SecretStoreError("the address of a vault and a name are needed", _VAULT_FORM)
    try:
        from azure.core.exceptions import AzureError  # noqa: PLC0415  # an extra
        from azure.identity import DefaultAzureCredential  # noqa: PLC0415  # the same
        from azure.keyvault.secrets import SecretClient  # noqa: PLC0415  # the same
    except ImportError:
        raise _missing("keyvault") from None
    settings = {"transport": transport} if transport is not None else {}
    client = SecretClient(
        f"https://{parts.netloc}",
        credential or DefaultAzureCredential(),
        retry_total=_TRIES,
        connection_timeout=_SECONDS,
        read_timeout=_SECONDS,
        **settings,
    )
    try:
        with client:
            return client.get_secret(name).value or ""
    except AzureError as error:
        raise SecretStoreError(*_vault_trouble(error)) from None


def _vault_trouble(error: Exception) -> tuple[str, str]:
    """Return what to say of an error of Azure; its own text may hold what was sent."""
    status = getattr(error, "status_code", None)
    if status == 404:  # noqa: PLR2004  # HTTP
        return "the vault has no secret of that name", "Make it, or correct the name."
    if status == 403:  # noqa: PLR2004  # HTTP
        remedy = "Give our identity the role Key Vault Secrets User on it."
        return "the vault refuses our identity", remedy
    told = f"the vault does not answer ({type(error).__name__})"
    return told, "See whether it can be reached, and whether this machine has an identity in Azure."


def _missing(extra: str) -> SecretStoreError:
    return SecretStoreError(
        f"the extra {extra} is not installed", f"Install it: pip install 'seatkeeper[{extra}]'."
    )
