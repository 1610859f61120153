"""What `init` writes: a configuration for a new tenant, without a secret in it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import yaml

_HEAD = """\
# Seatkeeper's configuration, written by `seatkeeper init`. config.example.yaml shows every key.
# No secret stands here: what may stand in its place is told in docs/operations.md, Secrets.
"""


class CredentialKind(StrEnum):
    """The ways to sign in."""

    SECRET = "secret"  # noqa: S105  # the name of a way
    CERTIFICATE = "certificate"
    PFX = "pfx"
    MANAGED_IDENTITY = "managed-identity"
    REFRESH_TOKEN = "refresh-token"  # noqa: S105  # the same


class Mode(StrEnum):
    """Whether it writes."""

    OBSERVE = "observe"
    APPLY = "apply"


KEYS: Mapping[CredentialKind, tuple[str, ...]] = {
    CredentialKind.SECRET: ("client_secret",),
    CredentialKind.CERTIFICATE: ("certificate_file", "key_file"),
    CredentialKind.PFX: ("pfx_file",),
    CredentialKind.MANAGED_IDENTITY: (),
    CredentialKind.REFRESH_TOKEN: ("refresh_token_file",),
}
"""What each way needs in `sign_in` beside the ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInAnswers:
    """How to sign in to one service."""

    kind: CredentialKind
    values: Mapping[str, str] = field(default_factory=dict)
    """Keys of `sign_in`; secrets as references."""

    def document(self) -> dict[str, object]:
        managed = self.kind is CredentialKind.MANAGED_IDENTITY
        given: dict[str, object] = {name: value for name, value in self.values.items() if value}
        return {**given, "managed_identity": True} if managed else given


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a person said."""

    mode: Mode
    url: str
    sign_in: SignInAnswers
    partner: SignInAnswers | None
    partner_url: str
    state: str


def configuration(answers: Answers) -> str:
    """Return the text of the configuration."""
    document: dict[str, object] = {
        "mode": str(answers.mode),
        "dataverse": {"url": answers.url, "sign_in": answers.sign_in.document()},
    }
    if answers.partner is not None:
        address = {"url": answers.partner_url} if answers.partner_url else {}
        document["providers"] = {
            "partner-center": {
                "kind": "partner_center",
                **address,
                "sign_in": answers.partner.document(),
            }
        }
    document["state"] = f"sqlite:///{answers.state}"
    return _HEAD + yaml.safe_dump(document, sort_keys=False, width=1000)


def write(path: Path, text: str) -> None:
    """Write a new file that only its owner can read. Raise FileExistsError when it is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(number, "w", encoding="utf-8") as file:
        file.write(text)
