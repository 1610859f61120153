"""On what a measurement was made."""

import os
import platform
import sqlite3
import ssl
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("requests", "urllib3", "orjson", "cheroot", "sqlite-utils")


def described() -> list[str]:
    """Return date, machine and versions, one per line."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return [
        f"Date: {now}; load average at the start: {os.getloadavg()[0]:.2f}",
        f"Machine: {_processor()}, {os.cpu_count()} cores, {_memory_gib():.0f} GiB,"
        f" {platform.system()} {platform.release()}",
        f"Versions: Python {platform.python_version()}, {ssl.OPENSSL_VERSION.rsplit(' ', 3)[0]},"
        f" SQLite {sqlite3.sqlite_version}, {packages}",
    ]


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
