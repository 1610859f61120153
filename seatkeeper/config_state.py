"""Where the state is kept: a file of SQLite, or a schema of PostgreSQL."""

from pathlib import Path

from pydantic import SecretStr

from seatkeeper.config_parts import Section
from store.postgres_address import PostgresAddress, is_postgres, read_address

_SQLITE = "sqlite:///"
FOR_THE_STATE = frozenset({"state_password"})
"""The secrets that are read even by work that signs in nowhere."""


class StateConfig(Section):
    """The keys of the configuration that say where the state is."""

    state: str
    state_password: SecretStr | None = None

    @property
    def state_file(self) -> Path:
        """Where SQLite keeps the state; `state_place` says whether it does."""
        return Path(self.state.removeprefix(_SQLITE))

    @property
    def state_place(self) -> PostgresAddress | None:
        """Where PostgreSQL keeps the state; None when SQLite does."""
        return read_address(self.state) if is_postgres(self.state) else None

    @property
    def state_secret(self) -> str | None:
        return self.state_password.get_secret_value() if self.state_password else None

    @property
    def state_name(self) -> str:
        """How messages call the state; nothing secret is in it."""
        return str(self.state_place or self.state_file)


def state_problem(config: StateConfig) -> str | None:
    """Return why no state can be where the configuration says; None when one can."""
    if is_postgres(config.state):
        try:
            read_address(config.state)
        except ValueError as error:
            return f"{error}."
        return None
    if not config.state.startswith(_SQLITE):
        return "sqlite:///PATH or postgresql://USER@HOST/DATABASE is needed."
    return None if config.state_file.name else "the name of the state file is missing."


def placed_state(config: StateConfig, base: Path) -> str:
    """Return the address of the state, a relative file taken from a folder."""
    return config.state if is_postgres(config.state) else f"{_SQLITE}{base / config.state_file}"
