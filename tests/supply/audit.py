"""`python -m tests.supply.audit`: is every dependency pinned, and is any known to be vulnerable.

The first needs no network and decides. The second asks the advisory service through pip-audit;
where that cannot be reached it says so, loudly, and does not pretend that nothing was found.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-clients.lock")
AUDITED = LOCKS[:2]
_PINNED = re.compile(r"^[A-Za-z0-9._-]+(\[[\w,-]+\])?==[^\s;=]+( ; .+)?$")
_HASH = re.compile(r"^--hash=sha256:[0-9a-f]{64}$")
_SECONDS = 180

Run = Callable[[list[str]], str]


def unpinned(text: str) -> list[str]:
    """Return what of a lock is not pinned to one version with hashes, or names a place."""
    return [told for entry in _entries(text) if (told := _trouble(entry))]


def _entries(text: str) -> Iterator[list[str]]:
    """Yield the parts of each requirement: the pin, then its hashes."""
    lines = [
        line for line in text.splitlines() if line.strip() and not line.strip().startswith("#")
    ]
    for entry in "\n".join(lines).replace("\\\n", "\0").splitlines():
        yield [part.strip() for part in entry.split("\0")]


def _trouble(entry: list[str]) -> str:
    pin, *hashes = entry
    if not _PINNED.match(pin):
        return f"{pin}: no pin to one version"
    if not hashes or not all(_HASH.match(one) for one in hashes):
        return f"{pin}: no hashes"
    return ""


def vulnerable(run: Run, lock: str) -> list[str] | None:
    """Ask for known weaknesses of what is locked; None when the service cannot be asked."""
    call = ["--requirement", lock, "--require-hashes", "--disable-pip", "--format", "json"]
    try:
        found = json.loads(run(call))
    except (ValueError, OSError, subprocess.TimeoutExpired):
        return None
    return [
        f"{one['name']} {one['version']}: {weakness['id']}"
        for one in found["dependencies"]
        for weakness in one.get("vulns", [])
    ]


def audit(run: Run, told: Callable[[str], object], root: Path = ROOT) -> int:
    """Audit every lock; return the exit code."""
    code = 0
    for lock in LOCKS:
        found = unpinned((root / lock).read_text(encoding="utf-8"))
        told(f"{lock}: {'; '.join(found) or 'every requirement is pinned with hashes'}")
        code = code or int(bool(found))
    for lock in AUDITED:
        weak = vulnerable(run, str(root / lock))
        if weak is None:
            told(f"{lock}: NOT AUDITED, the advisory service cannot be asked from here")
        else:
            told(f"{lock}: {'; '.join(weak) or 'no known weakness'}")
            code = code or int(bool(weak))
    return code


def pip_audit(arguments: list[str]) -> str:
    """Run pip-audit; return what it prints."""
    call = [sys.executable, "-m", "pip_audit", "--progress-spinner", "off", *arguments]
    done = subprocess.run(call, capture_output=True, text=True, timeout=_SECONDS, check=False)  # noqa: S603  # ours
    return done.stdout


if __name__ == "__main__":
    sys.exit(audit(pip_audit, print))
