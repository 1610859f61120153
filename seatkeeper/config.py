"""The configuration: one YAML file, environment overrides, every error at once.

Environment: `SEATKEEPER__` and the path in upper case joined by `__`, `-` as `_`
(`SEATKEEPER__MONEY__CHANGE_DAY=new_state`); the value is taken as it stands, `{...}` is a mapping.
`${NAME}` in a value is the variable NAME, so that a secret need not stand in the file.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal, TypeAlias
from urllib.parse import urlsplit

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)

from seatkeeper.listen_address import listen_address
from seatkeeper.yaml_files import ConfigurationError, Document, Problem, open_yaml

PREFIX = "SEATKEEPER__"
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_WINDOW = re.compile(r"^(\d+)([smhd])$")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class SignInConfig(_Section):
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


def _https(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise ValueError("an address that begins with https:// is needed")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(f"the bare address is needed: https://{parts.netloc}")
    return f"https://{parts.netloc}"


Address = Annotated[str, AfterValidator(_https)]


class DataverseConfig(_Section):
    """The Dynamics environment."""

    url: Address
    sign_in: SignInConfig


class ProviderConfig(_Section):
    """A connection that a provider row can name in sk_connector."""

    kind: Literal["partner_center"]
    url: Address = "https://api.partnercenter.microsoft.com"
    sign_in: SignInConfig


class MoneyConfig(_Section):
    """What money depends on; frozen on each change log."""

    process_refunds: bool = True
    change_day: Literal["old_state", "new_state"] = "old_state"
    max_back_dating_days: int = Field(default=90, ge=0)
    interim_invoices: Literal["monthly", "off"] = "monthly"
    automatic_invoices: bool = True
    lone_credits: Literal["carry", "issue"] = "carry"


def _window(text: str) -> str:
    if not _WINDOW.match(text):
        raise ValueError("a time such as 30m, 1h or 1d is needed")
    return text


class GuardsConfig(_Section):
    """Limits on how much a run may change."""

    window: Annotated[str, AfterValidator(_window)] = "1h"
    max_changes: int = Field(default=200, ge=0)
    max_percent: int = Field(default=30, ge=0, le=100)
    percent_from: int = Field(default=25, ge=1)
    max_refund: dict[str, Annotated[Decimal, Field(ge=0)]] = Field(default_factory=dict)

    @property
    def window_length(self) -> timedelta:
        match = _WINDOW.match(self.window)
        number, unit = match.groups() if match else ("1", "h")
        return timedelta(**{_UNITS[unit]: int(number)})


class ScopeConfig(_Section):
    """Who may be touched; an empty list is everybody."""

    accounts: list[str] = Field(default_factory=list)
    providers: list[str] = Field(default_factory=list)


class HealthConfig(_Section):
    """Where the daemon tells how it is; nowhere by default."""

    listen: Annotated[str, AfterValidator(listen_address)] | None = None


class Config(_Section):
    """Everything that the file says."""

    mode: Literal["observe", "apply"]
    dataverse: DataverseConfig
    providers: dict[str, ProviderConfig] = Field(default_factory=dict)
    mappings: Path | None = None
    state: str
    poll_seconds: float = Field(default=30, gt=0)
    partner_poll_seconds: float = Field(default=300, gt=0)
    audit_wait_seconds: int = Field(default=60, ge=0)
    page_size: int = Field(default=5000, ge=1, le=5000)
    workers: int = Field(default=4, ge=1, le=52)
    money: MoneyConfig = MoneyConfig()
    guards: GuardsConfig = GuardsConfig()
    scope: ScopeConfig = ScopeConfig()
    health: HealthConfig = HealthConfig()

    @property
    def state_file(self) -> Path:
        return Path(self.state.removeprefix("sqlite:///"))


Place: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class _Source:
    """Where values came from: the file, or the environment variable that lies over it."""

    document: Document
    overrides: Mapping[Place, str]

    def problem(self, path: Place, message: str, remedy: str = "") -> Problem:
        for place, name in self.overrides.items():
            if path[: len(place)] == place:
                field = ".".join(map(str, path))
                return Problem(file=name, line=None, field=field, message=message, remedy=remedy)
        return Problem(
            file=self.document.file,
            line=self.document.line(path),
            field=".".join(map(str, path)),
            message=message,
            remedy=remedy,
        )


def load_config(path: Path, environment: Mapping[str, str] | None = None) -> Config:
    """Read and check a configuration; raise ConfigurationError with every problem."""
    env = os.environ if environment is None else environment
    document = open_yaml(path, bare_variables=True)
    if not isinstance(document.data, dict):
        message = "the configuration must be a mapping; see config.example.yaml"
        raise ConfigurationError([Problem(file=document.file, line=1, field="", message=message)])
    problems: list[Problem] = []
    data = _filled(document, document.data, (), env, problems)
    overrides: dict[Place, str] = {}
    data = _overridden(data, env, problems, overrides)
    config = _validated(_Source(document, overrides), data, problems)
    if problems or config is None:
        raise ConfigurationError(problems)
    return _absolute(config, path.parent.resolve())


def _filled(
    document: Document,
    value: object,
    path: Place,
    env: Mapping[str, str],
    problems: list[Problem],
) -> object:
    """Replace `${NAME}` by the variable NAME."""
    if isinstance(value, dict):
        return {
            key: _filled(document, item, (*path, str(key)), env, problems)
            for key, item in value.items()
        }
    if not isinstance(value, str):
        return value
    problems += [
        Problem(
            file=document.file,
            line=document.line(path),
            field=".".join(map(str, path)),
            message=f"the environment variable {name} is not set.",
            remedy=f"Set {name}, or write the value in another way.",
        )
        for name in _VARIABLE.findall(value)
        if name not in env
    ]
    return _VARIABLE.sub(lambda match: env.get(match.group(1), ""), value)


def _overridden(
    data: object,
    env: Mapping[str, str],
    problems: list[Problem],
    overrides: dict[Place, str],
) -> object:
    """Lay the `SEATKEEPER__` variables over the file; remember which one set what."""
    for name in sorted(env):
        if name.startswith(PREFIX) and isinstance(data, dict):
            place = _put(data, name.removeprefix(PREFIX).split("__"), _value(env[name]))
            if place is None:
                message = "this variable names no key of the configuration."
                problems.append(Problem(file=name, line=None, field="", message=message))
            else:
                overrides[place] = name
    return data


def _value(text: str) -> object:
    """Return a variable's value: its text, so that no secret is taken for YAML; or a mapping."""
    if text in {"", "null"}:
        return None
    if not text.startswith("{"):
        return text
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def _put(target: dict[str, object], parts: list[str], value: object) -> Place | None:
    """Set a value; return its place, None when there can be no such key."""
    known = {str(key).upper().replace("-", "_"): str(key) for key in target}
    key = known.get(parts[0].upper(), parts[0].lower())
    if not key:
        return None
    if len(parts) == 1:
        target[key] = value
        return (key,)
    if target.get(key) is None:
        target[key] = {}
    child = target[key]
    below = _put(child, parts[1:], value) if isinstance(child, dict) else None
    return None if below is None else (key, *below)


def _validated(source: _Source, data: object, problems: list[Problem]) -> Config | None:
    try:
        config = Config.model_validate(data)
    except ValidationError as error:
        problems += [
            _problem(source, one["loc"], one["type"], str(one["msg"])) for one in error.errors()
        ]
        return None
    if not config.state.startswith("sqlite:///"):
        message = "only sqlite:///PATH is supported by this version."
        problems.append(source.problem(("state",), message))
    elif not config.state_file.name:
        problems.append(source.problem(("state",), "the name of the state file is missing."))
    return config


def _problem(source: _Source, path: Place, kind: str, message: str) -> Problem:
    remedy = ""
    if kind == "extra_forbidden":
        message = "this key is not known."
        near = get_close_matches(str(path[-1]), _keys(path[:-1]), n=1)
        remedy = f"Did you mean {near[0]!r}?" if near else "See config.example.yaml."
    elif kind == "missing":
        message = "this key is missing."
        remedy = "See config.example.yaml."
    return source.problem(path, message.removeprefix("Value error, "), remedy)


def _keys(path: Place) -> list[str]:
    """Return the keys that may stand at a path."""
    sections: dict[str, type[BaseModel]] = {
        "sign_in": SignInConfig,
        "dataverse": DataverseConfig,
        "money": MoneyConfig,
        "guards": GuardsConfig,
        "scope": ScopeConfig,
        "health": HealthConfig,
    }
    if not path:
        return list(Config.model_fields)
    if len(path) == 2 and path[0] == "providers":  # noqa: PLR2004  # providers.NAME
        return list(ProviderConfig.model_fields)
    section = sections.get(str(path[-1]))
    return list(section.model_fields) if section else []


def _absolute(config: Config, base: Path) -> Config:
    """Take relative paths from the folder of the configuration file."""
    dataverse, providers = config.dataverse, config.providers
    changes: dict[str, object] = {
        "state": f"sqlite:///{base / config.state_file}",
        "dataverse": dataverse.model_copy(update=_placed(dataverse.sign_in, base)),
        "providers": {
            name: one.model_copy(update=_placed(one.sign_in, base))
            for name, one in providers.items()
        },
    }
    if config.mappings is not None:
        changes["mappings"] = base / config.mappings
    return config.model_copy(update=changes)


def _placed(sign_in: SignInConfig, base: Path) -> dict[str, SignInConfig]:
    files = {
        name: base / path
        for name in ("certificate_file", "key_file", "pfx_file", "refresh_token_file", "ca_file")
        if (path := getattr(sign_in, name)) is not None
    }
    return {"sign_in": sign_in.model_copy(update=files)}
