"""One thing that `check` looked at."""

from dataclasses import dataclass

from sync.remote import RemoteError, SignInFailed, Unavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One thing that was looked at."""

    what: str
    ok: bool
    told: str
    note: bool = False
    """It works, and a person should know something about it."""
    sign_in: bool = False
    """The failure is one of signing in (exit code 77)."""
    temporary: bool = False
    """The failure may pass by itself (exit code 75)."""


def failed(what: str, error: RemoteError) -> CheckResult:
    """Return the result of a call that failed."""
    return CheckResult(
        what=what,
        ok=False,
        told=str(error),
        sign_in=isinstance(error, SignInFailed),
        temporary=isinstance(error, Unavailable),
    )
