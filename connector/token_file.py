"""A refresh token kept in a file: read before each renewal, replaced whenever it rotates."""

import os
from functools import partial
from pathlib import Path
from typing import Final

from connector.auth import RefreshToken
from sync.remote import SignInFailed

OWNER_ONLY: Final = 0o600


def kept_in(path: Path, *, client_secret: str | None = None) -> RefreshToken:
    """Return the credential of a file; without a token in it, signing in fails."""
    return RefreshToken(
        recall=partial(_read, path), remember=partial(_replace, path), client_secret=client_secret
    )


def _read(path: Path) -> str:
    try:
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SignInFailed(f"the refresh token cannot be read: {path}: {_why(error)}") from None
    if not token:
        raise SignInFailed(f"{path} is empty: sign in again and store the new refresh token")
    return token


def _replace(path: Path, token: str) -> None:
    """Put the new token in place at once: a crash leaves the old one or the new one, whole."""
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(token + "\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the new name, too, outlives a loss of power
    finally:
        os.close(folder)


def _why(error: OSError | UnicodeDecodeError) -> str:
    """Say what is wrong without the content of the file."""
    return error.strerror or "" if isinstance(error, OSError) else "it is not plain text"
