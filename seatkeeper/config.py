"""The configuration: one YAML file, environment overrides, every error at once.

Environment: `SEATKEEPER__` and the path in upper case joined by `__`, `-` as `_`
(`SEATKEEPER__MONEY__CHANGE_DAY=new_state`); the value is taken as it stands, `{...}` is a mapping.
What else may stand for a value, so that no secret need stand in the file: `secret_places`.
"""

import os
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)

from seatkeeper.config_keys import keys_at, secret_keys
from seatkeeper.config_notify import NotifyConfig
from seatkeeper.config_parts import Section, span, span_length
from seatkeeper.config_state import FOR_THE_STATE, StateConfig, placed_state, state_problem
from seatkeeper.config_sweep import PartnerSweepConfig
from seatkeeper.config_values import Place, Source, Values
from seatkeeper.config_webhooks import WebhooksConfig
from seatkeeper.console_rules import find_risk, locale_name
from seatkeeper.listen_address import listen_address
from seatkeeper.provider_kinds import kinds
from seatkeeper.secret_places import STORES, Fetch, Places
from seatkeeper.yaml_files import ConfigurationError, Problem, open_yaml


class SignInConfig(Section):
    """How we sign in: a secret, a certificate (PEM or PFX), a machine's or a person's identity."""

    authority: str = "https://login.microsoftonline.com"
    tenant_id: str = ""
    client_id: str = ""
    client_secret: SecretStr | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    pfx_file: Path | None = None
    passphrase: SecretStr | None = None
    managed_identity: bool = False
    refresh_token_file: Path | None = None
    scope: str | None = None
    ca_file: Path | None = None

    @model_validator(mode="after")
    def _one_credential(self) -> "SignInConfig":
        by_person = self.refresh_token_file is not None
        given = [
            self.client_secret is not None and not by_person,
            self.certificate_file is not None,
            self.pfx_file is not None,
            self.managed_identity,
            by_person,
        ]
        if sum(given) != 1:
            raise ValueError(
                "exactly one of client_secret, certificate_file with key_file, pfx_file,"
                " managed_identity and refresh_token_file is needed"
            )
        if self.certificate_file is not None and self.key_file is None:
            raise ValueError("certificate_file needs key_file beside it")
        if not self.managed_identity and not (self.client_id and self.tenant_id):
            raise ValueError("client_id and tenant_id are needed")
        return self


def https_origin(url: str) -> str:
    """Return an address without slash and path; raise ValueError for anything but an origin."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise ValueError("an address that begins with https:// is needed")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(f"the bare address is needed: https://{parts.netloc}")
    return f"https://{parts.netloc}"


Address = Annotated[str, AfterValidator(https_origin)]


class DataverseConfig(Section):
    """The Dynamics environment."""

    url: Address
    sign_in: SignInConfig


class ProviderConfig(Section):
    """A connection that a provider row can name in sk_connector."""

    kind: str
    url: Address = "https://api.partnercenter.microsoft.com"
    path: str = ""
    sign_in: SignInConfig | None = None
    api_key: SecretStr | None = None
    ca_file: Path | None = None
    settings: dict[str, object] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _as_its_kind_wants(self) -> "ProviderConfig":
        if self.kind == "partner_center" and self.sign_in is None:
            raise ValueError("sign_in is missing; a provider of kind partner_center needs it")
        if self.kind == "rest" and (self.api_key is None or "url" not in self.model_fields_set):
            raise ValueError("url and api_key are needed for a provider of kind rest")
        return self


class MoneyConfig(Section):
    """What money depends on; frozen on each change log."""

    process_refunds: bool = True
    change_day: Literal["old_state", "new_state"] = "old_state"
    max_back_dating_days: int = Field(default=90, ge=0)
    interim_invoices: Literal["monthly", "off"] = "monthly"
    automatic_invoices: bool = True
    lone_credits: Literal["carry", "issue"] = "carry"


class GuardsConfig(Section):
    """Limits on how much a run may change."""

    window: Annotated[str, AfterValidator(span)] = "1h"
    max_changes: int = Field(default=200, ge=0)
    max_percent: int = Field(default=30, ge=0, le=100)
    percent_from: int = Field(default=25, ge=1)
    max_refund: dict[str, Annotated[Decimal, Field(ge=0)]] = Field(default_factory=dict)

    @property
    def window_length(self) -> timedelta:
        return span_length(self.window)


class ScopeConfig(Section):
    """Who may be touched; an empty list is everybody."""

    accounts: list[str] = Field(default_factory=list)
    providers: list[str] = Field(default_factory=list)


class HealthConfig(Section):
    """Where the daemon tells how it is; nowhere by default."""

    listen: Annotated[str, AfterValidator(listen_address)] | None = None


class RetentionConfig(Section):
    """How long the local state keeps what nothing depends on."""

    trail: Annotated[str, AfterValidator(span)] | None = None

    @property
    def trail_length(self) -> timedelta | None:
        return span_length(self.trail) if self.trail else None


class ConsoleConfig(Section):
    """The operator's pages: where they answer, and who may come in."""

    daemon: bool = False
    listen: Annotated[str, AfterValidator(listen_address)] = "127.0.0.1:8470"
    address: Address | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    locale: Annotated[str, AfterValidator(locale_name)] = "en_GB"
    session_minutes: int = Field(default=480, ge=1, le=1440)
    idle_minutes: int = Field(default=60, ge=1, le=1440)
    sign_in: SignInConfig | None = None

    @model_validator(mode="before")
    @classmethod
    def _switch(cls, told: object) -> object:
        """Take `console: on` for the pages in the daemon."""
        return {"daemon": told} if isinstance(told, bool) else told

    @model_validator(mode="after")
    def _is_safe(self) -> "ConsoleConfig":
        files = self.certificate_file is not None, self.key_file is not None
        signs_in, has_address = self.sign_in is not None, self.address is not None
        if risk := find_risk(self.listen, signs_in=signs_in, files=files, has_address=has_address):
            raise ValueError(risk)
        return self


class Config(StateConfig):
    """Everything that the file says."""

    mode: Literal["observe", "apply"]
    dataverse: DataverseConfig
    providers: dict[str, ProviderConfig] = Field(default_factory=dict)
    mappings: Path | None = None
    poll_seconds: float = Field(default=30, gt=0)
    partner_poll_seconds: float = Field(default=300, gt=0)
    partner_sweep: PartnerSweepConfig = PartnerSweepConfig()
    audit_wait_seconds: int = Field(default=60, ge=0)
    page_size: int = Field(default=5000, ge=1, le=5000)
    workers: int = Field(default=4, ge=1, le=52)
    money: MoneyConfig = MoneyConfig()
    guards: GuardsConfig = GuardsConfig()
    scope: ScopeConfig = ScopeConfig()
    health: HealthConfig = HealthConfig()
    console: ConsoleConfig = ConsoleConfig()
    retention: RetentionConfig = RetentionConfig()
    notify: NotifyConfig = NotifyConfig()
    webhooks: WebhooksConfig = WebhooksConfig()


SECRETS = secret_keys(Config)


def load_config(
    path: Path,
    environment: Mapping[str, str] | None = None,
    *,
    read_secrets: bool = True,
    stores: Mapping[str, Fetch] = STORES,
) -> Config:
    """Read and check a configuration; raise ConfigurationError with every problem.

    Work that signs in nowhere leaves the secrets unread; where they are kept need not answer.
    """
    env = os.environ if environment is None else environment
    document = open_yaml(path, bare_variables=True)
    if not isinstance(document.data, dict):
        message = "the configuration must be a mapping; see config.example.yaml"
        raise ConfigurationError([Problem(file=document.file, line=1, field="", message=message)])
    source, base = Source(document), path.parent.resolve()
    places = Places(environment=env, folder=base, stores=stores)
    values = Values(
        source=source,
        places=places,
        secrets=SECRETS,
        read_secrets=read_secrets,
        always=FOR_THE_STATE,
    )
    config = _validated(source, values.read(document.data))
    if source.problems or config is None:
        raise ConfigurationError(source.problems)
    return _absolute(config, base)


def _validated(source: Source, data: object) -> Config | None:
    unread = {one.field for one in source.problems}
    try:
        config = Config.model_validate(data)
    except ValidationError as error:
        source.problems += [
            _problem(source, one["loc"], one["type"], str(one["msg"]))
            for one in error.errors()
            if ".".join(map(str, one["loc"])) not in unread
        ]
        return None
    _find_kinds(source, config)
    if told := state_problem(config):
        source.find(("state",), told)
    return config


def _find_kinds(source: Source, config: Config) -> None:
    """Find connections of a kind that neither ships nor is installed."""
    known = kinds()
    for name, one in config.providers.items():
        if one.kind not in known:
            near = get_close_matches(one.kind, known, n=1)
            remedy = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(known)}."
            message = f"the kind {one.kind!r} is not known."
            source.find(("providers", name, "kind"), message, remedy)


def _problem(source: Source, path: Place, kind: str, message: str) -> Problem:
    remedy = ""
    if kind == "extra_forbidden":
        message = "this key is not known."
        near = get_close_matches(str(path[-1]), keys_at(Config, path[:-1]), n=1)
        remedy = f"Did you mean {near[0]!r}?" if near else "See config.example.yaml."
    elif kind == "missing":
        message = "this key is missing."
        remedy = "See config.example.yaml."
    return source.problem(path, message.removeprefix("Value error, "), remedy)


def _absolute(config: Config, base: Path) -> Config:
    """Take relative paths from the folder of the configuration file."""
    dataverse, providers = config.dataverse, config.providers
    changes: dict[str, object] = {
        "state": placed_state(config, base),
        "dataverse": dataverse.model_copy(update=_placed(dataverse.sign_in, base)),
        "providers": {
            name: one.model_copy(update=_placed_provider(one, base))
            for name, one in providers.items()
        },
    }
    if config.mappings is not None:
        changes["mappings"] = base / config.mappings
    console = config.console
    in_console = _files(console, base, "certificate_file", "key_file")
    if console.sign_in is not None:
        in_console |= _placed(console.sign_in, base)
    changes["console"] = console.model_copy(update=in_console)
    changes["webhooks"] = _placed_webhooks(config.webhooks, base)
    return config.model_copy(update=changes)


def _placed_webhooks(webhooks: WebhooksConfig, base: Path) -> WebhooksConfig:
    changes = _files(webhooks, base, "certificate_file", "key_file")
    if partner := webhooks.partner_center:
        placed = _files(partner, base, "roots_file", "ca_file")
        changes["partner_center"] = partner.model_copy(update=placed)
    return webhooks.model_copy(update=changes)


def _placed_provider(provider: ProviderConfig, base: Path) -> dict[str, object]:
    changes: dict[str, object] = {}
    if provider.sign_in is not None:
        changes.update(_placed(provider.sign_in, base))
    if provider.ca_file is not None:
        changes["ca_file"] = base / provider.ca_file
    return changes


def _placed(sign_in: SignInConfig, base: Path) -> dict[str, object]:
    names = ("certificate_file", "key_file", "pfx_file", "refresh_token_file", "ca_file")
    return {"sign_in": sign_in.model_copy(update=_files(sign_in, base, *names))}


def _files(section: Section, base: Path, *names: str) -> dict[str, object]:
    return {
        name: base / path for name in names if (path := getattr(section, name, None)) is not None
    }
