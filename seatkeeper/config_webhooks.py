"""The section `webhooks`: where calls of the services are taken, and how they are proven."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, model_validator

from seatkeeper.config_parts import Section
from seatkeeper.listen_address import host_and_port, listen_address

_LEAST_KEY = 16
_HERE = frozenset({"127.0.0.1", "::1", "localhost"})


class DataverseHookConfig(Section):
    """Dataverse's webhook: the key of its registration, and where it comes."""

    registered_key: SecretStr
    header: str | None = None
    parameter: str = "code"

    @model_validator(mode="after")
    def _is_long(self) -> "DataverseHookConfig":
        if len(self.registered_key.get_secret_value()) < _LEAST_KEY:
            raise ValueError(f"a key of at least {_LEAST_KEY} characters is needed")
        return self


class PartnerHookConfig(Section):
    """Partner Center's webhook: whose certificates prove a call."""

    certificate_hosts: list[str] = Field(
        default=["3psostorageacct.blob.core.windows.net", "www.microsoft.com"], min_length=1
    )
    audit_hosts: list[str] = Field(default=["api.partnercenter.microsoft.com"])
    roots_file: Path | None = None
    ca_file: Path | None = None


class WebhooksConfig(Section):
    """The listener; none by default."""

    listen: Annotated[str, AfterValidator(listen_address)] | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    dataverse: DataverseHookConfig | None = None
    partner_center: PartnerHookConfig | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> "WebhooksConfig":
        files = self.certificate_file is not None, self.key_file is not None
        if files[0] != files[1]:
            raise ValueError("certificate_file and key_file go together")
        if self.listen is None:
            return self
        if self.dataverse is None and self.partner_center is None:
            raise ValueError("webhooks.dataverse or webhooks.partner_center is needed")
        if not all(files) and host_and_port(self.listen)[0] not in _HERE:
            raise ValueError(
                "beyond this machine certificate_file and key_file are needed;"
                " or listen on 127.0.0.1 behind a server that speaks https"
            )
        return self
