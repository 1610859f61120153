"""A PostgreSQL of our own: the system's binaries, a folder in /tmp, a socket and no TCP port.

One per test process, with `fsync` off; its databases are copies of one that has the tables.
"""

import atexit
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path

import psycopg
import pytest

from store.postgres import PostgresStore
from store.postgres_address import PostgresAddress, read_address

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
USER = "seatkeeper"
REQUIRED = "SEATKEEPER_POSTGRES"
_PORT = "5432"
_EMPTY = """
    DO $$ DECLARE name text; BEGIN
        FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'seatkeeper'
            AND tablename NOT IN ('migrations', 'numbers')
        LOOP EXECUTE 'DELETE FROM seatkeeper.' || name; END LOOP;
        UPDATE seatkeeper.numbers SET given = 0;
    END $$
"""
_QUICK = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


@dataclass(slots=True, kw_only=True)
class Server:
    """A server in a folder."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    _shared: list[PostgresAddress] = field(default_factory=list)
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def make(self) -> None:
        """Make the files, of a user that is not root: PostgreSQL runs as no other."""
        self.folder.chmod(0o755)
        self.data.mkdir()
        if os.geteuid() == 0:
            shutil.chown(self.data, *_owner())
            shutil.chown(self.folder, *_owner())
        self.data.chmod(0o700)
        self._command("initdb", "--no-sync", "--auth=trust", f"--username={USER}", "-E", "UTF8")

    def start(self) -> None:
        given = {
            "listen_addresses": "",
            "port": _PORT,
            "unix_socket_directories": str(self.folder),
            "max_connections": "60",
            "autovacuum": "off",
            **self.settings,
        }
        options = " ".join(f"-c {name}='{value}'" for name, value in given.items())
        log = self.folder / "server.log"
        self._command("pg_ctl", "start", "--wait", "--log", str(log), "--options", options)

    def stop(self, mode: str = "immediate") -> None:
        self._command("pg_ctl", "stop", "--wait", "--mode", mode)

    def _command(self, name: str, *arguments: str) -> None:
        command = [str(BINARIES[-1].with_name(name)), "--pgdata", str(self.data), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", _owner()[0], "--", *command]
        with (self.folder / "commands.log").open("ab") as said:
            subprocess.run(  # noqa: S603  # the system's own programs
                command, check=True, stdout=said, stderr=said, cwd=self.folder, timeout=60
            )

    def address(self, database: str, **parameters: str) -> str:
        """Return what `state` says for a database."""
        given = {"host": str(self.folder), "port": _PORT, **parameters}
        told = "&".join(f"{name}={value}" for name, value in given.items())
        return f"postgresql://{USER}@/{database}?{told}"

    def execute(self, *statements: str, database: str = "postgres") -> None:
        """Do what an administrator does."""
        with psycopg.connect(self.address(database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def database(self, template: str = "template1") -> str:
        """Make a database, as a copy of another."""
        name = f"d{next(self.numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def emptied(self) -> PostgresAddress:
        """Return a state that was used before, with nothing in it."""
        if not self._shared:
            self._shared.append(self.place())
        with psycopg.connect(self._shared[0].address, autocommit=True) as connection:
            connection.execute(_EMPTY)
        return self._shared[0]

    def place(self, **parameters: str) -> PostgresAddress:
        """Make a database that has the tables already; return where the state is."""
        return read_address(self.address(self.database(_with_tables(self)), **parameters))


@cache
def _owner() -> tuple[str, str]:
    """Return a user and a group that are not root."""
    names = {entry.pw_name for entry in pwd.getpwall()}
    return ("postgres", "postgres") if "postgres" in names else ("nobody", "nogroup")


_TEMPLATES: dict[str, str] = {}


def _with_tables(server: Server) -> str:
    key = str(server.folder)
    if key not in _TEMPLATES:
        name = server.database()
        PostgresStore(read_address(server.address(name))).close()
        _TEMPLATES[key] = name
    return _TEMPLATES[key]


def new_server(**settings: str) -> Server:
    """Make and start a server; it is stopped and removed when the process ends."""
    demand_binaries()
    server = Server(folder=Path(tempfile.mkdtemp(prefix="sk-pg-")), settings=settings)
    atexit.register(_remove, server)
    server.make()
    server.start()
    return server


def _remove(server: Server) -> None:
    try:
        if (server.data / "postmaster.pid").exists():
            server.stop()
    finally:
        shutil.rmtree(server.folder, ignore_errors=True)


@cache
def running_server() -> Server:
    """Return the one server of this process."""
    return new_server(**_QUICK)


def demand_binaries() -> None:
    """Skip what needs PostgreSQL where it is not installed, unless it is required."""
    if BINARIES:
        return
    told = "PostgreSQL is not installed (apt-get install postgresql)"
    if os.environ.get(REQUIRED) == "required":
        pytest.fail(f"{told}, and {REQUIRED}=required")
    pytest.skip(told)
