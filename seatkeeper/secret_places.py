"""Where secrets are kept, and the one grammar that names them in the configuration.

    ${NAME}                      the variable NAME; else the file that the variable NAME_FILE names;
                                 else the systemd credential NAME
    file:PATH                    the text of a file, without the line end at its end
    credential:NAME              a systemd credential: a file in $CREDENTIALS_DIRECTORY
    keyring:SERVICE/NAME         the keyring of the machine (extra `keyring`)
    keyvault:https://VAULT/NAME  Azure Key Vault (extra `keyvault`)

What is read is handed on and never told; errors name the place only.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from seatkeeper.secret_stores import SecretStoreError, fetch_from_keyring, fetch_from_vault

CREDENTIALS = "CREDENTIALS_DIRECTORY"
UNREAD = "(not read)"
"""Stands for a secret that nobody needs just now."""

Fetch: TypeAlias = Callable[[str], str]
"""Takes what follows the colon; raises SecretStoreError."""

STORES: Mapping[str, Fetch] = {"keyring": fetch_from_keyring, "keyvault": fetch_from_vault}
VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
KINDS = ("file", "credential", *STORES)


class UnreadableError(Exception):
    """A value cannot be had from the place that is named."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message, self.remedy = message, remedy


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Reads what variables and references stand for."""

    environment: Mapping[str, str]
    folder: Path
    """Where relative paths begin."""
    stores: Mapping[str, Fetch] = field(default_factory=lambda: STORES)

    def variable(self, name: str) -> str:
        """Return what `${NAME}` stands for. Raise UnreadableError."""
        if name in self.environment:
            return self.environment[name]
        if path := self.environment.get(f"{name}_FILE"):
            return self._text(self.folder / path, f"{name}_FILE")
        kept = self._credential(name)
        if kept is not None and kept.is_file():
            return self._text(kept, f"the systemd credential {name}")
        raise UnreadableError(
            f"the environment variable {name} is not set.",
            f"Set {name}, or {name}_FILE to a file that holds it, or write the value in another"
            " way.",
        )

    def referred(self, text: str) -> str:
        """Return what a reference stands for. Raise UnreadableError."""
        kind, _, rest = text.partition(":")
        if kind == "file":
            return self._text(self.folder / rest, text)
        if kind == "credential":
            kept = self._credential(rest)
            if kept is None:
                raise UnreadableError(
                    f"{text}: {CREDENTIALS} is not set.",
                    "systemd sets it for a unit with LoadCredential=; elsewhere use file:PATH.",
                )
            return self._text(kept, text)
        try:
            return _whole(self.stores[kind](rest), text)
        except SecretStoreError as error:
            raise UnreadableError(f"{text}: {error}.", error.remedy) from None

    def _credential(self, name: str) -> Path | None:
        folder = self.environment.get(CREDENTIALS)
        return Path(folder) / name if folder and Path(name).name == name else None

    def _text(self, path: Path, named: str) -> str:
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            told = f"{named}: {path} cannot be read: {error.strerror}."
            raise UnreadableError(told, "Correct the path, or let our user read it.") from None
        except UnicodeDecodeError:
            told = f"{named}: {path} is no text."
            raise UnreadableError(told, "It must hold the value and nothing else.") from None
        return _whole(text.removesuffix("\n").removesuffix("\r"), named)


def is_reference(text: str) -> bool:
    """Tell whether a text names a place, and is not the value itself."""
    return text.partition(":")[0] in KINDS and ":" in text


def is_literal(text: str) -> bool:
    """Tell whether a text is a value, and names neither a place nor a variable."""
    return bool(text) and not is_reference(text) and not VARIABLE.fullmatch(text)


def _whole(value: str, named: str) -> str:
    if not value:
        raise UnreadableError(f"{named}: it is empty.", "Put the value there.")
    return value
