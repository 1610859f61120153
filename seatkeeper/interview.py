"""The questions of `init`: answered by flags, else at a terminal, else named as missing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

import typer

from seatkeeper import output
from seatkeeper.config import https_origin
from seatkeeper.initial import KEYS, Answers, CredentialKind, Mode, SignInAnswers
from seatkeeper.secret_places import is_literal

T = TypeVar("T", bound=StrEnum)

_WORDS = {
    "tenant_id": "Directory (tenant) id of the app registration",
    "client_id": "Application (client) id of the app registration",
    "client_secret": "Where the client secret is kept, never the secret itself",
    "certificate_file": "PEM file of the certificate",
    "key_file": "PEM file of its private key",
    "pfx_file": "PFX file",
    "refresh_token_file": "File that holds the refresh token",
}
_DEFAULTS = {"client_secret": "${DATAVERSE_CLIENT_SECRET}"}
_SECRETS = frozenset({"client_secret", "passphrase"})
_FLAGS = {"client_secret": "--secret"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """What was given on the command line."""

    url: str | None
    credential: CredentialKind | None
    sign_in: Mapping[str, str | None]
    """By the keys of `sign_in`."""
    partner_center: bool | None
    partner: Mapping[str, str | None]
    """Where the sign-in at Partner Center differs, by the same keys."""
    partner_url: str | None
    mode: Mode | None
    state: str | None


@dataclass(slots=True)
class Interview:
    """Asks what the flags leave open."""

    interactive: bool
    missing: list[str] = field(default_factory=list)
    """The flags that are needed where nobody can be asked."""

    def answers(self, flags: Flags) -> Answers:
        """Return all answers; raise BadParameter, naming every flag that is missing."""
        url = self._text(flags.url, "--url", "Address of the Dynamics environment", https_origin)
        kind = self._choice(flags.credential, "--credential", "How to sign in", CredentialKind)
        own = self._sign_in(kind, flags.sign_in)
        partner = self._partner(flags.partner_center, own, _given(flags.partner))
        mode = self._choice(
            flags.mode, "--mode", "Mode, where observe writes nothing outside", Mode
        )
        state = self._text(flags.state, "--state", "State file", _something, "state/state.db")
        partner_url = flags.partner_url or ""
        if self.missing:
            needed = ", ".join(self.missing)
            raise typer.BadParameter(f"without a terminal these are needed: {needed}.")
        return Answers(
            mode=mode,
            url=url,
            sign_in=own,
            partner=partner,
            partner_url=_checked("--partner-url", partner_url, https_origin) if partner_url else "",
            state=state,
        )

    def _sign_in(self, kind: CredentialKind, given: Mapping[str, str | None]) -> SignInAnswers:
        ids = () if kind is CredentialKind.MANAGED_IDENTITY else ("tenant_id", "client_id")
        asked = {name: self._value(given.get(name), name) for name in (*ids, *KEYS[kind])}
        return SignInAnswers(kind=kind, values={**_given(given), **asked})

    def _partner(
        self,
        given: bool | None,  # noqa: FBT001  # an answer
        own: SignInAnswers,
        others: Mapping[str, str],
    ) -> SignInAnswers | None:
        wanted = given
        if wanted is None and self.interactive:
            wanted = typer.confirm("Connect Microsoft Partner Center?")
        elif wanted is None:
            self.missing.append("--partner-center or --no-partner-center")
        if not wanted:
            return None
        return SignInAnswers(kind=own.kind, values={**own.values, **others})

    def _value(self, given: str | None, name: str) -> str:
        flag = _FLAGS.get(name, f"--{name.replace('_', '-')}")
        check = reference if name in _SECRETS else _something
        return self._text(given, flag, _WORDS[name], check, _DEFAULTS.get(name))

    def _text(
        self,
        given: str | None,
        flag: str,
        words: str,
        check: Callable[[str], str] = str,
        default: str | None = None,
    ) -> str:
        if given is not None:
            return _checked(flag, given, check)
        while self.interactive:
            answer: str = typer.prompt(words, default=default)
            try:
                return check(answer)
            except ValueError as error:
                output.say(f"No: {error}.")
        if default is None:
            self.missing.append(flag)
        return default or ""

    def _choice(self, given: T | None, flag: str, words: str, kind: type[T]) -> T:
        if given is not None:
            return given
        named = ", ".join(kind)
        chosen = self._text(None, flag, f"{words}: {named}", lambda text: _one_of(kind, text))
        return kind(chosen) if chosen else next(iter(kind))


def reference(text: str) -> str:
    """Return a reference to a secret; raise ValueError for the secret itself."""
    if not text or is_literal(text):
        raise ValueError(
            "a secret does not stand in the file; name its place: ${NAME}, file:PATH,"
            " credential:NAME, keyring:SERVICE/NAME or keyvault:https://VAULT/NAME"
        )
    return text


def _something(text: str) -> str:
    if not text.strip():
        raise ValueError("it cannot be empty")
    return text.strip()


def _one_of(kind: type[StrEnum], text: str) -> str:
    if text not in list(kind):
        raise ValueError(f"one of {', '.join(kind)} is needed")
    return text


def _checked(flag: str, given: str, check: Callable[[str], str]) -> str:
    try:
        return check(given)
    except ValueError as error:
        raise typer.BadParameter(f"{flag}: {error}.") from None


def _given(values: Mapping[str, str | None]) -> dict[str, str]:
    """Return what was given; a secret that is one is refused."""
    return {
        name: _checked(name, value, reference if name in _SECRETS else str)
        for name, value in values.items()
        if value
    }
